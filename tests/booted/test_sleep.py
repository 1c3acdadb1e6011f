"""Sleep and waking, told by a stand-in logind; what sleeps is frozen, so that it does not run meanwhile."""
import contextlib
import os
import time

import pytest
from booted import remains
from memdb import wait_for
from pinger import pinging

SLOW = bool(os.environ.get("MEMDB_SLOW"))
ASLEEP_S = {"1 s": 1.0, "30 s": 30.0} if SLOW else {"1 s": 1.0, "8 s": 8.0}
PING_LIMIT_S = 2.0  # on the kept tunnel; then it is restarted
RESTART_LIMIT_S = PING_LIMIT_S + 4.0


def last_ok(agent):
    """When the cluster answered last, as the agent says it: text that sorts."""
    nodes = [node for cluster in agent.api.profile("demo")["clusters"] for node in cluster["nodes"]]
    return max(node.get("last_ok_at", "") for node in nodes)


@contextlib.contextmanager
def frozen(agent):
    """The service with its openvpn stands still, as the whole machine does in its sleep."""
    root = remains.cgroups_of(agent.machine.name)[0]
    group = root / "payload" / agent.show("ControlGroup").lstrip("/")
    freeze = group / "cgroup.freeze"
    assert freeze.exists(), f"no freezer at {group}"
    freeze.write_text("1")
    wait_for(lambda: "frozen 1" in (group / "cgroup.events").read_text(), 5, "the service is frozen")
    try:
        yield
    finally:
        freeze.write_text("0")


@pytest.fixture
def sleeper(agent, logind):
    """demo is reachable, its inhibitor is held, and systemd's own clock, which does not stop here, kills nobody."""
    agent.drop_in("WatchdogSec=0")
    agent.systemctl("restart", "memdbd.service")
    agent.wait_answers()
    logind.wait_held(1)
    agent.connect_demo()  # after the inhibitor: an openvpn that inherited it would hold it
    return agent


def fall_asleep(agent, logind):
    begun = logind.sleep()
    logind.wait_held(0, 3)
    return next(e["at"] for e in reversed(logind.seen) if e["event"] == "released") - begun


def wake_and_measure(agent, logind, limit):
    """From PrepareForSleep(false) to the first PONG that came after it."""
    before = last_ok(agent)
    woken = logind.wake()
    wait_for(lambda: last_ok(agent) > before, limit, "a PING is answered after waking", 0.01)
    return time.monotonic() - woken


def test_a_delay_inhibitor_for_sleep_is_held_and_says_why(sleeper, logind):
    del sleeper
    held = [e for e in logind.seen if e["event"] == "inhibited"][-1]
    assert "sleep" in held["what"].split(":") and held["mode"] == "delay" and "memdbd" in held["who"] and held["why"], held
    assert logind.held == 1


def test_the_inhibitor_is_released_at_once_and_taken_again_after_waking(sleeper, logind):
    for _ in range(3):
        assert fall_asleep(sleeper, logind) < 1.0
        logind.wake()
        logind.wait_held(1, 3)
    assert sleeper.api.wait_verdict("demo", "reachable", 10)["tunnel"]["restarts"] == 0


def test_openvpn_does_not_hold_the_inhibitor(sleeper, logind):
    """Several were started while it stood; each that had inherited it would delay the sleep by five seconds."""
    sleeper.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    sleeper.ctl("connect", "demo", "--wait", "--timeout", "20s")
    assert fall_asleep(sleeper, logind) < 1.0
    logind.wake()


def test_no_probe_goes_out_between_the_two_signals(sleeper, logind):
    fall_asleep(sleeper, logind)
    wait_for(lambda: last_ok(sleeper) < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 1.2)), 5, "the last answer is old")
    end, seen = time.monotonic() + 3, last_ok(sleeper)
    while time.monotonic() < end:
        assert last_ok(sleeper) == seen, "it probes while the machine falls asleep"
        time.sleep(0.1)
    assert wake_and_measure(sleeper, logind, PING_LIMIT_S) < PING_LIMIT_S


@pytest.mark.parametrize("length", ASLEEP_S)
def test_wakes_on_the_same_network_with_the_same_tunnel(sleeper, logind, table, length):
    before = sleeper.tunnel()
    with pinging(sleeper.lab, kept=True) as user:
        fall_asleep(sleeper, logind)
        with frozen(sleeper):
            time.sleep(ASLEEP_S[length])  # what is tested is that time passes
        took = wake_and_measure(sleeper, logind, 10)
        user.wait_answered(time.monotonic())
        assert user.lost is None, user.lost
    after = sleeper.api.wait_verdict("demo", "reachable", 10)
    table("wake", f"asleep for {length:<5} same network       {took * 1e3:7.0f} ms   openvpn {before['openvpn_pid']} -> {after['tunnel']['openvpn_pid']}, "
                  f"restarts {after['tunnel']['restarts']}")
    assert took < PING_LIMIT_S
    assert after["tunnel"]["openvpn_pid"] == before["openvpn_pid"] and after["tunnel"]["restarts"] == 0
    assert after["findings"] == []
    logind.wait_held(1, 3)


