"""Every fault of the lab, injected for real: the finding that it must cause, what must not happen meanwhile, the way back."""
import time

import pytest
from episode import DEMO, complaints, live_through
from faults import FAULTS
from memdb import wait_for


@pytest.mark.parametrize("fault", [pytest.param(f, id=f.label.replace(" ", "-"), marks=pytest.mark.settings(f.settings)) for f in FAULTS])
def test_fault_is_named_and_overcome(demo, lab, fault):
    out = live_through(lab, demo, fault, quiet=1.2)
    assert not complaints(out), (complaints(out), out, demo.log.read_text()[-6000:])


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
