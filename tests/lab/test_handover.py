"""A tunnel that outlives its memdbd, under the sanitizers: what is sound is taken over, whatever is not is ended and made anew.

With a service manager of the tests' own; systemd itself is in tests/booted.
"""
import json
import os
import shutil
import signal
import time

import pytest
from memdb import Agent, wait_for
from pinger import pinging
from rotation import LabCa, install, request
from rotation import wait_ended as wait_rotation_ended
from service_manager import ServiceManager
from test_clean_state import alive, ending, state_of

GAP_LIMIT_MS = 400


class Service:
    """memdbd with the profile demo, led by a service manager."""

    def __init__(self, lab, keeps=True):
        self.agent = Agent(lab)
        lab("agent", "stop", check=False)
        lab("heal", "all")
        shutil.rmtree(lab.dir / "agent", ignore_errors=True)
        self.agent.start("")
        self.agent.import_demo()  # the folders and the profile, as every other test has them
        self.agent.stop()
        self.manager = ServiceManager(self.agent, keeps)
        self.record = lab.dir / "agent" / "run" / "private" / "demo.tunnel"
        self.manager.start()
        self.agent.ctl("connect", "demo", "--wait", "--timeout", "30s")
        self.openvpn = self.tunnel()["openvpn_pid"]

    def tunnel(self):
        return self.agent.api.profile("demo")["tunnel"]

    def again(self):
        """Another memdbd; the tunnel, once a node has answered."""
        self.manager.start()
        self.agent.api.wait_verdict("demo", "reachable", 20)
        return self.tunnel()

    def wait_ended(self, pid):
        wait_for(lambda: not alive(pid), 10, "openvpn has ended")


@pytest.fixture
def service(lab, request):
    made = Service(lab, getattr(request, "param", True))
    yield made
    made.manager.close()
    lab("heal", "all")
    text = made.agent.log.read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


def test_a_tunnel_is_handed_on_whether_memdbd_is_told_to_end_or_killed(service):
    before = service.tunnel()
    assert [name for name, _ in service.manager.store] == ["tunnel-demo"] and service.record.stat().st_mode & 0o777 == 0o600
    with pinging(service.agent.lab, kept=True) as user:
        start = time.monotonic()
        for end in [service.manager.end, service.manager.kill] * 3:
            end()
            tunnel = service.again()
            assert tunnel["openvpn_pid"] == service.openvpn and tunnel["restarts"] == 0
        user.wait_answered(time.monotonic())
        assert user.lost is None and user.gap(start) < GAP_LIMIT_MS
    for same in ("server", "device", "address", "since"):
        assert tunnel[same] == before[same], same
    assert service.agent.api.profile("demo")["findings"] == []
    # It is led as before: told to end, it ends, and nothing is kept of it.
    service.agent.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    service.wait_ended(service.openvpn)
    wait_for(lambda: not service.manager.store and not service.record.exists(), 5, "nothing is stored")


def test_killed_at_any_moment_of_its_start_the_next_one_takes_over(service):
    for moment in range(15):
        service.manager.kill()
        service.manager.start(ready=False)
        time.sleep(moment * 0.02)  # not to wait for anything: the moment is what is varied
    service.manager.kill()
    tunnel = service.again()
    assert tunnel["openvpn_pid"] == service.openvpn and tunnel["restarts"] == 0


def edited(**changes):
    def edit(record):
        value = json.loads(record.read_text())
        for path, new in changes.items():
            inner = value
            *way, last = path.split("__")
            for step in way:
                inner = inner[step]
            inner[last] = new
        record.write_text(json.dumps(value))
    return edit


