"""One fault, lived through: injected, seen, healed. Measures for scripts/bench, judges for the tests."""
import contextlib
import dataclasses
import os
import time

from doctor_line import first_line_of_doctor
from faults import SERVER
from memdb import Events, wait_for

QUIET = 2.5  # seconds: a round of the sentinel with both its re-probes; so long nothing more must come
DEMO = "demo"


@dataclasses.dataclass
class Outcome:
    fault: object
    first: str = ""  # finding
    layer: str = ""
    summary: str = ""
    shown: float = -1  # seconds after the injection began
    worst: str = "reachable"  # the worst verdict while the fault stood
    findings: list = dataclasses.field(default_factory=list)  # (seconds, code, severity, seconds that it stood), in order
    recovered: float = -1  # seconds after the injection began, or after the healing command returned
    restarts: int = 0  # while the fault stood, without what the injection itself killed
    attempts: int = 0
    astray: str = ""  # where layers and findings say different things
    touched: list = dataclasses.field(default_factory=list)  # phases that the tunnel went through while the fault stood
    stood: float = 0  # seconds
    relapses: list = dataclasses.field(default_factory=list)  # verdicts after it had come back
    lines: int = 0  # in the log
    named: str = ""  # the first finding of `status --json` while the fault stood; of one that had passed by then, the first seen
    told: str = ""  # the first line of `status` that names anything
    doctor: str = ""  # the first failed check of the doctor


def is_well(view):
    return view["verdict"] == "reachable" and not view["findings"]


def standing_at_first(events, start):
    """(moment, finding) of what stood already when the stream began, if that was after `start`."""
    return [(at, finding) for at, event in events.of("snapshot", start) for view in event["snapshot"]["profiles"] if view["name"] == DEMO
            for finding in view["findings"]]


def raised(events, start):
    """(seconds, code, severity, how long it stood) of every finding that people could see, in order."""
    out = []
    cleared = events.of("finding_cleared", start)
    for at, finding in standing_at_first(events, start):  # of a memdbd that was there before anybody could listen
        end = next((when for when, over in cleared if over["code"] == finding["code"] and when >= at), time.monotonic())
        out.append((at - start, finding["code"], finding["severity"], end - at))
    for at, event in events.of("finding_raised", start):
        code = event["finding"]["code"]
        end = next((when for when, over in cleared if over["code"] == code and when >= at), time.monotonic())
        out.append((at - start, code, event["finding"]["severity"], end - at))
    return out


