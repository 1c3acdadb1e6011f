"""Login by IAM on real nodes: no token, a pushed one, one that ends, another AUTH on the same connection, and one that is refused.

A node cannot check a signature, so the test tells it which tokens are right: as passwords of the ACL user, minted by the same code.
"""
import contextlib
import json
import subprocess
import time

import pytest
from memdb import BUILD, wait_for

NODES = [f"demo-000{shard}-00{member}" for shard in (1, 2, 3) for member in (1, 2)]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLAB", "AWS_SECRET_ACCESS_KEY": "lab/secret", "AWS_SESSION_TOKEN": "lab/session=="}


ASKED = dict.fromkeys(NODES, 0)  # how often we have logged in ourselves


def node(lab, name, *command):
    ASKED[name] += 1
    env = {**lab.env, "REDISCLI_AUTH": (lab.dir / "admin-password").read_text().strip()}
    done = subprocess.run(["redis-cli", "-s", str(lab.dir / "nodes" / name / "admin.sock"), "--user", "admin", "--no-auth-warning", *command],
                          env=env, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout


def minted(*moments):
    """The tokens that are signed at these moments with KEYS."""
    cases = [{"access_key": KEYS["AWS_ACCESS_KEY_ID"], "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"], "session_token": KEYS["AWS_SESSION_TOKEN"],
              "cluster": "demo", "user": "app", "region": "eu-central-1", "at": int(at)} for at in moments]
    done = subprocess.run([BUILD / "tests/iam_tokens"], input="".join(json.dumps(case) + "\n" for case in cases), text=True, capture_output=True,
                          check=True)
    return done.stdout.splitlines()[::2]


def accept(lab, tokens, nodes=NODES):
    for name in nodes:
        assert node(lab, name, "ACL", "SETUSER", "app", "resetpass", *(f">{token}" for token in tokens)).strip() == "OK"


def connections(lab, name):
    """id -> address of the agent's connections, as the node sees them."""
    found = {}
    for line in node(lab, name, "CLIENT", "LIST").splitlines():
        fields = dict(word.partition("=")[::2] for word in line.split(" "))
        if fields.get("user") == "app":
            found[fields["id"]] = fields["addr"]
    return found


def auth_calls(lab, name):
    """How often somebody else than we has logged in, but for what was before this run."""
    stats = node(lab, name, "INFO", "commandstats")
    return int(stats.partition("cmdstat_auth:calls=")[2].partition(",")[0] or 0) - ASKED[name]


def finding(agent):
    return next((f for f in agent.api.profile("demo")["findings"] if f["code"] == "iam-token-failed"), None)


def push(agent, lab):
    """`memdbctl auth push`, whose token the nodes will know: it is signed in one of the next seconds."""
    now = time.time()
    accept(lab, minted(*(now + second for second in range(-1, 12))))
    said = agent.ctl("auth", "push", "demo", env={"PATH": "/nowhere", **KEYS}).stdout
    assert time.time() < now + 11
    return said


@pytest.fixture
def by_iam(agent, lab):
    """The profile demo, whose user logs in by IAM; connected, but nobody has pushed a token. The user's password comes back."""
    for name in NODES:  # what an earlier test's tunnel took along when it went, the nodes go on counting for minutes
        node(lab, name, "CLIENT", "KILL", "USER", "app")
    agent.import_demo()
    agent.ctl("profile", "set", "demo", "--user", "app", "--iam", "--iam-cluster", "demo", "--iam-region", "eu-central-1")
    agent.ctl("connect", "demo")
    yield agent
    accept(lab, [(lab.dir / "cluster-password").read_text().strip()])


def test_without_a_token_it_says_so_and_with_one_it_is_reachable_at_once(by_iam, lab):
    first = wait_for(lambda: (found := by_iam.api.profile("demo")["findings"]) and found[0], 15, "a finding")
    assert first["code"] == "iam-token-failed", first
    assert first["summary"] == "user app cannot log in to demo: no IAM token was pushed yet"
    status = by_iam.ctl("status", "demo").stdout
    assert "✗ iam-token-failed" in status and "memdbctl auth push" in status and "memdbctl-auth.timer" in status, status
    assert not any(connections(lab, name) for name in NODES)
    calls = auth_calls(lab, NODES[0])
    push(by_iam, lab)
    begun = time.monotonic()
    by_iam.api.wait_verdict("demo", "reachable", 6)
    assert time.monotonic() - begun < 4, "it waited for the next attempt"
    assert auth_calls(lab, NODES[0]) > calls
    assert "IAM user app, token until" in by_iam.ctl("status", "demo").stdout


@contextlib.contextmanager
def steady(agent, lab):
    """Meanwhile no connection of the agent may end or begin, and it stays reachable."""
    def seen():
        return {name: connections(lab, name) for name in NODES}
    before = wait_for(lambda: (now := seen()) and all(len(of_node) == 1 for of_node in now.values()) and now, 10, "one connection to each node")
    yield before
    assert seen() == before, "the same client id and address"
    assert agent.api.profile("demo")["verdict"] == "reachable"


