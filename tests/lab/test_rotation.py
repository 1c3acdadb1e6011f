"""Rotation of keys with real parts: a second openvpn, the endpoint's servers, PINGs through the tunnel; and what can go wrong."""
import pathlib
import shutil
import subprocess
import threading

import pytest
import rotation
from memdb import wait_for
from pinger import pinging
from rotation import LabCa, install, post, request, rotation_of, wait_ended


@pytest.fixture
def ca(lab):
    return LabCa.of_the_vpn(lab)


@pytest.fixture
def refusing(lab):
    """Makes the endpoint refuse a client by its name, which it says; undone at the end."""
    files = []

    def refuse(common_name):
        files.append(lab.dir / "vpn" / "clients" / common_name)
        files[-1].write_text("disable\n")

    yield refuse
    for file in files:
        file.unlink()


def credentials(agent):
    return agent.lab.dir / "agent" / "state" / "profiles" / "demo" / "credentials"


def in_force(agent):
    return agent.api.profile("demo")["credential"]["generation"]


def steps_of(view):
    return [step["step"] for step in view["steps"]]


def serial_of(certificate):
    done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=certificate, capture_output=True, text=True, check=True)
    return done.stdout.strip().split("=")[1]


def test_a_rotation_is_proven_beside_the_tunnel_and_confirmed_by_a_ping(demo, events, ca):
    before = demo.api.profile("demo")
    asked = request(demo, reason="lost laptop")
    assert request(demo)["csr"] == asked["csr"], "asked again, another request"
    assert demo.api.profile("demo")["tunnel"]["openvpn_pid"] == before["tunnel"]["openvpn_pid"]
    status, answer = install(demo, ca.sign(asked["csr"]))
    assert status == 202 and answer["rotation"]["phase"] in ("proving", "confirming", "confirmed"), answer
    ended = wait_ended(demo)
    assert ended["phase"] == "confirmed" and ended["reason"] == "lost laptop" and ended["from"] == 1, ended
    assert steps_of(ended) == ["requested", "checked", "proven", "switched", "confirmed"]
    after = demo.api.wait_verdict("demo", "reachable")
    assert after["credential"]["generation"] == 2 and after["credential"]["previous_generation"] == 1
    assert after["credential"]["subject"] == f"CN={asked['common_name']}" != before["credential"]["subject"]
    assert after["tunnel"]["restarts"] == 0 and after["tunnel"]["last_restart_cause"] == "key-rotation"
    assert [e["rotation"]["phase"] for _, e in events.of("rotation")][-1] == "confirmed"
    assert not after["findings"], after["findings"]
    assert sorted(p.name for p in credentials(demo).iterdir()) == ["1", "2", "current", "rotation.json"]


def test_the_trial_touches_nothing_of_the_tunnel(demo, lab, ca, refusing):
    """The endpoint says no: the tunnel does not even notice, and a person is told why and what next."""
    asked = request(demo)
    refusing(asked["common_name"])
    before = demo.api.profile("demo")["tunnel"]
    routes = lab.run("ip", "route").stdout
    with pinging(lab) as pinger:
        assert install(demo, ca.sign(asked["csr"]))[0] == 202
        ended = wait_ended(demo)
        pinger.wait_answered(pinger.pongs[-1])
        assert pinger.gap(pinger.pongs[0]) < 1000
    assert ended["phase"] == "failed" and "in order" in ended["message"] and "--retry" in ended["message"], ended
    after = demo.api.profile("demo")
    assert {k: after["tunnel"][k] for k in ("openvpn_pid", "since", "restarts")} == {k: before[k] for k in ("openvpn_pid", "since", "restarts")}
    assert lab.run("ip", "route").stdout == routes and in_force(demo) == 1
    assert after["verdict"] == "reachable", after
    assert [f["code"] for f in after["findings"]] == ["rotation-failed"], after["findings"]


def test_a_certificate_that_is_accepted_later_is_proven_again(demo, lab, ca):
    asked = request(demo)
    certificate = ca.sign(asked["csr"])
    lab("fault", "client-cert-revoked", serial_of(certificate))  # silent, as AWS is for hours
    demo.api.wait_verdict("demo", "reachable", 30)
    install(demo, certificate)
    assert wait_ended(demo)["phase"] == "failed" and in_force(demo) == 1
    lab("heal", "client-cert-revoked")
    demo.api.wait_verdict("demo", "reachable", 30)
    status, answer = post(demo, "install")
    assert status == 202, answer
    assert wait_for(lambda: (r := rotation_of(demo))["phase"] == "confirmed" and r, 30, "confirmed")["generation"] == in_force(demo) == 2


