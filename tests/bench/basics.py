"""What memdbd needs in the ordinary course of things, beside the bare tools: connecting, recovery, status, memory."""
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time

from bench import up_for
from budgets import Measured
from measure import ms, show
from memdb import MEMDBCTL, Events, wait_for

RUNS = 20
SETTINGS = "[tunnel]\nstable_after_s = 1  # so that each kill is a first loss, which is answered at once\n"


def redis_command(lab, node="demo-0001-001.demo.lab.memorydb.test"):
    return ["redis-cli", "--no-auth-warning", "--tls", "--cacert", str(lab.dir / "cluster-ca.pem"), "-h", node, "--user", "app", "PING"]


def with_password(lab):
    return {**os.environ, "REDISCLI_AUTH": (lab.dir / "cluster-password").read_text().strip()}


TIMER = """
import json, subprocess, sys, time
runs, commands = json.loads(sys.argv[1])
took = [[] for _ in commands]
for _ in range(runs):
    for command, into in zip(commands, took):
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # a timeout= would look for its end after 3.5, 7.5 and 15.5 ms
        into.append((time.monotonic() - start) * 1e3)
print(json.dumps(took))
"""


def in_turns(lab, runs, *commands):
    """ms that each command takes, by turns. Started by one process that is in the namespace: `ip netns exec` takes as long as some of them."""
    done = subprocess.run(["ip", "netns", "exec", lab.laptop, "python3", "-c", TIMER, json.dumps([runs, commands])],
                          env=with_password(lab), capture_output=True, text=True, timeout=runs * 10 * len(commands))
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def redis_ping(lab):
    command = ["ip", "netns", "exec", lab.laptop, *redis_command(lab)]
    start = time.monotonic()
    done = subprocess.run(command, env=with_password(lab), capture_output=True, text=True, timeout=10)
    assert done.stdout.strip() == "PONG", done
    return (time.monotonic() - start) * 1e3


@contextlib.contextmanager
def bare_openvpn(lab):
    """A stock openvpn with the downloaded configuration, as the document says; yields ms until connected."""
    with tempfile.NamedTemporaryFile("w+") as log:
        start = time.monotonic()
        client = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "openvpn", "--config", str(lab.dir / "downloaded-client-config.ovpn"), "--cert",
             str(lab.dir / "client.crt"), "--key", str(lab.dir / "client.key"), "--remote", "192.0.2.1", "443", "udp"],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            with open(log.name) as reader:
                wait_for(lambda: "Initialization Sequence Completed" in reader.read(), 10, "openvpn connected", 0.0005)
            yield (time.monotonic() - start) * 1e3
        finally:
            client.terminate()
            client.wait(10)


def bare(bench):
    lab, found = bench.lab, bench.found
    connects, pings = [], []
    for _ in range(bench.runs(RUNS)):
        with bare_openvpn(lab) as connected:
            connects.append(connected)
            pings.append(redis_ping(lab))
    show("bare", f"openvpn start -> connected: {ms(connects)}")
    show("", f"redis-cli --tls PING, cold, whole process: {ms(pings)}")
    found["bare"] = [connect + ping for connect, ping in zip(connects, pings)]


