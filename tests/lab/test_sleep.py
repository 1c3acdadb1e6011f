"""Sleep, wake and steps of the clock, with the real openvpn and real nodes: what is restarted, what is not, and how soon a PING is
answered. tests/support/sleeper.py puts the laptop to sleep. The table of all situations is printed at the end of the run.
"""
import os
import pathlib
import signal
import shutil
import time

import pytest
from measure import moment
from memdb import wait_for
from sleeper import Sleeper

ROWS = []


@pytest.fixture(scope="module", autouse=True)
def table(request):
    yield
    if not ROWS:
        return
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n\nsituation                                             PING answered  tunnel")
        for situation, seconds, tunnel in ROWS:
            print(f"{situation:<54}{seconds * 1e3:>9.0f} ms  {tunnel}")


@pytest.fixture
def laptop(lab, tmp_path):
    lab("heal", "all")
    shutil.rmtree(lab.dir / "agent", ignore_errors=True)
    the_laptop = Sleeper(lab, tmp_path)
    yield the_laptop
    lab("heal", "all")
    the_laptop.close()
    text = the_laptop.agent.log.read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


def told(laptop, words):
    return laptop.agent.log.read_text().count(words)


def note(laptop, situation, woke, limit=30):
    """A row of the table; and that nothing was claimed before it was proved. Gives the seconds until the first PING."""
    ping = laptop.first_ping(woke, limit)
    laptop.reachable(woke)
    log = laptop.agent.log.read_text()
    ours, again = log.count("no PING answered within 2 s"), log.count("-> up ") > 1
    ROWS.append((situation, ping, "restarted by memdbd" if ours else "restarted by openvpn" if again else "kept"))
    early = [e for at, e in laptop.events.of("verdict", woke) if at < woke + ping and e["to"] in ("reachable", "degraded")]
    assert not early, early
    return ping


def kept(laptop, before):
    after = laptop.tunnel()
    assert after["openvpn_pid"] == before["openvpn_pid"] and after["since"] == before["since"], (before, after)
    assert "last_restart_cause" not in after and after["restarts"] == 0, after


def restarted_once(laptop, before, cause="wake", same_process=True):
    """In the end up again, and nobody counts it as a loss."""
    after = laptop.tunnel()
    assert after["phase"] == "up" and after["since"] > before["since"], (before, after)
    assert after["last_restart_cause"] == cause and after["restarts"] == 0, after
    assert (after["openvpn_pid"] == before["openvpn_pid"]) == same_process, (before, after)
    assert told(laptop, "-> up ") == 2, "one restart is enough"


def raised(laptop, since):
    return [e for _, e in laptop.events.of("finding_raised", since) if e.get("profile") == "demo"]


def nothing_found(laptop, since):
    assert raised(laptop, since) == [] and laptop.agent.api.profile("demo")["findings"] == []


def lose_sessions(laptop):
    """The endpoint forgets its clients, as AWS does after some silence."""
    laptop.lab("fault", "server-down")
    laptop.lab("heal", "server-down")


@pytest.mark.parametrize("seconds, name", [(1, "1 s"), (30, "30 s"), (36000, "10 h")])
def test_a_sleep_that_is_announced(laptop, seconds, name):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    woke = laptop.suspend(seconds)
    note(laptop, f"sleep of {name}", woke)
    # openvpn's ping-restart (20 s by the wall clock, as on AWS) has passed, unless a packet of the server is there first.
    if seconds > 20 and told(laptop, "-> up ") > 1:
        restarted_once(laptop, before)
    else:
        kept(laptop, before)
    nothing_found(laptop, begun)
    assert told(laptop, "awake: slept for") == 1, "two detectors, one wake"
    assert told(laptop, " ms after the wake") == 1
    wait_for(lambda: laptop.logind.holders() == 1, 5, "the inhibitor is held again")
    for node in laptop.agent.api.profile("demo")["clusters"][0]["nodes"]:
        assert moment(node["last_ok_at"]) > time.time() + seconds - (time.monotonic() - woke) - 1, "proved before the sleep"


