"""The agent goes and comes again, and whoever uses the tunnel sees at most a pause: same openvpn, same connections."""
import contextlib
import time

import pytest
from booted.agent import stopped
from booted.traffic import asked_all_the_time, busy_tunnel
from memdb import wait_for
from pinger import pinging

GAP_LIMIT_MS = 400  # nothing happens to the tunnel: what is longer than a busy machine's pause is a lost packet
KILLS = 10


@contextlib.contextmanager
def nothing_happens_to_the_tunnel(agent, table, what):
    before = agent.tunnel()
    with pinging(agent.lab, kept=True) as user:
        start = time.monotonic()
        yield
        end = time.monotonic()
        user.wait_answered(end)
        longest = user.gap(start)
        answered = len([at for at in user.pongs if at > start])
        assert user.lost is None, user.lost
    after = agent.api.wait_verdict("demo", "reachable", 15)
    table("gap", f"{what:<34} {longest:7.1f} ms   over {end - start:5.1f} s, {answered} PONGs, openvpn {before['openvpn_pid']} -> "
                 f"{after['tunnel']['openvpn_pid']}, restarts {after['tunnel']['restarts']}")
    assert after["tunnel"]["openvpn_pid"] == before["openvpn_pid"] and after["tunnel"]["restarts"] == 0, after["tunnel"]
    assert after["tunnel"]["since"] == before["since"] and after["findings"] == [], after
    assert agent.openvpns() == [before["openvpn_pid"]] and len(agent.tun_devices()) == 1
    assert longest < GAP_LIMIT_MS, f"{what}: a gap of {longest:.0f} ms"


def test_systemctl_restart(demo, table):
    pid = demo.main_pid
    with nothing_happens_to_the_tunnel(demo, table, "systemctl restart"):
        demo.systemctl("restart", "memdbd.service")
        demo.wait_restarted(pid)
        demo.api.wait_verdict("demo", "reachable", 10)


def test_ten_systemctl_restarts_in_a_row(demo, table):
    with nothing_happens_to_the_tunnel(demo, table, "systemctl restart x10"):
        for _ in range(10):
            demo.systemctl("restart", "memdbd.service")
        demo.wait_answers()


def test_a_restart_while_another_is_still_starting(demo, table):
    with nothing_happens_to_the_tunnel(demo, table, "restart over restart"):
        for _ in range(5):
            demo.systemctl("--no-block", "restart", "memdbd.service")
        demo.systemctl("restart", "memdbd.service")
        demo.wait_answers()


def test_upgrade_to_a_newer_build(demo, package, table, tmp_path):
    newer = package.newer(tmp_path)
    pid = demo.main_pid
    demo.machine.write("/etc/memdbd/memdbd.toml", "# mine\n[probe]\nsentinel_interval_ms = 900\n")
    with nothing_happens_to_the_tunnel(demo, table, "dpkg -i of a newer build"):
        said = newer.install(demo.machine)
        demo.wait_restarted(pid)
        demo.api.wait_verdict("demo", "reachable", 10)
    assert demo.machine.run("dpkg-query", "-W", "-f", "${Version}", "memdbd").stdout == newer.version, said
    assert demo.machine.path("/etc/memdbd/memdbd.toml").read_text().startswith("# mine"), "settings survive an upgrade"
    assert not demo.machine.run("readlink", f"/proc/{demo.main_pid}/exe").stdout.strip().endswith("(deleted)"), "the old program still runs"


def test_killed_ten_times_in_a_row_under_load(demo, table, tmp_path):
    with busy_tunnel(demo.lab, tmp_path), asked_all_the_time(demo) as counts:
        with nothing_happens_to_the_tunnel(demo, table, f"kill -9 of memdbd x{KILLS}, under load"):
            for _ in range(KILLS):
                demo.wait_restarted(demo.kill())
    assert counts["answers"] > KILLS, counts
    assert demo.show("ActiveState") == "active" and demo.show("ActiveState", "memdbd.socket") == "active"


def test_killed_again_before_it_is_ready(demo, table):
    """As fast as systemd makes new ones: most die before they have said anything."""
    with nothing_happens_to_the_tunnel(demo, table, f"kill -9 at birth x{KILLS}"):
        pids = set()
        while len(pids) < KILLS:
            pids.add(demo.kill())
        demo.wait_answers()


def test_hung_longer_than_the_watchdog_allows(demo, table):
    assert demo.show("WatchdogUSec") not in ("0", "infinity"), "the unit as it is installed has a watchdog"
    demo.drop_in("WatchdogSec=2s\nTimeoutAbortSec=1s")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_answers()
    pid = demo.main_pid
    with nothing_happens_to_the_tunnel(demo, table, "hung, killed by the watchdog (2 s)"):
        with stopped(demo, pid):
            demo.wait_restarted(pid, 20)
    assert demo.show("NRestarts") == "1"


def test_a_busy_agent_is_not_taken_for_a_hung_one(demo):
    """With a watchdog of 1 s and everybody asking: it is fed all the same."""
    demo.drop_in("WatchdogSec=1s")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_answers()
    pid = demo.main_pid
    end = time.monotonic() + 5
    with asked_all_the_time(demo) as counts:
        while time.monotonic() < end:
            assert demo.main_pid == pid, "the watchdog killed it"
    assert counts["answers"] > 50, counts


def test_what_comes_after_a_restart_is_supervised_as_before(demo):
    """The adopted openvpn dies: noticed at once, replaced, counted. Frozen: noticed by the heartbeat."""
    demo.systemctl("restart", "memdbd.service")
    adopted = demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"]
    demo.machine.run("kill", "-KILL", adopted)
    start = time.monotonic()
    wait_for(lambda: demo.tunnel().get("openvpn_pid") not in (None, adopted), 5, "another openvpn")
    assert time.monotonic() - start < 5
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["restarts"] == 1


def test_an_adopted_openvpn_that_hangs_is_replaced(demo):
    demo.systemctl("restart", "memdbd.service")
    adopted = demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"]
    with stopped(demo, adopted):
        wait_for(lambda: demo.tunnel().get("openvpn_pid") not in (None, adopted), 20, "another openvpn")
        demo.api.wait_verdict("demo", "reachable", 15)
    wait_for(lambda: adopted not in demo.openvpns(), 5, "the frozen one has ended")


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_wish_given_after_the_adoption_is_carried_out(demo, how):
    pid = demo.main_pid
    if how == "restart":
        demo.systemctl("restart", "memdbd.service")
    else:
        demo.kill()
    demo.wait_restarted(pid)
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "15s")
    demo.wait_nothing_left()
    demo.ctl("connect", "demo", "--wait", "--timeout", "20s")
    before = demo.tunnel()["openvpn_pid"]
    demo.systemctl("restart", "memdbd.service")
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"] == before


def test_what_was_known_of_the_tunnel_is_known_after_a_restart(demo):
    before = demo.tunnel()
    demo.systemctl("restart", "memdbd.service")
    after = demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]
    for key in ("device", "address", "server", "since", "session_ends_at", "openvpn_pid", "restarts", "phase"):
        assert after.get(key) == before.get(key), f"{key}: {before.get(key)} -> {after.get(key)}"
