"""A laptop that can be put to sleep: a bus with a stand-in logind, clocks that a test moves, and an agent that believes both.

A sleep is announced and waited with as logind does it; then memdbd and its openvpn are stopped, the network device passes nothing, and
the calendar and CLOCK_BOOTTIME go on without them.
"""
import contextlib
import mmap
import os
import pathlib
import signal
import struct
import subprocess
import threading
import time

from memdb import MEMDBD, ROOT, Agent, Events, wait_for

PYTHON = "/usr/bin/python3"
SUPPORT = ROOT / "tests" / "support"
ASLEEP = "table inet asleep { chain in { type filter hook input priority -300; drop; }; chain out { type filter hook output priority -300; drop; }; }"


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


class Bus:
    """A dbus-daemon of the test's own."""

    def __init__(self, folder):
        self.path = folder / "bus"
        self.address = f"unix:path={self.path}"
        self._config = folder / "bus.conf"
        self._config.write_text(
            f"<busconfig><type>custom</type><listen>{self.address}</listen><auth>EXTERNAL</auth><policy context='default'><allow user='*'/>"
            "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>")
        self._process = None

    def start(self):
        self._process = subprocess.Popen(["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nosyslog", "--nopidfile"])
        wait_for(self.path.exists, 5, "dbus-daemon (package dbus) listens")
        self.path.chmod(0o777)

    def stop(self):
        self._process.kill()
        self._process.wait(5)
        self.path.unlink(missing_ok=True)


class Logind:
    """fake_logind.py on that bus; `lines` is what it has printed."""

    def __init__(self, bus):
        self.lines = []
        self._process = subprocess.Popen(
            [PYTHON, "-B", str(SUPPORT / "fake_logind.py")], env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.address},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_for(lambda: "ready" in self.lines, 10, "the stand-in of logind (packages python3-dbus, python3-gi)")

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.strip())

    def say(self, word):
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def holders(self):
        return sum(line.startswith("taken") for line in self.lines) - self.lines.count("released")

    def stop(self):
        self._process.kill()
        self._process.wait(5)
        self._thread.join(5)


class Sleeper:
    """The agent with its profile demo, on a laptop that sleeps."""

    def __init__(self, lab, folder, with_logind=True):
        self.lab = lab
        folder.chmod(0o755)
        for parent in folder.parents:
            if parent == pathlib.Path("/tmp"):
                break
            with contextlib.suppress(OSError):
                parent.chmod(parent.stat().st_mode | 0o055)
        self.bus = Bus(folder)
        self.bus.start()
        self.logind = Logind(self.bus) if with_logind else None
        shim = folder / "sleep_clocks.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(shim), str(SUPPORT / "sleep_clocks.c")], check=True)
        self._set = folder / "clock_set"
        os.mkfifo(self._set, 0o666)
        self._set.chmod(0o666)
        self._kick = os.open(self._set, os.O_RDWR | os.O_NONBLOCK)
        self._ours, ours = self._clocks(folder / "clocks_memdbd")
        self._theirs, theirs = self._clocks(folder / "clocks_openvpn")
        asan = subprocess.run(["cc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True).stdout.strip()
        sanitized = b"__asan_init" in MEMDBD.read_bytes()
        # The build with AddressSanitizer insists on being the first.
        preload = f"{os.path.realpath(asan)}:{shim}" if sanitized else str(shim)
        openvpn = write_program(folder / "openvpn", f"#!/bin/sh\nSLEEP_CLOCKS={theirs} LD_PRELOAD={shim} exec openvpn \"$@\"\n")
        program = write_program(folder / "memdbd", f"#!/bin/sh\nexport SLEEP_CLOCKS={ours} SLEEP_CLOCK_SET={self._set} LD_PRELOAD={preload} "
                                f"DBUS_SYSTEM_BUS_ADDRESS={self.bus.address}\nexec {MEMDBD} \"$@\"\n")
        self.agent = Agent(lab, program)
        self.settings = f"[log]\nlevel = \"debug\"\n[openvpn]\nprogram = \"{openvpn}\"\n"
        self.events = None

    @staticmethod
    def _clocks(path):
        path.write_bytes(bytes(4096))
        path.chmod(0o644)
        with open(path, "r+b") as file:
            return mmap.mmap(file.fileno(), 4096), path

    def start(self, settings=""):
        self.agent.start(self.settings + settings)
        self.agent.import_demo()
        self.agent.ctl("connect", "demo", "--wait", "--timeout", "30s")
        if self.logind:
            wait_for(lambda: self.logind.holders() == 1, 10, "memdbd holds logind's inhibitor")
        self.events = Events(self.agent.socket)
        return self

    def close(self):
        if self.events:
            self.events.close()
        self.network(True)
        with contextlib.suppress(AssertionError):
            self.agent.stop()
        if self.logind:
            self.logind.stop()
        self.bus.stop()
        os.close(self._kick)

    # --- the machine ---
    def network(self, on):
        subprocess.run(["ip", "netns", "exec", self.lab.laptop, "nft", *(("delete table inet asleep",) if on else (ASLEEP,))],
                       check=not on, stderr=subprocess.DEVNULL if on else None)

    @staticmethod
    def move(clocks, real=0.0, boot=0.0):
        before = struct.unpack("qq", clocks[:16])
        clocks[:16] = struct.pack("qq", before[0] + int(real * 1e9), before[1] + int(boot * 1e9))

    def kick(self):
        """The kernel cancels timers on the wall clock."""
        os.write(self._kick, b"x")

    def step_clock(self, seconds, openvpn=False):
        self.move(self._ours, real=seconds)
        if openvpn:
            self.move(self._theirs, real=seconds)
        self.kick()

    def sleep_and_keep(self, seconds):
        """A sleep after which the tunnel is certainly kept: openvpn hears the server before it looks at its own limits."""
        self.move(self._ours, real=seconds, boot=seconds)
        self.kick()

    def announce(self):
        """As logind: waits until nobody holds an inhibitor, at most 5 s. Returns how long that took."""
        begun = time.monotonic()
        self.logind.say("sleeping")
        wait_for(lambda: self.logind.holders() == 0, 5, "the inhibitor is released", 0.005)
        return time.monotonic() - begun

    def suspend(self, seconds, announced=True, kicked=True, meanwhile=None):
        """Sleeps for so long, by the clocks; returns the moment of the wake."""
        pids = [self.agent.pid, self.tunnel()["openvpn_pid"]]
        if announced:
            self.announce()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.network(False)
        for clocks in (self._ours, self._theirs):
            self.move(clocks, real=seconds, boot=seconds)
        if meanwhile:
            meanwhile()
        self.network(True)
        woke = time.monotonic()
        if kicked:
            self.kick()
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
        if announced:
            self.logind.say("awake")
        return woke

    # --- what one sees ---
    def tunnel(self):
        return self.agent.api.profile("demo")["tunnel"]

    def first_ping(self, since, limit=30):
        """Seconds from `since` until the first node was proved, as the event stream tells."""
        return wait_for(lambda: [at for at, e in self.events.of("node", since) if e.get("to") == "ok"], limit, "a PING is answered", 0.002)[0] - since

    def reachable(self, since, limit=30):
        return wait_for(lambda: [at for at, e in self.events.of("verdict", since) if e["to"] == "reachable"], limit, "reachable", 0.002)[0] - since
