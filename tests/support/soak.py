"""Random faults and healings, from a seed: whether memdbd is right at the end, and never said what was not so.

Watched all the time (soak_watch.py): `reachable` means that some node answered lately, and it is never said while a fault stands
that leaves no way. Afterwards: reachable again, the same process, no more descriptors, few lines in the log. soak_hour.py does
more, and for longer.
"""
import dataclasses
import time

from faults import SERVER
from measure import descriptors
from memdb import wait_for
from soak_plan import Plan
from soak_watch import DEADLY, Watcher

BACK = 60.0  # seconds until reachable, once all is healed
LINES = 10  # in the log, for one fault and its healing
DESCRIPTORS = 2  # more than at the start
DEMO = "demo"


@dataclasses.dataclass
class Report:
    seed: int
    begun: float = dataclasses.field(default_factory=time.monotonic)
    injected: list = dataclasses.field(default_factory=list)  # (seconds, "break", "heal" or an action, label)
    refused: int = 0  # what the lab would not do, as killing an openvpn that does not run
    looks: int = 0
    lies: list = dataclasses.field(default_factory=list)
    back: float = -1
    last_word: str = ""
    lines: int = 0
    descriptors: tuple = (0, 0)
    restarts: int = 0
    verdicts: dict = dataclasses.field(default_factory=dict)  # profile -> seconds in each

    @property
    def faults(self):
        return sum(1 for _, what, _ in self.injected if what == "break")

    def since(self):
        return time.monotonic() - self.begun

    def lie(self, text):
        self.lies.append(f"{text} (at {self.since():.0f} s)")

    def wrongs(self):
        said = list(self.lies)
        if self.back < 0 or self.back > BACK:
            said.append(f"not right within {BACK:.0f} s of the last healing")
        if self.descriptors[1] > self.descriptors[0] + DESCRIPTORS:
            said.append(f"descriptors grew from {self.descriptors[0]} to {self.descriptors[1]}")
        if self.lines > LINES * self.faults:
            said.append(f"{self.lines / self.faults:.1f} log lines for a fault, {LINES} allowed")
        return said


class Soak:
    def __init__(self, lab, agent, seed, profiles=(DEMO,)):
        self.lab, self.agent, self.profiles = lab, agent, profiles
        self.seed = seed
        self.report = Report(seed)
        self.watcher = Watcher(agent, self.report, profiles)
        self.standing = []  # faults; what the plan had broken and the lab did not refuse
        self.disconnected = set()

    def run(self, duration):
        agent, report = self.agent, self.report
        pid, first_lines = agent.pid, agent.log_lines()
        report.descriptors = (descriptors(pid), 0)
        self.watcher.start()
        healed = time.monotonic()
        try:
            self.follow(Plan(self.seed, self.profiles), time.monotonic() + duration)
            self.heal_all()
            healed = time.monotonic()
            report.back = self.wait_right()
            report.last_word = agent.api.profile(DEMO)["verdict"]
        except AssertionError as late:
            report.lie(str(late).splitlines()[0])
        finally:
            self.watcher.over.set()
            self.watcher.join(5)
        # The way back may leave connections that are just being closed.
        wait_for(lambda: descriptors(pid) <= report.descriptors[0] + DESCRIPTORS or time.monotonic() > healed + 70, 80, "descriptors", 0.2)
        report.descriptors = (report.descriptors[0], descriptors(pid))
        report.lines = agent.log_lines() - first_lines
        report.restarts = agent.api.profile(DEMO)["tunnel"]["restarts"]
        if agent.pid != pid:
            report.lie("memdbd is another process than at the start")
        return report

    def follow(self, plan, until):
        for step in plan:
            if self.over(until):
                return
            self.do(step)
            self.watcher.over.wait(max(0, min(step.pause, until - time.monotonic())))

    def over(self, until):
        return time.monotonic() >= until

    def do(self, step):
        {"break": self.inject, "heal": self.heal}[step.what](step.on)

    def wait_right(self):
        """Seconds until all profiles are right."""
        start = time.monotonic()
        wait_for(lambda: all(self.is_right(name) for name in self.profiles), BACK, "all is healed, and memdbd says so", 0.1)
        return time.monotonic() - start

    def is_right(self, name):
        """Reachable; or degraded for the one reason that so many faults in so short a time leave true for ten minutes."""
        view = self.agent.api.profile(name)
        codes = [finding["code"] for finding in view["findings"]]
        proven = all(node["state"] == "ok" for cluster in view["clusters"] for node in cluster["nodes"])
        return (view["verdict"], codes) in (("reachable", []), ("degraded", ["tunnel-flapping"])) and proven

    def note(self, what, label):
        self.report.injected.append((round(self.report.since(), 1), what, label))

    def argument(self, fault):
        if fault.argument == SERVER:
            return "192.0.2.1"
        if fault.argument.startswith("SERIAL "):
            return self.agent.api.profile(fault.argument.split()[1])["credential"]["serial"]
        return fault.argument

    def inject(self, fault):
        argument = self.argument(fault)
        done = self.lab("fault", fault.name, *([argument] if argument else []), check=False)
        if done.returncode != 0:  # it may have begun to break something
            self.lab("heal", fault.name, check=False)
            self.report.refused += 1
            return
        self.note("break", fault.label)
        if fault.name not in ("openvpn-killed", "session-cut") and fault not in self.standing:
            self.standing.append(fault)
        if fault.name in DEADLY:
            self.watcher.begins(fault.name)
        if fault.provoke == "reconnect":
            self.each("reconnect")

    def heal(self, fault):
        if fault not in self.standing:
            return
        self.watcher.ends(fault.name)
        done = self.lab("heal", fault.name, check=False)
        if done.returncode != 0:  # as a cluster that cannot come together while others keep it from that
            self.report.refused += 1
            return
        self.note("heal", fault.label)
        self.standing.remove(fault)
        if fault.cure:
            self.each(fault.cure)

    def each(self, command):
        """Of every profile that is to be connected."""
        for name in self.profiles:
            if name not in self.disconnected:
                self.agent.ctl(command, name, check=False)

    def heal_all(self):
        self.watcher.deadly = {}
        # What keeps one from being healed may be healed behind it.
        if self.lab("heal", "all", check=False, timeout=300).returncode != 0:
            self.lab("heal", "all", timeout=300)
        for fault in self.standing:
            self.note("heal", fault.label)
            if fault.cure:
                self.each(fault.cure)
        self.standing = []