SPOILED = {
    "no record": lambda record: record.unlink(),
    "an empty record": lambda record: record.write_text(""),
    "half a record": lambda record: record.write_text(record.read_text()[:100]),
    "a record of another version": edited(schema=2),
    "the pid is another process's by now": edited(openvpn__start_time=1),
    "the process runs another program": edited(openvpn__exe="/usr/bin/true"),
    "the record is of another process": edited(openvpn__pid=2),
    "it has a key that is not in force": edited(generation=7),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_cannot_be_taken_over_is_ended_and_made_anew(service, what):
    service.manager.end()
    SPOILED[what](service.record)
    tunnel = service.again()
    assert tunnel["openvpn_pid"] != service.openvpn and not alive(service.openvpn)
    assert os.listdir(f"/proc/{tunnel['openvpn_pid']}/task")
    wait_for(lambda: service.record.exists() and json.loads(service.record.read_text())["openvpn"]["pid"] == tunnel["openvpn_pid"],
             5, "the new tunnel is kept")


def test_an_openvpn_that_died_with_its_memdbd_is_replaced(service):
    os.kill(service.openvpn, signal.SIGSTOP)
    service.manager.kill()
    os.kill(service.openvpn, signal.SIGKILL)
    wait_for(lambda: not ending(service.openvpn), 5, "openvpn is dead")
    assert service.again()["openvpn_pid"] != service.openvpn


def test_an_openvpn_that_is_frozen_is_replaced(service):
    service.manager.kill()
    os.kill(service.openvpn, signal.SIGSTOP)
    wait_for(lambda: state_of(service.openvpn) == "T", 2, "openvpn is stopped")
    start = time.monotonic()
    tunnel = service.again()
    assert tunnel["openvpn_pid"] != service.openvpn and tunnel["last_restart_cause"] == "handover-failed"
    assert time.monotonic() - start < 12
    service.wait_ended(service.openvpn)


def test_an_openvpn_that_is_not_connected_is_replaced(service):
    lab = service.agent.lab
    service.manager.kill()
    lab("fault", "server-down")
    os.kill(service.openvpn, signal.SIGUSR1)  # it restarts, and waits in its management hold
    lab("heal", "server-down")
    tunnel = service.again()
    assert tunnel["openvpn_pid"] != service.openvpn and tunnel["restarts"] == 1
    service.wait_ended(service.openvpn)


def test_a_tunnel_that_nobody_wants_any_more_is_ended(service):
    service.manager.kill()
    wish = next(service.agent.lab.dir.glob("agent/state/profiles/demo/wanted*"))
    wish.write_text(wish.read_text().replace("connected", "disconnected"))
    service.manager.start()
    service.wait_ended(service.openvpn)
    assert service.agent.api.profile("demo")["tunnel"]["phase"] == "stopped"
    assert "tun" not in service.agent.lab.run("ip", "-o", "link").stdout


@pytest.mark.parametrize("service", [False], indirect=True)
def test_a_manager_that_keeps_nothing_lets_the_tunnel_end_with_memdbd(service):
    service.manager.end()
    service.wait_ended(service.openvpn)
    assert service.again()["openvpn_pid"] != service.openvpn


def test_when_the_manager_lets_go_openvpn_ends_by_itself(service):
    service.manager.end()
    assert alive(service.openvpn)
    service.manager.let_go()
    service.wait_ended(service.openvpn)
    wait_for(lambda: "tun" not in service.agent.lab.run("ip", "-o", "link").stdout, 5, "its device is gone")


def test_asked_by_a_person_it_ends_its_tunnels(service):
    service.manager.end(signal.SIGINT)
    assert not alive(service.openvpn) and not service.manager.store
    stopping = next(words for words in service.manager.said if words.get("STOPPING"))
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) > 5_000_000, "it may take the time that openvpn is given"


