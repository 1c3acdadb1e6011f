"""A stand-in for logind on the system bus of the machine, as far as sleep goes. Runs in the machine, as root, with its python3-dbus.

Commands come on stdin, one a line: `sleep` and `wake` send PrepareForSleep. What happens goes to stdout, one JSON object a line:
{"event": "ready"|"inhibited"|"released"|"sent", "at": monotonic seconds, …}; "held" is how many inhibitors stand after it.
"""
import json
import os
import sys
import time

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.login1.Manager"


def say(event, **more):
    print(json.dumps({"event": event, "at": time.monotonic(), **more}), flush=True)


class Manager(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, "/org/freedesktop/login1")
        self._ours = dbus.service.BusName("org.freedesktop.login1", bus, do_not_queue=True)  # given back when it is collected
        self._held = 0

    @dbus.service.method(MANAGER, in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):  # pylint: disable=invalid-name
        ours, theirs = os.pipe()
        self._held += 1
        GLib.io_add_watch(ours, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, self._released, str(who))
        given = dbus.types.UnixFd(theirs)
        os.close(theirs)
        say("inhibited", what=str(what), who=str(who), why=str(why), mode=str(mode), held=self._held)
        return given

    def _released(self, pipe, _, who):
        os.close(pipe)
        self._held -= 1
        say("released", who=who, held=self._held)
        return False

    @dbus.service.signal(MANAGER, signature="b")
    def PrepareForSleep(self, start):  # pylint: disable=invalid-name
        say("sent", start=bool(start), held=self._held)


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    manager = Manager(dbus.SystemBus())
    loop = GLib.MainLoop()

    def command(stdin, _):
        line = stdin.readline()
        if line:
            manager.PrepareForSleep(line.strip() == "sleep")
        else:
            loop.quit()
        return bool(line)

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, command)
    say("ready")
    loop.run()


main()
