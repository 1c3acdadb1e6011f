"""The fault table: whether the first finding is the right one, for every fault that issue 7 names.

Most rows are lived through by test_faults.py; here are those that are no fault of the lab, and whether any is missing. The
matrix injected × named is printed at the end of the run (support/confusion.py).
"""
import json
import shutil

import pytest
from confusion import ASKED, NOTHING, is_right, lines, row
from episode import DEMO
from faults import FAULTS
from sleeper import Sleeper

HOUR = 3600


def test_every_fault_that_was_asked_for_is_in_the_table():
    rows = {fault.name for fault in FAULTS} | {"session-ending"}
    assert set(ASKED.values()) - rows == set()


def test_the_matrix_shows_what_is_named_wrongly():
    good, bad = json.loads(row("port-filtered", "port-filtered", ["port-filtered"])), json.loads(row("tls-expired", "", ["tls-expired"]))
    doctor = json.loads(row("node-down", "node-unreachable", ["node-unreachable"], doctor="port-filtered"))
    assert is_right(good) and not is_right(bad) and not is_right(doctor)
    assert lines([good])[-1] == "right cause first: 1 of 1"
    told = lines([bad, good, doctor])
    assert told[-1] == "right cause first: 1 of 3"
    assert f"  tls-expired: must be tls-expired, was named {NOTHING} (1 times)" in told


@pytest.fixture
def laptop(lab, tmp_path):
    lab("heal", "all")
    shutil.rmtree(lab.dir / "agent", ignore_errors=True)
    the_laptop = Sleeper(lab, tmp_path, with_logind=False)
    yield the_laptop
    lab("heal", "all")
    the_laptop.close()


def test_a_session_that_nears_its_end_is_named(laptop, record_property):
    """The laptop wakes 23 h 50 min into the 24 that the endpoint allows."""
    laptop.start()
    laptop.sleep_and_keep(23 * HOUR + 50 * 60)
    laptop.agent.api.wait_finding(DEMO, "session-ending", 5)
    view = laptop.agent.api.wait_verdict(DEMO, "reachable", 10)
    told = next(line.strip() for line in laptop.agent.ctl("status", DEMO).stdout.splitlines() if "session-ending" in line)
    record_property("named", row("session-ending", view["findings"][0]["code"], ["session-ending"], told))
    assert [finding["code"] for finding in view["findings"]] == ["session-ending"] and view["verdict"] == "reachable", view["findings"]


# What `profile import` says of what can never work: its first line is the finding, before there is any.
REFUSED = {"client-cert-expired": ("expired", "expired"), "client-cert-not-yet-valid": ("not-yet-valid", "valid"),
           "client-key-mismatch": ("mismatched", "does not belong to the certificate")}


@pytest.mark.parametrize("fault", REFUSED)
def test_import_refuses_in_one_line_what_cannot_work(agent, lab, fault):
    name, words = REFUSED[fault]
    bad = lab.dir / "bad-credentials"
    cert = lab.dir / "client.crt" if fault == "client-key-mismatch" else bad / f"{name}.crt"
    done = agent.import_demo(cert=cert, key=bad / f"{name}.key", check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and words in done.stderr, done.stderr
    assert agent.api.get("/v1/status")["profiles"] == []
