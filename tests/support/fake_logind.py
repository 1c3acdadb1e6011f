"""A stand-in for logind, on the bus at DBUS_SYSTEM_BUS_ADDRESS. Needs python3-dbus and python3-gi.

Reads commands from stdin, a line each: "sleeping" and "awake" emit PrepareForSleep(true) and (false). Prints what happens, a line each:
"ready", "taken WHAT WHO MODE", "released".
"""
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME, PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"


def say(*words):
    print(*words, flush=True)


class Manager(dbus.service.Object):
    @dbus.service.method(MANAGER, in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):  # pylint: disable=invalid-name
        ours, theirs = os.pipe()
        GLib.io_add_watch(ours, GLib.IO_HUP, self.released)
        say("taken", what, who, mode)
        given = dbus.types.UnixFd(theirs)
        os.close(theirs)
        return given

    def released(self, descriptor, _condition):
        os.close(descriptor)
        say("released")
        return False

    @dbus.service.signal(MANAGER, signature="b")
    def PrepareForSleep(self, start):  # pylint: disable=invalid-name
        pass


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    name = dbus.service.BusName(NAME, bus, do_not_queue=True)  # kept: the name goes with the object
    manager = Manager(bus, PATH)
    loop = GLib.MainLoop()

    def command(source, _condition):
        word = source.readline().strip()
        if not word:
            loop.quit()
            return False
        manager.PrepareForSleep(word == "sleeping")
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, command)
    say("ready")
    loop.run()
    del name


if __name__ == "__main__":
    main()
