"""A stand-in for a desktop's notification server, on the bus at DBUS_SESSION_BUS_ADDRESS. Needs python3-dbus and python3-gi.

Prints each notification as a line of JSON; the numbers that it gives begin with 41. Ends with its stdin.
"""
import json
import os

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"


class Server(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, "/org/freedesktop/Notifications")
        self.last = 40

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, program, replaces, icon, summary, body, actions, hints, expires):  # pylint: disable=invalid-name
        number = int(replaces)
        if number == 0:
            self.last += 1
            number = self.last
        print(json.dumps({"program": program, "replaces": int(replaces), "icon": icon, "summary": summary, "body": body,
                          "actions": list(actions), "urgency": int(hints["urgency"]), "expires": int(expires)}), flush=True)
        return dbus.UInt32(number)


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    name = dbus.service.BusName(NAME, bus, do_not_queue=True)  # kept: the name goes with the object
    server = Server(bus)
    loop = GLib.MainLoop()
    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, lambda *_: os.read(0, 4096) != b"" or loop.quit())
    print("ready", flush=True)
    loop.run()
    del name, server


if __name__ == "__main__":
    main()
