"""The lab itself: quick, idempotent, recovers from a crash, leaves nothing. With a lab of its own."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from faults import FAULTS, catalogue, listed, promised
from memdb import ROOT, Lab, own_name, wait_for


@pytest.fixture
def other():
    lab = Lab(own_name("self"))
    lab("down")
    yield lab
    lab("down")


def leftovers(lab):
    spaces = [p for p in pathlib.Path("/run/netns").glob(f"memdb-{lab.name}-*")]
    etc = [p for p in pathlib.Path("/etc/netns").glob(f"memdb-{lab.name}-*")]
    processes = []
    for proc in pathlib.Path("/proc").iterdir():
        if proc.name.isdigit():
            try:
                if str(lab.dir).encode() + b"/" in (proc / "cmdline").read_bytes():
                    processes.append(proc.name)
            except OSError:
                pass
    mounts = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"memdb-{lab.name}-" in line]
    return spaces + etc + processes + mounts + ([lab.dir] if lab.dir.exists() else [])


def test_up_is_quick_idempotent_and_down_leaves_nothing(other):
    # On a machine that does nothing else it takes 20 s at most; here others have their turn, too, so what counts is what it used.
    start, before = time.monotonic(), os.times()
    other("up")
    used = os.times()
    assert used.children_user + used.children_system - before.children_user - before.children_system < 20
    assert time.monotonic() - start < 120
    assert "already" in other("up").stdout
    assert other("status").returncode == 0
    other("down")
    assert leftovers(other) == []
    assert "already" in other("down").stdout
    assert other("status", check=False).returncode == 3


def test_up_recovers_from_its_own_crash(other):
    up = subprocess.Popen([str(ROOT / "scripts" / "lab"), "up"], env=other.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: (other.dir / "logs").exists(), 10, "the lab is being built")
    os.killpg(up.pid, signal.SIGKILL)
    up.wait(10)
    other("up")
    assert other("status").returncode == 0
    other("down")
    assert leftovers(other) == []


def test_an_interrupted_up_clears_away_what_it_made(other):
    up = subprocess.Popen([str(ROOT / "scripts" / "lab"), "up"], env=other.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: pathlib.Path(f"/run/netns/{other.laptop}").exists(), 10, "the lab is being built")
    up.terminate()
    assert up.wait(30) != 0
    assert leftovers(other) == []


# These need an openvpn or a memdbd that runs, or a profile.
NEED_AGENT = {"openvpn-killed", "openvpn-hung", "route-deleted", "agent-killed", "tun-missing", "openvpn-missing", "session-cut",
              "client-cert-expired", "client-cert-not-yet-valid", "client-key-mismatch", "client-cert-wrong-issuer", "auth-required"}


def test_faults_and_findings_are_listed_and_unknown_ones_refused(other):
    assert listed(other("faults").stdout) == promised()
    codes = catalogue()
    assert all(codes[fault.first] == fault.layer for fault in FAULTS if fault.first)
    for words in (["no-such-fault"], ["failover", "demo-0001-001"], ["node-down", "demo-0009-001"], ["session-cut", "now"]):
        refused = other("fault", *words, check=False)
        assert refused.returncode == 2 and len(refused.stderr.splitlines()) == 1, refused


def test_every_fault_can_be_healed(other):
    other("up")
    for name in NEED_AGENT:
        refused = other("fault", name, check=False)
        assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1, refused
    # One after the other where one needs a whole cluster, the rest all at once.
    for name in ("failover", "cluster-down", "node-loading"):
        other("fault", name)
        other("fault", name)
        assert json.loads(other("status", "--json", check=False).stdout)["faults"] == [name]
        other("heal", name)
        other("heal", name)
        assert other("status").returncode == 0
    together = [name for name in promised() if name not in NEED_AGENT | {"failover", "cluster-down", "node-loading"}]
    for name in together:
        other("fault", name)
        other("fault", name)
    assert "already" in other("up").stdout, "up must leave broken what a fault broke"
    assert json.loads(other("status", "--json", check=False).stdout)["faults"] == together
    other("heal", "all")
    status = other("status", "--json")
    assert status.returncode == 0 and [node["role"] for node in json.loads(status.stdout)["nodes"]] == ["primary", "replica"] * 3


def test_faults_do_what_they_say(other):
    """Where the effect can be seen from the laptop without a tunnel."""
    name = "demo-0002-001.demo.lab.memorydb.test"
    endpoint = "a.cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test"

    def resolved(what):
        return {line.split()[0] for line in other.run("getent", "ahosts", what, check=False).stdout.splitlines()}

    other("up")
    assert resolved(name) == {"10.20.2.1", "fd00:20::2:1"} and resolved(endpoint) == {"192.0.2.1", "192.0.2.3"}
    other("fault", "cluster-address-outside-routes")
    assert resolved(name) == {"10.99.2.1"}
    other("fault", "cluster-name-unresolved", "lan")
    other("fault", "endpoint-name-unresolved")
    assert not resolved(name) and not resolved(endpoint)
    assert "10.20.2.1" in other("run", "--in", "vpc", "getent", "ahosts", name).stdout
    other("fault", "cluster-name-unresolved")
    assert not other("run", "--in", "vpc", "getent", "ahosts", name, check=False).stdout
    other("heal", "all")
    assert resolved(name) == {"10.20.2.1", "fd00:20::2:1"} and resolved(endpoint) == {"192.0.2.1", "192.0.2.3"}

    other("fault", "network-changed")
    assert "via 192.0.2.3 dev eth0 src 192.0.2.102" in other.run("ip", "route", "get", "10.20.1.1").stdout
    other("fault", "network-down")
    other("heal", "network-down")
    assert "via 192.0.2.3 dev eth0 src 192.0.2.102" in other.run("ip", "route", "get", "10.20.1.1").stdout
    other("heal", "network-changed")
    assert "via 192.0.2.1 dev eth0 src 192.0.2.2" in other.run("ip", "route", "get", "10.20.1.1").stdout
    other("fault", "lan-overlap")
    assert "dev docker0" in other.run("ip", "route", "get", "10.20.1.1").stdout
    assert "dev eth0" in other.run("ip", "route", "get", "10.20.2.1").stdout

    other("fault", "node-loading", "demo-0003-002")
    nodes = {node["name"]: node["state"] for node in json.loads(other("status", "--json", check=False).stdout)["nodes"]}
    assert nodes.pop("demo-0003-002") == "loading" and set(nodes.values()) == {"ok"}
