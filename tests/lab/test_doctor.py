"""memdbctl doctor on the lab: what it says when nothing is wrong, of a profile at rest, and of a file without an agent. What it
says of each fault is in the fault table."""
import json
import subprocess
import threading
import time

from episode import DEMO
from memdb import MEMDBCTL, UnixConnection, wait_for

LIMIT = 15  # seconds: the promise


def doctor(agent, *words):
    began = time.monotonic()
    ended = agent.ctl("doctor", *words, "--json", check=False)
    took = time.monotonic() - began
    report = json.loads(ended.stdout)
    assert took < LIMIT + 2, f"{took:.1f} s"
    assert ended.returncode == (1 if report["diagnosis"]["state"] == "fail" else 0), ended
    return report


def states(report):
    return {check["id"]: check["state"] for check in report["checks"]}


def test_a_healthy_profile_passes_everything_quickly(demo):
    report = doctor(demo)
    assert report["diagnosis"]["state"] == "pass" and not report["diagnosis"].get("code"), report["diagnosis"]
    assert set(states(report).values()) == {"pass", "skip"}, states(report)
    assert [id for id, state in states(report).items() if state == "skip"] == ["revocation-list"]
    assert report["took_ms"] < 5000, report["took_ms"]
    by_id = {check["id"]: check for check in report["checks"]}
    assert "2 of 2 answer" in by_id["endpoint-answers"]["summary"], "both addresses are asked"
    assert "10.20.0.2 says" in by_id["cluster-name"]["summary"], "the VPC's resolver is asked, too"
    assert "6 of 6" in by_id["ping"]["summary"] and "1 400 bytes" in by_id["packet-size"]["summary"]
    assert "agrees with the clock" in by_id["clock"]["summary"]


def test_what_people_read_begins_with_the_cause_and_the_next_step(demo, lab):
    lab("fault", "node-down")
    demo.api.wait_finding(DEMO, "node-unreachable", 15)
    lines = demo.ctl("doctor", check=False, env={"COLUMNS": "80", "LANG": "C.UTF-8"}).stdout.splitlines()
    assert lines[0].startswith("✗ demo: node-unreachable: demo-0003-002"), lines[:3]
    assert lines[1].startswith("  → check the node in AWS"), lines[:3]
    assert all(len(line) <= 80 for line in lines if not line.lstrip().startswith("$ ")), max(lines, key=len)


def test_a_profile_at_rest_is_examined_as_far_as_can_be(demo):
    demo.ctl("disconnect", DEMO, "--wait")
    report = doctor(demo)
    assert report["diagnosis"]["code"] == "stopped" and "memdbctl connect demo" in report["diagnosis"]["action"]
    by_id = {check["id"]: check for check in report["checks"]}
    assert "a trial with generation 1 was accepted" in by_id["handshake"]["summary"]
    assert by_id["ping"]["state"] == "skip" and by_id["ping"]["root"] == "wanted"
    assert demo.api.profile(DEMO)["tunnel"]["phase"] == "stopped", "the trial is none of the profile's"


def test_the_trial_leaves_nothing_behind(demo, lab):
    demo.ctl("disconnect", DEMO, "--wait")
    doctor(demo)
    wait_for(lambda: openvpns_of(lab) == [], 5, "no openvpn of the doctor's")
    assert not [path for path in (lab.dir / "agent" / "run").rglob("*.doc*")]


def openvpns_of(lab):
    """Those that memdbd's user runs in this lab."""
    out = subprocess.run(["ps", "-o", "pid=,args=", "-u", "memdbd"], capture_output=True, text=True).stdout
    return [line for line in out.splitlines() if "openvpn" in line.split()[1] and str(lab.dir) in line]


def test_one_doctor_at_a_time_and_a_client_that_leaves_disturbs_nobody(demo, lab):
    lab("fault", "client-cert-revoked")
    demo.api.wait_finding(DEMO, "handshake-rejected", 20)
    left = UnixConnection(demo.socket)
    left.request("POST", f"/v1/profiles/{DEMO}/diagnose")
    left.getresponse().readline()  # the first check is told while the trial still runs
    status, text = demo.api.request("POST", f"/v1/profiles/{DEMO}/diagnose")
    assert status == 503 and "already" in text, (status, text)
    left.close()
    # It ends by itself; then the next one is welcome, and everybody else is answered meanwhile.
    wait_for(lambda: demo.api.request("GET", "/healthz")[0] == 503, 2, "an answer")
    report = wait_for(lambda: (r := demo.ctl("doctor", "--json", check=False)).stdout and json.loads(r.stdout), LIMIT * 2, "a doctor", 0.5)
    assert report["diagnosis"]["code"] == "handshake-rejected", report["diagnosis"]
    causes = [suspect["cause"] for suspect in report["diagnosis"]["suspects"]]
    assert {"crl-expired", "client-revoked"} == set(causes[:2]), causes
    excluded = {s["cause"] for s in report["diagnosis"]["suspects"] if s["certainty"] == "excluded"}
    assert {"client-ca-wrong", "port-blocked"} <= excluded, "the certificate was accepted before, and the endpoint answers"


def test_a_profile_that_is_removed_meanwhile_ends_the_doctor(demo, lab):
    lab("fault", "client-cert-revoked")
    demo.api.wait_finding(DEMO, "handshake-rejected", 20)
    done = []
    asking = threading.Thread(target=lambda: done.append(demo.ctl("doctor", check=False)))
    asking.start()
    wait_for(lambda: "diagnose profile=demo" in demo.log.read_text(), 5, "the doctor at work")
    demo.ctl("profile", "remove", DEMO, "--yes")
    asking.join(40)
    assert done and done[0].returncode in (1, 3), done
    assert demo.api.get("/v1/status")["profiles"] == []


def offline(lab, file, *more):
    return lab.run("env", "LANG=C.UTF-8", MEMDBCTL, "doctor", "--offline", file, *more, check=False)


def test_a_file_is_examined_without_an_agent(demo, lab):
    demo.stop()
    file, more = lab.dir / "downloaded-client-config.ovpn", ["--cert", lab.dir / "client.crt", "--key", lab.dir / "client.key"]
    report = json.loads(offline(lab, file, *more, "--json").stdout)
    assert report["diagnosis"]["state"] == "pass", report["diagnosis"]
    assert set(states(report).values()) == {"pass"} and "endpoint-answers" in states(report)
    without = demo.ctl("doctor", check=False)
    assert without.returncode == 3 and "--offline" in without.stderr, without
    lab("fault", "server-down")
    silent = offline(lab, file, *more)
    assert silent.returncode == 1 and silent.stdout.startswith("✗ downloaded-client-config.ovpn: endpoint-silent"), silent.stdout
    demo.start()


def test_a_bad_file_is_named_with_its_line(lab, tmp_path):
    bad = tmp_path / "bad.ovpn"
    bad.write_text("client\nremote vpn.example.test 443\nup /bin/sh\n")
    ended = offline(lab, bad)
    assert ended.returncode == 1 and "bad.ovpn:3" in ended.stdout, ended.stdout
    none = offline(lab, tmp_path / "none.ovpn")
    assert none.returncode == 1 and "no such file" in none.stderr, none
