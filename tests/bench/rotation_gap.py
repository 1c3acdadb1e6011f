"""The gap that a rotation leaves for a user who PINGs through the tunnel every 10 ms, beside a bare stop-and-start of openvpn."""
import statistics
import subprocess
import time

from bench import DEMO
from budgets import Measured
from measure import ms, show
from memdb import wait_for
from pinger import pinging
from rotation import LabCa, rotate

RUNS = 20
SETTINGS = "[tunnel]\nstable_after_s = 1\n"


def bare_client(lab, log):
    return subprocess.Popen(
        ["ip", "netns", "exec", lab.laptop, "openvpn", "--config", str(lab.dir / "downloaded-client-config.ovpn"), "--cert",
         str(lab.dir / "client2.crt"), "--key", str(lab.dir / "client2.key"), "--remote", "192.0.2.1", "443", "udp"],
        stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def bare_gaps(bench):
    """SIGTERM and a new openvpn at once, as a person would restart it; the same certificate, so the same address."""
    gaps = []
    bench.no_agent()
    with open("/dev/null", "w") as log:
        client = bare_client(bench.lab, log)
        try:
            with pinging(bench.lab) as pinger:
                for _ in range(bench.runs(RUNS)):
                    start = time.monotonic()
                    client.terminate()
                    client.wait(10)
                    client = bare_client(bench.lab, log)
                    pinger.wait_answered(start + 0.5)
                    gaps.append(pinger.gap(start))
        finally:
            client.terminate()
            client.wait(10)
    return gaps


def rotation(bench):
    lab = bench.lab
    bare = bare_gaps(bench)
    show("rotation", f"bare stop and start of openvpn, until the next PONG: {ms(bare)}")
    ca = LabCa.of_the_vpn(lab)
    agent = bench.agent(SETTINGS, fresh=True)
    gaps, whole = [], []
    with pinging(lab) as pinger:
        for _ in range(bench.runs(RUNS)):
            agent.api.wait_verdict(DEMO, "reachable", 30)
            start = time.monotonic()
            ended = rotate(agent, ca)
            assert ended["phase"] == "confirmed", ended
            whole.append(sum(step["after_ms"] for step in ended["steps"][1:]))
            pinger.wait_answered(time.monotonic())
            gaps.append(pinger.gap(start))
            wait_for(lambda: time.monotonic() > start + 1.5, 5, "the tunnel has been up for a while")
    show("", f"rotation, until the next PONG through the new tunnel: {ms(gaps)}")
    show("", f"ratio: {statistics.median(gaps) / statistics.median(bare):.2f} median, {max(gaps) / max(bare):.2f} worst (budget 2)")
    show("", f"certificate given -> confirmed by a PING: {ms(whole)}; restarts that nobody asked for: {agent.api.profile(DEMO)['tunnel']['restarts']}")
    bench.measured["rotation"] = Measured(gaps, bare, "openvpn", "openvpn: stopped and started, the same client")


MEASUREMENTS = {"rotation": rotation}