@pytest.mark.parametrize("seconds, name", [(5, "5 s"), (36000, "10 h")])
def test_the_endpoint_has_forgotten_the_session(laptop, seconds, name):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    woke = laptop.suspend(seconds, meanwhile=lambda: lose_sessions(laptop))
    by_itself = seconds > 20
    ping = note(laptop, f"sleep of {name}, session lost", woke)
    restarted_once(laptop, before)
    nothing_found(laptop, begun)
    assert by_itself or ping >= 2, "the kept tunnel has 2 s to answer"
    assert told(laptop, "no PING answered within 2 s") == (0 if by_itself else 1)


@pytest.mark.parametrize("seconds, name", [(5, "5 s"), (36000, "10 h")])
def test_wakes_on_another_network(laptop, seconds, name):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    woke = laptop.suspend(seconds, meanwhile=lambda: laptop.lab("fault", "network-changed"))
    note(laptop, f"sleep of {name}, wake on another network", woke)
    after = laptop.tunnel()
    assert after["restarts"] == 0 and after["phase"] == "up" and after.get("last_restart_cause", "wake") == "wake", (before, after)
    nothing_found(laptop, begun)


@pytest.mark.parametrize("seconds, name", [(5, "5 s"), (36000, "10 h")])
def test_wakes_without_a_network_which_comes_later(laptop, seconds, name):
    laptop.start()
    woke = laptop.suspend(seconds, meanwhile=lambda: laptop.lab("fault", "network-down"))
    wait_for(lambda: told(laptop, "awake: slept for") == 1, 5, "awake")
    while time.monotonic() < woke + 3:
        assert laptop.agent.api.profile("demo")["verdict"] in ("connecting", "unreachable"), "nothing can answer"
        time.sleep(0.1)
    healing = time.monotonic()
    laptop.lab("heal", "network-down")
    note(laptop, f"sleep of {name}, no network for 3 s: from its return", healing)
    after = laptop.tunnel()
    assert after["restarts"] == 0 and after.get("last_restart_cause", "wake") == "wake", after
    assert told(laptop, "awake: slept for") == 1


@pytest.mark.parametrize("kicked", [True, False], ids=["the kernel cancels timers", "an old kernel does not"])
def test_a_sleep_that_nobody_announces(laptop, kicked):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    woke = laptop.suspend(30, announced=False, kicked=kicked)
    note(laptop, f"sleep of 30 s, no signal, {'' if kicked else 'no '}timer cancelled", woke)
    assert laptop.tunnel()["restarts"] == 0 and laptop.tunnel()["openvpn_pid"] == before["openvpn_pid"]
    nothing_found(laptop, begun)
    assert told(laptop, "awake: slept for") == 1
    assert laptop.logind.holders() == 1


def test_the_words_of_a_sleep_come_after_it(laptop):
    """As when a machine sleeps before memdbd got to hear of it: one wake, and nobody is parked afterwards."""
    before = laptop.start().tunnel()
    woke = laptop.suspend(5, announced=False)
    laptop.logind.say("sleeping")
    laptop.logind.say("awake")
    note(laptop, "sleep of 5 s, both signals after it", woke)
    wait_for(lambda: told(laptop, "sleep: returned") == 1 and laptop.logind.holders() == 1, 5, "both were heard")
    kept(laptop, before)
    assert told(laptop, "awake: slept for") == 1 and told(laptop, "probes and timers rest") == 0


def test_a_sleep_that_is_called_off(laptop):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    assert laptop.announce() < 1, "the machine waits for us"
    view = wait_for(lambda: (v := laptop.agent.api.profile("demo"))["verdict"] == "connecting" and v, 2, "nothing is claimed meanwhile")
    assert view["findings"] == []
    woke = time.monotonic()
    laptop.logind.say("awake")
    note(laptop, "announced, called off", woke)
    kept(laptop, before)
    nothing_found(laptop, begun)
    wait_for(lambda: laptop.logind.holders() == 1, 5, "the inhibitor is held again")


def test_a_sleep_that_fails_without_a_word(laptop):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    laptop.announce()
    announced = time.monotonic()
    wait_for(lambda: laptop.events.of("verdict", begun), 2, "parked")
    note(laptop, "announced, no sleep and no word (parked for 30 s)", announced, 45)
    kept(laptop, before)
    nothing_found(laptop, begun)
    wait_for(lambda: laptop.logind.holders() == 1, 5, "the inhibitor is held again")


