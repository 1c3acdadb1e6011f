"""memdbctl as people and programs use it: exit codes, one line, JSON, width, colour, waiting."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest
from memdb import wait_for
from sandbox import drop_to

UTF8 = {"LC_ALL": "C.UTF-8"}


@pytest.fixture
def two(agent, nodes, pki):
    """`good` is reachable, `bad` is unreachable (its node refuses), `vpn` is stopped."""
    node = nodes("healthy")
    agent.add_direct("good", node, pki)
    gone = nodes("healthy")
    agent.add_direct("bad", gone, pki)
    gone.close()
    agent.import_tunnel("vpn", pki)
    agent.ctl("connect", "good", "--wait")
    agent.ctl("connect", "bad")
    agent.api.wait_verdict("bad", "unreachable")
    return agent


# arguments, exit code, words of the one line on stderr
USAGE = [
    ([], "memdbctl status"),
    (["nonsense"], "nonsense"),
    (["status", "--nonsense"], "--nonsense"),
    (["status", "a", "b"], "unexpected argument"),
    (["profile"], "which of its commands?"),
    (["profile", "nonsense"], "see memdbctl"),
    (["profile", "remove"], "PROFILE"),
    (["profile", "add", "--name", "x", "--cluster", "y"], "--direct"),
    (["connect", "--timeout", "soon"], "30s"),
    (["connect", "--timeout", "0s"], "30s"),
    (["wait", "--for", "christmas"], "--for"),
    (["ping", "--count", "0"], "--count"),
    (["ping", "--count", "many"], "--count"),
    (["--socket"], "--socket"),
]


@pytest.mark.parametrize("words, hint", USAGE)
def test_usage_errors_are_one_line_and_2(agent, words, hint):
    assert hint in agent.fails(*words, exit=2)


def test_usage_errors_of_check_are_3(agent):
    for words in (["check", "a", "b"], ["check", "--nonsense"]):
        agent.fails(*words, exit=3)


@pytest.mark.parametrize("words", [["--help"], ["--help-all"], ["status", "--help"], ["profile", "--help"], ["profile", "import", "--help"]])
def test_help_is_0_and_on_stdout(agent, words):
    done = agent.ctl(*words)
    assert done.stderr == "" and ("xamples:" in done.stdout or "exit codes" in done.stdout or "import" in done.stdout)


EVERY = [["status"], ["status", "--json"], ["connect"], ["disconnect"], ["reconnect"], ["connect", "--wait"], ["wait"], ["events"],
         ["events", "--follow"], ["ping"], ["profile", "list"], ["profile", "list", "--json"], ["profile", "show"],
         ["profile", "remove", "x", "--yes"], ["profile", "add", "--direct", "--name", "x", "--cluster", "y"]]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_an_agent_everything_is_3_with_advice(agents, words):
    agent = agents(start=False)
    line = agent.fails(*words, exit=3)
    assert "not running" in line and "systemctl start" in line and str(agent.socket) in line


def test_check_and_version_without_an_agent(agents):
    agent = agents(start=False)
    done = agent.ctl("check", check=False)
    assert done.returncode == 3 and done.stdout.startswith("MEMDB UNKNOWN - ") and done.stdout.count("\n") == 1 and done.stderr == ""
    done = agent.ctl("version")
    assert "not running" in done.stdout


def test_the_socket_is_chosen_by_option_before_environment(agent):
    run = lambda *words, env: subprocess.run([str(agent.place.memdbctl), *words], capture_output=True, text=True, check=False,  # noqa: E731
                                             timeout=20, env={**os.environ, "MEMDBD_SOCKET": env})
    assert run("status", env=str(agent.socket)).returncode == 0
    assert run("status", env="/nonexistent/sock").returncode == 3
    assert run("--socket", str(agent.socket), "status", env="/nonexistent/sock").returncode == 0
    assert run("status", "--socket", str(agent.socket), env="/nonexistent/sock").returncode == 0
    assert "1 to 107 bytes" in run("--socket", "x" * 200, "status", env="").stderr
    other = run("--socket", "/nonexistent/sock", "status", env=str(agent.socket))
    assert other.returncode == 3 and "/nonexistent/sock" in other.stderr


def test_something_else_on_the_socket(agents, tmp_path):
    agent = agents(start=False)
    script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\nprint(flush=True)\n"
              "c,_=s.accept()\nc.recv(100)\nc.sendall(b'220 smtp.test ESMTP\\r\\n'*20)\nc.recv(100)\n")
    path = tmp_path / "other.sock"
    with subprocess.Popen(["/usr/bin/python3", "-c", script, str(path)], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        done = subprocess.run([str(agent.place.memdbctl), "--socket", str(path), "status"], capture_output=True, text=True, check=False,
                              timeout=30)
        other.kill()
    assert done.returncode == 1 and "is not memdbd" in done.stderr and done.stderr.count("\n") == 1


def test_no_profile_yet(agent):
    for words in (["connect"], ["disconnect"], ["wait"], ["ping"], ["profile", "show"]):
        assert "profile import --help" in agent.fails(*words)
    assert agent.ctl("status").stdout and agent.ctl("profile", "list").returncode == 0
    done = agent.ctl("check", check=False)
    assert done.returncode == 3 and "MEMDB UNKNOWN" in done.stdout


def test_profile_is_optional_with_one_and_asked_for_with_two(agent, nodes, pki):
    node = nodes("healthy")
    agent.add_direct("one", node, pki)
    for words in (["connect", "--wait"], ["wait"], ["ping", "--count", "1"], ["profile", "show"], ["check"], ["reconnect"], ["disconnect"]):
        agent.ctl(*words)
    agent.add_direct("other", node, pki)
    for words in (["connect"], ["disconnect"], ["reconnect"], ["wait"], ["ping"], ["profile", "show"]):
        assert "which profile? There is one, other" in agent.fails(*words, exit=2)
        assert "no profile third: there is one, other" in agent.fails(*words, "third")
    assert agent.ctl("check", check=False).returncode == 3
    assert {p["name"] for p in json.loads(agent.ctl("status", "--json").stdout)["profiles"]} == {"one", "other"}


def test_exit_codes_of_wait(two):
    assert two.ctl("wait", "good").stdout == "good is reachable\n"
    begun = time.monotonic()
    line = two.fails("wait", "bad", "--timeout", "500ms", exit=5)
    assert 0.4 < time.monotonic() - begun < 3 and "bad is not reachable after 500 ms" in line and "port-refused" in line
    assert "vpn is not up" in two.fails("wait", "vpn", "--for", "up", "--timeout", "300ms", exit=5)
    two.ctl("wait", "vpn", "--for", "stopped")
    two.ctl("wait", "bad", "--for", "up")  # a direct profile has no tunnel to wait for
    assert two.fails("connect", "bad", "--wait", "--timeout", "300ms", exit=5)
    two.ctl("disconnect", "bad", "--wait")
    two.ctl("wait", "bad", "--for", "stopped", "--timeout", "1s")


def test_a_wait_ends_when_its_profile_goes(two):
    waiting = subprocess.Popen([str(two.place.memdbctl), "--socket", str(two.socket), "wait", "bad", "--timeout", "30s"], text=True,
                               stderr=subprocess.PIPE)
    wait_for(lambda: connections(two) >= 1, 5, "it waits")
    two.ctl("profile", "remove", "bad", "--yes")
    assert "removed meanwhile" in waiting.communicate(timeout=10)[1] and waiting.returncode == 1


def connections(agent):
    """Open descriptors of the agent that are clients on its socket."""
    text = subprocess.run(["ss", "-xH", "src", str(agent.socket)], capture_output=True, text=True, check=True).stdout
    return sum("ESTAB" in line for line in text.splitlines())


def test_check_is_a_monitoring_plugin(two):
    assert_plugin(two.ctl("check", "good"), r"MEMDB OK - good reachable, 1 of 1 node answer.* \| nodes_ok=1;1:;1:;0;1 ping_max=\d+\.\d{3}ms\n")
    assert_plugin(two.ctl("check", "bad", check=False), r"MEMDB CRITICAL - bad unreachable: port-refused: .* \| nodes_ok=0;1:;1:;0;1\n", 2)
    assert_plugin(two.ctl("check", "vpn", check=False), r"MEMDB CRITICAL - vpn stopped \| nodes_ok=0;\S* cert_days=\d+\n", 2)
    assert_plugin(two.ctl("check", check=False), r"MEMDB UNKNOWN - which profile\? There is bad, good, vpn\n", 3)
    assert_plugin(two.ctl("check", "third", check=False), r"MEMDB UNKNOWN - no profile third.*\n", 3)


def assert_plugin(done, pattern, exit_code=0):
    assert re.fullmatch(pattern, done.stdout) and done.stderr == "" and done.returncode == exit_code, done


def test_check_warns_of_degraded(agent, nodes):
    node = nodes("healthy", tls=None)
    agent.ctl("profile", "add", "--direct", "--name", "plain", "--cluster", f"node.test:{node.port}", "--tls", "off")
    agent.ctl("connect", "plain", "--wait")
    assert_plugin(agent.ctl("check", check=False), r"MEMDB WARNING - plain degraded: tls-off: .*\n", 1)


def test_ping(two):
    done = two.ctl("ping", "good", "--count", "2")
    assert done.stdout.count(" ms") >= 2
    report = json.loads(two.ctl("ping", "good", "--count", "1", "--json").stdout)
    assert report["nodes"][0]["ping_us"] > 0
    assert two.ctl("ping", "bad", "--count", "1", check=False).returncode == 1
    assert "not connected: memdbctl connect vpn" in two.fails("ping", "vpn")
    assert "no node" in two.fails("ping", "good", "--node", "nowhere.test")
    assert two.ctl("ping", "good", "--count", "1", "--node", "node.test").returncode == 0


def test_json_parses_everywhere(two):
    for words in (["status", "--json"], ["status", "good", "--json"], ["profile", "list", "--json"], ["profile", "show", "good", "--json"],
                  ["events", "--json"], ["ping", "good", "--count", "1", "--json"], ["version", "--json"]):
        done = two.ctl(*words)
        assert done.stderr == "" and isinstance(json.loads(done.stdout), dict), words
    status = json.loads(two.ctl("status", "--json").stdout)
    assert status["schema"] == 1 and status["agent"]["pid"] == two.pid


def test_status_for_people_fits_80_columns_and_has_no_escapes(two):
    two.ctl("connect", "vpn")
    two.wait_phase("vpn", "up")
    shown = (["status"], ["status", "bad"], ["profile", "list"], ["profile", "show", "vpn"], ["events"], ["ping", "good", "--count", "1"])
    for env in (UTF8, {"LC_ALL": "C"}):
        for words in shown:
            text = two.ctl(*words, env=env).stdout
            lines = [line for line in text.splitlines() if not line.startswith("  process ")]  # those adapt to a terminal only
            assert max(map(len, lines)) <= 80, text
            assert text.replace("\n", "").isprintable() and (env is UTF8 or text.isascii())
            on_80, status = on_a_terminal(two, *words, env={**env, "NO_COLOR": "1"})
            assert status == 0 and max(map(len, on_80.splitlines())) <= 80, on_80
    text = two.ctl("status", env=UTF8).stdout
    assert re.search(r"^good  reachable  for ", text, re.M) and re.search(r"^bad  UNREACHABLE  for ", text, re.M)
    assert "process · handshake · tunnel · route ✓ dns ✓ tcp ✓ tls ✓ auth ✓ ping ✓ cluster ✓" in text
    assert re.search(r"✗ port-refused: .*\n    → ", text)


def on_a_terminal(agent, *words, env=None, stop=None, types=""):
    """What memdbctl writes to a terminal, and its status."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen([str(agent.place.memdbctl), "--socket", str(agent.socket), *words], stdin=follower, stdout=follower,
                               stderr=follower, env={**agent.ENV, "TERM": "xterm", **UTF8, **(env or {})}, start_new_session=True)
    os.close(follower)
    os.write(leader, types.encode())
    if stop is not None:
        stop(process)
    text = b""
    try:
        while piece := os.read(leader, 4096):
            text += piece
    except OSError:
        pass  # its end was closed
    os.close(leader)
    return text.decode(), process.wait(10)


