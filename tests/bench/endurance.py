"""What lasts: random faults for minutes, and minutes without a network. Issue 3, shows 3 and 4."""
import collections
import os
import shutil
import tempfile
import textwrap
import time

from bench import DEMO, pass_time
from budgets import Measured
from measure import descriptors, processes_in, show, usage
from memdb import MEMDBD, Events, wait_for
from soak import Soak
from soak_hour import Hour

COLUMNS = 100  # of what soak says
WINDOW = 10  # seconds: of each there is a value of its own
SETTLED = 30  # seconds: openvpn notices by itself after 20, and is ended then


def random_faults(bench):
    report = Soak(bench.lab, bench.agent(fresh=True), bench.args.seed).run(bench.args.minutes * 60)
    wrongs = report.wrongs()
    bench.failed = bench.failed or bool(wrongs)
    healings = sum(1 for _, what, _ in report.injected if what == "heal")
    show("random", f"seed {report.seed}, {bench.args.minutes:g} min: {report.faults} faults, {healings} healings, {report.refused} that the lab refused")
    show("", f"all healed: {report.last_word or 'not right'} after {report.back:.1f} s; {report.restarts} tunnels lost meanwhile")
    show("", f"descriptors {report.descriptors[0]} -> {report.descriptors[1]}; log lines for a fault: {report.lines / max(report.faults, 1):.1f}")
    show("", f"{report.looks} looks at the API, {len(report.lies)} of them lies; " + ", ".join(f"{v} {s:.0f} s" for v, s in sorted(report.verdicts[DEMO].items())))
    for line in wrongs:
        show("", f"WRONG: {line}")
    if bench.args.verbose or wrongs:
        for at, what, label in report.injected:
            show("", f"  {at:6.1f} s  {what:<5}  {label}")


def soak(bench):
    args = bench.args
    log = open(args.log, "w", encoding="utf-8") if args.log else None

    def say(text):
        for line in textwrap.wrap(text, COLUMNS, subsequent_indent="  ") if len(text) > COLUMNS else [text]:
            print(line, flush=True)
            if log:
                print(line, file=log, flush=True)

    # Of its own: a new build meanwhile is nothing to it, and no page of it belongs to another memdbd, too.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        hour = Hour(bench.lab, shutil.copy2(MEMDBD, folder), args.seed, args.minutes, say)
        try:
            report = hour.run_hour()
        finally:
            if log and hour.agent.log.exists():
                shutil.copy(hour.agent.log, f"{args.log}.memdbd")
    wrongs = report.wrongs()
    bench.failed = bench.failed or bool(wrongs)
    for line in summary(report):
        say(line)
    for line in wrongs[:20]:
        say(f"WRONG: {line}")
    if log:
        with open(f"{args.log}.done", "w", encoding="utf-8") as done:
            done.writelines(f"{at:8.1f} s  {what:<10}  {label}\n" for at, what, label in report.injected)
        log.close()


def summary(report):
    """Few lines, so that an hour with its 60 fits on one screen."""
    doings = collections.Counter(what for _, what, _ in report.injected)
    storms = report.storms or [{"p50_ms": 0, "p99_ms": 0, "worst_ms": 0, "failed": 0}]
    median, late, worst = (max(storm[what] for storm in storms) for what in ("p50_ms", "p99_ms", "worst_ms"))
    ended, who = ", ".join(f"{count} with {status}" for status, count in sorted(report.rotations.items())), report.followers
    yield (f"seed {report.seed}: {report.faults} faults, {doings['heal']} healed, {report.refused} refused; rotations: {ended or 'none'}; "
           f"{doings['disconnect']} disconnects")
    yield (f"memdbd ended {report.agents['end']} times, killed {report.agents['kill']}; tunnels kept {report.kept} of {report.had_to_keep}; "
           f"right again after {', '.join(f'{back:.1f}' for back in report.backs)} s")
    yield (f"{len(report.storms)} storms: {report.rate():.0f} answers/s, at most p50 {median} ms, p99 {late} ms, worst {worst} ms; "
           f"{sum(storm['failed'] for storm in storms)} failed")
    yield (f"followers lost: {who['readers_lost']} readers, {who['silent_lost']} silent; {report.looks} looks, "
           f"{len(report.lies)} lies")
    yield (f"{report.lines} log lines, of which {report.answers} answer a request; the others are {report.lines_each():.1f} for a fault (both "
           "profiles together, rotations and restarts too)")
    for name, mark in report.marks.items():
        yield mark.line(name)
    yield from report.notes()


def offline(bench):
    lab, agent = bench.lab, bench.agent(fresh=True)
    events, pid = Events(agent.socket), agent.pid
    lines, fds, restarts = agent.log_lines(), descriptors(pid), agent.api.profile(DEMO)["tunnel"]["restarts"]
    seen = before = processes_in(lab.laptop, "/openvpn")
    start = time.monotonic()
    lab("fault", "network-down")
    agent.api.wait_finding(DEMO, "network-offline", 15)
    shown = time.monotonic() - start
    cpu, switches = usage(pid)
    began, settled = time.monotonic(), [(0.0, 0)]
    while time.monotonic() < began + bench.args.minutes * 60:  # nothing is asked meanwhile: each answer would be a wake-up
        pass_time(min(1, max(0, began + bench.args.minutes * 60 - time.monotonic())))
        seen = seen | processes_in(lab.laptop, "/openvpn")
        if time.monotonic() > max(began + SETTLED, settled[-1][0] + WINDOW):
            settled.append((time.monotonic(), usage(pid)[1]))
    ended = time.monotonic()
    settled.append((ended, usage(pid)[1]))
    took = ended - began
    cpu_after, switches_after = usage(pid)
    attempts = [event for _, event in events.of("phase", start) if event["to"] in ("starting", "handshaking")]
    view = agent.api.profile(DEMO)
    codes = [finding["code"] for finding in view["findings"]]
    lab("heal", "network-down")
    healed = time.monotonic()
    agent.api.wait_verdict(DEMO, "reachable", 90)
    back = time.monotonic() - healed
    wait_for(lambda: descriptors(pid) <= fds + 2 or time.monotonic() > healed + 20, 30, "descriptors", 0.2)
    after = agent.api.profile(DEMO)["tunnel"]["restarts"]
    show("offline", f"network-offline after {shown:.1f} s; then {took / 60:.1f} min: {view['verdict']}, {codes}, tunnel {view['tunnel']['phase']}")
    show("", f"CPU {cpu_after - cpu:.2f} s ({(cpu_after - cpu) / took * 100:.3f} % of a core), {(switches_after - switches) / took * 60:.1f} wake-ups a minute")
    if len(settled) > 2:
        quiet = [(later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in zip(settled[1:], settled[2:])]
        show("", f"of these in the first {SETTLED} s, in which openvpn still tries: {settled[1][1] - switches}; afterwards {max(quiet):.2f} a second at most")
        bench.measured["offline-wakeups"] = Measured(quiet, note=f"after the first {SETTLED} s, in which openvpn still tries")
    show("", f"attempts {len(attempts)}, new openvpn processes {len(seen - before)}, log lines {agent.log_lines() - lines}, descriptors {fds} -> {descriptors(pid)}")
    show("", f"link up -> reachable: {back:.2f} s; tunnels lost: {after - restarts}")
    bench.failed = bench.failed or bool(attempts) or bool(seen - before) or codes != ["network-offline"]
    events.close()


MEASUREMENTS = {"random": random_faults, "offline": offline, "soak": soak}
