"""openvpn that misbehaves: the agent lives, names the cause, does not retry in a hot loop, and ends it when asked."""
import os
import pathlib
import pwd
import signal
import subprocess
import time

import pytest
from memdb import wait_for
from sandbox import layers_of

FAST_DIAL = {"tunnel": {"management_limit_ms": 600}}  # for the fakes that never get so far
SHORT_SILENCE = {"tunnel": {"silence_limit_ms": 1000}}


def test_a_normal_session_is_reachable_and_ends_cleanly(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, "normal", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn", "--wait")
    profile = agent.api.wait_verdict("vpn", "reachable")
    tunnel = profile["tunnel"]
    assert (tunnel["phase"], tunnel["device"], tunnel["address"], tunnel["server"]) == ("up", "tun0", "10.0.0.2", "127.0.0.1:443")
    assert agent.openvpns() == [tunnel["openvpn_pid"]] and set(layers_of(profile).values()) == {"ok"}
    disconnects(agent, "vpn")


def disconnects(agent, name):
    """`disconnect` is done within 5 s and leaves no process."""
    begun = time.monotonic()
    agent.ctl("disconnect", name, "--wait", "--timeout", "5s")
    assert time.monotonic() - begun < 5
    assert agent.api.profile(name)["verdict"] == "stopped"
    wait_for(lambda: not agent.openvpns(), 1, "openvpn is gone")


class Attempts:
    """Counts the starts of openvpn from now on; with the back-off of these tests a hot loop makes many times more than allowed."""

    def __init__(self, agent, name):
        self.agent, self.name, self.begun, self.before = agent, name, time.monotonic(), agent.starts(name)

    def made(self):
        return self.agent.starts(self.name) - self.before

    def check(self, least):
        made, seconds = self.made(), time.monotonic() - self.begun
        assert least <= made <= 4 + 3 * seconds, f"{made} attempts in {seconds:.1f} s"


# What ends a tunnel that was up: scenario -> the cause that is shown. The second start is a good one.
ENDS = {
    "killed": ("openvpn-crashed", 'cause=openvpn-crashed evidence="openvpn '),  # which end is seen first is a matter of luck
    "exit-0": ("openvpn-crashed", 'cause=openvpn-crashed evidence="openvpn '),
    "exit-1": ("openvpn-crashed", 'cause=openvpn-crashed evidence="openvpn '),
    "closes": ("openvpn-crashed", "openvpn closed the management connection"),
    "garbage": ("openvpn-crashed", "not openvpn: more than 16 malformed lines"),
    "megabyte": ("openvpn-crashed", "not openvpn: "),
    "hangs": ("openvpn-hung", "no answer to a heartbeat"),
}


@pytest.mark.parametrize("scenario", ENDS)
def test_a_tunnel_that_breaks_comes_back_at_once(agents, nodes, pki, scenario):
    cause, words = ENDS[scenario]
    agent = agents({"tunnel": {"heartbeat_limit_ms": 1000}})
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, {"scenario": scenario, "after_ms": 100}, "normal", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn")
    tunnel = wait_for(lambda: (t := agent.tunnel("vpn"))["restarts"] == 1 and t["phase"] == "up" and t, 15, "the second tunnel is up")
    assert tunnel["last_restart_cause"] == cause and words in agent.text()
    assert agent.starts("vpn") == 2 and agent.openvpns() == [tunnel["openvpn_pid"]]
    profile = agent.api.wait_verdict("vpn", "reachable")
    assert profile["findings"] == []
    disconnects(agent, "vpn")


def test_openvpn_killed_by_somebody_else_is_replaced(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, "normal", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn", "--wait")
    first = agent.tunnel("vpn")["openvpn_pid"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: (t := agent.tunnel("vpn"))["phase"] == "up" and t["openvpn_pid"] != first, 5, "another openvpn is up")
    agent.api.wait_verdict("vpn", "reachable")


def test_a_stopped_openvpn_is_replaced_and_killed(agents, pki):
    agent = agents({"tunnel": {"heartbeat_limit_ms": 1000}})
    agent.import_tunnel("vpn", pki, "normal")
    agent.ctl("connect", "vpn")
    first = agent.wait_phase("vpn", "up")["openvpn_pid"]
    os.kill(first, signal.SIGSTOP)
    tunnel = wait_for(lambda: (t := agent.tunnel("vpn"))["phase"] == "up" and t["openvpn_pid"] != first and t, 10, "another openvpn is up")
    assert tunnel["last_restart_cause"] == "openvpn-hung"
    assert agent.openvpns() == [tunnel["openvpn_pid"]]


# What keeps a tunnel from ever coming up, and is tried again: scenario -> settings, finding, words of its evidence.
NEVER_UP = {
    "never-dials": (FAST_DIAL, "openvpn-hung", "management"),
    "dials-mute": (FAST_DIAL, "openvpn-hung", "management"),
    "greets-mute": (FAST_DIAL, "openvpn-hung", "management"),
    "http": ({}, "openvpn-crashed", "not openvpn: more than 16 malformed lines"),
    "closes-early": ({}, "openvpn-crashed", "openvpn "),
    "silent-server": (SHORT_SILENCE, "endpoint-silent", "no packet"),
    "rejected": (SHORT_SILENCE, "handshake-rejected", "no packet"),
    "tls-error": ({}, "server-cert-untrusted", "VERIFY ERROR"),
}


@pytest.mark.parametrize("scenario", NEVER_UP)
def test_what_never_comes_up_is_named_and_tried_again_slowly(agents, pki, scenario):
    settings, code, words = NEVER_UP[scenario]
    agent = agents(settings)
    agent.import_tunnel("vpn", pki, scenario)
    attempts = Attempts(agent, "vpn")
    agent.ctl("connect", "vpn")
    finding = agent.api.wait_finding("vpn", code, 20)
    assert words in finding["evidence"] and "\n" not in finding["summary"] + finding["evidence"]
    wait_for(lambda: attempts.made() >= 3, 20, "it is tried again")
    attempts.check(least=3)
    states = layers_of(agent.api.profile("vpn"))
    assert [layer for layer, state in states.items() if state == "failed"] == [finding["layer"]]
    assert finding["layer"] == ("process" if code.startswith("openvpn-") else "handshake") and states["tunnel"] == "unknown"
    assert len(agent.openvpns()) <= 1
    disconnects(agent, "vpn")


# What needs new input before another try makes sense: scenario -> finding, words of its evidence.
BLOCKS = {
    "options-error": ("config-refused", "Options error"),
    "too-old": ("openvpn-too-old", "(2.4.7)"),
    "auth-failed": ("auth-failed", "AUTH_FAILED"),
    "key-mismatch": ("client-key-mismatch", "key values mismatch"),
    "no-tun": ("tun-device-unavailable", "/dev/net/tun"),
    "no-net-admin": ("no-net-admin", "TUNSETIFF"),
}


@pytest.mark.parametrize("scenario", BLOCKS)
def test_what_cannot_work_is_named_and_not_tried_again_until_asked(agent, pki, scenario):
    code, words = BLOCKS[scenario]
    agent.import_tunnel("vpn", pki, scenario, scenario, "normal")
    line = agent.fails("connect", "vpn", "--wait", "--timeout", "20s")
    assert code in line and "cannot connect" in line
    tunnel = agent.tunnel("vpn")
    assert (tunnel["phase"], tunnel["blocked_cause"], agent.starts("vpn")) == ("blocked", code, 1)
    profile = agent.api.profile("vpn")
    finding, = profile["findings"]
    assert finding["code"] == code and words in finding["evidence"] and profile["verdict"] == "unreachable"
    assert [layer for layer, state in layers_of(profile).items() if state == "failed"] == [finding["layer"]]
    agent.fails("connect", "vpn", "--wait", "--timeout", "20s")
    assert agent.starts("vpn") == 2
    agent.ctl("connect", "vpn")
    agent.wait_phase("vpn", "up")
    disconnects(agent, "vpn")


def test_a_missing_program_blocks_until_it_is_there(agents, pki):
    agent = agents()
    hidden = agent.dir / "hidden"
    agent.openvpn.rename(hidden)
    agent.import_tunnel("vpn", pki, "normal")
    assert "openvpn-missing" in agent.fails("connect", "vpn", "--wait")
    assert agent.tunnel("vpn")["phase"] == "blocked" and agent.api.profile("vpn")["verdict"] == "unreachable"
    disconnects(agent, "vpn")
    hidden.rename(agent.openvpn)
    agent.ctl("connect", "vpn")
    agent.wait_phase("vpn", "up")


def test_a_program_that_may_not_be_run_is_named(agents, pki):
    agent = agents()
    agent.openvpn.chmod(0o644)
    agent.import_tunnel("vpn", pki, "normal")
    assert "openvpn-missing" in agent.fails("connect", "vpn", "--wait")


def test_half_lines_change_nothing(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, "half-lines", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn", "--wait")
    assert agent.tunnel("vpn")["restarts"] == 0 and agent.starts("vpn") == 1
    disconnects(agent, "vpn")


def test_an_openvpn_that_ignores_sigterm_is_killed(agent, pki):
    agent.import_tunnel("vpn", pki, "ignores-term")
    agent.ctl("connect", "vpn")
    agent.wait_phase("vpn", "up")
    disconnects(agent, "vpn")


def test_a_megabyte_without_a_newline_again_and_again_does_not_grow_the_agent(agents, pki):
    agent = agents({"tunnel": {"first_backoff_ms": 100, "longest_backoff_s": 1}})
    agent.import_tunnel("vpn", pki, "megabyte")
    agent.ctl("connect", "vpn")
    wait_for(lambda: agent.tunnel("vpn")["restarts"] >= 2, 20, "the first two megabytes")
    before = agent.rss()
    wait_for(lambda: agent.tunnel("vpn")["restarts"] >= 6, 40, "four more")
    assert agent.rss() - before < 3 * 1024
    disconnects(agent, "vpn")


def test_a_flood_of_log_lines_leaves_the_agent_answering(agent, pki):
    agent.import_tunnel("vpn", pki, "floods")
    agent.ctl("connect", "vpn")
    agent.wait_phase("vpn", "up")
    before = agent.rss()
    slowest = 0.0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        begun = time.monotonic()
        agent.api.get("/v1/status")
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1 and agent.rss() - before < 12 * 1024
    disconnects(agent, "vpn")


def test_routes_that_could_not_be_set_are_a_finding(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, "route-error", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn")
    finding = agent.api.wait_finding("vpn", "tunnel-config-error")
    assert "ROUTE_ERROR" in finding["evidence"]
    profile = agent.api.wait_verdict("vpn", "degraded")
    assert layers_of(profile)["tunnel"] == "failed" and agent.starts("vpn") == 1


def test_a_restart_in_place_keeps_the_process(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("vpn", pki, {"scenario": "ping-restart", "after_ms": 100}, cluster=f"node.test:{node.port}")
    agent.ctl("connect", "vpn")
    tunnel = wait_for(lambda: (t := agent.tunnel("vpn"))["restarts"] == 1 and t["phase"] == "up" and t, 10, "restarted in place")
    assert tunnel["last_restart_cause"] == "tunnel-silent" and agent.starts("vpn") == 1
    agent.api.wait_verdict("vpn", "reachable")
    agent.ctl("reconnect", "vpn", "--wait")
    assert agent.tunnel("vpn")["openvpn_pid"] == tunnel["openvpn_pid"] and agent.starts("vpn") == 1


def test_a_stranger_on_the_management_socket_is_not_openvpn(agents, pki):
    agent = agents({"tunnel": {"management_limit_ms": 2000}})
    agent.import_tunnel("vpn", pki, "never-dials", "normal")
    agent.ctl("connect", "vpn")
    path = wait_for(lambda: next(iter((agent.runtime / "private").glob("*.sock")), None), 5, "the management socket")
    speak = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\ns.connect(sys.argv[1])\n"
             "s.sendall(b'>HOLD:Waiting for hold release:0\\r\\n')\nprint(s.recv(100))\n")
    heard = subprocess.run(["/usr/bin/python3", "-c", speak, str(path)], capture_output=True, text=True, timeout=20, check=False)
    assert heard.stdout in ("b''\n", "") and "release" not in heard.stdout  # closed, and told nothing
    agent.wait_phase("vpn", "up")  # the second start, which dials itself


def test_one_bad_profile_leaves_the_others_alone(agent, nodes, pki):
    node = nodes("healthy")
    agent.import_tunnel("good", pki, "normal", cluster=f"node.test:{node.port}")
    agent.ctl("connect", "good", "--wait")
    pid = agent.tunnel("good")["openvpn_pid"]
    for name in ("closes-early", "never-dials", "megabyte"):
        agent.import_tunnel(name, pki, name)
        agent.ctl("connect", name)
    wait_for(lambda: agent.starts("closes-early") >= 3, 20, "the bad ones are being tried")
    good = agent.api.profile("good")
    assert good["verdict"] == "reachable" and good["tunnel"]["openvpn_pid"] == pid and good["tunnel"]["restarts"] == 0


def test_openvpn_gets_nothing_of_the_agents_environment_and_no_secret(agent, pki):
    agent.import_tunnel("vpn", pki, "normal")
    agent.ctl("connect", "vpn")
    pid = agent.wait_phase("vpn", "up")["openvpn_pid"]
    assert pathlib.Path(f"/proc/{pid}/environ").read_bytes().strip(b"\0").split(b"\0") == [b"LC_ALL=C"]
    about = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    assert set(about["Uid"].split()) == {str(pwd.getpwnam("memdbd").pw_uid)} and about["NoNewPrivs"] == "1"
    assert about["CapEff"] == about["CapBnd"] == f"{1 << 12:016x}", "CAP_NET_ADMIN and nothing else"
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert not [link for link in links if str(agent.state) in link], links
