"""The lab itself: quick, idempotent, recovers from a crash, leaves nothing. With a lab of its own."""
import os
import pathlib
import signal
import subprocess
import time

import pytest
from memdb import ROOT, Lab, wait_for


@pytest.fixture
def other():
    lab = Lab("self")
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
    start = time.monotonic()
    other("up")
    assert time.monotonic() - start < 20
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


def test_faults_and_findings_are_listed_and_unknown_ones_refused(other):
    listed = other("faults").stdout
    for name, finding in [
        ("openvpn-killed", ""), ("server-down", "endpoint-silent"), ("node-down", "node-unreachable"), ("port-filtered", "port-filtered"),
        ("auth-wrong", "auth-rejected"), ("tls-untrusted", "tls-untrusted"), ("network-down", "network-offline"),
    ]:
        assert any(name in line and finding in line for line in listed.splitlines()), (name, listed)
    refused = other("fault", "no-such-fault", check=False)
    assert refused.returncode != 0 and len(refused.stderr.splitlines()) == 1
