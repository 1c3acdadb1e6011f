"""Looks at what the API says of each profile, five times a second, and whether it is so."""
import http.client
import threading
import time

from measure import moment

# While one of these stands nothing can answer, whatever else stands or is done.
DEADLY = {"network-down", "server-down", "udp-blocked", "asym-to-server", "asym-to-client", "port-filtered", "port-refused",
          "all-nodes-down", "auth-wrong", "auth-no-permission", "tls-untrusted", "tls-not-offered", "tls-name-mismatch", "tls-expired",
          "captive-portal", "authorization-missing"}
NOTICED = 6.0  # seconds after which a deadly fault must be known
LATELY = 4.0  # seconds: the sentinel's interval, a missed PING and both re-probes, and some for a busy machine


class Watcher(threading.Thread):
    def __init__(self, agent, report, profiles):
        super().__init__(daemon=True)
        self.agent, self.report, self.profiles = agent, report, profiles
        self.deadly = {}  # (fault, the profile that it concerns or "") -> when it began to stand; replaced as a whole
        self.over = threading.Event()
        self.away = False  # another memdbd is being started
        self.last_verdicts = {}

    def begins(self, name, profile=""):
        self.deadly = {**self.deadly, (name, profile): time.monotonic()}

    def ends(self, name, profile=""):
        self.deadly = {key: at for key, at in self.deadly.items() if key != (name, profile)}

    def lie(self, text):
        self.report.lie(text)

    def run(self):
        last = None
        while not self.over.wait(0.2):
            deadly, away = dict(self.deadly), self.away
            try:
                found = {view["name"]: view for view in self.agent.api.get("/v1/status")["profiles"]}
                views = {name: found[name] for name in self.profiles}
            except (OSError, AssertionError, ValueError, LookupError, http.client.HTTPException) as wrong:
                if not away and not self.away:
                    self.lie(f"the API does not answer: {wrong!r}")
                last = None
                continue
            now = time.monotonic()
            self.report.looks += 1
            for name in self.profiles:
                verdict = views[name]["verdict"]
                if last is not None:
                    times = self.report.verdicts.setdefault(name, {})
                    times[verdict] = times.get(verdict, 0) + now - last
                self.last_verdicts[name] = verdict
                self.judge(views[name], deadly, now)
            last = now

    def judge(self, view, deadly, now):
        if view["verdict"] != "reachable":
            return
        # Known before the look and still standing after it.
        standing = [f"{name} for {now - at:.0f} s" for (name, profile), at in deadly.items()
                    if profile in ("", view["name"]) and now - at > NOTICED and self.deadly.get((name, profile)) == at]
        if standing:
            self.lie(f"{view['name']} reachable, while there is {', '.join(standing)}")
        oks = [moment(node["last_ok_at"]) for cluster in view["clusters"] for node in cluster["nodes"] if "last_ok_at" in node]
        age = time.time() - max(oks, default=0)
        if age > LATELY:
            self.lie(f"{view['name']} reachable, though the last PONG is {age:.1f} s old")