@pytest.mark.settings("[rotation]\nconfirm_limit_s = 5\n")
def test_without_a_ping_the_key_before_comes_back(demo, lab, ca):
    """After the switch no node answers: back by itself, to a tunnel that works as before."""
    asked = request(demo)
    closing = threading.Thread(target=lambda: (wait_for(lambda: "switched" in steps_of(rotation_of(demo) or {"steps": []}), 20, "switched", 0.001)))
    (lab.dir / "vpn" / "clients" / asked["common_name"]).write_text('push "route 10.99.0.0 255.255.0.0"\n')  # and none to the VPC
    try:
        closing.start()
        install(demo, ca.sign(asked["csr"]))
        ended = wait_ended(demo)
    finally:
        closing.join()
        (lab.dir / "vpn" / "clients" / asked["common_name"]).unlink()
    assert ended["phase"] == "reverted" and steps_of(ended)[-1] == "reverted", ended
    assert "no PING" in ended["message"], ended
    view = demo.api.wait_verdict("demo", "reachable", 20)
    assert view["credential"]["generation"] == 1 and [f["code"] for f in view["findings"]] == ["rotation-failed"]


def test_a_rotation_while_disconnected_is_confirmed_at_the_next_connect(demo, ca):
    demo.ctl("disconnect", "demo", "--wait")
    asked = request(demo)
    assert install(demo, ca.sign(asked["csr"]))[0] == 202
    waiting = wait_for(lambda: (r := rotation_of(demo))["phase"] == "awaiting" and r, 30, "awaiting")
    assert "next connect" in waiting["message"] and in_force(demo) == 2
    demo.stop()
    demo.start()  # it is remembered
    assert rotation_of(demo)["phase"] == "awaiting"
    demo.ctl("connect", "demo", "--wait", "--timeout", "30s")
    assert wait_ended(demo)["phase"] == "confirmed"


def test_two_rotations_at_once(demo, ca, refusing):
    asked = request(demo)
    certificate = ca.sign(asked["csr"])
    assert install(demo, certificate)[0] == 202
    for action, body in (("request", {}), ("install", {"certificate": certificate}), ("rollback", {})):
        status, answer = post(demo, action, body)
        if rotation_of(demo)["phase"] in rotation.ENDED:
            break  # it was quicker than we
        assert status == 409 and "under way" in answer["error"]["message"], (action, answer)
    assert wait_ended(demo)["phase"] == "confirmed"
    assert post(demo, "install", {"certificate": certificate})[0] == 409, "nothing waits for it any more"


@pytest.mark.parametrize("what, says", [
    ("another key", "does not belong"), ("expired", "expired"), ("another CA", "signed by the CA"), ("for a server", "client use"),
    ("garbage", "PEM"), ("empty", "empty"), ("of the same name", "common name"),
])
def test_a_wrong_certificate_is_refused_and_the_request_stays(demo, lab, ca, what, says):
    asked = request(demo)
    other = lab.dir / "bad-credentials"
    certificate = {
        "another key": lambda: (lab.dir / "client2.crt").read_text(),
        "expired": lambda: ca.sign(asked["csr"], days=-1),
        "another CA": lambda: LabCa(lab.dir / "tls" / "cluster-ca.pem", lab.dir / "tls" / "cluster-ca.key").sign(asked["csr"]),
        "for a server": lambda: ca.sign(asked["csr"], usage="serverAuth"),
        "garbage": lambda: "no certificate",
        "empty": lambda: "",
        "of the same name": lambda: ca.sign(asked["csr"], subject="/CN=client"),
    }[what]()
    assert other.exists()
    status, answer = install(demo, certificate)
    assert status == 400 and says in answer["error"]["message"], answer
    assert rotation_of(demo)["phase"] == "requested" and in_force(demo) == 1
    assert install(demo, ca.sign(asked["csr"]))[0] == 202
    assert wait_ended(demo)["phase"] == "confirmed"


def test_back_by_hand_and_forth_again(demo, ca):
    status, answer = post(demo, "rollback")
    assert status == 409 and "no earlier key" in answer["error"]["message"], answer
    assert rotation.rotate(demo, ca)["phase"] == "confirmed"
    for generation in (1, 2):
        assert post(demo, "rollback")[0] == 202
        view = wait_for(lambda: (r := rotation_of(demo))["phase"] == "confirmed" and r["generation"] == generation and r, 30, "rolled back")
        assert view["reason"] == "rollback" and in_force(demo) == generation
        demo.api.wait_verdict("demo", "reachable")