def recovery(bench):
    found = bench.found
    if "bare" not in found:
        bench.no_agent()
        bare(bench)
    gaps, all_nodes = [], []
    for run in range(bench.runs(RUNS)):
        # A fresh one after every third kill: with the fourth it is a flapping tunnel, and waits, rightly.
        agent = bench.agent(SETTINGS, fresh=run % 3 == 0)
        agent.api.wait_verdict("demo", "reachable", 20)
        wait_for(lambda: up_for(agent, 1.2), 20, "the tunnel is stable")
        before = agent.api.profile("demo")["tunnel"]["openvpn_pid"]
        events = Events(agent.socket)
        start = time.monotonic()
        os.kill(before, 9)
        ok = wait_for(lambda: [at for at, e in events.of("node", start) if e.get("to") == "ok"], 20, f"a node is ok again in run {len(gaps)}", 0.001)
        gaps.append((ok[0] - start) * 1e3)
        good = wait_for(lambda: [at for at, e in events.of("verdict", start) if e["to"] == "reachable"], 20, "reachable again", 0.001)
        all_nodes.append((good[-1] - start) * 1e3)
        events.close()
    show("recovery", f"kill -9 openvpn -> first PING answered: {ms(gaps)}")
    show("", f"kill -9 openvpn -> all 6 nodes answered, reachable: {ms(all_nodes)}")
    beside = statistics.median(found["bare"])
    show("", f"ratio to bare connect + cold PING ({beside:.1f} ms): {statistics.median(gaps) / beside:.2f} median, {max(gaps) / beside:.2f} worst")
    bench.measured["recovery"] = Measured(gaps, found["bare"], "bare", "bare: openvpn's connect and a cold redis-cli PING")


def told(events, start, kinds=("verdict", "phase", "finding_raised")):
    lines = []
    for at, event in list(events.seen):
        if at < start or event["type"] not in kinds:
            continue
        what = event["finding"]["code"] if "finding" in event else event.get("to")
        lines.append(f"{at - start:.1f} s {event['type'].replace('_raised', '')} {what}")
    return lines


def server_down(bench):
    lab, agent = bench.lab, bench.agent(SETTINGS)
    agent.api.wait_verdict("demo", "reachable", 20)
    events = Events(agent.socket)
    start = time.monotonic()
    lab("fault", "server-down")
    wait_for(lambda: time.monotonic() >= start + 30, 40, "30 s have passed", 0.1)
    lab("heal", "server-down")
    healed = time.monotonic()
    agent.api.wait_verdict("demo", "reachable", 60)
    back = time.monotonic() - healed
    attempts = [e for at, e in events.of("phase", start) if e["to"] == "handshaking"]
    show("server-down", f"healed after {healed - start:.1f} s; reachable {back:.1f} s later; {len(attempts)} attempts")
    for line in told(events, start):
        show("", line)
    events.close()


def fault(bench, name, fault, verdict, *arguments):
    lab, agent = bench.lab, bench.agent(SETTINGS)
    agent.api.wait_verdict("demo", "reachable", 30)
    events = Events(agent.socket)
    start = time.monotonic()
    lab("fault", fault, *arguments)
    injected = time.monotonic()
    agent.api.wait_verdict("demo", verdict, 20)
    after = [at for at, e in events.of("verdict", start) if e["to"] == verdict][0] - injected
    wait_for(lambda: time.monotonic() >= start + 15, 20, "15 s have passed", 0.1)
    findings = [(f["code"], f["layer"], f["summary"]) for f in agent.api.profile("demo")["findings"]]
    show(name, f"{verdict} {after:.1f} s after `lab fault {fault}` returned; {findings}; phase changes in 15 s: {len(events.of('phase', start))}")
    lab("heal", fault)
    agent.api.wait_verdict("demo", "reachable", 60)
    events.close()


def client(bench):
    lab, agent = bench.lab, bench.agent(SETTINGS)
    redis_ping(lab)
    ours, theirs = in_turns(lab, bench.runs(RUNS), [str(MEMDBCTL), "--socket", str(agent.socket), "status"], redis_command(lab))
    show("client", f"memdbctl status: {ms(ours)}")
    show("", f"redis-cli --tls PING: {ms(theirs)}; ratio {statistics.median(ours) / statistics.median(theirs):.2f} (whole processes, in the namespace)")
    bench.measured["status"] = Measured(ours, theirs, "redis-cli")


MEASUREMENTS = {
    "bare": bare,
    "recovery": recovery,
    "server-down": server_down,
    "node-down": lambda bench: fault(bench, "node-down", "node-down", "degraded", "demo-0002-002"),
    "filtered": lambda bench: fault(bench, "filtered", "port-filtered", "unreachable"),
    "client": client,
}
