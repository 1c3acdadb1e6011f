"""The long soak: random faults over two profiles at work, rotations, agents that end and are killed while their tunnels go on,
storms of status requests, followers of events that never read. Whether memdbd grows, lies, talks too much, or is wrong at the end.

Its parts, by the clock: until `mark`; then with restarts of memdbd; from `last` on with one memdbd, measured at its own mark and at
the end. Measured is always the same state: all healed, right for a while, no storm, 45 followers and 5 silent ones just connected.
"""
import dataclasses
import os
import shutil
import subprocess
import threading
import time

from crowd import Program
from measure import descriptors, file_pages, processes_in, pss_mb
from memdb import Agent, wait_for
from service_manager import ServiceManager
from soak import BACK, DEMO, DESCRIPTORS, LINES, Report, Soak
from soak_plan import RESTARTS, Plan

TWIN = "twin"
READERS, SILENT, RATE = 45, 5, 1000
GROWTH = 1.05
SETTLE = 15  # seconds of being right before it is measured
EVERY = 360  # seconds between storms
RATE_KEPT = 0.98  # of RATE, over all storms
MASKS = ("tun-missing", "openvpn-missing")  # of a process: they end with it


@dataclasses.dataclass(frozen=True)
class Mark:
    at: float  # minutes
    pid: int
    pss: float
    anonymous: float
    resident: float  # pages of files, however many others have them, too
    descriptors: int
    threads: int
    memdbds: int
    openvpns: int

    def line(self, what):
        return (f"{what:<6} {self.at:5.1f} min  PSS {self.pss:5.2f} MB ({self.anonymous:.2f} anonymous)  {self.descriptors} descriptors  "
                f"{self.threads} threads  {self.memdbds} memdbd + {self.openvpns} openvpn")


@dataclasses.dataclass
class HourReport(Report):
    backs: list = dataclasses.field(default_factory=list)
    marks: dict = dataclasses.field(default_factory=dict)
    storms: list = dataclasses.field(default_factory=list)
    followers: dict = dataclasses.field(default_factory=dict)
    agents: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(RESTARTS, 0))
    kept: int = 0  # tunnels that a new memdbd took over, of so many that it had to
    had_to_keep: int = 0
    rotations: dict = dataclasses.field(default_factory=dict)  # exit status -> how many
    answers: int = 0  # of `lines`, those of the control socket: one for each request that changes something

    def lines_each(self):
        """For a fault, of both profiles together. Rotations, restarts and wishes are told of, too, and counted in, though they are no
        faults; only the line that answers a request is not."""
        return (self.lines - self.answers) / max(self.faults, 1)

    def rate(self):
        return sum(one["answers"] for one in self.storms) / max(sum(one["seconds"] for one in self.storms), 0.01)

    def wrongs(self):
        said = list(self.lies)
        said += [f"right only {back:.0f} s after all was healed" for back in self.backs if back > BACK]
        if self.lines_each() > LINES:
            said.append(f"{self.lines_each():.1f} log lines for a fault, {LINES} allowed")
        if self.storms and self.rate() < RATE * RATE_KEPT:
            said.append(f"{self.rate():.0f} answers a second in storms, {RATE} wanted")
        # Each memdbd ends all connections once; beside that a reader that reads loses none.
        if self.followers.get("readers_lost", 0) > READERS * sum(self.agents.values()):
            said.append(f"{self.followers['readers_lost']} readers lost, {sum(self.agents.values())} restarts")
        for first, last in (("first", "end"), ("last", "end")):
            if first in self.marks and last in self.marks:
                said += self.growth(first, self.marks[first], self.marks[last])
        return said

    def notes(self):
        """What of a difference is memdbd's own. Pages of program and libraries the kernel loads and drops as it likes, and memdbd's share
        of a library's grows when another program of this machine that has it ends: then its resident pages are as many as before."""
        for first in ("first", "last"):
            then, now = self.marks.get(first), self.marks.get("end")
            if then and now:
                yield (f"end / {first}: PSS {now.pss / then.pss:.3f}: memdbd's own {now.anonymous - then.anonymous:+.2f} MB "
                       f"({(now.anonymous - then.anonymous) / then.pss:+.1%}), pages of files {now.pss - now.anonymous - then.pss + then.anonymous:+.2f} MB "
                       f"(resident {now.resident - then.resident:+.2f})")

    @staticmethod
    def growth(name, then, now):
        own = now.anonymous - then.anonymous  # whoever else has the libraries loaded by now: see notes()
        if own > then.pss * (GROWTH - 1):
            yield f"memory grew since the mark '{name}': memdbd's own by {own:.2f} MB, of {then.pss:.2f} MB PSS"
        if now.descriptors > then.descriptors + DESCRIPTORS:
            yield f"descriptors grew since the mark '{name}' from {then.descriptors} to {now.descriptors}"
        for what in ("memdbds", "openvpns", "threads"):
            if getattr(now, what) > getattr(then, what):
                yield f"{what} grew since the mark '{name}' from {getattr(then, what)} to {getattr(now, what)}"


