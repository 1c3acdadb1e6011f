"""Random faults and healings, from a seed: whether memdbd is right at the end, and never said what was not so.

Watched all the time: `reachable` means that some node answered lately, and it is never said while a fault stands that
leaves no way. Afterwards: reachable again, the same process, no more descriptors, few lines in the log.
"""
import dataclasses
import random
import threading
import time

from faults import FAULTS, SERVER
from measure import descriptors, moment
from memdb import wait_for

# While one of these stands nothing can answer, whatever else stands or is done.
DEADLY = {"network-down", "server-down", "udp-blocked", "asym-to-server", "asym-to-client", "port-filtered", "port-refused",
          "all-nodes-down", "auth-wrong", "auth-no-permission", "tls-untrusted", "tls-not-offered", "tls-name-mismatch", "tls-expired",
          "captive-portal", "authorization-missing"}
NOTICED = 6.0  # seconds after which a deadly fault must be known
LATELY = 4.0  # seconds: the sentinel's interval, a missed PING and both re-probes, and some for a busy machine
BACK = 60.0  # seconds until reachable, once all is healed
LINES = 10  # in the log, for one fault and its healing
DESCRIPTORS = 2  # more than at the start
DEMO = "demo"


@dataclasses.dataclass
class Report:
    seed: int
    injected: list = dataclasses.field(default_factory=list)  # (seconds, "break" or "heal", label)
    refused: int = 0  # what the lab would not do, as killing an openvpn that does not run
    looks: int = 0
    lies: list = dataclasses.field(default_factory=list)
    back: float = -1
    last_word: str = ""
    lines: int = 0
    descriptors: tuple = (0, 0)
    restarts: int = 0
    verdicts: dict = dataclasses.field(default_factory=dict)  # seconds in each

    @property
    def faults(self):
        return sum(1 for _, what, _ in self.injected if what == "break")

    def wrongs(self):
        said = list(dict.fromkeys(self.lies))
        if self.back < 0 or self.back > BACK:
            said.append(f"not right within {BACK:.0f} s of the last healing")
        if self.descriptors[1] > self.descriptors[0] + DESCRIPTORS:
            said.append(f"descriptors grew from {self.descriptors[0]} to {self.descriptors[1]}")
        if self.lines > LINES * self.faults:
            said.append(f"{self.lines / self.faults:.1f} log lines for a fault, {LINES} allowed")
        return said


class Watcher(threading.Thread):
    """Looks at what the API says, five times a second."""

    def __init__(self, agent, report):
        super().__init__(daemon=True)
        self.agent, self.report = agent, report
        self.deadly = {}  # fault -> when it began to stand; replaced as a whole
        self.over = threading.Event()

    def run(self):
        last = None
        while not self.over.wait(0.2):
            deadly = dict(self.deadly)
            try:
                view = self.agent.api.profile(DEMO)
            except (OSError, AssertionError) as wrong:
                self.report.lies.append(f"the API does not answer: {wrong}")
                continue
            now = time.monotonic()
            self.report.looks += 1
            if last is not None:
                self.report.verdicts[view["verdict"]] = self.report.verdicts.get(view["verdict"], 0) + now - last
            last = now
            self.judge(view, deadly, now)

    def judge(self, view, deadly, now):
        if view["verdict"] != "reachable":
            return
        # Known before the look and still standing after it.
        standing = [f"{name} for {now - at:.0f} s" for name, at in deadly.items() if now - at > NOTICED and self.deadly.get(name) == at]
        if standing:
            self.report.lies.append(f"reachable, while there is {', '.join(standing)}")
        oks = [moment(node["last_ok_at"]) for cluster in view["clusters"] for node in cluster["nodes"] if "last_ok_at" in node]
        age = time.time() - max(oks, default=0)
        if age > LATELY:
            self.report.lies.append(f"reachable, though the last PONG is {age:.1f} s old")