def loop_switches(pid):
    """Of the thread that runs the loop; the history's may still wait for the disk."""
    status = pathlib.Path(f"/proc/{pid}/task/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


def test_parked_nothing_wakes_the_agent_and_nothing_is_found(laptop):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    laptop.announce()
    os.kill(before["openvpn_pid"], signal.SIGSTOP)  # it counts bytes for us, every second
    try:
        wait_for(lambda: laptop.events.of("verdict", begun), 2, "parked")
        pid = laptop.agent.pid
        start = loop_switches(pid)
        time.sleep(4)  # what is measured is that nothing happens
        assert loop_switches(pid) - start <= 2, "something woke it"
    finally:
        os.kill(before["openvpn_pid"], signal.SIGCONT)
    laptop.logind.say("awake")
    laptop.reachable(begun + 4)
    kept(laptop, before)
    nothing_found(laptop, begun)


def test_without_logind_the_clocks_are_enough(lab, laptop):
    laptop.logind.stop()
    laptop.logind = None
    before = laptop.start().tunnel()
    woke = laptop.suspend(1, announced=False)
    note(laptop, "sleep of 1 s, no logind", woke)
    kept(laptop, before)
    assert told(laptop, "awake: slept for") == 1


# --- steps of the clock ---

def connections(laptop):
    """The laptop's to the nodes."""
    out = laptop.lab.run("ss", "-Htn", "state", "established", "dport", "=", "6379").stdout
    return sorted(line.split()[2] for line in out.splitlines())


def step_past_expiry(laptop):
    ends = moment(laptop.agent.api.profile("demo")["credential"]["not_after"])
    seconds = int(ends - time.time()) + 3600
    laptop.step_clock(seconds)
    return seconds


def test_a_step_of_the_clock_judges_certificates_and_nothing_else(laptop):
    before = laptop.start().tunnel()
    begun = time.monotonic()
    there = connections(laptop)
    assert len(there) >= 6, there
    seconds = step_past_expiry(laptop)
    wait_for(lambda: [e for _, e in laptop.events.of("finding_raised", begun) if e["finding"]["code"] == "client-cert-expired"], 2,
             "judged at once", 0.01)
    assert told(laptop, "the clock was set forward") == 1
    left = [moment(view["tunnel"]["session_ends_at"]) - time.time() for view in (laptop.agent.api.profile("demo"),)][0] - seconds
    assert abs(left - (moment(before["session_ends_at"]) - time.time())) < 2, "the session ends when it ends"
    laptop.step_clock(-seconds)
    wait_for(lambda: [e for _, e in laptop.events.of("finding_cleared", begun) if e["code"] == "client-cert-expired"], 2, "and back", 0.01)
    laptop.reachable(begun)
    after = laptop.tunnel()
    assert after["openvpn_pid"] == before["openvpn_pid"] and after["restarts"] == 0 and "last_restart_cause" not in after, after
    assert connections(laptop) == there, "other connections to the nodes"
    assert told(laptop, "-> up ") == 1 and told(laptop, "awake") == 0
    assert {e["finding"]["code"] for e in raised(laptop, begun)} == {"client-cert-expired"}
    assert [f["code"] for f in laptop.agent.api.get("/v1/status")["findings"]] == ["clock-jumped"]


def test_a_corrected_clock_ends_the_block_of_an_expired_certificate(laptop):
    laptop.start()
    laptop.agent.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    seconds = step_past_expiry(laptop)
    wait_for(lambda: laptop.agent.api.profile("demo")["credential"]["state"] == "expired", 2, "expired")
    laptop.agent.ctl("connect", "demo")
    wait_for(lambda: laptop.tunnel()["phase"] == "blocked", 5, "blocked")
    begun = time.monotonic()
    laptop.step_clock(-seconds)
    ping = laptop.first_ping(begun, 10)
    ROWS.append(("blocked by an expired certificate, clock corrected", ping, "new"))


def test_openvpns_own_restart_after_a_step_is_no_loss(laptop):
    """Its limits run by the wall clock: a step of an hour is an hour of silence to it."""
    before = laptop.start().tunnel()
    begun = time.monotonic()
    laptop.step_clock(3600, openvpn=True)
    wait_for(lambda: laptop.tunnel().get("last_restart_cause"), 10, "openvpn restarts")
    laptop.agent.api.wait_verdict("demo", "reachable", 10)
    restarted_once(laptop, before, "clock-jumped")
    nothing_found(laptop, begun)
    assert told(laptop, "awake") == 0