@pytest.mark.settings("[iam]\nreauth_s = 4\n")
def test_a_connection_lives_over_another_authentication(by_iam, lab):
    push(by_iam, lab)
    by_iam.api.wait_verdict("demo", "reachable", 10)
    with steady(by_iam, lab):
        calls = {name: auth_calls(lab, name) for name in NODES}
        wait_for(lambda: all(auth_calls(lab, name) >= calls[name] + 2 for name in NODES), 30, "every node saw two more AUTH")
        assert finding(by_iam) is None
    ages = [int(node(lab, name, "CLIENT", "LIST").partition("user=app")[0].rpartition(" age=")[2].partition(" ")[0]) for name in NODES]
    assert min(ages) >= 5, ages


@pytest.mark.settings("[iam]\nreauth_s = 3\n")
def test_a_refused_authentication_keeps_the_connection_and_is_told(by_iam, lab):
    push(by_iam, lab)
    by_iam.api.wait_verdict("demo", "reachable", 10)
    before = wait_for(lambda: (now := {n: connections(lab, n) for n in NODES}) and all(len(c) == 1 for c in now.values()) and now, 10, "kept")
    accept(lab, ["rotated-on-the-node"])
    warned = wait_for(lambda: finding(by_iam), 15, "the refusal is told")
    assert warned["severity"] == "warning" and "is refused; connections end at" in warned["summary"] and "WRONGPASS" in warned["evidence"], warned
    wait_for(lambda: by_iam.api.profile("demo")["verdict"] == "degraded", 5, "degraded")
    assert {name: connections(lab, name) for name in NODES} == before, "kept until the node ends them"
    # Now they end, as MemoryDB would after 12 h: nobody can log in with this token.
    for name in NODES:
        node(lab, name, "CLIENT", "KILL", "USER", "app")
    wait_for(lambda: (f := finding(by_iam)) and f["severity"] == "error" and f["summary"] == "6 of 6 nodes refuse the IAM token", 15,
             "nobody can log in")
    by_iam.api.wait_verdict("demo", "unreachable", 5)
    push(by_iam, lab)
    by_iam.api.wait_verdict("demo", "reachable", 6)


def test_a_token_that_ends_matters_only_to_new_connections(by_iam, lab):
    at = time.time() - 880
    short, = minted(at)
    accept(lab, [short])
    status, answer = by_iam.api.request("POST", "/v1/profiles/demo/auth", {"token": short})
    assert status == 200, answer
    by_iam.api.wait_verdict("demo", "reachable", 8)
    with steady(by_iam, lab):
        wait_for(lambda: time.time() > int(at) + 901, 30, "the token has expired")
        by_iam.ctl("ping", "demo", "--count", "2")
        assert finding(by_iam) is None
    assert "token expired at" in by_iam.ctl("status", "demo").stdout
    for name in NODES:
        node(lab, name, "CLIENT", "KILL", "USER", "app")
    failed = wait_for(lambda: finding(by_iam), 15, "new connections need another one")
    assert "the IAM token expired at" in failed["summary"], failed
    push(by_iam, lab)
    by_iam.api.wait_verdict("demo", "reachable", 6)


@pytest.mark.settings("[iam]\nreauth_s = 10\n")
def test_without_a_fresh_token_the_end_of_the_connections_is_told_in_time(by_iam, lab):
    short, = minted(time.time() - 894)
    accept(lab, [short])
    status, answer = by_iam.api.request("POST", "/v1/profiles/demo/auth", {"token": short})
    assert status == 200, answer
    by_iam.api.wait_verdict("demo", "reachable", 5)
    warned = wait_for(lambda: finding(by_iam), 20, "another AUTH is due, and there is no token")
    assert warned["severity"] == "warning" and "connections of user app, authenticated by IAM, end at" in warned["summary"], warned
    by_iam.api.wait_verdict("demo", "degraded", 5)
    before = {name: connections(lab, name) for name in NODES}
    push(by_iam, lab)
    wait_for(lambda: finding(by_iam) is None, 12, "the fresh token is used on the kept connections")
    assert {name: connections(lab, name) for name in NODES} == before
    by_iam.api.wait_verdict("demo", "reachable", 5)


def test_tokens_are_nowhere_but_in_memory(by_iam, lab):
    push(by_iam, lab)
    by_iam.api.wait_verdict("demo", "reachable", 10)
    shown = [by_iam.log.read_bytes(), by_iam.api.request("GET", "/v1/status")[1].encode(), by_iam.api.request("GET", "/v1/profiles")[1].encode()]
    kept = [path.read_bytes() for path in (lab.dir / "agent").rglob("*") if path.is_file()]
    for secret in (b"Amz-Signature", b"lab/secret", b"lab%2Fsession", b"AKIDLAB"):
        assert not any(secret in text for text in shown + kept), secret
