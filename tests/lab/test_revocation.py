"""A stolen laptop, from end to end: an admin revokes its certificate, AWS has the list, the endpoint refuses, the agent names the cause.

The times are printed and lie in revocation-times.txt beside the agent's log.
"""
import re
import shutil
import time

import pytest
from memdb import wait_for
from rotation import LabCa, install, request, wait_ended


@pytest.fixture
def pki(lab, tmp_path):
    """The admin's PKI: the lab's CA with its easy-rsa index, as a copy, so that what is revoked there is revoked for nobody else."""
    return shutil.copytree(lab.dir / "pki", tmp_path / "pki")


class Watch:
    """Seconds since `revoke`, by name, in order."""

    def __init__(self):
        self.begun, self.rows = time.monotonic(), []

    def note(self, what):
        self.rows.append(f"{time.monotonic() - self.begun:7.2f} s  {what}")

    def text(self):
        return "\n".join(self.rows) + "\n"


def judged(lab, verdict="(?:OK|ERROR)"):
    """How many client certificates the endpoint has judged so, on any of its servers."""
    return sum(len(re.findall(f"VERIFY {verdict}: depth=0", log.read_text(errors="replace"))) for log in (lab.dir / "logs").glob("openvpn*.log"))


def revoke(demo, pki, *more):
    return demo.ctl("pki", "revoke", "client", "--reason", "keyCompromise", "--pki", pki, "--yes", *more).stdout


def test_a_revoked_client_is_refused_and_once_the_list_is_here_named_and_not_tried(demo, lab, pki):
    watch = Watch()
    said = revoke(demo, pki)
    assert "revoked client" in said and "--publish" in said, said
    watch.note("revoked, and the list made, by memdbctl pki revoke")
    assert demo.api.profile("demo")["verdict"] == "reachable", "nobody knows of it yet"
    before = judged(lab, "ERROR")
    lab("fault", "client-cert-revoked", str(pki / "crl.pem"))
    watch.note("the endpoint has the list, sessions are cut")
    wait_for(lambda: judged(lab, "ERROR") > before, 10, "a connection is refused")
    watch.note("the endpoint has refused a connection")
    finding = demo.api.wait_finding("demo", "handshake-rejected", 30)
    watch.note("handshake-rejected is said: " + finding["summary"])
    assert demo.api.profile("demo")["verdict"] == "unreachable"
    said = demo.ctl("key", "crl", pki / "crl.pem", "demo").stdout
    assert "REVOKED" in said and "keyCompromise" in said
    finding = demo.api.wait_finding("demo", "client-cert-unusable", 10)
    watch.note("the cause is named, once the agent has the list: " + finding["summary"])
    assert finding["summary"].startswith("the certificate client was revoked on 20") and "memdbctl rotate" in finding["advice"]
    stopped_trying(demo, lab)
    (lab.dir / "agent" / "revocation-times.txt").write_text(watch.text())
    print("\n" + watch.text(), end="")


def stopped_trying(demo, lab):
    """Blocked without a next try, and the endpoint is not asked even when a person wants it."""
    tunnel = wait_for(lambda: (t := demo.api.profile("demo")["tunnel"])["phase"] == "blocked" and "openvpn_pid" not in t and t, 10,
                      "blocked, and openvpn has ended")
    assert tunnel["blocked_cause"] == "client-cert-unusable" and "retry_at" not in tunnel, tunnel
    shown = demo.ctl("status", "demo").stdout
    assert "was revoked on 20" in shown and "handshake-rejected" not in shown, shown
    before = judged(lab)
    refused = demo.ctl("connect", "demo", "--wait", "--timeout", "3s", check=False)  # a person tries all the same
    assert refused.returncode == 1 and "was revoked on 20" in refused.stderr, refused
    assert judged(lab) == before, "the endpoint was asked again"


def test_with_profile_the_agent_knows_before_the_endpoint_does(demo, lab, pki):
    watch = Watch()
    said = revoke(demo, pki, "--profile", "demo")
    assert "REVOKED" in said
    demo.api.wait_finding("demo", "client-cert-unusable", 10)
    watch.note("the cause is named, by memdbctl pki revoke --profile")
    view = demo.api.wait_verdict("demo", "degraded")
    assert view["tunnel"]["phase"] == "up", "a session that stands is used as long as the endpoint lets it"
    before = judged(lab)
    lab("fault", "client-cert-revoked", str(pki / "crl.pem"))
    watch.note("the endpoint has the list, sessions are cut")
    demo.api.wait_verdict("demo", "unreachable", 30)
    watch.note("unreachable, for the cause that was named")
    stopped_trying(demo, lab)
    assert judged(lab) == before, "one handshake with a certificate that cannot be let in"
    print("\n" + watch.text(), end="")


def test_a_new_key_is_the_way_out(demo, lab, pki):
    revoke(demo, pki, "--profile", "demo")
    lab("fault", "client-cert-revoked", str(pki / "crl.pem"))
    demo.api.wait_verdict("demo", "unreachable", 30)
    said = demo.ctl("rotate", "demo", "--signer", "pki", "--pki", pki, "--reason", "stolen laptop").stdout
    assert "demo uses generation 2" in said
    view = demo.api.wait_verdict("demo", "reachable", 20)
    assert view["findings"] == [] and "revoked" not in view["credential"]["crl"]


def test_there_is_no_way_back_to_a_revoked_key(demo, pki):
    demo.ctl("rotate", "demo", "--signer", "pki", "--pki", pki, "--revoke-old")
    refused = demo.ctl("key", "rollback", "demo", check=False)
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1, refused
    assert "(client) was revoked on 20" in refused.stderr and "memdbctl rotate" in refused.stderr, refused
    assert demo.api.profile("demo")["credential"]["generation"] == 2


@pytest.mark.settings("[rotation]\nconfirm_limit_s = 5\n")
def test_a_new_key_without_a_ping_is_not_taken_back_to_a_revoked_one(demo, lab, pki):
    """Half a way beats none: the key before could not be used again."""
    revoke(demo, pki, "--profile", "demo")
    asked = request(demo)
    fault = lab.dir / "vpn" / "clients" / asked["common_name"]
    fault.write_text('push "route 10.99.0.0 255.255.0.0"\n')  # and none to the VPC
    try:
        assert install(demo, LabCa.of_the_vpn(lab).sign(asked["csr"]))[0] == 202
        ended = wait_ended(demo, 30)
    finally:
        fault.unlink()
    assert ended["phase"] == "confirmed" and "of no use any more" in ended["message"], ended
    demo.ctl("reconnect", "demo")
    assert demo.api.wait_verdict("demo", "reachable", 20)["credential"]["generation"] == 2


def test_a_list_of_another_ca_is_not_put_on_the_endpoint(lab, tmp_path):
    other = tmp_path / "crl.pem"
    other.write_text("no list")
    done = lab("fault", "client-cert-revoked", str(other), check=False)
    assert done.returncode != 0 and "is no certificate revocation list of" in done.stderr, done
    assert "(ACTIVE)" not in lab("faults").stdout