def test_a_revoked_certificate_in_use_is_rotated_away(demo, lab, ca):
    """The way out of a revocation: no tunnel stands, and the new key brings it back."""
    lab("fault", "client-cert-revoked")
    demo.api.wait_finding("demo", "handshake-rejected", 30)
    asked = request(demo)
    assert install(demo, ca.sign(asked["csr"]))[0] == 202
    assert wait_ended(demo)["phase"] == "confirmed"
    assert demo.api.wait_verdict("demo", "reachable", 20)["credential"]["generation"] == 2


def test_a_key_never_leaves_its_folder(demo, ca):
    asked = request(demo)
    key = (credentials(demo) / "request" / "key.pem").read_text()
    assert "PRIVATE KEY" in key and (credentials(demo) / "request" / "key.pem").stat().st_mode & 0o777 == 0o600
    rotation.install(demo, ca.sign(asked["csr"]))
    wait_ended(demo)
    assert not (credentials(demo) / "request").exists()
    body = key.splitlines()[3]
    for text in (demo.api.request("GET", "/v1/status")[1], demo.log.read_text(), str(asked)):
        assert body not in text
    assert (credentials(demo) / "2" / "key.pem").read_text() == key


@pytest.fixture
def signing(lab):
    """A program of root's that signs as the VPN's CA, for memdbd to run; with a copy of the CA that it may read."""
    folder = lab.dir / "signing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for source in (lab.dir / "pki" / "ca.crt", lab.dir / "pki" / "private" / "ca.key"):
        shutil.copy(source, folder / source.name)
        shutil.chown(folder / source.name, "memdbd")
    (folder / "ext").write_text("keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n")
    (folder / "capabilities").touch()
    shutil.chown(folder / "capabilities", "memdbd")
    program = folder / "sign"
    program.write_text(f"#!/bin/sh\ncd {folder}\ngrep ^Cap /proc/self/status >capabilities\nexec openssl x509 -req -CA ca.crt -CAkey ca.key -days 825 -set_serial 0x$(od -An -N8 -tx1 /dev/urandom | tr -d ' ') -extfile ext\n")
    program.chmod(0o755)
    yield program
    shutil.rmtree(folder)


def test_a_key_that_is_due_is_rotated_by_itself(demo, signing):
    """The calendar begins it: a certificate of 825 days is due within the lead time of a year when 300 are left."""
    demo.stop()
    demo.start(f'[rotation]\nlead_days = 365\ncommand = "{signing}"\n')
    assert demo.api.wait_verdict("demo", "reachable", 20)
    assert rotation_of(demo) is None, "it is not due yet"
    short = request(demo)
    assert install(demo, LabCa.of_the_vpn(demo.lab).sign(short["csr"], days=300))[0] == 202
    ended = wait_for(lambda: (r := rotation_of(demo)) and r.get("reason") == "due" and r["phase"] in rotation.ENDED and r, 30, "rotated by itself")
    assert ended["phase"] == "confirmed" and ended["generation"] == 3, ended
    assert demo.api.wait_verdict("demo", "reachable")["credential"]["days_left"] > 800
    held = dict(line.split() for line in (signing.parent / "capabilities").read_text().splitlines())
    assert int(held["CapEff:"], 16) == int(held["CapPrm:"], 16) == int(held["CapAmb:"], 16) == 0, held
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{demo.pid}/status").read_text().splitlines())
    assert int(status["CapAmb"], 16) == 1 << 12, "memdbd has its own again"


def test_a_program_that_others_could_change_is_not_run(demo, signing):
    signing.chmod(0o777)
    demo.stop()
    demo.start(f'[rotation]\nlead_days = 365\ncommand = "{signing}"\n')
    assert demo.api.wait_verdict("demo", "reachable", 20)
    short = request(demo)
    assert install(demo, LabCa.of_the_vpn(demo.lab).sign(short["csr"], days=300))[0] == 202
    wait_for(lambda: "must belong to root" in demo.log.read_text(), 30, "it is said")
    view = demo.api.wait_verdict("demo", "degraded")
    assert in_force(demo) == 2 and [f["code"] for f in view["findings"]] == ["rotation-overdue"], view["findings"]
