"""`memdbctl rotate` from end to end: the agent's key, the lab's own easy-rsa CA, a proof by a second openvpn, a PING, the old one revoked."""
import json
import shutil
import subprocess

import pytest
from rotation import LabCa
from memdb import wait_for


@pytest.fixture
def pki(lab, tmp_path):
    """The lab's CA, as somebody else's copy: what is revoked there is revoked for nobody else."""
    return shutil.copytree(lab.dir / "pki", tmp_path / "pki")


def steps(said):
    return [line.split()[0] for line in said.splitlines() if line.startswith("  ")]


def pki_list(demo, pki):
    listed = json.loads(demo.ctl("pki", "list", "--json", "--pki", pki).stdout)
    return {one["serial"]: one for one in listed["certificates"]}


def test_a_new_key_is_signed_proven_and_confirmed_and_the_old_one_revoked(demo, pki):
    before = demo.api.wait_verdict("demo", "reachable")["credential"]
    said = demo.ctl("rotate", "demo", "--signer", "pki", "--pki", pki, "--revoke-old", "--reason", "a test").stdout
    assert steps(said) == ["signed", "checked", "proven", "switched", "confirmed", "revoked", "told"], said
    after = demo.api.wait_verdict("demo", "reachable")["credential"]
    assert after["generation"] == before["generation"] + 1 and after["serial"] != before["serial"]
    listed = pki_list(demo, pki)
    assert listed[before["serial"]]["status"] == "revoked" and listed[before["serial"]]["reason"] == "superseded"
    assert listed[after["serial"]]["status"] == "valid"
    revoked = subprocess.run(["openssl", "crl", "-noout", "-text", "-in", pki / "crl.pem"], capture_output=True, text=True, check=True).stdout
    assert before["serial"] in revoked and after["serial"] not in revoked
    assert after["crl"]["entries"] == 2 and "revoked" not in after["crl"], "the agent has that list: two are on it, not this one"


def test_by_hand_and_back_again(demo, tmp_path):
    tmp_path.chmod(0o755)
    demo.api.wait_verdict("demo", "reachable")
    first = demo.api.profile("demo")["credential"]["generation"]
    csr, cert = tmp_path / "demo.csr", tmp_path / "demo.crt"
    demo.ctl("key", "request", "demo", "--out", csr)
    cert.write_text(LabCa.of_the_vpn(demo.lab).sign(csr.read_text()))
    said = demo.ctl("key", "install", cert, "demo").stdout
    assert steps(said)[-1] == "confirmed", said
    assert demo.api.wait_verdict("demo", "reachable")["credential"]["generation"] == first + 1
    said = demo.ctl("key", "rollback", "demo").stdout
    assert steps(said)[-1] == "confirmed", said
    assert wait_for(lambda: demo.api.profile("demo")["credential"]["generation"] == first, 20, "back")


def test_what_a_signer_does_wrong_costs_nothing(demo, tmp_path):
    tmp_path.chmod(0o755)
    view = demo.api.wait_verdict("demo", "reachable")
    signer = tmp_path / "signer"
    for script in ("exit 3", "echo garbage", "head -c 10485760 /dev/zero", "sleep 1000", f"cat {demo.lab.dir}/pki/ca.crt"):
        signer.write_text(f"#!/bin/sh\n{script}\n")
        signer.chmod(0o755)
        done = demo.ctl("rotate", "demo", "--signer-command", signer, "--timeout", "3s", check=False)
        assert done.returncode in (1, 5) and done.stderr.count("\n") == 1 and "keeps its key" in done.stderr, (script, done)
    after = demo.api.profile("demo")
    assert after["credential"]["generation"] == view["credential"]["generation"]
    assert after["tunnel"]["openvpn_pid"] == view["tunnel"]["openvpn_pid"] and after["verdict"] == "reachable"