def test_wakes_on_another_network(sleeper, logind, table):
    fall_asleep(sleeper, logind)
    with frozen(sleeper):
        sleeper.lab("fault", "network-changed")
    took = wake_and_measure(sleeper, logind, 15)
    after = sleeper.api.wait_verdict("demo", "reachable", 15)
    table("wake", f"another network after sleep         {took * 1e3:7.0f} ms   restarts {after['tunnel']['restarts']}")
    assert took < RESTART_LIMIT_S


def test_wakes_without_a_network_and_gets_one_later(sleeper, logind, table):
    fall_asleep(sleeper, logind)
    with frozen(sleeper):
        sleeper.lab("fault", "network-down")
    woken, before = logind.wake(), last_ok(sleeper)
    sleeper.api.wait_finding("demo", "network-offline", 10)
    said = time.monotonic() - woken
    sleeper.lab("heal", "network-down")
    healed = time.monotonic()
    wait_for(lambda: last_ok(sleeper) > before, 20, "a PING is answered", 0.01)
    took = time.monotonic() - healed
    sleeper.api.wait_verdict("demo", "reachable", 15)
    table("wake", f"no network: said after {said * 1e3:5.0f} ms; then {took * 1e3:7.0f} ms   after it was there")
    assert took < RESTART_LIMIT_S
    logind.wait_held(1, 3)


def test_wakes_to_an_endpoint_that_has_forgotten_it(sleeper, logind, table):
    """Asleep for hours: the session is gone. No answer within 2 s on the kept tunnel, so it is restarted."""
    before = sleeper.tunnel()
    fall_asleep(sleeper, logind)
    with frozen(sleeper):
        sleeper.lab("fault", "server-down")
        sleeper.lab("heal", "server-down")
    took = wake_and_measure(sleeper, logind, 30)
    after = sleeper.api.wait_verdict("demo", "reachable", 20)["tunnel"]
    table("wake", f"the endpoint has forgotten it       {took * 1e3:7.0f} ms   restarts {after['restarts']}")
    assert took < RESTART_LIMIT_S and after["since"] > before["since"]


def test_nothing_is_connected_and_the_machine_sleeps(sleeper, logind):
    sleeper.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    assert fall_asleep(sleeper, logind) < 1.0
    logind.wake()
    logind.wait_held(1, 3)
    assert sleeper.tun_devices() == [] and sleeper.api.profile("demo")["verdict"] == "stopped"


def test_logind_is_restarted(sleeper, logind):
    """The new one knows of no inhibitor until it is asked again."""
    from booted.logind import Logind  # pylint: disable=import-outside-toplevel
    logind.close()
    another = Logind(sleeper.machine)
    try:
        another.wait_held(1, 15)
        assert fall_asleep(sleeper, another) < 1.0
        another.wake()
        another.wait_held(1, 3)
    finally:
        another.close()


def test_it_wakes_though_nobody_says_so(sleeper, logind):
    """PrepareForSleep(true) and then only time: probes must not be parked for ever."""
    fall_asleep(sleeper, logind)
    before = last_ok(sleeper)
    wait_for(lambda: last_ok(sleeper) > before, 60, "it probes again by itself", 0.1)


def test_a_signal_from_somebody_else_is_not_believed(sleeper, logind):
    sleeper.machine.run("busctl", "emit", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", "true")
    before = last_ok(sleeper)
    wait_for(lambda: last_ok(sleeper) > before, 8, "it goes on probing")
    assert logind.held == 1


def test_a_restart_of_the_agent_gives_the_inhibitor_back_and_takes_another(sleeper, logind):
    pid = sleeper.main_pid
    sleeper.systemctl("restart", "memdbd.service")
    sleeper.wait_restarted(pid)
    logind.wait_held(1)
    sleeper.systemctl("stop", "memdbd.socket", "memdbd.service")
    logind.wait_held(0, 3)


def test_without_logind_everything_else_works(demo):
    demo.systemctl("mask", "--runtime", "--now", "systemd-logind.service", "dbus-org.freedesktop.login1.service")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_answers()
    assert demo.api.wait_verdict("demo", "reachable", 15)["findings"] == []


def test_the_real_logind_knows_the_inhibitor(demo):
    listed = wait_for(lambda: [line for line in demo.machine.run("busctl", "--json=short", "call", "org.freedesktop.login1", "/org/freedesktop/login1",
                                                                 "org.freedesktop.login1.Manager", "ListInhibitors").stdout.splitlines() if "memdbd" in line],
                      10, "logind lists memdbd's inhibitor")
    assert "sleep" in listed[0] and "delay" in listed[0], listed
