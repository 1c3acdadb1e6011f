"""The control socket against clients that misbehave or may not: a clear answer for them, and the others do not notice."""
import contextlib
import grp
import json
import re
import socket
import subprocess
import time

import pytest
from memdb import Events, wait_for
from sandbox import PYTHON, dialled, drop_to, run

NOBODY = drop_to("nobody", "")
MEMBER = drop_to("nobody", "memdb")  # by a supplementary group
PRIMARY = drop_to("nobody", "", gid=grp.getgrnam("memdb").gr_gid)
SERVICE = drop_to("memdbd", "")

HOLD = """import socket, sys
held = []
refused = 0
for _ in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])  # blocking: with a timeout, a full queue is an error
    s.settimeout(10)
    held.append(s)
    try:
        s.sendall(sys.argv[3].encode().decode('unicode_escape').encode())
    except OSError:
        pass  # turned away already; why is still to be read
for s in held:
    s.settimeout(0.5 if s is held[0] else 0.01)
    try:
        refused += s.recv(4096).startswith(b'HTTP/1.1 503')
    except TimeoutError:
        pass
    except ConnectionResetError:
        refused += 1
print('turned away', refused, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holder(agent, count, by=(), says=""):
    """Another process with `count` connections that stay; yields how many were turned away."""
    with subprocess.Popen([*by, PYTHON, "-c", HOLD, str(agent.socket), str(count), says], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline().split()[-1])
        finally:
            process.stdin.close()
            process.wait(10)


def answer_to(agent, data, half_close=False):
    """What comes back for these bytes until the agent closes, and how long it took."""
    begun = time.monotonic()
    with dialled(agent.socket) as peer:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(data)
            if half_close:
                peer.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := peer.recv(65536):
                got += piece
    return got, time.monotonic() - begun


def error_of(got, status):
    """The message of a refusal, which is one line of JSON."""
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), got[:300]
    error = json.loads(body)["error"]
    assert error["message"] and "\n" not in error["message"]
    return error


def test_a_request_of_2_mib(agent):
    body = b"x" * (2 << 20)
    got, _ = answer_to(agent, b"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert "1 MiB" in error_of(got, 413)["message"]
    chunks = b"".join(b"8000\r\n" + b"x" * 0x8000 + b"\r\n" for _ in range(64))
    got, _ = answer_to(agent, b"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert "1 MiB" in error_of(got, 413)["message"]
    assert agent.answers()


def test_big_requests_do_not_grow_the_agent(agent):
    body = b"x" * (1 << 20)
    request = b"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    for _ in range(3):
        assert answer_to(agent, request)[0].startswith(b"HTTP/1.1 400")
    before = agent.rss()
    for _ in range(20):
        answer_to(agent, request)
    assert agent.rss() - before < 4 * 1024


def test_a_header_of_64_kib(agent):
    got, _ = answer_to(agent, b"GET /v1/status HTTP/1.1\r\nHost: m\r\nX: " + b"x" * 65536 + b"\r\n\r\n")
    assert "8 KiB" in error_of(got, 431)["message"]


@pytest.mark.parametrize("data", [b"", b"GET /v1/sta", b"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nContent-Length: 9\r\n\r\n{"])
def test_half_a_request_and_silence(agents, data):
    agent = agents({"control": {"request_limit_s": 1}})
    with dialled(agent.socket) as other:
        got, took = answer_to(agent, data)
        assert "in time" in error_of(got, 408)["message"] and 0.8 < took < 4
        other.close()
    assert agent.answers()


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), b"nonsense\r\n\r\n", b"\r\n" * 9000,
                                  b"GET /v1/status HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", bytes(70000),
                                  b"POST /v1/profiles HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                  b"POST /v1/profiles HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"])
def test_garbage_gets_an_answer(agent, data):
    got, took = answer_to(agent, data, half_close=True)
    assert re.match(rb"HTTP/1\.1 4(00|13|31) ", got) or got == b"", got[:200]
    assert took < 3 and agent.answers()


@pytest.mark.parametrize("method, target, body, status, code", [
    ("GET", "/", None, 404, "not_found"),
    ("GET", "/v1/profiles/none", None, 404, "not_found"),
    ("GET", "/v1/profiles/%zz", None, 400, "bad_request"),
    ("GET", "/v1/profiles/..%2f..%2fetc", None, 400, "bad_request"),
    ("DELETE", "/v1/status", None, 405, "bad_request"),
    ("PUT", "/v1/profiles", "{}", 405, "bad_request"),
    ("POST", "/v1/profiles", "{", 400, "bad_request"),
    ("POST", "/v1/profiles", "[" * 10000, 400, "bad_request"),
    ("POST", "/v1/profiles", "null", 400, "bad_request"),
    ("POST", "/v1/profiles/none/connect", None, 404, "not_found"),
    ("GET", "/" + "x" * 5000, None, 400, "bad_request"),
])
def test_wrong_requests(agent, method, target, body, status, code):
    got, _ = answer_to(agent, f"{method} {target} HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: "
                              f"{len(body or '')}\r\n\r\n{body or ''}".encode())
    assert error_of(got, status)["code"] == code


def test_200_idle_connections_of_one_user(agent):
    with holder(agent, 200, MEMBER) as turned_away:
        assert turned_away == 200 - 16
        agent.ctl("status")  # root
        assert json.loads(agent.ctl("status", "--json", by=SERVICE).stdout)["schema"] == 1  # another user
        line = agent.fails("status", by=MEMBER)
        assert "too many connections" in line
    wait_for(lambda: agent.ctl("status", by=MEMBER, check=False).returncode == 0, 5, "the user is let in again")
    assert agent.text().count("too many connections") == 1, "one line in the log, not one for each"


def test_200_connections_that_sent_half_a_request(agent):
    with holder(agent, 200, MEMBER, r"GET /v1/status HTTP/1.1\r\nHo") as turned_away:
        assert turned_away == 200 - 16
        agent.ctl("status")
        agent.ctl("status", by=SERVICE)


def test_all_places_taken_by_several_users_leave_room_for_root(agents):
    agent = agents({"control": {"connection_limit": 20, "user_limit": 16, "root_reserve": 4}})
    with holder(agent, 16, MEMBER) as first, holder(agent, 16, drop_to("daemon", "memdb")) as second:
        assert first == 0 and second == 16
        assert "too many connections" in agent.fails("status", by=SERVICE)
        agent.ctl("status")


def test_who_may_and_who_may_not(agent, pki):
    agent.import_tunnel("vpn", pki)
    for by in (NOBODY, SERVICE, MEMBER, PRIMARY):
        may_read = by is not NOBODY
        may_control = by in (MEMBER, PRIMARY)
        for words in (["status"], ["status", "--json"], ["profile", "list"], ["profile", "show"], ["events"]):
            if may_read:
                agent.ctl(*words, by=by)
            else:
                assert "usermod -aG memdb" in agent.fails(*words, exit=4, by=by)
        for words in (["disconnect"], ["connect"], ["reconnect"], ["disconnect", "--wait"]):
            if may_control:
                agent.ctl(*words, by=by)
            else:
                assert "usermod -aG memdb" in agent.fails(*words, exit=4, by=by)
        if not may_control:
            assert "usermod -aG memdb" in agent.fails("profile", "remove", "vpn", "--yes", exit=4, by=by)
    assert agent.api.profile("vpn")["name"] == "vpn"


def test_a_stranger_whom_the_file_mode_lets_through_gets_403(agent, pki):
    agent.socket.chmod(0o666)  # the mode is the first fence, the credentials of the peer are the second
    agent.import_tunnel("vpn", pki)
    for method, target in (("GET", "/v1/status"), ("GET", "/healthz"), ("GET", "/nowhere"), ("POST", "/v1/profiles/vpn/connect"),
                           ("DELETE", "/v1/profiles/vpn"), ("GET", "/v1/events"), ("GET", "/v1/profiles/other")):
        done = run(*NOBODY, "curl", "-s", "-i", "-X", method, "--unix-socket", agent.socket, f"http://memdbd{target}")
        assert done.stdout.startswith("HTTP/1.1 403 ") and "not_permitted" in done.stdout and "vpn" not in done.stdout
    assert "usermod -aG memdb" in agent.fails("connect", exit=4, by=NOBODY)
    assert agent.api.profile("vpn")["wanted"] == "disconnected"
    done = run(*SERVICE, "curl", "-s", "-i", "-X", "POST", "--unix-socket", agent.socket, "http://memdbd/v1/profiles/vpn/connect")
    assert done.stdout.startswith("HTTP/1.1 403 ") and "changing the agent" in done.stdout


def test_a_control_request_is_logged_with_who_made_it(agent, pki):
    agent.import_tunnel("vpn", pki)
    agent.ctl("disconnect", "vpn", by=MEMBER)
    assert re.search(r"disconnect profile=vpn uid=65534 pid=\d+ status=202", agent.text())


def test_curl_is_a_full_client(agent, nodes, pki):
    agent.add_direct("db", nodes("healthy"), pki)
    base = ["curl", "-sS", "--fail-with-body", "--unix-socket", agent.socket]
    assert json.loads(run(*base, "http://memdbd/v1/status").stdout)["schema"] == 1
    assert json.loads(run(*base, "-X", "POST", "http://memdbd/v1/profiles/db/connect").stdout)["wanted"] == "connected"
    agent.api.wait_verdict("db", "reachable")
    assert run(*base, "-I", "http://memdbd/v1/status").stdout.startswith("HTTP/1.1 200 ")
    done = run(*base, "-X", "POST", "-d", "@-", "-H", "Expect: 100-continue", "http://memdbd/v1/profiles", check=False)
    assert done.returncode == 22 and json.loads(done.stdout)["error"]["code"] == "bad_request"
    assert run(*base, "-X", "DELETE", "http://memdbd/v1/profiles/db").stdout == ""
    assert json.loads(run(*base, "http://memdbd/v1/profiles").stdout) == {"schema": 1, "profiles": []}


def test_healthz(agent, nodes, pki):
    assert agent.api.request("GET", "/healthz") == (200, "ok: no profile is wanted\n")
    node = nodes("healthy")
    agent.add_direct("db", node, pki)
    agent.ctl("connect", "db", "--wait")
    assert agent.api.request("GET", "/healthz") == (200, "ok: 1 of 1 reachable\n")
    node.close()
    agent.api.wait_verdict("db", "unreachable")
    assert agent.api.request("GET", "/healthz") == (503, "not reachable: db unreachable (port-refused)\n")
    agent.ctl("disconnect", "db")
    assert agent.api.request("GET", "/healthz")[0] == 200


def test_several_requests_on_one_connection(agent):
    with dialled(agent.socket) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: m\r\n\r\n" * 3 + b"GET /healthz HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := peer.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200 ") == 4


def test_a_slow_reader_of_events_is_dropped_and_the_others_are_not(agent, nodes, pki):
    agent.add_direct("db", nodes("healthy"), pki)
    events = Events(agent.socket)
    with dialled(agent.socket) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET /v1/events HTTP/1.1\r\nHost: m\r\n\r\n")
        end = time.monotonic() + 60
        rounds = 0
        while "too slow and was dropped" not in agent.text():
            assert time.monotonic() < end, f"not dropped after {rounds} rounds"
            rounds += 1
            for word in ("connect", "disconnect") * 20:
                assert agent.api.request("POST", f"/v1/profiles/db/{word}")[0] == 202
    wait_for(lambda: len(events.of("wanted")) >= rounds * 40, 10, "the other reader got everything")
    events.close()


def test_events_begin_with_a_snapshot_and_tell_changes(agent, nodes, pki):
    events = Events(agent.socket)
    assert events.seen[0][1]["type"] == "snapshot"
    node = nodes("healthy")
    agent.add_direct("db", node, pki)
    agent.ctl("connect", "db", "--wait")
    wait_for(lambda: [e["to"] for _, e in events.of("verdict")] == ["connecting", "reachable"], 5, "the verdicts")
    node.close()
    wait_for(lambda: events.of("finding_raised"), 10, "the finding")
    events.close()


def test_an_agent_that_ends_closes_its_streams(agent):
    events = Events(agent.socket)
    follower = subprocess.Popen([str(agent.place.memdbctl), "--socket", str(agent.socket), "events", "--follow"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    follower.stdout.readline()
    agent.end()
    assert follower.wait(5) == 3 and "the agent ended" in follower.communicate()[1]
    events.close()