class Episode:
    """with Episode(lab, agent, fault) as episode: the fault stands in the body, and is healed at its end."""

    def __init__(self, lab, agent, fault):
        self.lab, self.agent, self.fault = lab, agent, fault
        self.out = Outcome(fault)
        self.events = None
        self.well_since = 0.0

    def __enter__(self):
        self.before = self.agent.api.profile(DEMO)["tunnel"]
        self.lines = self.agent.log_lines()
        self.events = Events(self.agent.socket)
        fault, arguments = self.fault, [self.fault.argument] if self.fault.argument else []
        if fault.argument == SERVER:
            arguments = [self.before["server"].rpartition(":")[0]]
        self.start = time.monotonic()
        self.lab("fault", fault.name, *arguments)
        self.injected = time.monotonic()
        if fault.provoke == "kill":
            os.kill(self.before["openvpn_pid"], 9)
        elif fault.provoke == "reconnect":
            self.agent.ctl("reconnect", DEMO)
        elif fault.provoke in ("start", "restart"):
            self.restart_agent()
            self.before = {**self.before, "restarts": 0}
        return self

    def restart_agent(self):
        self.events.close()
        self.agent.stop()
        self.agent.start()
        self.events = Events(self.agent.socket)

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.events.close()

    def view(self):
        return self.agent.api.profile(DEMO)

    def wait_shown(self):
        """Until the first finding is seen and the verdict is what it must be."""
        limit = self.start + self.fault.shown - time.monotonic()
        if self.fault.first:
            wait_for(lambda: any(code == self.fault.first for _, code, *_ in raised(self.events, self.start)), limit,
                     f"{self.fault.label}: finding {self.fault.first}")
        if self.fault.verdict:
            self.agent.api.wait_verdict(DEMO, self.fault.verdict, limit + 2)

    def wait_stood(self, seconds):
        """Or until everything that must follow has been seen."""
        def enough():
            codes = {code for _, code, *_ in raised(self.events, self.start)}
            return time.monotonic() - self.start >= seconds or (seconds == self.fault.stand and self.fault.then and codes >= {*self.fault.then})

        wait_for(enough, seconds + 1, "it has stood long enough", 0.05)

    def note(self):
        """What is to be said of the time in which the fault stood; before it is healed."""
        out, view = self.out, self.view()
        out.stood = time.monotonic() - self.start
        out.findings = raised(self.events, self.start)
        lasting = [row for row in out.findings if not self.fault.first or row[1] not in self.fault.passing]
        if lasting:
            out.shown, out.first = lasting[0][0], lasting[0][1]
            seen = [f for _, f in standing_at_first(self.events, self.start)] + [e["finding"] for _, e in self.events.of("finding_raised", self.start)]
            finding = next(f for f in seen if f["code"] == out.first)
            out.layer, out.summary = finding["layer"], finding["summary"]
        self.note_names(view)
        verdicts = {e["to"] for _, e in self.events.of("verdict", self.start)} | {view["verdict"]}
        out.worst = next((v for v in ("unreachable", "degraded", "connecting") if v in verdicts), "reachable")
        tunnel = view["tunnel"]
        own = 1 if self.fault.provoke == "kill" else 0
        out.restarts = tunnel["restarts"] - self.before["restarts"] - own
        out.touched = [e["to"] for _, e in self.events.of("phase", self.start)]
        out.attempts = out.touched.count("handshaking")
        failed = [step["layer"] for step in view["layers"] if step["state"] == "failed"]
        errors = [f["layer"] for f in view["findings"] if f["severity"] == "error"]
        if view["verdict"] == "unreachable" and failed[:1] != errors[:1]:
            out.astray = f"failed layers {failed}, findings in {errors}"
        if tunnel.get("openvpn_pid") != self.before.get("openvpn_pid") and not out.touched:
            out.touched = ["another process"]
        return out

    def note_names(self, view):
        """What a person is told at this moment, in three places."""
        out = self.out
        if self.fault.itself:
            out.named = out.first
            return
        # In the moment of the second opinion, another tunnel for silent nodes, nothing is known and nothing is said.
        end = time.monotonic() + 8
        while True:
            out.named = view["findings"][0]["code"] if view["findings"] else ""
            lines = self.agent.ctl("status", DEMO, check=False).stdout.splitlines()
            out.told = next((line.strip() for line in lines if line.strip()[:2] in ("✗ ", "! ", "x ")), "")
            if (out.named and out.told) or not self.fault.first or time.monotonic() > end:
                break
            time.sleep(0.2)
            view = self.view()
        out.doctor = first_line_of_doctor(self.agent, DEMO)

    def wait_well(self, limit, quiet=QUIET):
        """Until nothing is wrong any more, and stays so."""
        since = None
        view = None

        def well():
            nonlocal since, view
            view = self.view()
            self.well_since = since = (since or time.monotonic()) if is_well(view) else None
            return since and time.monotonic() - since >= quiet

        try:
            wait_for(well, limit + quiet, f"{self.fault.label}: reachable with nothing to say")
        except AssertionError as late:
            codes = [f["code"] for f in view["findings"]]
            raise AssertionError(f"{late}; {view['verdict']}, {codes}, tunnel {view['tunnel']}") from None

    def last_good(self, start):
        """Seconds from `start` until the last change for the better; 0 when it had come earlier."""
        moments = [at for at, e in self.events.of("verdict", start) if e["to"] == "reachable"]
        return max([at - start for at in moments + [at for at, _ in self.events.of("finding_cleared", start)]], default=0.0)

    def relapses(self, start):
        """What the verdict fell back to once it was `reachable` again."""
        verdicts = [e["to"] for _, e in self.events.of("verdict", start)]
        return [to for to in verdicts[verdicts.index("reachable") + 1:] if to != "reachable"] if "reachable" in verdicts else []

    def heal(self):
        self.lab("heal", self.fault.name)
        healed = time.monotonic()
        if self.fault.cure == "restart":
            self.restart_agent()
        elif self.fault.cure:
            self.agent.ctl(self.fault.cure, DEMO)
        return healed