def test_colour_only_on_a_terminal_and_not_with_no_color(two):
    assert "\x1b[" in on_a_terminal(two, "status")[0]
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[" not in on_a_terminal(two, "status", env=env)[0]


def test_ctrl_c_while_waiting_ends_it_at_once(two):
    def stop(process):
        wait_for(lambda: connections(two) >= 1, 5, "it waits")
        process.send_signal(signal.SIGINT)

    begun = time.monotonic()
    _, status = on_a_terminal(two, "connect", "bad", "--wait", "--timeout", "60s", stop=stop)
    # A shell reports a death by SIGINT as 130; a program may also exit with 130 itself.
    assert status in (-signal.SIGINT, 130) and time.monotonic() - begun < 10
    assert two.answers() and two.api.profile("bad")["wanted"] == "connected"


def test_remove_asks_a_person_and_not_a_program(two):
    assert "--yes" in two.fails("profile", "remove", "vpn", exit=2)

    for said, goes in (("n", False), ("", False), ("y", True)):
        text, status = on_a_terminal(two, "profile", "remove", "vpn", types=said + "\n")
        assert "Remove profile vpn with its private key? [y/N]" in text and status == (0 if goes else 1)
        assert goes == ("vpn" not in [p["name"] for p in two.api.get("/v1/status")["profiles"]])
    assert "there is no profile vpn" in two.fails("profile", "remove", "vpn", "--yes")


def test_not_permitted_is_4_everywhere(agent, pki):
    agent.import_tunnel("vpn", pki)
    for words in EVERY:
        line = agent.fails(*words, exit=4, by=drop_to("nobody", ""))
        assert "usermod -aG memdb" in line
    assert "not permitted" in agent.ctl("version", by=drop_to("nobody", "")).stdout


def test_events_follow_tells_what_happens(agent, nodes, pki):
    path = agent.dir / "events"
    with open(path, "wb") as file:
        follower = subprocess.Popen([str(agent.place.memdbctl), "--socket", str(agent.socket), "events", "--follow", "--json"], stdout=file)
    heard = lambda: [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")]  # noqa: E731
    wait_for(heard, 5, "the first event")
    agent.add_direct("db", nodes("healthy"), pki)
    agent.ctl("connect", "db", "--wait")
    wait_for(lambda: [e["to"] for e in heard() if e["type"] == "verdict"] == ["connecting", "reachable"], 5, "the verdicts")
    assert heard()[0]["type"] == "snapshot"
    follower.send_signal(signal.SIGINT)
    assert follower.wait(5) in (130, -signal.SIGINT)
