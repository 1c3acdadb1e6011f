"""What lies on the disk and what starts and ends: locks, sockets, wishes, damage, settings, signals."""
import grp
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
from memdb import ROOT, wait_for
from sandbox import FAST, drop_to, layers_of, run


def test_two_agents_on_one_state_directory(agents):
    first = agents()
    second = agents(start=False, state=first.state)
    line = second.refused(code=75)
    assert line == f"memdbd: another memdbd (pid {first.pid}) already uses {first.state}"
    assert first.answers() and not second.socket.exists()


def test_a_live_socket_is_not_taken(agents):
    first = agents()
    second = agents(start=False, runtime=first.runtime)
    assert second.refused(code=75) == f"memdbd: another program answers on {first.socket}: stop it first"
    assert first.answers()


def test_a_stale_socket_is_replaced(agents):
    agent = agents()
    agent.kill()
    assert agent.socket.is_socket()
    agent.start()
    assert agent.answers()


def test_what_is_no_socket_is_not_removed(agents):
    agent = agents(start=False)
    agent.socket.write_text("precious")
    assert agent.refused() == f"memdbd: {agent.socket} is not a socket: remove it or choose another path"
    assert agent.socket.read_text() == "precious"
    agent.socket.unlink()


def test_a_runtime_directory_that_is_too_long_for_a_socket(agents, place):
    runtime = place.folder("long") / ("x" * 90)
    agent = agents(start=False, runtime=runtime)
    assert "choose a shorter runtime directory" in agent.refused()


def test_the_socket_belongs_to_the_group(agent):
    about = agent.socket.stat()
    assert oct(about.st_mode & 0o7777) == "0o660" and about.st_gid == grp.getgrnam("memdb").gr_gid
    assert oct((agent.runtime / "private").stat().st_mode & 0o7777) == "0o700"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("scenario", ["normal", "ignores-term", "never-dials"])
def test_a_signal_ends_everything_in_time(agents, pki, number, scenario):
    agent = agents({"tunnel": {"stop_grace_ms": 4000}} if scenario == "ignores-term" else None)
    agent.import_tunnel("vpn", pki, scenario)
    agent.ctl("connect", "vpn")
    wait_for(agent.openvpns, 5, "openvpn runs")
    if scenario != "never-dials":
        agent.wait_phase("vpn", "up")
    agent.end(number, limit=5.2)
    assert not agent.socket.exists() and not list((agent.runtime / "private").iterdir())
    wait_for(lambda: not agent.openvpns(), 0.2, "openvpn is gone")


def test_openvpn_ends_by_itself_when_the_agent_is_killed(agents, pki):
    agent = agents()
    agent.import_tunnel("vpn", pki, "normal")
    agent.ctl("connect", "vpn")
    agent.wait_phase("vpn", "up")
    agent.kill()
    wait_for(lambda: not agent.openvpns(), 5, "openvpn ends without its agent")
    agent.start()
    agent.wait_phase("vpn", "up")
    assert len(agent.openvpns()) == 1


def test_the_wish_survives_a_restart(agents, pki):
    agent = agents()
    agent.import_tunnel("wanted", pki, "normal")
    agent.import_tunnel("not-wanted", pki, "normal")
    agent.ctl("connect", "wanted")
    agent.ctl("connect", "not-wanted")
    agent.ctl("disconnect", "not-wanted", "--wait")
    agent.end()
    agent.start()
    agent.wait_phase("wanted", "up")
    assert agent.tunnel("not-wanted")["phase"] == "stopped" and agent.api.profile("not-wanted")["wanted"] == "disconnected"
    agent.ctl("disconnect", "wanted", "--wait")
    agent.kill()
    agent.start()
    assert agent.tunnel("wanted")["phase"] == "stopped"


def two_profiles(agents, nodes, pki, scenario="normal"):
    """A stopped agent with the profiles `hurt` and `well`, both wanted; `well` can become reachable."""
    agent = agents()
    node = nodes("healthy")
    for name in ("hurt", "well"):
        agent.import_tunnel(name, pki, scenario, cluster=f"node.test:{node.port}")
        agent.ctl("connect", name)
        agent.wait_phase(name, "up")
    agent.end()
    return agent, agent.state / "profiles" / "hurt"