class Soak:
    def __init__(self, lab, agent, seed):
        self.lab, self.agent = lab, agent
        self.random = random.Random(seed)
        self.report = Report(seed)
        self.standing = []
        # A new memdbd would be another process to measure; everything else may stand beside everything else.
        self.pool = [fault for fault in FAULTS if fault.provoke not in ("start", "restart")]

    def run(self, duration):
        agent, report = self.agent, self.report
        pid, first_lines = agent.pid, agent.log_lines()
        report.descriptors = (descriptors(pid), 0)
        self.watcher = Watcher(agent, report)
        self.watcher.start()
        self.start = time.monotonic()
        try:
            while time.monotonic() - self.start < duration:
                self.turn()
                pause = self.random.uniform(1, 10)
                wait_for(lambda until=time.monotonic() + pause: time.monotonic() >= until, pause + 1, "some time has passed", 0.05)
            self.heal_all()
            healed = time.monotonic()
            wait_for(self.is_right, BACK, "all is healed, and memdbd says so")
            report.back = time.monotonic() - healed
            report.last_word = agent.api.profile(DEMO)["verdict"]
        except AssertionError as late:
            report.lies.append(str(late).splitlines()[0])
        finally:
            self.watcher.over.set()
            self.watcher.join(5)
        # The way back may leave connections that are just being closed.
        wait_for(lambda: descriptors(pid) <= report.descriptors[0] + DESCRIPTORS or time.monotonic() > healed + 70, 80, "descriptors", 0.2)
        report.descriptors = (report.descriptors[0], descriptors(pid))
        report.lines = agent.log_lines() - first_lines
        tunnel = agent.api.profile(DEMO)["tunnel"]
        report.restarts = tunnel["restarts"]
        if agent.pid != pid:
            report.lies.append("memdbd is another process than at the start")
        return report

    def is_right(self):
        """Reachable; or degraded for the one reason that so many faults in so short a time leave true for ten minutes."""
        view = self.agent.api.profile(DEMO)
        codes = [finding["code"] for finding in view["findings"]]
        proven = all(node["state"] == "ok" for cluster in view["clusters"] for node in cluster["nodes"])
        return (view["verdict"], codes) in (("reachable", []), ("degraded", ["tunnel-flapping"])) and proven

    def note(self, what, label):
        self.report.injected.append((round(time.monotonic() - self.start, 1), what, label))

    def turn(self):
        if self.standing and (len(self.standing) >= 3 or self.random.random() < 0.5):
            self.heal(self.random.choice(self.standing))
        else:
            self.inject(self.random.choice(self.pool))

    def inject(self, fault):
        if any(fault.name == other.name for other in self.standing):
            return
        argument = "192.0.2.1" if fault.argument == SERVER else fault.argument
        done = self.lab("fault", fault.name, *([argument] if argument else []), check=False)
        if done.returncode != 0:  # it may have begun to break something
            self.lab("heal", fault.name, check=False)
            self.report.refused += 1
            return
        self.note("break", fault.label)
        if fault.name not in ("openvpn-killed", "session-cut"):
            self.standing.append(fault)
        if fault.name in DEADLY:
            self.watcher.deadly = {**self.watcher.deadly, fault.name: time.monotonic()}
        if fault.provoke == "reconnect":
            self.agent.ctl("reconnect", DEMO, check=False)

    def heal(self, fault):
        self.watcher.deadly = {name: at for name, at in self.watcher.deadly.items() if name != fault.name}
        done = self.lab("heal", fault.name, check=False)
        if done.returncode != 0:  # as a cluster that cannot come together while others keep it from that
            self.report.refused += 1
            return
        self.note("heal", fault.label)
        self.standing.remove(fault)
        if fault.cure:
            self.agent.ctl(fault.cure, DEMO, check=False)

    def heal_all(self):
        self.watcher.deadly = {}
        self.lab("heal", "all")
        for fault in self.standing:
            self.note("heal", fault.label)
            if fault.cure:
                self.agent.ctl(fault.cure, DEMO)
        self.standing = []
