"""An agent's socket as far as rotation needs it: status, events, key/request, key/install, key/rollback, crl. A course of steps is played.

It makes a real key and request, and takes only a certificate for that key, as memdbd does. Python 3 stdlib and openssl only.
"""
import http.server
import json
import queue
import socketserver
import subprocess
import threading

GOOD = [("proving", "proven"), ("confirming", "switched"), ("confirmed", "confirmed")]
WHEN = "2026-11-24T12:00:00.000Z"


def openssl(*words, given=None):
    done = subprocess.run(["openssl", *map(str, words)], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class FakeKeyAgent:
    """`course`: (phase, step) one after the other behind an install; `message` goes with the last."""

    def __init__(self, folder, course=None, message=None, profiles=("demo",), common_name="laptop-20261124", **fields):
        self.path = folder / "agent.sock"
        self.course, self.message, self.common_name = GOOD if course is None else course, message, common_name
        self.installed, self.asked, self.bodies = None, 0, []
        self.crl, self.crl_refusal = None, None  # the list that was handed in; why none is taken
        self.hold = None  # an Event that install's course waits for
        self.drop_at = None  # after so many steps the event streams are cut off, as when memdbd restarts
        self._key = folder / "pending.key"
        self._listeners, self._lock = [], threading.Lock()
        self.profiles = {name: self._profile(name, dict(fields)) for name in profiles}
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self._key)
        self.csr = openssl("req", "-new", "-key", self._key, "-subj", "/CN=" + common_name.replace("/", "\\/"))
        self._server = _Server(str(self.path), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def _profile(name, fields):
        credential = {"generation": 1, "subject": "CN=laptop", "issuer": "CN=ca", "serial": "AB", "not_before": WHEN, "not_after": WHEN,
                      "days_left": 9, "state": "expiring", **fields.pop("credential", {})}
        return {"name": name, "kind": "tunnel", "verdict": "reachable", "since": WHEN, "wanted": "connected", "layers": [], "clusters": [],
                "findings": [], "credential": credential, **fields}

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def snapshot(self):
        return {"schema": 1, "agent": {"version": "0", "pid": 1, "started_at": WHEN, "uptime_s": 1}, "profiles": list(self.profiles.values()),
                "findings": []}

    def listen(self):
        with self._lock:
            self._listeners.append(queue.Queue())
            self._listeners[-1].put({"type": "snapshot", "at": WHEN, "snapshot": self.snapshot()})
            return self._listeners[-1]

    def _rotation(self, name, phase, step=None, message=None):
        with self._lock:
            view = json.loads(json.dumps(self.profiles[name]["rotation"]))
            view["phase"] = phase
            if step:
                view["steps"].append({"step": step, "at": WHEN, "after_ms": 310})
            if message:
                view["message"] = message
            self.profiles[name]["rotation"] = view
            for listener in self._listeners:
                listener.put({"type": "rotation", "at": WHEN, "profile": name, "rotation": view})

    def _begin(self, name, phase, generation, steps):
        self.profiles[name]["rotation"] = {"phase": phase, "generation": generation, "from": 1, "common_name": self.common_name,
                                           "started_at": WHEN, "steps": [{"step": s, "at": WHEN, "after_ms": 0} for s in steps]}

    def _play(self, name):
        if self.hold:
            self.hold.wait(60)
        for count, (phase, step) in enumerate(self.course, 1):
            self._rotation(name, phase, step, self.message if count == len(self.course) else None)
            if count == self.drop_at:
                with self._lock:
                    for listener in self._listeners:
                        listener.put(None)
                    self._listeners.clear()

    def answer(self, name, action, body):
        """(status, object)"""
        if name not in self.profiles:
            return 404, {"error": {"code": "not_found", "message": f"no profile {name}"}}
        self.bodies.append((action, body))
        if action == "crl":
            if self.crl_refusal:
                return 400, {"error": {"code": "bad_request", "message": self.crl_refusal}}
            self.crl = body["crl"]
            return 200, {"issuer": "CN=ca", "last_update": WHEN, "entries": 1, "verified": True}
        if action == "request":
            self.asked += 1
            self._begin(name, "requested", 2, ["requested"])
            return 200, {"profile": name, "generation": 2, "common_name": self.common_name, "csr": self.csr}
        if action == "install" and "certificate" in body:
            with open(self._key.with_suffix(".crt"), "w", encoding="ascii") as file:
                file.write(body["certificate"])
            if openssl("x509", "-noout", "-pubkey", "-in", self._key.with_suffix(".crt")) != openssl("pkey", "-pubout", "-in", self._key):
                return 400, {"error": {"code": "bad_request", "message": "the certificate is for another key"}}
            self.installed = body["certificate"]
        elif action == "install" and "rotation" not in self.profiles[name]:
            return 409, {"error": {"code": "conflict", "message": "no certificate is pending"}}
        self._begin(name, "proving", 2 if action == "install" else 1, ["requested", "checked"])
        answer = json.loads(json.dumps(self.profiles[name]))
        threading.Thread(target=self._play, args=(name,), daemon=True).start()
        return 202, answer


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, path, agent):
        self.agent = agent
        super().__init__(path, _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self):
        return "unix"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def _send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/v1/status":
            self._send(200, self.server.agent.snapshot())
            return
        self.send_response(200)
        self.end_headers()  # the stream ends with the connection
        events = self.server.agent.listen()
        while (event := events.get()) is not None:
            try:
                self.wfile.write(json.dumps(event).encode() + b"\n")
                self.wfile.flush()
            except OSError:
                return

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        _, _, _, name, *_, action = self.path.split("/")
        self._send(*self.server.agent.answer(name, action, body))
