"""Two profiles that lead to the same addresses: one at a time, with the reason."""
import time

import pytest
from memdb import wait_for


@pytest.fixture
def two(demo, lab):
    """`demo` connected, and `other`: the same endpoint with the second certificate."""
    demo.import_demo(name="other", cert=lab.dir / "client2.crt", key=lab.dir / "client2.key")
    return demo


def assert_untouched(agent, before):
    after = agent.api.profile("demo")["tunnel"]
    assert (after["openvpn_pid"], after["restarts"], after["since"]) == (before["openvpn_pid"], before["restarts"], before["since"])


def test_the_second_is_refused_once_its_ranges_are_known(two):
    two.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    two.ctl("connect", "other", "--wait", "--timeout", "20s")
    two.ctl("disconnect", "other", "--wait", "--timeout", "10s")
    two.ctl("connect", "demo", "--wait", "--timeout", "20s")
    before = two.api.profile("demo")["tunnel"]
    refused = two.ctl("connect", "other", check=False)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1, refused
    assert "10.20.0.0/16" in refused.stderr and "memdbctl disconnect demo" in refused.stderr, refused.stderr
    view = two.api.profile("other")
    assert view["wanted"] == "disconnected" and view["verdict"] == "stopped" and view["tunnel"]["phase"] == "stopped"
    assert_untouched(two, before)
    two.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    two.ctl("connect", "other", "--wait", "--timeout", "20s")


def test_ranges_found_out_after_connecting_block_the_second_and_leave_the_first_alone(two, events, lab):
    before = two.api.profile("demo")["tunnel"]
    start = time.monotonic()
    two.ctl("connect", "other")
    finding = two.api.wait_finding("other", "profile-overlap", 15)
    assert finding["layer"] == "process" and "demo" in finding["evidence"], finding
    tunnel = wait_for(lambda: two.api.profile("other")["tunnel"] if two.api.profile("other")["tunnel"]["phase"] == "blocked" else None, 5, "blocked")
    assert tunnel["blocked_cause"] == "profile-overlap" and "openvpn_pid" not in tunnel
    assert two.api.profile("other")["verdict"] == "unreachable"
    last = two.api.profile("demo")["clusters"][0]["nodes"][0]["last_ok_at"]
    wait_for(lambda: two.api.profile("demo")["clusters"][0]["nodes"][0]["last_ok_at"] > last, 7, "demo's PINGs go on", 0.2)
    assert_untouched(two, before)
    assert not [e for _, e in events.of("verdict", start) if e["profile"] == "demo"]
    assert len([line for line in lab.run("ip", "-o", "link").stdout.splitlines() if ": tun" in line]) == 1
    # The first goes: the second is still wanted, and connects by itself.
    two.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    two.api.wait_verdict("other", "reachable", 15)
    assert two.api.profile("other")["findings"] == []


def test_after_a_restart_of_the_agent_the_first_by_wish_keeps_its_tunnel(two):
    two.ctl("connect", "other")
    two.api.wait_finding("other", "profile-overlap", 15)
    two.stop()
    two.start()
    wait_for(lambda: sorted(two.api.profile(p)["verdict"] for p in ("demo", "other")) == ["reachable", "unreachable"], 15, "one of the two")
    blocked = next(p for p in ("demo", "other") if two.api.profile(p)["verdict"] == "unreachable")
    assert [f["code"] for f in two.api.profile(blocked)["findings"]] == ["profile-overlap"]
    assert two.api.profile(blocked)["tunnel"]["phase"] == "blocked"
