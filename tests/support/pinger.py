"""PINGs a node every 10 ms over TLS, as a user of the tunnel would, and keeps when each was answered.

As a program (run inside the laptop's namespace): pinger.py HOST PORT CA USER [kept], password on the first line of stdin; prints one
monotonic time a line for every PONG. It drops a connection that is silent for 100 ms and makes another at once; one that is to
be kept gets a minute, and its end is the end of the program, with the reason on the last line.
"""
import contextlib
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

from_main = __name__ == "__main__"
if not from_main:
    from memdb import wait_for

EVERY, PATIENCE, PATIENCE_KEPT = 0.01, 0.1, 60


class Pinger:
    """The program at work, and what it has printed so far."""

    def __init__(self, lab, node, kept=False):
        password = (lab.dir / "cluster-password").read_text()
        self.pongs = []
        self.lost = None  # why the connection that was to be kept is no more
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "/usr/bin/python3", "-B", str(pathlib.Path(__file__).resolve()), node, "6379",
             str(lab.dir / "cluster-ca.pem"), "app", *(["kept"] if kept else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdin.write(password.strip() + "\n")
        self._process.stdin.flush()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            if line.startswith("lost"):
                self.lost = line.strip()
            else:
                self.pongs.append(float(line))

    def close(self):
        self._process.kill()
        self._process.wait(5)
        self._thread.join(5)

    def wait_answered(self, since, limit=30):
        """Waits for a PONG after `since` that others follow."""
        return wait_for(lambda: len([at for at in list(self.pongs) if at > since]) >= 5, limit, "PINGs are answered", 0.005)

    def gap(self, since):
        """The longest time without a PONG that ended after `since`, in ms."""
        times = list(self.pongs)
        return max((after - before) * 1e3 for before, after in zip(times, times[1:]) if after > since)


@contextlib.contextmanager
def pinging(lab, node="demo-0001-001.demo.lab.memorydb.test", kept=False):
    pinger = Pinger(lab, node, kept)
    try:
        pinger.wait_answered(0)
        yield pinger
    finally:
        pinger.close()


def connect(host, port, ca, user, password, patience):
    context = ssl.create_default_context(cafile=ca)
    plain = socket.create_connection((host, port), timeout=patience)
    plain.settimeout(patience)
    stream = context.wrap_socket(plain, server_hostname=host)
    stream.sendall(f"AUTH {user} {password}\r\n".encode())
    if not stream.recv(64).startswith(b"+OK"):
        raise OSError("not authenticated")
    return stream


def main():
    host, port, ca, user = sys.argv[1:5]
    kept = sys.argv[5:] == ["kept"]
    password = sys.stdin.readline().strip()
    stream = None
    while True:
        begun = time.monotonic()
        try:
            if stream is None:
                stream = connect(host, int(port), ca, user, password, PATIENCE_KEPT if kept else PATIENCE)
            stream.sendall(b"PING\r\n")
            if not stream.recv(64).startswith(b"+PONG"):
                raise OSError("no PONG")
            print(time.monotonic(), flush=True)
        except OSError as error:
            if kept:
                print(f"lost: {error!r}", flush=True)
                return
            if stream is not None:
                stream.close()
            stream = None
        rest = EVERY - (time.monotonic() - begun)
        if rest > 0:
            time.sleep(rest)


if from_main:
    main()
