"""What lasts: random faults for minutes, and minutes without a network. Issue 3, shows 3 and 4."""
import os
import pathlib
import time

from bench import DEMO, pass_time
from measure import descriptors, show, usage
from memdb import Events, wait_for
from soak import Soak

SETTLED = 30  # seconds: openvpn notices by itself after 20, and is ended then


def random_faults(bench):
    report = Soak(bench.lab, bench.agent(fresh=True), bench.args.seed).run(bench.args.minutes * 60)
    wrongs = report.wrongs()
    bench.failed = bench.failed or bool(wrongs)
    healings = sum(1 for _, what, _ in report.injected if what == "heal")
    show("random", f"seed {report.seed}, {bench.args.minutes:g} min: {report.faults} faults, {healings} healings, {report.refused} that the lab refused")
    show("", f"all healed: {report.last_word or 'not right'} after {report.back:.1f} s; {report.restarts} tunnels lost meanwhile")
    show("", f"descriptors {report.descriptors[0]} -> {report.descriptors[1]}; log lines for a fault: {report.lines / max(report.faults, 1):.1f}")
    show("", f"{report.looks} looks at the API, {len(report.lies)} of them lies; " + ", ".join(f"{v} {s:.0f} s" for v, s in sorted(report.verdicts.items())))
    for line in wrongs:
        show("", f"WRONG: {line}")
    if bench.args.verbose or wrongs:
        for at, what, label in report.injected:
            show("", f"  {at:6.1f} s  {what:<5}  {label}")


def openvpn_pids(lab):
    """By the namespace, without forking: this must not cost what is measured."""
    space, found = os.stat(f"/run/netns/{lab.laptop}").st_ino, set()
    for proc in pathlib.Path("/proc").iterdir():
        try:
            if proc.name.isdigit() and os.stat(proc / "ns" / "net").st_ino == space and os.readlink(proc / "exe").endswith("/openvpn"):
                found.add(int(proc.name))
        except OSError:
            pass
    return found


def offline(bench):
    lab, agent = bench.lab, bench.agent(fresh=True)
    events, pid = Events(agent.socket), agent.pid
    lines, fds, restarts = agent.log_lines(), descriptors(pid), agent.api.profile(DEMO)["tunnel"]["restarts"]
    seen = before = openvpn_pids(lab)
    start = time.monotonic()
    lab("fault", "network-down")
    agent.api.wait_finding(DEMO, "network-offline", 15)
    shown = time.monotonic() - start
    cpu, switches = usage(pid)
    began, settled = time.monotonic(), None
    while time.monotonic() < began + bench.args.minutes * 60:  # nothing is asked meanwhile: each answer would be a wake-up
        pass_time(min(1, max(0, began + bench.args.minutes * 60 - time.monotonic())))
        seen = seen | openvpn_pids(lab)
        if settled is None and time.monotonic() > began + SETTLED:
            settled = time.monotonic(), usage(pid)[1]
    ended = time.monotonic()
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
    if settled:
        quiet = (switches_after - settled[1]) / (ended - settled[0]) * 60
        show("", f"of these in the first {SETTLED} s, in which openvpn still tries: {settled[1] - switches}; afterwards {quiet:.1f} a minute")
    show("", f"attempts {len(attempts)}, new openvpn processes {len(seen - before)}, log lines {agent.log_lines() - lines}, descriptors {fds} -> {descriptors(pid)}")
    show("", f"link up -> reachable: {back:.2f} s; tunnels lost: {after - restarts}")
    bench.failed = bench.failed or bool(attempts) or bool(seen - before) or codes != ["network-offline"]
    events.close()


MEASUREMENTS = {"random": random_faults, "offline": offline}