def test_the_manager_is_told_how_things_are(service):
    wait_for(lambda: [w["STATUS"] for w in service.manager.said if "STATUS" in w][-1:] == ["demo reachable"], 5, "the verdict is told")
    service.agent.lab("fault", "port-filtered")
    wait_for(lambda: service.manager.said[-1].get("STATUS", "").endswith("port-filtered"), 20, "and the first finding")
    said = len(service.manager.said)
    service.manager.process.send_signal(signal.SIGHUP)
    wait_for(lambda: [w for w in service.manager.said[said:] if "READY" in w], 5, "it has read its settings again")
    reloading = next(w for w in service.manager.said[said:] if "RELOADING" in w)
    assert int(reloading["MONOTONIC_USEC"]) > 0


def test_of_several_profiles_the_one_that_is_up_keeps_its_tunnel(service):
    """Two that lead to the same network cannot both be connected; the other one comes first by its name. The third has no tunnel."""
    agent, profiles = service.agent, service.agent.lab.dir / "agent/state/profiles"
    agent.ctl("profile", "add", "--direct", "--name", "direct", "--cluster", "127.0.0.1:1")
    agent.ctl("connect", "direct")
    agent.import_demo(name="another")
    for here, there in [("demo", "another"), ("another", "demo")]:  # so that the ranges of both are known
        agent.ctl("disconnect", here, "--wait", "--timeout", "15s")
        agent.ctl("connect", there, "--wait", "--timeout", "20s")
    service.openvpn = service.tunnel()["openvpn_pid"]
    service.manager.kill()
    shutil.copy2(profiles / "demo/wanted", profiles / "another/wanted")
    shutil.chown(profiles / "another/wanted", "memdbd", "memdbd")
    tunnel = service.again()
    assert tunnel["openvpn_pid"] == service.openvpn and tunnel["restarts"] == 0
    wait_for(lambda: [f["code"] for f in agent.api.profile("another")["findings"]] == ["profile-overlap"], 10, "the other one has to wait")
    assert agent.api.profile("direct")["wanted"] == "connected"


def test_a_certificate_that_is_of_no_use_any_more_does_not_end_a_tunnel_that_is_up(service, tmp_path):
    """As without a restart: what is up stays up; once it is lost it is not tried again."""
    agent = service.agent
    pki = shutil.copytree(agent.lab.dir / "pki", tmp_path / "pki")
    agent.ctl("pki", "revoke", "client", "--reason", "keyCompromise", "--pki", pki, "--yes")
    agent.ctl("key", "crl", pki / "crl.pem", "demo")
    service.manager.kill()
    service.manager.start()
    agent.api.wait_verdict("demo", "degraded", 15)
    tunnel = service.tunnel()
    assert tunnel["openvpn_pid"] == service.openvpn and tunnel["phase"] == "up"
    os.kill(service.openvpn, signal.SIGKILL)
    wait_for(lambda: service.tunnel()["phase"] == "blocked", 10, "it is not tried with that certificate")
    assert service.tunnel().get("openvpn_pid") is None


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_rotation_under_way_comes_to_an_end_under_the_next_memdbd(service, moment):
    """Killed while the new key is proved, put in force and confirmed: whichever key it is in the end, the tunnel has that one."""
    agent = service.agent
    ca = LabCa.of_the_vpn(agent.lab)
    asked = request(agent, reason="test")
    status, answer = install(agent, ca.sign(asked["csr"]))
    assert status == 202, answer
    time.sleep(moment)  # not to wait for anything: the moment is what is varied
    service.manager.kill()
    service.manager.start()
    ended = wait_rotation_ended(agent)
    assert ended["phase"] == "confirmed", ended
    agent.api.wait_verdict("demo", "reachable", 20)
    assert agent.api.profile("demo")["credential"]["generation"] == 2
    wait_for(lambda: service.record.exists() and json.loads(service.record.read_text())["generation"] == 2, 5, "the tunnel has the new key")
    with_new_key = service.tunnel()["openvpn_pid"]
    service.manager.kill()
    assert service.again()["openvpn_pid"] == with_new_key
    wait_for(lambda: not alive(service.openvpn) or service.openvpn == with_new_key, 5, "the old openvpn has ended")
