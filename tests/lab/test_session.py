"""The endpoint's session limit: counted down, and the tunnel renewed early at a quiet moment when that is wanted."""
import contextlib
import datetime
import os
import subprocess
import time

import pytest
from memdb import wait_for


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def tunnel_of(agent):
    return agent.api.profile("demo")["tunnel"]


@contextlib.contextmanager
def user_of_the_tunnel(lab, every, *command):
    """redis-cli, which says `command` again and again on one connection; gives the file that it writes to."""
    env = {**os.environ, "REDISCLI_AUTH": (lab.dir / "cluster-password").read_text().strip()}
    with open(lab.dir / "agent" / "user.out", "w+") as out:
        user = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "redis-cli", "--no-auth-warning", "--tls", "--cacert", str(lab.dir / "cluster-ca.pem"), "-h",
             "demo-0001-001.demo.lab.memorydb.test", "--user", "app", "-r", "-1", "-i", str(every), *command],
            env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.getsize(out.name), 5, "the user of the tunnel is served")
            yield out
            assert user.poll() is None, "the user of the tunnel was thrown out"
        finally:
            user.terminate()
            user.wait(5)


def test_the_end_of_the_session_is_counted_from_connected_on(demo):
    tunnel = tunnel_of(demo)
    assert abs(moment(tunnel["session_ends_at"]) - moment(tunnel["since"]) - 24 * 3600) < 1, tunnel
    demo.ctl("reconnect", "demo", "--wait", "--timeout", "20s")
    assert tunnel_of(demo)["session_ends_at"] > tunnel["session_ends_at"]
    assert "session ends in" in demo.ctl("status", "demo").stdout


@pytest.mark.settings("[tunnel]\nsession_limit_h = 0\n")
def test_an_endpoint_without_limit_has_no_end_of_session(demo):
    assert "session_ends_at" not in tunnel_of(demo)


@pytest.mark.settings("[tunnel]\nsession_limit_h = 8\nrenew_before_s = 28795\n")
def test_the_tunnel_is_renewed_early_in_place_and_connections_live_on(demo, events, lab):
    """The window opens 5 s after CONNECTED; our own PINGs and a user who does next to nothing are a quiet moment."""
    before, start = tunnel_of(demo), time.monotonic()
    with user_of_the_tunnel(lab, 0.2, "CLIENT", "ID") as out:
        renewed = wait_for(lambda: (t := tunnel_of(demo))["phase"] == "up" and t["since"] > before["since"] and t, 14, "renewed")
        assert time.monotonic() - start > 3
        assert renewed["openvpn_pid"] == before["openvpn_pid"] and renewed["restarts"] == 0
        assert renewed["last_restart_cause"] == "session-ending" and renewed["session_ends_at"] > before["session_ends_at"]
        assert demo.api.wait_verdict("demo", "reachable", 2)["findings"] == []
        served = os.path.getsize(out.name)
        wait_for(lambda: os.path.getsize(out.name) > served + 10, 5, "the user goes on")
        assert len({line for line in open(out.name).read().splitlines()[:-1] if line}) == 1, "the user's connection was another one"
    assert not [e for _, e in events.of("node", start) if e.get("to") == "failed"] and not events.of("finding_raised", start)


@pytest.mark.settings("[tunnel]\nsession_limit_h = 8\nrenew_before_s = 28795\n")
def test_a_busy_tunnel_is_not_renewed_until_it_is_quiet(demo, lab):
    before, start = tunnel_of(demo)["since"], time.monotonic()
    with user_of_the_tunnel(lab, 0.002, "ECHO", "x" * 500):
        while time.monotonic() < start + 10:  # twice as long as until the window opens
            assert tunnel_of(demo)["since"] == before, "renewed while somebody used it"
            time.sleep(0.2)
    wait_for(lambda: tunnel_of(demo)["since"] > before, 8, "renewed at last")
