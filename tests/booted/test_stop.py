"""A real stop ends everything, whatever state things are in, and leaves the laptop as it was."""
import time

import pytest
from memdb import wait_for

UNITS = ("memdbd.socket", "memdbd.service")


def stop(agent):
    begun = time.monotonic()
    agent.systemctl("stop", *UNITS)
    return time.monotonic() - begun


def nothing_left(agent):
    agent.wait_nothing_left()
    assert agent.show("ActiveState") in ("inactive", "failed") and agent.main_pid == 0
    assert agent.show("ActiveState", "memdbd.socket") == "inactive" and not agent.has_socket()
    left = agent.machine.run("pgrep", "-a", "-u", "memdbd", check=False).stdout
    assert left == "", left
    private = agent.machine.run("find", "/run/memdbd", "-mindepth", "1", check=False).stdout
    assert private == "", private


def test_stop_ends_openvpn_and_leaves_no_device_and_no_route(demo):
    assert demo.tun_devices() and demo.routes_to_vpc()
    assert stop(demo) < 8
    nothing_left(demo)
    assert demo.show("Result") == "success"


def test_stop_of_the_service_alone_ends_the_tunnel_until_somebody_asks(demo):
    demo.systemctl("stop", "memdbd.service")
    demo.wait_nothing_left()
    assert demo.ctl("status").returncode == 0
    demo.api.wait_verdict("demo", "reachable", 20)


def test_stop_after_a_restart_ends_the_adopted_openvpn(demo):
    demo.systemctl("restart", "memdbd.service")
    demo.api.wait_verdict("demo", "reachable", 10)
    assert stop(demo) < 8
    nothing_left(demo)


def test_stop_ends_an_openvpn_that_is_frozen(demo):
    demo.machine.run("kill", "-STOP", *demo.openvpns())
    assert stop(demo) < 15
    nothing_left(demo)


def test_stop_ends_a_frozen_openvpn_that_was_adopted(demo):
    demo.systemctl("restart", "memdbd.service")
    demo.api.wait_verdict("demo", "reachable", 10)
    demo.machine.run("kill", "-STOP", *demo.openvpns())
    assert stop(demo) < 15
    nothing_left(demo)


@pytest.mark.parametrize("frozen", [False, True], ids=["alive", "frozen"])
def test_stop_right_after_memdbd_was_killed(demo, frozen):
    """Within RestartSec: there is no memdbd that could do anything."""
    if frozen:
        demo.machine.run("kill", "-STOP", *demo.openvpns())
    demo.machine.run("sh", "-c", f"kill -KILL {demo.main_pid}; systemctl stop {' '.join(UNITS)}")
    nothing_left_but_a_frozen_one(demo) if frozen else nothing_left(demo)


def nothing_left_but_a_frozen_one(agent):
    """Nobody of ours runs then: its next start must sweep it up. (Where the stop itself ends it, the better.)"""
    if agent.openvpns():
        agent.systemctl("start", "memdbd.service")
        left = agent.openvpns()
        wait_for(lambda: len(agent.openvpns()) == 1, 10, f"of {left} one is left")
        agent.api.wait_verdict("demo", "reachable", 15)
        stop(agent)
    nothing_left(agent)


def test_stop_of_a_hung_memdbd(demo):
    demo.machine.run("kill", "-STOP", demo.main_pid)
    demo.systemctl("stop", *UNITS, timeout=60)
    nothing_left(demo)


def test_start_after_a_stop_is_a_new_tunnel(demo):
    before = demo.tunnel()["openvpn_pid"]
    stop(demo)
    demo.systemctl("start", *UNITS)
    assert demo.api.wait_verdict("demo", "reachable", 15)["tunnel"]["openvpn_pid"] != before
    assert len(demo.openvpns()) == 1


def test_disconnect_is_what_lasts_over_a_restart(demo):
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_answers()
    assert demo.api.profile("demo")["wanted"] == "disconnected" and demo.openvpns() == [] and demo.tun_devices() == []


def test_cleanup_by_hand_leaves_a_living_tunnel_alone(demo):
    before = demo.tunnel()
    demo.machine.run("setpriv", "--reuid=memdbd", "--regid=memdbd", "--clear-groups", "memdbd", "--cleanup", "--state-dir", "/var/lib/memdbd",
                     check=False)  # whether it calls that a failure is its own affair
    assert demo.openvpns() == [before["openvpn_pid"]]
    assert demo.api.wait_verdict("demo", "reachable", 5)["tunnel"]["since"] == before["since"]


def test_power_off_is_not_held_up(demo):
    begun = time.monotonic()
    demo.machine.power_off()
    assert time.monotonic() - begun < 10
    assert demo.tun_devices() == [] and demo.routes_to_vpc() == []
