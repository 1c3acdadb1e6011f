"""Clusters of hundreds and thousands of nodes, played by node_farm: time until all are proved, CPU, memory, and how PINGs are spread."""
import json
import socket
import statistics
import time

from bench import DEMO, pass_time
from budgets import Measured
from measure import show, usage, watched
from memdb import Events, wait_for

CLUSTER = "clustercfg.farm.lab.memorydb.test"
SHAPES = {200: (100, 2), 2000: (500, 4)}
SETTLED = 20  # seconds from `reachable` until the measured time: what only the start needs has been given back
WINDOW = 10  # seconds: of each there is a value of its own
ROUND = 5  # seconds between two PINGs to a node
BINS = 10  # of the farm's counts, a second


class Farm:
    """node_farm at work in the lab, and what it counts."""

    def __init__(self, lab, shards, nodes, zones=3):
        self.lab, self.nodes = lab, shards * nodes
        self.zones = zones
        lab("farm", "up", str(shards), str(nodes), str(zones))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(lab.dir / "farm" / "control.sock"))
        self._lines = self._socket.makefile()

    def ask(self, words):
        self._socket.sendall(f"{words}\n".encode())
        return json.loads(self._lines.readline())

    def since(self, moment):
        """What was counted from this moment of time.monotonic() on."""
        return self.ask(f"stats {int(moment * BINS)}")

    def tried(self):
        """SYNs to silent zones so far."""
        return int(self.lab("farm", "tried").stdout)

    def close(self):
        self._lines.close()
        self._socket.close()
        self.lab("farm", "down")


def most_in(counts, bins):
    """The largest number within so many bins that follow each other."""
    return max((sum(counts[at:at + bins]) for at in range(max(1, len(counts) - bins + 1))), default=0)


def prove(bench, farm, settings=""):
    """A fresh agent that proves every node of the farm. The agent, and what that took, from the tunnel's `up` on."""
    farm.ask("reset")
    agent = bench.fresh_agent(settings, CLUSTER)
    events, began = Events(agent.socket), time.monotonic()
    cpu = usage(agent.pid)[0]
    agent.ctl("connect", DEMO)
    up = wait_for(lambda: [at for at, e in events.of("phase", began) if e["to"] == "up"], 30, "the tunnel is up")[-1]
    ended = wait_for(lambda: [at for at, e in events.of("verdict", began) if e["to"] == "reachable"], 180, "all nodes are proved", 0.05)[-1]
    cpu = usage(agent.pid)[0] - cpu
    events.close()
    counted = farm.since(began)
    return agent, {"up_to_reachable_s": ended - up, "cpu_s": cpu, "most_open_handshakes": counted["most_open_handshakes"],
                   "most_handshakes_in_100_ms": most_in(counted["accepts"], 1), "most_handshakes_in_1_s": most_in(counted["accepts"], BINS),
                   "handshakes": counted["handshakes_done"]}


def steady(agent, seconds, farm=None):
    """What the agent uses while nothing changes."""
    pass_time(SETTLED if farm else 5)
    if farm:
        farm.ask("reset")
    began = time.monotonic()
    windows = watched(agent.pid, seconds, WINDOW)
    found = {"windows": windows, **{name: statistics.median(window[name] for window in windows) for name in ("cpu_percent", "wakeups_s")},
             "pss_mb": windows[-1]["Pss"]}
    if farm:
        counted = farm.since(began)
        pings = counted["pings"][:int(seconds * BINS)]
        rounds = [pings[at:at + ROUND * BINS] for at in range(0, len(pings) - ROUND * BINS + 1, ROUND * BINS)]
        found |= {"pings_s": sum(pings) / len(pings) * BINS, "even_in_100_ms": sum(pings) / len(pings), "most_in_100_ms": max(pings),
                  "least_in_100_ms": min(pings), "last_round": rounds[-1], "handshakes": sum(counted["accepts"]),
                  "worst_gap_s": max(zone["worst_gap_ms"] for zone in counted["zones"]) / 1e3}
    return found


