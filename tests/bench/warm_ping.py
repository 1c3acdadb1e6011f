"""The PING on a kept connection, as memdbd reports it, beside `redis-cli --latency` with the same node: both PING every 10 ms for a while."""
import json
import os
import statistics
import subprocess
import time

from bench import DEMO
from budgets import Measured
from measure import show

NODE = "demo-0001-001.demo.lab.memorydb.test"
WINDOW, EVERY = 4, 0.01  # seconds; redis-cli --latency pauses as long between two PINGs
RUNS = 12


def redis_latency(lab):
    """Mean in ms. redis-cli counts whole milliseconds: a mean of hundreds is good to some hundredths, a median would be 0."""
    command = ["ip", "netns", "exec", lab.laptop, "redis-cli", "--no-auth-warning", "--tls", "--cacert", str(lab.dir / "cluster-ca.pem"),
               "-h", NODE, "--user", "app", "--latency", "-i", str(WINDOW), "--csv"]
    env = {**os.environ, "REDISCLI_AUTH": (lab.dir / "cluster-password").read_text().strip()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=WINDOW + 10, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.count(",") == 3, done
    _, _, mean, samples = done.stdout.strip().split(",")
    assert int(samples) > WINDOW / EVERY / 3, done.stdout
    return float(mean)


def agent_latency(agent):
    """Mean in ms of what POST ping says of the node."""
    until, took = time.monotonic() + WINDOW, []
    while time.monotonic() < until:
        status, text = agent.api.request("POST", f"/v1/profiles/{DEMO}/ping", {"node": NODE})
        assert status == 200, text
        took += [node["ping_us"] / 1e3 for node in json.loads(text)["nodes"]]
        time.sleep(EVERY)
    return statistics.mean(took)


def warm_ping(bench):
    agent = bench.agent()
    ours, theirs = [], []
    for _ in range(max(8, bench.runs(RUNS))):
        ours.append(agent_latency(agent))
        theirs.append(redis_latency(bench.lab))
    show("warm-ping", f"memdbd, kept connection: median of the means of {len(ours)} times {WINDOW} s {statistics.median(ours):.3f} ms ({min(ours):.3f} to {max(ours):.3f})")
    show("", f"redis-cli --latency --tls: {statistics.median(theirs):.3f} ms ({min(theirs):.3f} to {max(theirs):.3f}); ratio {statistics.median(ours) / statistics.median(theirs):.2f} (budget 1.1)")
    bench.measured["warm-ping"] = Measured(ours, theirs, "redis-cli", note="means of 4 s each; redis-cli counts whole ms, so its single means scatter")


MEASUREMENTS = {"warm-ping": warm_ping}
