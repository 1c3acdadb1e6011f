"""The state folder becomes read-only in the middle of a rotation, as when a disk fails: one line says so, and the key before stays.

As a bind mount in the agent's own mount namespace, so that nobody else's disk is read-only.
"""
import contextlib
import json
import os
import signal
import subprocess
import threading

import pytest
import rotation
from measure import processes_in
from memdb import wait_for
from rotation import LabCa, install, post, request, rotation_of, wait_ended

SAYS = "Read-only file system"


@pytest.fixture
def read_only(demo):
    """A context in which nothing can be written to the agent's state folder."""
    state = str(demo.lab.dir / "agent" / "state")

    def mount(*words):
        done = subprocess.run(["nsenter", "--target", str(demo.pid), "--mount", "--", "mount", *words], capture_output=True, text=True, check=False)
        # the kernel refuses read-only while a file there is open for writing: the agent is just writing
        busy = done.returncode == 32 and "busy" in done.stderr
        assert done.returncode == 0 or busy, done
        return not busy

    assert mount("--bind", state, state)

    @contextlib.contextmanager
    def make():
        wait_for(lambda: mount("-o", "remount,bind,ro", state), 2, "nothing is open for writing", 0.001)
        try:
            yield
        finally:
            assert mount("-o", "remount,bind,rw", state)

    return make


@pytest.fixture
def ca(lab):
    return LabCa.of_the_vpn(lab)


@contextlib.contextmanager
def endpoint_holds_its_breath(lab):
    """A trial cannot end meanwhile; so shortly that nobody takes the tunnel for a silent one."""
    servers = processes_in(lab.laptop.removesuffix("laptop") + "edge", "/openvpn")
    assert servers
    try:
        for server in servers:
            os.kill(server, signal.SIGSTOP)
        yield
    finally:
        for server in servers:
            os.kill(server, signal.SIGCONT)


def one_line(text):
    assert SAYS in text and "\n" not in text.strip() and len(text) < 400, text
    return True


def unchanged(demo, before):
    """The key before is in force, its tunnel untouched, and PINGs are answered."""
    view = demo.api.wait_verdict("demo", ("reachable", "degraded"), 10)
    assert view["credential"]["serial"] == before["credential"]["serial"] and view["credential"]["generation"] == before["credential"]["generation"]
    assert view["tunnel"]["openvpn_pid"] == before["tunnel"]["openvpn_pid"] and view["tunnel"]["restarts"] == before["tunnel"]["restarts"]
    return view


def test_a_disk_that_is_read_only_at_a_write_before_the_switch_changes_nothing(demo, lab, ca, read_only, tmp_path):
    tmp_path.chmod(0o755)
    before = demo.api.wait_verdict("demo", "reachable")

    with read_only():  # the key and its request
        refused = demo.ctl("key", "request", "demo", check=False)
        assert refused.returncode == 1 and one_line(refused.stderr) and refused.stdout == "", refused
        unchanged(demo, before)

    asked = request(demo)
    certificate = tmp_path / "demo.crt"
    certificate.write_text(ca.sign(asked["csr"]))
    with read_only():  # the certificate
        refused = demo.ctl("key", "install", certificate, "demo", check=False)
        assert refused.returncode == 1 and one_line(refused.stderr), refused
        assert rotation_of(demo)["phase"] == "requested", "it may be brought again"
        unchanged(demo, before)

    with contextlib.ExitStack() as stack:  # the switch: its record and the link
        with endpoint_holds_its_breath(lab):
            assert install(demo, certificate.read_text())[0] == 202
            stack.enter_context(read_only())
        ended = wait_ended(demo, 20)
        assert ended["phase"] == "failed" and one_line(ended["message"]), ended
        assert [step["step"] for step in ended["steps"]][-2:] == ["proven", "failed"], ended
        assert [finding["code"] for finding in unchanged(demo, before)["findings"]] == ["rotation-failed"]

    assert post(demo, "install")[0] == 202  # the disk is well again: what was proven is proven once more
    wait_for(lambda: rotation_of(demo)["phase"] == "confirmed", 20, "confirmed")
    view = demo.api.wait_verdict("demo", "reachable")
    assert view["credential"]["generation"] == 2 and view["findings"] == []


@pytest.mark.settings("[rotation]\nconfirm_limit_s = 5\n")
def test_a_way_back_that_the_disk_bars_is_told_and_taken_as_soon_as_it_can_be(demo, lab, ca, read_only):
    """The new key does not work and the link cannot be put back: told, tried again, and in the end the key before is in force."""
    asked = request(demo)
    certificate = ca.sign(asked["csr"])
    fault = lab.dir / "vpn" / "clients" / asked["common_name"]
    fault.write_text('push "route 10.99.0.0 255.255.0.0"\n')  # and none to the VPC
    switched = threading.Thread(target=install, args=(demo, certificate))
    try:
        switched.start()
        wait_for(lambda: "switched" in json.dumps(rotation_of(demo)["steps"]), 20, "switched", 0.001)
        with read_only():
            told = wait_for(lambda: (r := rotation_of(demo))["phase"] == "reverting" and SAYS in r.get("message", "") and r, 20, "the bar is told")
            assert one_line(told["message"]) and "tried again" in told["message"], told
            assert demo.api.profile("demo")["verdict"] == "unreachable"
        ended = wait_ended(demo, 20)
    finally:
        switched.join()
        fault.unlink()
    assert ended["phase"] == "reverted", ended
    assert demo.api.wait_verdict("demo", "reachable", 20)["credential"]["generation"] == 1
    assert rotation.rotate(demo, ca)["phase"] == "confirmed", "and another rotation works"
