"""memdbctl doctor: how long it takes until it has named the cause, of a healthy profile and of faults in different layers."""
import json
import time

from bench import DEMO
from measure import ms, show

RUNS = 8
LIMIT = 15  # s: the doctor's own promise
# The fault, the finding that the agent raises for it, and the causes that are right for doctor to name.
FAULTS = [
    ("node-down", "node-unreachable", ["node-unreachable"]),
    ("port-filtered", "port-filtered", ["port-filtered"]),
    ("vpn-route-missing", "route-not-via-tunnel", ["route-not-via-tunnel"]),
    ("server-down", "endpoint-silent", ["endpoint-silent"]),
]


def doctor(agent):
    """ms of the whole process, and the cause it named; None where nothing is wrong."""
    start = time.monotonic()
    told = agent.ctl("doctor", DEMO, "--json", check=False)
    took = (time.monotonic() - start) * 1e3
    return took, json.loads(told.stdout)["diagnosis"].get("code")


def examine(bench, name, right):
    runs = [doctor(bench.agent()) for _ in range(bench.runs(RUNS))]
    times, wrong = [took for took, _ in runs], [code for _, code in runs if code not in right]
    bench.found.setdefault("doctor", {})[name] = times
    bench.failed |= bool(wrong) or max(times) > LIMIT * 1e3
    show("", f"{name}: {ms(times)}; {f'WRONG {wrong}' if wrong else f'names {right[0]}' if right[0] else 'finds nothing wrong'}")


def diagnosis(bench):
    agent = bench.agent(fresh=True)
    agent.api.wait_verdict(DEMO, "reachable", 20)
    show("doctor", f"until the cause is named, whole process (limit {LIMIT} s)")
    examine(bench, "healthy", [None])
    for fault, finding, right in FAULTS:
        bench.lab("fault", fault)
        agent.api.wait_finding(DEMO, finding, 90)
        examine(bench, fault, right)
        bench.lab("heal", fault)
        agent.api.wait_verdict(DEMO, "reachable", 60)


MEASUREMENTS = {"doctor": diagnosis}
