"""logind_standin.py at work in the machine, in place of its logind."""
import contextlib
import json
import pathlib
import threading

from memdb import wait_for

HERE = pathlib.Path(__file__).resolve().parent
REAL = ("systemd-logind.service", "dbus-org.freedesktop.login1.service")


class Logind:
    def __init__(self, machine):
        self.machine = machine
        self.seen = []  # what it has said; "at" is the machine's monotonic time, which is ours
        machine.run("systemctl", "mask", "--runtime", "--now", *REAL)
        machine.put(HERE / "logind_standin.py", "/root/logind_standin.py")
        self._process = machine.start("/usr/bin/python3", "-B", "/root/logind_standin.py")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.wait("ready", 0)

    def _read(self):
        for line in self._process.stdout:
            self.seen.append(json.loads(line) if line.startswith("{") else {"event": "error", "at": 0.0, "text": line})

    def _send(self, word):
        count = len(self.seen)
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self.wait("sent", count)["at"]

    def sleep(self):
        """PrepareForSleep(true); the time when it was sent."""
        return self._send("sleep")

    def wake(self):
        return self._send("wake")

    def wait(self, event, after, limit=10):
        """The first such event after the first `after` ones."""
        return wait_for(lambda: next((e for e in self.seen[after:] if e["event"] == event), None), limit,
                        f"logind sees {event} after {self.seen[-5:]}")

    @property
    def held(self):
        return next((e["held"] for e in reversed(self.seen) if "held" in e), 0)

    def wait_held(self, number, limit=10):
        wait_for(lambda: self.held == number, limit, f"{number} inhibitors are held")

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(10)
        self._thread.join(5)
