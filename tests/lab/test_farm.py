"""A cluster of more nodes than the lab has, played by node_farm, and an availability zone of it that dies and comes back."""
import pathlib
import sys

import pytest
from memdb import Events, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from dead_az import zone_of  # noqa: E402
from farm import CLUSTER, Farm  # noqa: E402

SHARDS, NODES, ZONES, DEAD = 20, 3, 2, 2


@pytest.fixture
def farm(lab):
    made = Farm(lab, SHARDS, NODES, ZONES)
    yield made
    made.close()


@pytest.fixture
def many(agent, farm):
    """An agent that has proved every node of the farm."""
    agent.import_demo(cluster=CLUSTER)
    agent.ctl("connect", "demo", "--wait", "--timeout", "60s")
    assert farm.ask("stats")["nodes"] == SHARDS * NODES
    return agent


def states(agent):
    return {node["name"]: node["state"] for node in agent.api.profile("demo")["clusters"][0]["nodes"]}


@pytest.mark.parametrize("way", ["silent", "refuse"])
def test_a_zone_that_dies_is_blamed_alone_and_taken_back(lab, many, farm, way):
    assert set(states(many).values()) == {"ok"} and len(states(many)) == SHARDS * NODES
    events = Events(many.socket)
    lab("farm", way, str(DEAD))
    dead = {name for name in states(many) if zone_of(name) == DEAD}
    wait_for(lambda: {name for name, state in states(many).items() if state == "failed"} == dead, 30, "the zone's nodes are failed", 0.2)
    wait_for(lambda: [finding["code"] for finding in many.api.profile("demo")["findings"]] in (["node-unreachable"], ["port-refused"]), 10, "one finding", 0.2)
    assert many.api.profile("demo")["verdict"] == "degraded"
    lab("farm", "return")
    many.api.wait_verdict("demo", "reachable", 30)
    events.close()
    assert not [event for _, event in events.of("verdict") if event["to"] == "unreachable"]
    assert {event["node"] for _, event in events.of("node") if event["to"] == "failed"} == dead
    assert many.api.profile("demo")["tunnel"]["restarts"] == 0


def test_the_farm_leaves_nothing_in_the_lab(lab, farm):
    assert lab.run("getent", "hosts", "farm-0001-001.farm.lab.memorydb.test").stdout
    lab("farm", "down")
    assert lab.run("getent", "hosts", "farm-0001-001.farm.lab.memorydb.test", check=False).returncode != 0
    for place, command in (("edge", ["ip", "route"]), ("vpc", ["ip", "route", "show", "table", "local"]), ("vpc", ["nft", "list", "tables"])):
        shown = lab("run", "--in", place, "--", *command).stdout
        assert "10.20.16.0/20" not in shown and "lab_farm" not in shown
    assert "no farm" in lab("farm", "down").stdout
    assert lab("farm", "silent", "1", check=False).returncode == 1
