"""Two profiles that are connected at once: two endpoints, two VPCs, two clusters (`lab twin`). With a lab of its own."""
import json
import shutil
import time

import pytest
from memdb import Agent, Events, Lab, own_name, wait_for

TWIN = "twin"


@pytest.fixture(scope="module")
def twin_lab():
    lab = Lab(own_name("twin"))
    lab("down")
    lab("up")
    lab("twin")
    yield lab
    lab("down")


@pytest.fixture
def both(twin_lab):
    """demo and twin, reachable."""
    lab = twin_lab
    shutil.rmtree(lab.dir / "agent", ignore_errors=True)
    agent = Agent(lab)
    agent.start("")
    agent.import_demo()
    agent.import_demo(TWIN, f"clustercfg.{TWIN}.lab.memorydb.test", config=lab.dir / "twin-client-config.ovpn",
                      cert=lab.dir / "client2.crt", key=lab.dir / "client2.key")
    for name in ("demo", TWIN):
        agent.ctl("connect", name, "--wait", "--timeout", "30s")
    yield agent
    lab("heal", "all")
    agent.stop()
    text = agent.log.read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


def test_the_twin_is_part_of_the_lab(twin_lab):
    assert "already" in twin_lab("twin").stdout and "already" in twin_lab("up").stdout
    status = json.loads(twin_lab("status", "--json").stdout)
    assert status["healthy"] and len(status["servers"]) == 4
    assert [node["role"] for node in status["nodes"]] == ["primary", "replica"] * 4


def test_two_profiles_are_reachable_at_once_and_do_not_touch_each_other(both, twin_lab):
    views = {name: both.api.wait_verdict(name, "reachable") for name in ("demo", TWIN)}
    assert len({view["tunnel"]["device"] for view in views.values()}) == 2
    assert [node["address"].split(":")[0] for node in views[TWIN]["clusters"][0]["nodes"]] == ["10.21.1.1", "10.21.1.2"]
    events, start = Events(both.socket), time.monotonic()
    both.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    both.ctl("connect", "demo", "--wait", "--timeout", "20s")
    twin_lab("fault", "node-down", "demo-0003-002")
    both.api.wait_verdict("demo", "degraded")
    assert not [event for _, event in events.of("verdict", start) if event["profile"] == TWIN]
    assert both.api.profile(TWIN)["tunnel"]["openvpn_pid"] == views[TWIN]["tunnel"]["openvpn_pid"]
    events.close()


@pytest.mark.parametrize("fault, code", [("port-filtered", "port-filtered"), ("udp-blocked", "endpoint-silent"), ("auth-wrong", "auth-rejected"),
                                         ("tls-expired", "tls-expired"), ("all-nodes-down", "port-filtered")])
def test_what_both_stand_on_breaks_both_and_comes_back(both, twin_lab, fault, code):
    twin_lab("fault", fault)
    for name in ("demo", TWIN):
        both.api.wait_finding(name, code, 25)
    twin_lab("heal", fault)
    for name in ("demo", TWIN):
        wait_for(lambda name=name: (view := both.api.profile(name))["verdict"] == "reachable" and not view["findings"], 30, f"{name} is right again")