def live_through(lab, agent, fault, stand=0, quiet=QUIET):
    """The whole course; raises AssertionError where memdbd does not do in time what the row says."""
    with Episode(lab, agent, fault) as episode:
        episode.wait_shown()
        if fault.itself:
            episode.wait_well(fault.back)
            well_since = episode.well_since
            episode.wait_stood(max(stand, fault.stand))
            out = episode.note()
            out.recovered = episode.last_good(episode.start)
            if fault.provoke == "start":  # a new memdbd may be reachable before anybody can listen to its events
                out.recovered = well_since - episode.start
            healed = episode.heal()
            episode.wait_well(fault.back, quiet)
        else:
            episode.wait_stood(max(stand, fault.stand))
            out = episode.note()
            healed = episode.heal()
            episode.wait_well(fault.back, quiet)
            out.recovered = episode.last_good(healed)
            if fault.cure == "restart":
                out.recovered = episode.well_since - healed
            out.relapses = episode.relapses(healed)
        out.lines = agent.log_lines() - episode.lines
        return out


def complaints(out):
    """Where the outcome is not what the row says; one line each."""
    fault, said = out.fault, []
    codes = [code for _, code, *_ in out.findings]
    strange = set(codes) - {fault.first, *fault.then, *fault.passing}
    if fault.first and out.first != fault.first:
        said.append(f"first finding {out.first or 'none'}, not {fault.first}")
    elif fault.first and out.layer != fault.layer:
        said.append(f"{fault.first} in layer {out.layer}, not {fault.layer}")
    if not fault.itself and fault.first:
        last = {*fault.then[-1:]} if fault.then and fault.stand else {fault.first, *fault.then}
        if out.named not in last:
            said.append(f"status names {out.named or 'nothing'}, not {' or '.join(sorted(last))}")
        if out.named not in out.told:
            said.append(f"status --json begins with {out.named}, status for people with {out.told!r}")
        if out.doctor and out.doctor not in {fault.first, *fault.then}:
            said.append(f"doctor names {out.doctor}, not {fault.first}")
    said += [f"its sentence lacks {word!r}: {out.summary}" for word in fault.words if word not in out.summary]
    if out.astray:
        said.append(out.astray)
    # One in the process that stood, one anew, and one to the other address: each may be refused within a second.
    if out.attempts > 3 + out.stood / 5:
        said.append(f"{out.attempts} attempts in {out.stood:.0f} s")
    if strange:
        said.append(f"also showed {', '.join(sorted(strange))}")
    if fault.verdict and out.worst != fault.verdict:
        said.append(f"verdict {out.worst}, not {fault.verdict}")
    if out.restarts > fault.restarts:
        said.append(f"{out.restarts} tunnels lost, {fault.restarts} allowed")
    if fault.restarts == 0 and not fault.provoke and out.touched:
        said.append(f"the tunnel was touched: {', '.join(out.touched)}")
    said += [f"{code} shown {codes.count(code)} times" for code in sorted(set(codes)) if codes.count(code) > 1 + out.restarts]
    if fault.itself:
        said += [f"error {code} stood for {stood:.1f} s" for _, code, severity, stood in out.findings if severity == "error" and stood > 10]
    if out.stood >= 18 or fault.stand:
        said += [f"never showed {code}" for code in fault.then if code not in codes]
    if out.relapses:
        said.append(f"reachable again, then {', '.join(out.relapses)}")
    return said
