"""Attacks that no other test is about, tried on the programs as they run (docs/threat-model.md)."""
import contextlib
import json
import subprocess
import time

import pytest
from memdb import Events
from sandbox import PYTHON, dialled, drop_to

MEMBER = drop_to("nobody", "memdb")

# Connects, says something, and goes away again, as fast as it can, until its stdin ends; prints how often.
FLOOD = """import select, socket, sys
count = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(1)
            try:
                peer.connect(sys.argv[1])
                peer.send(sys.argv[2].encode().decode('unicode_escape').encode())
                count += 1
            except OSError:
                pass
print(count, flush=True)
"""

SAY = """import socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.settimeout(5)
    peer.connect(sys.argv[1])
    peer.sendall(sys.argv[2].encode())
    peer.shutdown(socket.SHUT_WR)
    try:
        while peer.recv(65536):
            pass
    except ConnectionResetError:
        pass
"""


@contextlib.contextmanager
def flood(agent, says):
    """Two processes of a member, each opening one connection after the other; the list has their counts afterwards."""
    words = [*MEMBER, PYTHON, "-c", FLOOD, str(agent.socket), says]
    running = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = []
    try:
        yield counts
    finally:
        counts += [int(one.communicate("", timeout=20)[0]) for one in running]


@pytest.mark.parametrize("says", ["", r"GET /v1/status HTTP/1.1\r\nHost: m\r\n\r\n"], ids=["silent", "asking"])
def test_thousands_of_connections_one_after_the_other_cost_nobody_else_anything(agent, nodes, pki, says):
    agent.add_direct("db", nodes("healthy"), pki)
    agent.ctl("connect", "db", "--wait")
    events, memory, lines = Events(agent.socket), agent.rss(), agent.text().count("control:")
    with flood(agent, says) as counts:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            agent.ctl("status", timeout=5)
    assert sum(counts) > 500, counts
    assert not events.of("verdict") and agent.api.profile("db")["verdict"] == "reachable"
    events.close()
    assert agent.rss() - memory < 4 * 1024 and agent.text().count("control:") - lines < 20


def test_requests_whose_answers_nobody_reads(agents):
    agent = agents({"control": {"request_limit_s": 2}})
    memory = agent.rss()
    with contextlib.ExitStack() as stack:
        for _ in range(15):
            peer = stack.enter_context(dialled(agent.socket))
            peer.setblocking(False)
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                for _ in range(2000):
                    peer.send(b"GET /v1/status HTTP/1.1\r\nHost: m\r\n\r\n" * 20)
        agent.ctl("status")
        assert agent.rss() - memory < 4 * 1024


def test_who_controls_a_profile_cannot_have_its_password_sent_to_himself(agent, nodes, pki, tmp_path):
    (tmp_path / "password").write_text("sesame\n")
    agent.add_direct("db", nodes("healthy", "--password", "sesame"), pki, "--user", "app", "--password-file", tmp_path / "password")
    agent.ctl("connect", "db", "--wait")
    before = agent.api.profile("db")["clusters"][0]["endpoint"]
    mine = nodes("healthy", tls=pki.node("mine", "good.test", issuer="other-ca"))
    for words in (("--cluster", f"good.test:{mine.port}", "--ca", pki.dir / "other-ca.crt"), ("--cluster", f"good.test:{mine.port}"),
                  ("--ca", pki.dir / "other-ca.crt"), ("--no-ca",)):
        assert "give it again" in agent.fails("profile", "set", "db", *words, by=MEMBER)
    status, text = agent.api.request("PATCH", "/v1/profiles/db", {"clusters": [{"endpoint": before, "tls": "off"}]})
    assert status == 400 and "give it again" in text
    assert agent.api.profile("db")["clusters"][0]["endpoint"] == before


def test_a_request_cannot_forge_a_line_of_the_log(agent, nodes, pki):
    agent.add_direct("db", nodes("healthy"), pki)
    agent.socket.chmod(0o666)
    forged = "2026-01-01T00:00:00.000 error control: forged"
    for by in (MEMBER, drop_to("nobody", ""), drop_to("memdbd", "")):
        for text in (f"\n{forged}", f"%0a{forged.replace(' ', '%20')}", "%1b%5b2J", "\x1b[2J", "\xc2\x9b2J", f"\r{forged}"):
            for target in (f"/v1/profiles/{text}/connect", f"/v1/profiles/db/connect?{text}", f"/{text}"):
                subprocess.run([*by, PYTHON, "-c", SAY, str(agent.socket), f"POST {target} HTTP/1.1\r\nHost: m\r\n\r\n"], check=True, timeout=10)
        body = json.dumps({"name": f"x\n{forged}", "kind": "direct", "clusters": [{"endpoint": f"a\x1b\n{forged}"}]})
        subprocess.run([*by, PYTHON, "-c", SAY, str(agent.socket),
                        f"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nContent-Length: {len(body)}\r\n\r\n{body}"], check=True, timeout=10)
    lines = agent.text().splitlines()
    assert any("status=" in line or "refused uid=" in line for line in lines), "nothing of it was logged"
    assert not [line for line in lines if line.startswith(forged) or not line.isprintable() or not line.isascii()]
