"""What the whole-program tests and scripts/bench share: the lab, the agent in it, its API and its client. Python 3 stdlib only.

Nothing here waits a fixed time: wait_for() polls a condition with a deadline and says what it last saw.
"""
import http.client
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MEMDB_BUILD", ROOT / "build" / "release"))
MEMDBD = BUILD / "memdbd"
MEMDBCTL = BUILD / "memdbctl"


def wait_for(condition, limit, what, interval=0.02):
    """The first true value of condition() within `limit` seconds; else an AssertionError with the last value."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}; last: {value!r}")
        time.sleep(interval)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("memdbd", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # With a time limit the socket does not block: while very many others connect it is told to try again.
        end = time.monotonic() + self.timeout
        while True:
            try:
                return self.sock.connect(self.path)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)


class Api:
    """The control API over its unix socket."""

    def __init__(self, path):
        self.path = path

    def request(self, method, target, body=None, timeout=10):
        connection = UnixConnection(self.path, timeout)
        try:
            connection.request(method, target, body=None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        return answer.status, text

    def get(self, target):
        status, text = self.request("GET", target)
        assert status == 200, f"GET {target}: {status} {text}"
        return json.loads(text)

    def profile(self, name):
        return self.get(f"/v1/profiles/{name}")

    def wait_verdict(self, name, verdict, limit=15):
        wanted = (verdict,) if isinstance(verdict, str) else verdict
        view = None

        def there():
            nonlocal view
            view = self.profile(name)
            return view if view["verdict"] in wanted else None

        try:
            return wait_for(there, limit, f"{name} {verdict}")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{json.dumps(view, indent=1)}") from None

    def wait_finding(self, name, code, limit=15):
        return wait_for(
            lambda: next((f for f in self.profile(name)["findings"] if f["code"] == code), None), limit, f"{name} finding {code}"
        )


class Events:
    """Follows GET /v1/events in a thread; every line with the monotonic time of its arrival."""

    def __init__(self, path):
        self.seen = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._socket.sendall(b"GET /v1/events HTTP/1.1\r\nHost: memdbd\r\n\r\n")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_for(lambda: self.seen, 5, "the first line of the event stream")

    def _read(self):
        answer = http.client.HTTPResponse(self._socket)
        try:
            answer.begin()
            while line := answer.readline():
                self.seen.append((time.monotonic(), json.loads(line)))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # closed

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def of(self, kind, since=0.0):
        return [(at, event) for at, event in list(self.seen) if event["type"] == kind and at >= since]


def own_name(name):
    """For a lab that no other worker of `pytest -n` may touch."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return f"{name}-{worker}" if worker else name


class Lab:
    """scripts/lab under one name (LAB)."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(f"/run/memdb-lab-{name}" if name else "/run/memdb-lab")
        self.laptop = f"memdb-{name}-laptop" if name else "memdb-laptop"
        self.env = {**os.environ, "LAB": name}

    def __call__(self, *args, check=True, timeout=90):
        done = subprocess.run(
            [str(ROOT / "scripts" / "lab"), *args], env=self.env, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )
        assert not check or done.returncode == 0, f"lab {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def run(self, *command, check=True, timeout=30):
        return self("run", "--", *map(str, command), check=check, timeout=timeout)


class Agent:
    """memdbd on the lab's laptop, started by `scripts/lab agent`."""

    def __init__(self, lab, program=MEMDBD):
        self.lab = lab
        self.program = program
        self.socket = lab.dir / "agent" / "run" / "memdbd.sock"
        self.log = lab.dir / "agent" / "memdbd.log"
        self.api = Api(self.socket)
        self.settings = ""

    def start(self, settings=None):
        """With other settings, if any are given; they last."""
        self.settings = self.settings if settings is None else settings
        (self.lab.dir / "agent").mkdir(mode=0o755, exist_ok=True)
        (self.lab.dir / "agent" / "memdbd.toml").write_text(self.settings)
        self.lab("agent", "start", str(self.program))

    def stop(self):
        return self.lab("agent", "stop")

    @property
    def pid(self):
        return self.api.get("/v1/status")["agent"]["pid"]

    def log_lines(self, logger=""):
        lines = self.log.read_text(errors="replace").splitlines()
        return sum(f" {logger}: " in line for line in lines) if logger else len(lines)

    def ctl(self, *args, check=True, timeout=60, **more):
        done = subprocess.run(
            [str(MEMDBCTL), "--socket", str(self.socket), *map(str, args)],
            capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more,
        )
        assert not check or done.returncode == 0, f"memdbctl {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def import_demo(self, name="demo", cluster="clustercfg.demo.lab.memorydb.test", user="app", check=True, **files):
        d = self.lab.dir
        given = {
            "config": d / "downloaded-client-config.ovpn", "cert": d / "client.crt", "key": d / "client.key",
            "password": d / "cluster-password", "ca": d / "cluster-ca.pem", **files,
        }
        return self.ctl(
            "profile", "import", given["config"], "--name", name, "--cert", given["cert"], "--key", given["key"],
            "--cluster", cluster, "--user", user, "--password-file", given["password"], "--ca", given["ca"], check=check,
        )