class Hour(Soak):
    def __init__(self, lab, program, seed, minutes, say):
        super().__init__(lab, Agent(lab, program), seed, (DEMO, TWIN))
        self.minutes, self.say = minutes, say
        self.report = self.watcher.report = HourReport(seed)
        self.mark, self.last = min(5, minutes / 4), minutes - min(25, minutes / 2)
        self.rotating = {}
        self.told = 0  # storms

    # --- from beginning to end ---

    def begin(self):
        lab, agent = self.lab, self.agent
        lab("twin")
        lab("agent", "stop", check=False)
        shutil.rmtree(lab.dir / "agent", ignore_errors=True)
        agent.start("")
        agent.import_demo()
        agent.import_demo(TWIN, f"clustercfg.{TWIN}.lab.memorydb.test", config=lab.dir / "twin-client-config.ovpn",
                          cert=lab.dir / "client2.crt", key=lab.dir / "client2.key")
        agent.stop()
        self.authorities = {name: shutil.copytree(lab.dir / "pki", lab.dir / f"pki-{name}", dirs_exist_ok=True) for name in self.profiles}
        self.manager = ServiceManager(agent)
        shutil.chown(agent.socket, group="memdb")
        os.chmod(agent.socket, 0o660)
        self.start_agent()
        for name in self.profiles:
            agent.ctl("connect", name, "--wait", "--timeout", "30s")
        self.first_lines, self.first_answers = agent.log_lines(), agent.log_lines("control")
        self.followers = Program("followers", agent.socket, READERS, SILENT)
        self.storm = Program("storm", agent.socket)
        self.report.begun = time.monotonic()
        self.watcher.start()
        self.ticker = threading.Thread(target=self.tick, daemon=True)
        self.ticker.start()

    def run_hour(self):
        self.begin()
        try:
            self.part("first", 0, self.mark)
            self.measure("first")
            self.part("restarts", self.mark, self.last, restarts=True)
            self.restart("end")
            self.part("last", self.last, self.last + self.mark)
            self.measure("last")
            self.part("end", self.last + self.mark, self.minutes)
            self.measure("end")
        finally:
            self.end()
        return self.report

    def end(self):
        self.watcher.over.set()
        for thread in (self.watcher, self.ticker, *self.rotating.values()):
            thread.join(90)
        self.count_lines()
        self.report.followers = self.followers.ask(what="state")
        self.followers.close()
        self.storm.close()
        self.manager.close()

    def part(self, name, begins, ends, restarts=False):
        """Minutes, by the clock. A storm soon after it begins and every six minutes, over in good time before the end."""
        storm = threading.Thread(target=self.storms, args=(begins, ends), daemon=True)
        storm.start()
        self.follow(Plan(f"{self.seed} {name}", self.profiles, True, restarts), self.report.begun + ends * 60)
        storm.join(120)

    def storms(self, begins, ends):
        length = min(60, self.mark * 60 * 0.4)
        at = begins * 60 + self.mark * 60 * 0.3
        while at + length < ends * 60:
            if self.watcher.over.wait(max(0, at - self.report.since())):
                return
            self.report.storms.append(self.storm.ask(rate=RATE, seconds=length))
            at += EVERY

    # --- what is done ---

    def do(self, step):
        try:
            self.do_this(step)
        except (AssertionError, OSError, subprocess.SubprocessError) as wrong:
            self.report.lie(f"{step.what} {getattr(step.on, 'label', step.on)}: {str(wrong).splitlines()[0]}")

    def do_this(self, step):
        if step.what in ("break", "heal"):
            super().do(step)
        elif step.what in RESTARTS:
            self.restart(step.what)
        else:
            self.note(step.what, step.on)
            getattr(self, step.what)(step.on)

    def rotate(self, name):
        """Not waited for: faults and the end of memdbd fall into it."""
        if name in self.rotating and self.rotating[name].is_alive():
            return
        self.rotating[name] = threading.Thread(target=self.rotate_now, args=(name,), daemon=True)
        self.rotating[name].start()

    def rotate_now(self, name):
        done = self.agent.ctl("rotate", name, "--signer", "pki", "--pki", self.authorities[name], "--reason", "soak", "--timeout", "30s",
                              check=False, timeout=120)
        self.note("rotated", f"{name}: {done.returncode} {done.stderr.strip()}".strip())
        self.report.rotations[done.returncode] = self.report.rotations.get(done.returncode, 0) + 1
        return done

    def disconnect(self, name):
        self.disconnected.add(name)
        self.agent.ctl("disconnect", name)
        self.watcher.begins("a wish to disconnect", name)

    def connect(self, name):
        self.watcher.ends("a wish to disconnect", name)
        self.disconnected.discard(name)
        self.agent.ctl("connect", name)

    def reconnect(self, name):
        if name not in self.disconnected:
            self.agent.ctl("reconnect", name, check=False)

    def restart(self, how):
        for fault in [fault for fault in self.standing if fault.name in MASKS]:
            self.heal(fault)
        self.note(how, "memdbd")
        before = {name: self.tunnel(name) for name in self.profiles}
        calm = not any(fault.restarts or fault.provoke for fault in self.standing)
        must = {name for name in self.profiles if calm and before[name]["phase"] == "up" and not self.busy(name)}
        self.watcher.away = True
        (self.manager.end if how == "end" else self.manager.kill)()
        self.start_agent()
        self.watcher.away = False
        self.report.agents[how] += 1
        for name in must:
            self.report.had_to_keep += 1
            after = wait_for(lambda name=name: (t := self.tunnel(name)).get("openvpn_pid") and t, 15, f"{name} has an openvpn")
            if after["openvpn_pid"] == before[name]["openvpn_pid"]:
                self.report.kept += 1
            else:
                self.report.lie(f"{name}'s tunnel was not kept over memdbd's {how}: {before[name]} -> {after}")

    def busy(self, name):
        return name in self.disconnected or (name in self.rotating and self.rotating[name].is_alive())

    def tunnel(self, name):
        return self.agent.api.profile(name)["tunnel"]

    def start_agent(self):
        self.manager.start(self.agent.program)
        (self.lab.dir / "pids" / "memdbd").write_text(f"{self.manager.process.pid}\n")  # for the lab's faults

    # --- what is looked at ---

    def measure(self, name):
        for thread in self.rotating.values():
            thread.join(120)
        self.heal_all()
        for profile in sorted(self.disconnected):
            self.note("connect", profile)
            self.connect(profile)
        healed = time.monotonic()
        try:
            wait_for(lambda: all(self.is_right_or_cured(profile) for profile in self.profiles), BACK, "all is healed, and memdbd says so", 0.2)
            self.report.backs.append(time.monotonic() - healed)
        except AssertionError as late:
            views = [self.agent.api.profile(profile) for profile in self.profiles]
            words = [f"{view['name']} {view['verdict']} {[finding['code'] for finding in view['findings']]}" for view in views]
            self.report.lie(f"{str(late).splitlines()[0]}: {', '.join(words)}")
        self.followers.ask(what="fresh")
        wait_for(lambda: self.followers.ask(what="state")["connected"] == READERS + SILENT, 10, "all followers are connected", 0.1)
        self.watcher.over.wait(SETTLE)
        self.report.marks[name] = self.look()
        self.note("mark", f"{name}: pages of files, PSS/RSS in MB: {file_pages(self.manager.process.pid)}")

    def is_right_or_cured(self, name):
        """A rotation that a fault made fail is said until the next one: that is what its advice says."""
        view = self.agent.api.profile(name)
        codes = [finding["code"] for finding in view["findings"]]
        if "rotation-failed" in codes and view["verdict"] in ("reachable", "degraded") and set(codes) <= {"rotation-failed", "tunnel-flapping"}:
            self.note("rotate", name)
            done = self.rotate_now(name)
            if done.returncode != 0:
                self.report.lie(f"{name}: all is healed, and yet: {done.stderr.strip()}")
        return self.is_right(name)

    def look(self):
        pid = self.manager.process.pid
        seen = [descriptors(pid)]
        for _ in range(5):
            self.watcher.over.wait(0.5)
            seen.append(descriptors(pid))
        space = self.lab.laptop
        return Mark(self.report.since() / 60, pid, pss_mb(pid), pss_mb(pid, "Pss_Anon"), pss_mb(pid, "Rss") - pss_mb(pid, "Anonymous"),
                    min(seen), len(os.listdir(f"/proc/{pid}/task")), len(processes_in(space, "/memdbd")),
                    len(processes_in(space, "/openvpn")))

    def count_lines(self):
        self.report.lines = self.agent.log_lines() - self.first_lines
        self.report.answers = self.agent.log_lines("control") - self.first_answers

    def tick(self):
        """Once a minute: verdicts, what stands now, faults so far, memdbd's memory and the part of it that is no file's, its
        descriptors, the memdbd and openvpn on the laptop, log lines for a fault, the storm that has ended, lies."""
        self.say("min demo        twin        stand faults PSS MB  heap  fds procs lines storm/s p99 ms  lies")
        minute = 0
        while not self.watcher.over.wait(0.5):
            if self.manager.process.poll() is not None and not self.watcher.away:
                self.watcher.over.wait(1)
                if self.manager.process.poll() is not None and not self.watcher.away:
                    self.report.lie(f"memdbd has ended by itself: {self.manager.process.returncode}")
                    return
            if self.report.since() >= (minute + 1) * 60 and minute < self.minutes:
                minute += 1
                try:
                    self.say(self.minute_line(minute))
                except (OSError, StopIteration):  # of a process that is no more
                    self.say(f"{minute:3} another memdbd is being started")

    def minute_line(self, minute):
        report, pid = self.report, self.manager.process.pid
        self.count_lines()
        new = report.storms[-1] if report.storms and len(report.storms) > self.told else None
        self.told = len(report.storms)
        storm = f"{new['rate']:7.0f} {new['p99_ms']:6.1f}" if new else f"{'-':>7} {'-':>6}"
        verdicts = " ".join(f"{self.watcher.last_verdicts.get(name, '?'):<11}" for name in self.profiles)
        space = self.lab.laptop
        processes = f"{len(processes_in(space, '/memdbd'))}+{len(processes_in(space, '/openvpn'))}"
        stand = len(self.standing) + len(self.disconnected)
        return (f"{minute:3} {verdicts} {stand:5} {report.faults:6} {pss_mb(pid):6.2f} {pss_mb(pid, 'Pss_Anon'):5.2f} {descriptors(pid):4} {processes:>5} "
                f"{report.lines_each():5.1f} {storm} {len(report.lies):5}")

