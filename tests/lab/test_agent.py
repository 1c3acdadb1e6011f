"""The agent on real parts: what it may do, what it leaves, credentials that the endpoint rejects, several profiles."""
import json
import pathlib
import signal
import time

import pytest
from memdb import wait_for

NET_ADMIN = 1 << 12


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def laptop_tun_devices(lab):
    links = json.loads(lab.run("ip", "-j", "link").stdout)
    return [link["ifname"] for link in links if link["ifname"].startswith("tun")]


def test_runs_with_one_capability_and_no_root(demo):
    view = demo.api.profile("demo")
    for pid in (demo.pid, view["tunnel"]["openvpn_pid"]):
        status = status_of(pid)
        assert status["Uid"].split() != ["0"] * 4, status["Uid"]
        assert int(status["CapEff"], 16) == NET_ADMIN, status["CapEff"]
        assert int(status["CapBnd"], 16) == NET_ADMIN, status["CapBnd"]
        assert status["NoNewPrivs"] == "1"


def test_openvpn_gets_no_secret_and_an_address(demo):
    pid = demo.api.profile("demo")["tunnel"]["openvpn_pid"]
    arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    assert arguments[arguments.index("--remote") + 1] in ("192.0.2.1", "192.0.2.3")
    assert arguments.index("--script-security") > arguments.index("--config")
    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    assert b"NOTIFY_SOCKET" not in environment and b"LISTEN_" not in environment


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_five_seconds(demo, lab, number):
    openvpn = demo.api.profile("demo")["tunnel"]["openvpn_pid"]
    pid = demo.pid
    assert laptop_tun_devices(lab)
    start = time.monotonic()
    pathlib.os.kill(pid, number)
    wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 5, "memdbd has ended")
    assert time.monotonic() - start < 5
    assert not pathlib.Path(f"/proc/{openvpn}").exists()
    assert not demo.socket.exists()
    assert not laptop_tun_devices(lab)
    assert "10.20.0.0/16" not in lab.run("ip", "route", "show", "table", "all").stdout


def test_the_wish_survives_a_crash_of_the_agent(demo, lab):
    pathlib.os.kill(demo.pid, signal.SIGKILL)
    wait_for(lambda: not laptop_tun_devices(lab), 10, "openvpn ended with its agent")
    demo.start()
    demo.api.wait_verdict("demo", "reachable", 15)


def test_a_disconnect_survives_a_crash_of_the_agent(demo, lab):
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    pathlib.os.kill(demo.pid, signal.SIGKILL)
    demo.start()
    view = demo.api.profile("demo")
    assert view["wanted"] == "disconnected" and view["verdict"] == "stopped" and view["tunnel"]["phase"] == "stopped"
    assert "openvpn_pid" not in view["tunnel"] and not laptop_tun_devices(lab)
    assert "-> starting" not in demo.log.read_text().rpartition("memdbd 0.")[2], "a tunnel was tried"


def test_reconnect_restarts_in_place(demo):
    before = demo.api.profile("demo")["tunnel"]
    demo.ctl("reconnect", "demo", "--wait", "--timeout", "20s")
    after = demo.api.profile("demo")["tunnel"]
    assert after["openvpn_pid"] == before["openvpn_pid"] and after["since"] > before["since"]
    assert after["restarts"] == 0, "what a person asked for does not count"


def test_disconnect_takes_the_tunnel_down_and_connect_brings_it_back(demo, lab):
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    assert not laptop_tun_devices(lab)
    assert demo.ctl("check", "demo", check=False).returncode == 2
    demo.ctl("connect", "demo", "--wait", "--timeout", "20s")
    assert demo.ctl("check", "demo").stdout.startswith("MEMDB OK") or "OK" in demo.ctl("check", "demo").stdout


def test_every_node_is_proved_under_its_own_name(demo):
    view = demo.api.profile("demo")
    (cluster,) = view["clusters"]
    assert cluster["slots_covered"] == 16384
    names = sorted(node["name"] for node in cluster["nodes"])
    assert names == sorted(f"demo-000{shard}-00{n}.demo.lab.memorydb.test" for shard in (1, 2, 3) for n in (1, 2))
    for node in cluster["nodes"]:
        assert node["state"] == "ok" and node["ping_us"] > 0 and node["stages_us"]["tls"] > 0, node
    assert [layer["state"] for layer in view["layers"]] == ["ok"] * 10
    report = json.loads(demo.ctl("ping", "demo", "--count", "1", "--json").stdout.splitlines()[0])
    assert len(report["nodes"]) == 6 and all("ping_us" in node for node in report["nodes"]), report


def test_a_revoked_certificate_is_rejected_without_a_word_and_not_hammered(agent, lab):
    bad = lab.dir / "bad-credentials"
    agent.import_demo(cert=bad / "revoked.crt", key=bad / "revoked.key")
    assert agent.ctl("connect", "demo", "--wait", "--timeout", "20s", check=False).returncode == 5
    finding = agent.api.wait_finding("demo", "handshake-rejected", 30)
    assert "CRL" in finding["advice"]
    assert agent.api.profile("demo")["verdict"] == "unreachable"
    assert agent.api.profile("demo")["tunnel"]["attempt"] <= 5


@pytest.mark.parametrize("name, word", [("expired", "expired"), ("server-use", "client"), ("not-yet-valid", "valid")])
def test_import_refuses_a_certificate_that_cannot_work(agent, lab, name, word):
    bad = lab.dir / "bad-credentials"
    done = agent.import_demo(cert=bad / f"{name}.crt", key=bad / f"{name}.key", check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert word in done.stderr, done.stderr
    assert agent.api.get("/v1/status")["profiles"] == []


def test_a_direct_profile_has_no_tunnel_and_the_same_proofs(demo, lab):
    # The tunnel of the profile demo is the "peered network" here: the direct profile knows nothing of it.
    demo.ctl("profile", "add", "--direct", "--name", "direct", "--cluster", "clustercfg.demo.lab.memorydb.test:6379", "--user", "app",
             "--password-file", lab.dir / "cluster-password", "--ca", lab.dir / "cluster-ca.pem")
    demo.ctl("connect", "direct", "--wait", "--timeout", "20s")
    view = demo.api.profile("direct")
    assert view["verdict"] == "reachable" and "tunnel" not in view
    states = [layer["state"] for layer in view["layers"]]
    assert states == ["skipped"] * 3 + ["ok"] * 7
    demo.ctl("disconnect", "demo", "--wait")
    demo.api.wait_finding("direct", "port-filtered", 15)


def test_an_ipv6_endpoint_carries_the_tunnel(agent, lab):
    agent.import_demo(config=lab.dir / "downloaded-client-config-ipv6.ovpn")
    agent.ctl("connect", "demo", "--wait", "--timeout", "20s")
    assert agent.api.profile("demo")["tunnel"]["server"] == "[fd00:2::1]:443"


def test_a_quiet_time_writes_nothing(demo):
    lines = len(demo.log.read_text().splitlines())
    before = demo.api.profile("demo")["clusters"][0]["nodes"][0]["last_ok_at"]
    wait_for(lambda: demo.api.profile("demo")["clusters"][0]["nodes"][0]["last_ok_at"] > before, 10, "another PONG", 0.2)
    assert len(demo.log.read_text().splitlines()) == lines