def spoil(path, how):
    if how == "corrupt":
        path.write_bytes(b"\x00\xff = [[[ nonsense\n")
    elif how == "unreadable":
        path.chmod(0)
        os.chown(path, 0, 0)
    elif how == "directory":
        path.unlink()
        path.mkdir()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "huge":
        path.write_bytes(b"x" * (3 << 20))
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["corrupt", "unreadable", "directory", "empty", "huge", "absent"])
@pytest.mark.parametrize("what", ["profile.toml", "client.ovpn"])
def test_a_damaged_profile_is_named_and_the_other_works(agents, nodes, pki, what, how):
    agent, hurt = two_profiles(agents, nodes, pki)
    spoil(hurt / what, how)
    agent.start()
    agent.api.wait_verdict("well", "reachable")
    status = agent.api.get("/v1/status")
    assert [p["name"] for p in status["profiles"]] == ["well"]
    finding, = status["findings"]
    assert finding["code"] == "state-unreadable" and finding["layer"] == "agent"
    assert "hurt" in finding["summary"] and "\n" not in finding["evidence"] and what in finding["evidence"]
    shown = agent.ctl("status").stdout
    assert "state-unreadable" in shown and "well  reachable" in shown
    # The way out that the message names.
    assert "remove it and import it again" in finding["evidence"]
    agent.ctl("profile", "remove", "hurt", "--yes")
    assert not hurt.exists() and agent.api.get("/v1/status")["findings"] == []
    agent.import_tunnel("hurt", pki)


@pytest.mark.parametrize("how", ["corrupt", "unreadable", "directory", "huge"])
def test_a_damaged_wish_means_disconnected(agents, nodes, pki, how):
    agent, hurt = two_profiles(agents, nodes, pki)
    spoil(hurt / "wanted", how)
    agent.start()
    agent.api.wait_verdict("well", "reachable")
    assert agent.api.profile("hurt")["wanted"] == "disconnected" and agent.tunnel("hurt")["phase"] == "stopped"
    finding, = agent.api.get("/v1/status")["findings"]
    assert finding["code"] == "state-unreadable" and "hurt" in finding["summary"]
    if how != "directory":  # a new wish takes its place
        agent.ctl("connect", "hurt", "--wait")
        assert agent.api.get("/v1/status")["findings"] == []


@pytest.mark.parametrize("how", ["corrupt", "unreadable", "empty", "absent"])
@pytest.mark.parametrize("what", ["key.pem", "cert.pem"])
def test_a_damaged_credential_blocks_only_its_profile(agents, nodes, pki, what, how):
    agent, hurt = two_profiles(agents, nodes, pki)
    spoil(hurt / "credentials" / "current" / what, how)
    agent.start()
    agent.api.wait_verdict("well", "reachable")
    profile = agent.api.wait_verdict("hurt", "unreachable")
    finding, = profile["findings"]
    assert finding["code"] == "client-cert-unusable" and "\n" not in finding["evidence"]
    assert layers_of(profile)["handshake"] == "failed" and profile["tunnel"]["phase"] == "blocked" and agent.starts("hurt") == 1  # the one before the damage


def test_a_lost_password_never_means_none(agents, nodes, pki, tmp_path):
    agent = agents()
    (tmp_path / "password").write_text("sesame\n")
    agent.add_direct("db", nodes("healthy"), pki, "--user", "app", "--password-file", tmp_path / "password")
    agent.ctl("connect", "db", "--wait")
    agent.end()
    (agent.state / "profiles" / "db" / "cluster-password").unlink()
    agent.start()
    status = agent.api.get("/v1/status")
    assert status["profiles"] == [] and status["findings"][0]["code"] == "state-unreadable"


def test_an_unreadable_state_directory(agents, pki):
    agent = agents()
    agent.import_tunnel("vpn", pki)
    agent.end()
    os.chown(agent.state / "profiles", 0, 0)
    line = agent.refused()
    assert str(agent.state) in line
    shutil.chown(agent.state / "profiles", "memdbd")