def spread_line(counts):
    """PINGs in each tenth of a second of one round, as a line of digits and bars."""
    top = max(max(counts), 1)
    return "".join(" ▁▂▃▄▅▆▇█"[round(count / top * 8)] for count in counts)


def one_size(bench, nodes, seconds, base_pss):
    farm = Farm(bench.lab, *SHAPES[nodes])
    try:
        agent, proof = prove(bench, farm)
        use = steady(agent, seconds, farm)
        view = agent.api.profile(DEMO)
    finally:
        farm.close()
    ok = sum(node["state"] == "ok" for node in view["clusters"][0]["nodes"])
    use |= {"bytes_per_node": (use["pss_mb"] - base_pss) * 2**20 / (nodes - 6), "cpu_us_per_node_s": use["cpu_percent"] / 100 / nodes * 1e6}
    bench.failed |= ok != nodes or view["verdict"] != "reachable"
    show("farm", f"{nodes} nodes: all proved {proof['up_to_reachable_s']:.2f} s after the tunnel was up, for {proof['cpu_s']:.2f} s of CPU; "
                 f"{proof['handshakes']} handshakes, {proof['most_open_handshakes']} open at once, {proof['most_handshakes_in_100_ms']} begun in 100 ms")
    show("", f"then {seconds} s: {view['verdict']}, {ok} ok; CPU {use['cpu_percent']:.2f} % of a core, {use['wakeups_s']:.0f} wake-ups a second, "
             f"PSS {use['pss_mb']:.1f} MB, {use['bytes_per_node'] / 1024:.1f} KiB a node")
    show("", f"PINGs {use['pings_s']:.0f} a second; in 100 ms {use['least_in_100_ms']} to {use['most_in_100_ms']} where even would be {use['even_in_100_ms']:.1f}; "
             f"the longest wait of a node {use['worst_gap_s']:.2f} s; new handshakes {use['handshakes']}")
    show("", f"one round of {ROUND} s |{spread_line(use['last_round'])}|")
    return {"proof": proof, "steady": use, "ok": ok}


def farm(bench):
    seconds = 20 if bench.args.quick else max(60, bench.args.minutes * 60)
    agent = bench.fresh_agent("")
    agent.ctl("connect", DEMO, "--wait", "--timeout", "30s")
    base = steady(agent, min(seconds, 20))
    show("farm", f"6 nodes of Redis: CPU {base['cpu_percent']:.2f} % of a core, {base['wakeups_s']:.1f} wake-ups a second, PSS {base['pss_mb']:.1f} MB")
    sizes = {nodes: one_size(bench, nodes, seconds, base["pss_mb"]) for nodes in bench.args.nodes or SHAPES}
    bench.found["farm"] = {"base": base, "sizes": sizes}
    if len(sizes) == 2:
        compare(bench, sizes)


def compare(bench, sizes):
    """2000 nodes beside 200, for the table of budgets."""
    small, large = (sizes[nodes]["steady"] for nodes in sorted(SHAPES))
    a_node = {nodes: [window["cpu_percent"] / 100 / nodes * 1e6 for window in sizes[nodes]["steady"]["windows"]] for nodes in SHAPES}
    ratio = large["cpu_us_per_node_s"] / small["cpu_us_per_node_s"]
    show("", f"CPU for a node: {small['cpu_us_per_node_s']:.0f} us a second of 200, {large['cpu_us_per_node_s']:.0f} of 2000; ratio {ratio:.2f} (budget 1.2)")
    proof = sizes[2000]["proof"]
    bench.measured["farm-cpu"] = Measured([window["cpu_percent"] for window in large["windows"]],
                                          note=f"all proved {proof['up_to_reachable_s']:.1f} s after the tunnel was up, for {proof['cpu_s']:.1f} s of CPU")
    bench.measured["farm-memory"] = Measured([large["bytes_per_node"] / 1024], [small["bytes_per_node"] / 1024], "of 200")
    bench.measured["farm-scale"] = Measured(a_node[2000], a_node[200], "of 200")


MEASUREMENTS = {"farm": farm}
