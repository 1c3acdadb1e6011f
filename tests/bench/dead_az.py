"""Half of 2000 nodes fall silent, as an availability zone that dies, and come back: what memdbd tries, what it costs, who else feels it."""
import re
import subprocess
import time

from bench import DEMO, pass_time
from farm import BINS, CLUSTER, Farm, most_in
from measure import show, usage
from memdb import Events, wait_for

SHARDS, NODES, ZONES, DEAD = 500, 4, 2, 2
SETTLED, STEP = 10, 2  # seconds
ALLOWED_GAP = 7.0  # seconds between two PINGs to a node that lives: they are due every 5


def zone_of(name):
    """As node_farm places its nodes: farm-0001-002 is node 2 of shard 1."""
    shard, number = map(int, re.match(r"farm-(\d+)-(\d+)", name).groups())
    return (shard + number) % ZONES + 1


class Tries:
    """SYNs to the silent zone, step by step, with the CPU that memdbd needed meanwhile."""

    def __init__(self, lab, pid):
        self.vpc, self.pid = lab.laptop.replace("laptop", "vpc"), pid
        self.at, self.syns, self.cpu = time.monotonic(), self._count(), usage(pid)[0]
        self.steps = []  # (SYNs a second, CPU in percent)

    def _count(self):
        done = subprocess.run(["ip", "netns", "exec", self.vpc, "nft", "list", "chain", "inet", "lab_farm", "inbound"],
                              check=True, capture_output=True, text=True)
        return sum(map(int, re.findall(r"counter packets (\d+)", done.stdout)))

    def step(self):
        at, syns, cpu = time.monotonic(), self._count(), usage(self.pid)[0]
        took = at - self.at
        self.steps.append(((syns - self.syns) / took, (cpu - self.cpu) / took * 100))
        self.at, self.syns, self.cpu = at, syns, cpu


def outage(bench, farm, agent, events, seconds):
    before = usage(agent.pid)[0]
    pass_time(SETTLED)
    calm = (usage(agent.pid)[0] - before) / SETTLED * 100
    lines = agent.log_lines()
    farm.ask("reset")
    began = time.monotonic()
    bench.lab("farm", "silent", str(DEAD))
    tries = Tries(bench.lab, agent.pid)
    while time.monotonic() < began + seconds:
        pass_time(STEP)
        tries.step()
    living = next(zone for zone in farm.since(began)["zones"] if zone["zone"] != DEAD)
    failed = [event["node"] for _, event in events.of("node", began) if event["to"] == "failed"]
    return {"seconds": time.monotonic() - began, "calm_cpu_percent": calm, "cpu_percent": [cpu for _, cpu in tries.steps],
            "syns_s": [syns for syns, _ in tries.steps], "verdicts": [event["to"] for _, event in events.of("verdict", began)],
            "failed": len({name for name in failed if zone_of(name) == DEAD}), "blamed_living": sorted({n for n in failed if zone_of(n) != DEAD}),
            "worst_gap_s": living["worst_gap_ms"] / 1e3, "log_lines": agent.log_lines() - lines,
            "findings": [finding["code"] for finding in agent.api.profile(DEMO)["findings"]]}


def way_back(bench, farm, agent, events):
    farm.ask("reset")
    cpu, began = usage(agent.pid)[0], time.monotonic()
    bench.lab("farm", "return")
    back = wait_for(lambda: [at for at, e in events.of("verdict", began) if e["to"] == "reachable"], 180, "reachable again", 0.05)[-1]
    counted = farm.since(began)
    living = next(zone for zone in counted["zones"] if zone["zone"] != DEAD)
    return {"reachable_s": back - began, "cpu_s": usage(agent.pid)[0] - cpu, "accepts": sum(counted["accepts"]),
            "most_in_100_ms": most_in(counted["accepts"], 1), "most_in_1_s": most_in(counted["accepts"], BINS),
            "most_open_handshakes": counted["most_open_handshakes"], "worst_gap_s": living["worst_gap_ms"] / 1e3,
            "each_second": [sum(counted["accepts"][at:at + BINS]) for at in range(0, len(counted["accepts"]), BINS)]}


def dead_az(bench):
    farm = Farm(bench.lab, SHARDS, NODES, ZONES)
    try:
        agent = bench.fresh_agent("", CLUSTER)
        events, began = Events(agent.socket), time.monotonic()
        agent.ctl("connect", DEMO)
        wait_for(lambda: [e for _, e in events.of("verdict", began) if e["to"] == "reachable"], 180, "all nodes are proved", 0.05)
        out = outage(bench, farm, agent, events, 20 if bench.args.quick else 60)
        back = way_back(bench, farm, agent, events)
        events.close()
    finally:
        farm.close()
    bench.found["dead_az"] = {"outage": out, "return": back}
    late = out["cpu_percent"][len(out["cpu_percent"]) // 2:]
    show("dead-az", f"1000 of 2000 nodes silent for {out['seconds']:.0f} s: verdicts {out['verdicts']}, findings {out['findings']}, {out['failed']} nodes failed, "
                    f"{len(out['blamed_living'])} that live among the blamed")
    show("", f"SYNs to them {max(out['syns_s']):.0f} a second at most, {out['syns_s'][-1]:.0f} at the end (repeated ones count); {out['log_lines']} log lines")
    show("", f"CPU {max(out['cpu_percent']):.1f} % at most, {sum(late) / len(late):.1f} % in the second half, {out['calm_cpu_percent']:.1f} % before; "
             f"the longest wait of a node that lives {out['worst_gap_s']:.2f} s")
    show("", f"their return: reachable after {back['reachable_s']:.1f} s, {back['cpu_s']:.1f} s of CPU; handshakes {back['accepts']}, {back['most_open_handshakes']} open at once, "
             f"{back['most_in_100_ms']} begun in 100 ms, each second {back['each_second'][:12]}")
    right = out["verdicts"] == ["degraded"] and not out["blamed_living"] and max(out["worst_gap_s"], back["worst_gap_s"]) <= ALLOWED_GAP
    bench.failed |= not right


MEASUREMENTS = {"dead-az": dead_az}