# --- settings ---
BAD_SETTINGS = {
    "unknown key": ("[tunnel]\nspeed = 9\n", "2: tunnel.speed: unknown key"),
    "unknown table": ("\n\n[tunel]\n", "3: tunel: unknown table"),
    "wrong type": ('[tunnel]\nstop_grace_ms = "3 s"\n', "2: tunnel.stop_grace_ms: must be an integer, is a string"),
    "out of range": ("[tunnel]\nstop_grace_ms = 1\n", "2: tunnel.stop_grace_ms: must be between 100 and 4000, is 1"),
    "relative path": ('[openvpn]\nprogram = "openvpn"\n', '2: openvpn.program: must be an absolute path, is "openvpn"'),
    "word": ('[log]\nlevel = "loud"\n', '2: log.level: must be error, warning, info, debug or trace, is "loud"'),
    "not TOML": ("[log\n", "1: "),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_bad_settings_refuse_the_start(agents, case):
    text, words = BAD_SETTINGS[case]
    agent = agents(start=False)
    agent.config.write_text(text)
    assert f"{agent.config}:{words}" in agent.refused()
    assert f"{agent.config}:{words}" in agent.refused("--check-config")


def test_each_bad_setting_has_its_line(agents):
    agent = agents(start=False)
    agent.config.write_text("[log]\nlevl = 1\n[probe]\ntcp_limit_ms = 1\n")
    done = run(*agent.command("--check-config"), check=False)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 2 and ":2: log.levl: " in lines[0] and ":4: probe.tcp_limit_ms: " in lines[1]


def test_settings_that_are_not_there(agents):
    agent = agents(start=False)
    agent.config.unlink()
    assert str(agent.config) in agent.refused() and str(agent.config) in agent.refused("--check-config")


def test_check_config_takes_the_documented_file_and_touches_nothing(agents):
    agent = agents(start=False)
    shutil.copy(ROOT / "config/memdbd.toml", agent.config)
    done = run(*agent.command("--check-config"))
    assert (done.stdout, done.stderr) == ("", "") and not any(agent.state.iterdir()) and not any(agent.runtime.iterdir())
    assert run(*agent.command("--check-config", user="root")).returncode == 0


def test_sighup_applies_new_settings_and_refuses_bad_ones(agents, pki):
    agent = agents()
    agent.import_tunnel("vpn", pki, "never-dials")
    agent.configure({"tunnel": {"management_limit_ms": 600, "first_backoff_ms": 100}})
    agent.send(signal.SIGHUP)
    wait_for(lambda: "read the settings again" in agent.text(), 5, "the log says so")
    agent.ctl("connect", "vpn")
    agent.api.wait_finding("vpn", "openvpn-hung", 4.5)  # the old limit alone is 5 s

    agent.config.write_text("[tunnel]\nmanagement_limit_ms = 1\n")
    agent.send(signal.SIGHUP)
    line = wait_for(lambda: next((text for text in agent.text().splitlines() if "stay as they were" in text), None), 5, "a refusal")
    assert f"{agent.config}:2: tunnel.management_limit_ms: must be between" in line
    before = agent.starts("vpn")
    wait_for(lambda: agent.starts("vpn") > before, 5, "the earlier settings are still in force")


def test_sighup_changes_who_may_ask(agents):
    agent = agents()
    assert agent.ctl("version", by=drop_to("nobody", "memdb")).stdout.count("0.") == 2
    agent.configure({"control": {"control_group": "root"}})
    agent.send(signal.SIGHUP)
    wait_for(lambda: "read the settings again" in agent.text(), 5, "the log says so")
    agent.ctl("status", by=drop_to("nobody", "memdb"))
    assert "control group" in agent.fails("profile", "remove", "x", "--yes", exit=4, by=drop_to("nobody", "memdb"))


# --- the command line ---
def test_root_is_refused(agents):
    agent = agents(start=False)
    assert "does not run as root" in agent.refused(user="root")
    assert not any(agent.state.iterdir())


@pytest.mark.parametrize("words, exit_code, out, err", [
    (["--help"], 0, "Runs in the foreground", ""),
    (["--version"], 0, "memdbd 0.", ""),
    (["--nonsense"], 2, "", "see memdbd --help"),
    (["surplus"], 2, "", "see memdbd --help"),
    (["--config"], 2, "", "see memdbd --help"),
])
def test_usage(place, words, exit_code, out, err):
    done = run(place.memdbd, *words, check=False)
    assert done.returncode == exit_code and out in done.stdout and err in done.stderr
    assert len(done.stderr.splitlines()) == (1 if exit_code else 0)


def test_no_capability_is_no_crash(agents, pki):
    """Without CAP_NET_ADMIN the agent runs and answers; what fails is openvpn, which has a finding of its own."""
    agent = agents(start=False)
    words = [word.replace(",+net_admin", "") for word in agent.command()]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=agent.ENV) as process:
        try:
            wait_for(lambda: agent.socket.exists(), 10, "the socket")
            assert json.loads(agent.ctl("status", "--json").stdout)["profiles"] == []
        finally:
            process.terminate()
        assert process.wait(5) == 0


def test_it_speaks_to_systemd(agents):
    """READY=1 when it answers, STATUS= for people, STOPPING=1 at the end."""
    agent = agents(start=False)
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = agent.dir / "notify"
        listener.bind(str(path))
        path.chmod(0o777)
        listener.settimeout(10)
        agent.ENV = {**agent.ENV, "NOTIFY_SOCKET": str(path)}
        agent.start()
        while not any("READY=1" in text for text in heard):
            heard.append(listener.recv(4096).decode())
        agent.end()
        while not any("STOPPING=1" in text for text in heard):
            heard.append(listener.recv(4096).decode())


def test_a_quiet_agent_writes_few_lines(agents, nodes, pki):
    agent = agents(fast={**FAST, "log": {"level": "info"}})
    agent.add_direct("good", nodes("healthy"), pki)
    agent.ctl("connect", "good", "--wait")
    before = agent.text().count("\n")
    stamps = set()
    wait_for(lambda: stamps.add(agent.api.profile("good")["clusters"][0]["nodes"][0]["last_ok_at"]) or len(stamps) > 5, 10, "six PINGs")
    assert agent.text().count("\n") == before, agent.text()
