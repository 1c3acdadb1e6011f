"""What a user of the tunnel sees of a restart and of a crash of memdbd: nothing. A PING every 10 ms on a kept connection meanwhile."""
import signal
import time

from bench import DEMO
from budgets import Measured
from measure import show
from memdb import wait_for
from pinger import pinging
from service_manager import ServiceManager

RUNS = 12
MISSED = 100  # ms without an answer, of PINGs every 10 ms: less is what a busy machine does to a pinger


def longest(pongs, since, until):
    times = [at for at in pongs if since - 1 <= at <= until + 1]
    return max((later - earlier) * 1e3 for earlier, later in zip(times, times[1:]) if later > since and earlier < until)


def restart(bench):
    agent = bench.agent()  # the folders and the profile, as every other measurement has them
    agent.stop()
    bench._agent = None
    manager = ServiceManager(agent)
    try:
        manager.start()
        agent.ctl("connect", DEMO, "--wait", "--timeout", "30s")
        before = agent.api.profile(DEMO)["tunnel"]
        gaps, calm = [], []
        with pinging(bench.lab, kept=True) as user:
            for run in range(bench.runs(RUNS)):
                quiet = time.monotonic()
                wait_for(lambda: time.monotonic() > quiet + 1, 5, "a quiet second has passed")
                start = time.monotonic()
                calm.append(longest(list(user.pongs), quiet, start))
                manager.end(signal.SIGKILL if run % 2 else signal.SIGTERM)
                manager.start()
                agent.api.wait_verdict(DEMO, "reachable", 20)
                user.wait_answered(time.monotonic())
                gaps.append(longest(list(user.pongs), start, time.monotonic()))
            lost = user.lost
        after = agent.api.profile(DEMO)["tunnel"]
    finally:
        manager.close()
        bench.no_agent()
    same = after["openvpn_pid"] == before["openvpn_pid"] and after["since"] == before["since"] and lost is None
    bench.failed |= not same
    missed = [int(gap // MISSED) for gap in gaps]
    show("restart", f"{len(gaps)} ends of memdbd, SIGTERM and SIGKILL by turns: {'the same openvpn, tunnel and connection' if same else f'WRONG: {before} {after} {lost}'}")
    show("", f"longest wait for a PONG around them: {max(gaps):.0f} ms at most; in the quiet second before each: {max(calm):.0f} ms; PINGs unanswered for {MISSED} ms: {sum(missed)}")
    note = f"longest wait for a PONG {max(gaps):.0f} ms, in quiet seconds of the same run {max(calm):.0f} ms; one every 10 ms, kept connection"
    bench.measured["restart"] = Measured(missed, note=note)


MEASUREMENTS = {"restart": restart}
