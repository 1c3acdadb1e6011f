"""kill -9 of an openvpn that a shell loop starts again, the way many supervise it: until a user's PING is answered again."""
import os
import signal
import statistics
import subprocess
import time

from measure import ms, processes_in, show
from memdb import wait_for
from pinger import pinging

RUNS = 8
LOOP = 'while :; do openvpn "$@"; sleep 1; done'


def shell_loop(bench):
    """With the second certificate, and without memdbd: two clients of one certificate would take the address from each other."""
    lab = bench.lab
    bench.no_agent()
    with open(lab.dir / "logs" / "loop.log", "w") as log:
        loop = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "sh", "-c", LOOP, "sh", "--config", str(lab.dir / "downloaded-client-config.ovpn"), "--cert",
             str(lab.dir / "client2.crt"), "--key", str(lab.dir / "client2.key"), "--remote", "192.0.2.1", "443", "udp"],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        gaps = []
        try:
            with pinging(lab) as pinger:
                for _ in range(bench.runs(RUNS)):
                    pid = wait_for(lambda: processes_in(lab.laptop, "/openvpn"), 10, "the loop's openvpn").pop()
                    start = time.monotonic()
                    os.kill(pid, signal.SIGKILL)
                    pinger.wait_answered(start + 0.5)
                    gaps.append(pinger.gap(start))
        finally:
            os.killpg(loop.pid, signal.SIGKILL)
            loop.wait(10)
            for pid in processes_in(lab.laptop, "/openvpn"):
                os.kill(pid, signal.SIGKILL)
    bench.found["shell_loop"] = gaps
    show("shell-loop", f"`while :; do openvpn …; sleep 1; done`, kill -9 openvpn -> PING answered: {ms(gaps)}")
    if "recovery" in bench.measured:
        ours = statistics.median(bench.measured["recovery"].ours)
        bench.measured["recovery"].note += f"; a shell loop with sleep 1 around openvpn: {statistics.median(gaps):.0f} ms; {statistics.median(gaps) / ours:.0f} times as long"


MEASUREMENTS = {"shell-loop": shell_loop}
