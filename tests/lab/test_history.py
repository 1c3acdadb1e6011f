"""The history on real parts: a closed security group becomes an incident with its cause, and outlives a restart of memdbd."""
import json
import re

from memdb import wait_for


def incidents(agent):
    return json.loads(agent.ctl("history", "demo", "--since", "1h", "--json").stdout)["incidents"]


def test_a_fault_is_an_incident_with_its_cause_before_and_after_a_restart(demo, lab):
    lab("fault", "port-filtered")
    wait_for(lambda: any(f["code"] == "port-filtered" for f in demo.api.profile("demo")["findings"]), 30, "the finding")
    going_on = incidents(demo)[0]
    assert going_on["open"] and going_on["cause"] == "port-filtered" and going_on["layer"] == "tcp"
    lab("heal", "port-filtered")
    demo.ctl("wait", "demo", "--timeout", "40s")
    over = incidents(demo)[0]
    assert not over.get("open") and over["began"] == going_on["began"] and over["duration_ms"] >= going_on["duration_ms"]
    demo.stop()
    demo.start()
    assert incidents(demo)[-1]["began"] == over["began"]
    text = demo.ctl("history", "demo").stdout
    assert "port-filtered: 6 of 6 nodes" in text and re.search(r"^demo  reachable \d", text, re.M), text
    page = demo.ctl("report", "demo", "--html", "-").stdout
    for part in ("port-filtered", "demo-0001-001", "Certificate calendar", "client certificate"):
        assert part in page, part
