"""Every fault of the lab, injected for real: the finding that it must cause, what must not happen meanwhile, the way back."""
import time

import pytest
from confusion import row_of
from episode import DEMO, complaints, live_through
from faults import FAULTS
from memdb import wait_for


@pytest.mark.parametrize("fault", [pytest.param(f, id=f.label.replace(" ", "-"), marks=pytest.mark.settings(f.settings)) for f in FAULTS])
def test_fault_is_named_and_overcome(demo, lab, fault, record_property):
    out = live_through(lab, demo, fault, quiet=1.2)
    record_property("named", row_of(out))
    print(out, demo.log.read_text()[-6000:], sep="\n")  # whole when it fails, where an assertion's text is cut
    assert not complaints(out)


def test_the_second_opinion_is_one_reconnect_and_then_none(demo, events, lab):
    """Dead and silent nodes behind a server that answers: after 15 s one try at another address, whatever comes after."""
    before, start = demo.api.profile(DEMO)["tunnel"], time.monotonic()
    lab("fault", "all-nodes-down")
    wait_for(lambda: demo.api.profile(DEMO)["tunnel"]["restarts"] == before["restarts"] + 1, 30, "the second opinion")
    told = time.monotonic() - start
    assert told > 14, f"after {told:.1f} s"
    once = wait_for(lambda: (t := demo.api.profile(DEMO)["tunnel"])["phase"] == "up" and t, 10, "another tunnel")
    assert once["last_restart_cause"] == "second-opinion" and once["server"] != before["server"], once
    again = time.monotonic() + 20  # longer than the first took
    while time.monotonic() < again:
        assert demo.api.profile(DEMO)["tunnel"]["restarts"] == once["restarts"], "a second second opinion"
        time.sleep(0.2)
    assert demo.api.profile(DEMO)["tunnel"]["server"] == once["server"]


def test_a_local_network_within_the_vpc_is_told_before_the_tunnel_is_up(demo, lab):
    demo.ctl("disconnect", DEMO, "--wait", "--timeout", "10s")  # its ranges are known from now on
    lab("fault", "lan-overlap")
    lab("fault", "server-down")
    demo.ctl("connect", DEMO)
    finding = demo.api.wait_finding(DEMO, "route-shadowed", 7)  # before the attempt ends and the endpoint is to blame
    assert demo.api.profile(DEMO)["tunnel"]["phase"] != "up"
    assert "10.20.1.0/24 dev docker0" in finding["evidence"], finding


def test_the_events_tell_the_whole_course_of_a_crash(demo, events, lab):
    before = demo.api.profile(DEMO)["tunnel"]
    start = time.monotonic()
    lab("fault", "openvpn-killed")
    wait_for(lambda: demo.api.profile(DEMO)["tunnel"].get("openvpn_pid") not in (None, before["openvpn_pid"]), 10, "another openvpn")
    demo.api.wait_verdict(DEMO, "reachable", 10)
    after = demo.api.profile(DEMO)["tunnel"]
    assert after["restarts"] == before["restarts"] + 1 and after["last_restart_cause"] == "openvpn-crashed"
    phases = [event["to"] for _, event in events.of("phase", start)]
    assert phases[-2:] == ["handshaking", "up"], phases
    verdicts = [event["to"] for _, event in events.of("verdict", start)]
    assert verdicts == ["connecting", "reachable"], verdicts
