"""What thirty days of history cost: their file, the time until memdbctl shows them, and what others wait meanwhile."""
import json
import os
import statistics
import subprocess
import threading
import time

from bench import DEMO
from measure import ms, show
from memdb import MEMDBCTL, wait_for
from past import DAY, remember

RUNS = 20
DAYS, INCIDENTS = 30, 300
LIMIT_MB = 50  # of the design: all files together
LONGEST = 100  # ms: the agent's loop answers everybody, so whoever asks for the status waits no longer than this


def told(agent, since):
    """ms of the whole process, and what it told."""
    start = time.monotonic()
    done = subprocess.run([str(MEMDBCTL), "history", DEMO, "--since", since], env={**os.environ, "MEMDBD_SOCKET": str(agent.socket)},
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    took = (time.monotonic() - start) * 1e3
    assert done.returncode == 0, done
    return took, done.stdout


def waits(agent, work):
    """ms that each `GET /v1/status` took, one every 5 ms, while the work is done."""
    found, troubles, over = [], [], threading.Event()

    def ask():
        while not over.is_set():
            start = time.monotonic()
            try:
                agent.api.get("/v1/status")
            except Exception as trouble:  # told by whoever waits for the thread
                troubles.append(trouble)
                return
            found.append((time.monotonic() - start) * 1e3)
            over.wait(0.005)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        work()
    finally:
        over.set()
        asking.join()
    assert not troubles, troubles
    return found


def history(bench):
    agent = bench.agent(fresh=True)
    agent.api.wait_verdict(DEMO, "reachable", 20)
    nodes = len(agent.api.profile(DEMO)["clusters"][0]["nodes"])
    wait_for(lambda: len(json.loads(agent.ctl("history", "--json").stdout)["nodes"]) == nodes, 60, "every node is remembered")
    remember(agent, 1.5, nodes, DAYS * DAY, INCIDENTS)
    files = sum(path.stat().st_size for path in (agent.lab.dir / "agent" / "state").glob("history.db*")) / 1024 / 1024
    show("history", f"{DAYS} days of {nodes} nodes and {INCIDENTS} incidents: {files:.1f} MB (limit {LIMIT_MB})")
    for since in ("24h", f"{DAYS}d"):
        runs = [told(agent, since) for _ in range(bench.runs(RUNS))]
        bench.found.setdefault("history", {})[since] = [took for took, _ in runs]
        show("", f"memdbctl history --since {since}: {ms([took for took, _ in runs])}")
    assert runs[-1][1].count("node-unreachable") == INCIDENTS, runs[-1][1]
    quiet = waits(agent, lambda: time.sleep(2))
    beside = waits(agent, lambda: [told(agent, f"{DAYS}d") for _ in range(bench.runs(RUNS))])
    show("", f"GET /v1/status beside {bench.runs(RUNS)} of the latter: median {statistics.median(beside):.1f} ms, worst {max(beside):.1f} ms of {len(beside)}"
         f" (limit {LONGEST}); while nobody asks for the past {statistics.median(quiet):.1f}, {max(quiet):.1f}")
    bench.found["history"] |= {"files_mb": files, "waits": beside, "quiet": quiet}
    bench.failed |= files > LIMIT_MB or max(beside) > LONGEST


MEASUREMENTS = {"history": history}
