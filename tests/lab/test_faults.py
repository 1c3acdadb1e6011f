"""Every fault of the lab: the finding that it must cause, what must not happen meanwhile, and the way back."""
import os
import time

import pytest
from memdb import wait_for

DEMO = "demo"
SLOW = 2.0 if "tsan" in os.environ.get("MEMDB_BUILD", "") else 1.0


def since(events, kind, start):
    return [event for _, event in events.of(kind, start)]


def test_openvpn_killed_comes_back_by_itself(demo, events, lab):
    before = demo.api.profile(DEMO)["tunnel"]
    start = time.monotonic()
    lab("fault", "openvpn-killed")
    wait_for(lambda: demo.api.profile(DEMO)["tunnel"].get("openvpn_pid") not in (None, before["openvpn_pid"]), 10, "another openvpn")
    demo.api.wait_verdict(DEMO, "reachable", 10)
    after = demo.api.profile(DEMO)["tunnel"]
    assert after["restarts"] == before["restarts"] + 1
    assert after["last_restart_cause"] == "openvpn-crashed"
    phases = [event["to"] for event in since(events, "phase", start)]
    assert phases[-1] == "up", phases


def test_server_down_is_named_and_not_hammered(demo, events, lab):
    start = time.monotonic()
    lab("fault", "server-down")
    demo.api.wait_verdict(DEMO, "unreachable", 6 * SLOW)
    # The nodes fail one by one before the server's silence is long enough; then the root cause hides them all.
    wait_for(lambda: [f["code"] for f in demo.api.profile(DEMO)["findings"]] == ["tunnel-silent"], 6 * SLOW, "tunnel-silent alone")
    demo.api.wait_finding(DEMO, "endpoint-silent", 45)  # openvpn notices after 20 s, an attempt takes 8 s
    lab("heal", "server-down")
    healed = time.monotonic()
    demo.api.wait_verdict(DEMO, "reachable", 10 * SLOW)
    attempts = [event for event in since(events, "phase", start) if event["to"] in ("starting", "handshaking")]
    assert len(attempts) <= 12, attempts
    assert time.monotonic() - healed < 10 * SLOW


def test_node_down_degrades_and_leaves_the_tunnel_alone(demo, events, lab):
    start = time.monotonic()
    lab("fault", "node-down", "demo-0002-002")
    demo.api.wait_verdict(DEMO, "degraded", 7 * SLOW)
    view = demo.api.profile(DEMO)
    finding = next(f for f in view["findings"] if f["code"] == "node-unreachable")
    assert "demo-0002-002" in finding["summary"] and "shard 2" in finding["summary"], finding
    assert view["tunnel"]["restarts"] == 0
    assert not since(events, "phase", start), "the tunnel was touched"
    lab("heal", "node-down")
    demo.api.wait_verdict(DEMO, "reachable", 20)


def test_port_filtered_is_told_from_a_dead_tunnel(demo, events, lab):
    start = time.monotonic()
    lab("fault", "port-filtered")
    view = demo.api.wait_verdict(DEMO, "unreachable", 10 * SLOW)
    finding = demo.api.wait_finding(DEMO, "port-filtered", 5)
    assert finding["layer"] == "tcp" and "6 of 6 nodes" in finding["summary"], view
    ladder = {layer["layer"]: layer["state"] for layer in demo.api.profile(DEMO)["layers"]}
    assert [ladder[name] for name in ("process", "handshake", "tunnel", "tcp", "tls")] == ["ok", "ok", "ok", "failed", "unknown"]
    while time.monotonic() < start + 15:
        assert not since(events, "phase", start), "the tunnel was restarted"
        time.sleep(0.1)
    lab("heal", "port-filtered")
    demo.api.wait_verdict(DEMO, "reachable", 10 * SLOW)


@pytest.mark.parametrize("fault, code, layer", [("auth-wrong", "auth-rejected", "auth"), ("tls-untrusted", "tls-untrusted", "tls")])
def test_what_the_nodes_say_is_repeated_in_one_line(demo, lab, fault, code, layer):
    lab("fault", fault)
    finding = demo.api.wait_finding(DEMO, code, 15)
    assert finding["layer"] == layer
    view = demo.api.wait_verdict(DEMO, "unreachable", 15)
    assert view["tunnel"]["restarts"] == 0
    lab("heal", fault)
    demo.api.wait_verdict(DEMO, "reachable", 20)


def test_network_down_is_not_blamed_on_the_endpoint(demo, lab):
    lab("fault", "network-down")
    demo.api.wait_finding(DEMO, "network-offline", 10 * SLOW)
    demo.api.wait_verdict(DEMO, "unreachable", 5)
    lab("heal", "network-down")
    demo.api.wait_verdict(DEMO, "reachable", 40)
