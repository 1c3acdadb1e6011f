"""Nodes that misbehave, each beside a good one: every fault has its own layer and sentence, and nothing else suffers."""
import time

import pytest
from memdb import wait_for
from sandbox import layers_of

PAST = ("20200101000000Z", "20210101000000Z")
LIMITS = {"probe": {f"{stage}_limit_ms": 400 for stage in ("tcp", "tls", "auth", "ping")}}


def test_a_healthy_node_is_reachable_and_has_no_tunnel_layers(agent, nodes, pki):
    agent.add_direct("good", nodes("healthy"), pki)
    agent.ctl("connect", "good", "--wait")
    profile = agent.api.wait_verdict("good", "reachable")
    assert layers_of(profile) == {**dict.fromkeys(("process", "handshake", "tunnel"), "skipped"),
                                  **dict.fromkeys(("route", "dns", "tcp", "tls", "auth", "ping", "cluster"), "ok")}
    assert profile["kind"] == "direct" and "tunnel" not in profile and profile["findings"] == []
    node, = profile["clusters"][0]["nodes"]
    assert node["state"] == "ok" and node["address"] == "127.0.0.1" and set(node["stages_us"]) >= {"tcp", "tls", "ping"}


def test_a_cluster_is_followed_by_the_names_that_it_announces(agent, nodes, pki):
    node = nodes("healthy", "--hostname", "good.test", tls=pki.node("both", "node.test,DNS:good.test"))
    agent.add_direct("good", node, pki)
    agent.ctl("connect", "--wait")
    cluster, = agent.api.profile("good")["clusters"]
    assert cluster["slots_covered"] == 16384 and [n["name"] for n in cluster["nodes"]] == ["good.test"]


# mode, TLS of the node, arguments of the node, the finding, the first failed layer, words of its sentence.
# What passes by itself (loading, busy) does not make the verdict `unreachable`; a topology that cannot be read, `degraded`.
FAULTS = {
    "silent": ("silent", None, (), "node-unreachable", "tls", "does not answer"),
    "plain text": ("plain-text", None, (), "tls-not-offered", "tls", "speaks no TLS"),
    "closes after accept": ("close-accept", None, (), "tls-handshake-failed", "tls", "breaks off the TLS handshake"),
    "closes after TLS": ("close-tls", "good", (), "node-unreachable", "auth", "does not answer"),
    "closes at AUTH": ("close-auth", "good", (), "node-unreachable", "auth", "does not answer"),
    "closes at PING": ("close-ping", "good", (), "node-unreachable", "ping", "does not answer"),
    "mute after TLS": ("mute-tls", "good", (), "node-unreachable", "auth", "does not answer"),
    "mute after AUTH": ("mute-ping", "good", (), "node-unreachable", "ping", "does not answer"),
    "garbage": ("garbage", "good", (), "node-unreachable", "auth", "does not answer"),
    "huge bulk": ("huge-bulk", "good", (), "node-unreachable", "auth", "does not answer"),
    "endless line": ("endless-line", "good", (), "node-unreachable", "auth", "does not answer"),
    "nested bomb": ("nested-bomb", "good", (), "node-unreachable", "auth", "does not answer"),
    "topology bomb": ("topology-bomb", "good", (), "topology-unreadable", "cluster", "cannot be read"),
    "wrong name": ("healthy", "wrong-name", (), "tls-name-mismatch", "tls", "a certificate for another name"),
    "wrong CA": ("healthy", "wrong-ca", (), "tls-untrusted", "tls", "a certificate of an unknown issuer"),
    "expired": ("healthy", "expired", (), "tls-expired", "tls", "an expired certificate"),
    "NOAUTH": ("noauth", "good", (), "auth-required", "auth", "wants a user and password"),
    "WRONGPASS": ("wrongpass", "good", (), "auth-rejected", "auth", "rejects this user or password"),
    "NOPERM": ("noperm", "good", (), "auth-no-permission", "auth", "forbids PING to this user"),
    "LOADING": ("loading", "good", (), "node-loading", "ping", "is still loading data"),
    "MASTERDOWN": ("masterdown", "good", (), "node-loading", "ping", "is still loading data"),
    "BUSY": ("busy", "good", (), "node-busy", "ping", "is busy"),
    "too many clients": ("maxclients", "good", (), "node-busy", "auth", "is busy"),
    "slow": ("healthy", "good", ("--delay-ms", "700"), "node-unreachable", "tls", "does not answer"),
}


def tls_of(pki, word):
    return {None: lambda: None, "good": lambda: pki.node("node"), "wrong-name": lambda: pki.node("wrong-name", "elsewhere.test"),
            "wrong-ca": lambda: pki.node("wrong-ca", issuer="other-ca"), "expired": lambda: pki.node("expired", dates=PAST)}[word]()


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_node_is_named_and_the_good_one_stays(agents, nodes, pki, tmp_path, name):
    mode, tls, arguments, code, layer, words = FAULTS[name]
    (tmp_path / "password").write_text("sesame\n")
    login = ("--user", "app", "--password-file", tmp_path / "password")
    agent = agents(LIMITS)
    agent.add_direct("good", nodes("healthy"), pki)
    agent.ctl("connect", "good", "--wait")
    before = agent.rss()
    agent.add_direct("bad", nodes(mode, *arguments, tls=tls_of(pki, tls)), pki, *login)
    agent.ctl("connect", "bad")

    finding = agent.api.wait_finding("bad", code)
    profile = agent.api.profile("bad")
    states = layers_of(profile)
    assert words in finding["summary"] and "\n" not in finding["summary"] + finding["evidence"]
    assert next(word for word, state in states.items() if state == "failed") == layer, states
    soft = {"topology-unreadable": "degraded", "node-loading": "connecting", "node-busy": "connecting"}
    assert profile["verdict"] == soft.get(code, "unreachable")
    assert profile["clusters"][0]["nodes"][0].get("finding") == (None if layer == "cluster" else code)

    # It stays so over several tries, none of them grows memory, and the good one answers within its interval.
    good_is_fresh(agent)
    assert agent.api.profile("good")["verdict"] == "reachable"
    assert agent.rss() - before < 12 * 1024
    begun = time.monotonic()
    agent.ctl("disconnect", "bad", "--wait")
    assert time.monotonic() - begun < 5


def good_is_fresh(agent):
    """Two more PINGs of the good node are answered, each within its interval and some slack for a busy machine."""
    stamps = {agent.api.profile("good")["clusters"][0]["nodes"][0]["last_ok_at"]}
    wait_for(lambda: stamps.add(agent.api.profile("good")["clusters"][0]["nodes"][0]["last_ok_at"]) or len(stamps) > 2, 3,
             "the good node goes on answering")


def test_a_node_that_recovers_is_reachable_again(agents, nodes, pki, tmp_path):
    (tmp_path / "password").write_text("sesame\n")
    agent = agents(LIMITS)
    node = nodes("healthy", "--password", "other")
    agent.add_direct("node", node, pki, "--user", "app", "--password-file", tmp_path / "password")
    agent.ctl("connect", "node")
    agent.api.wait_finding("node", "auth-rejected")
    node.close()
    agent.api.wait_finding("node", "port-refused")
    nodes("healthy", "--password", "sesame", "--listen", f"127.0.0.1:{node.port}")
    profile = agent.api.wait_verdict("node", "reachable", 20)
    assert profile["findings"] == []


def test_a_node_that_answers_small_packets_alone_is_found_out_but_stays_in_use(agents, nodes, pki):
    agent = agents({"probe": {"bulk_limit_ms": 300, "node_interval_ms": 500}})
    agent.add_direct("node", nodes("small-only"), pki)
    agent.ctl("connect", "--wait")
    wait_for(lambda: agent.text().count("bulk missed") > 3, 10, "large packets are tried again and again")
    assert agent.api.wait_finding("node", "path-mtu-too-small", 10)["severity"] == "error"
    assert agent.api.profile("node")["verdict"] == "degraded", "small packets pass: PING is answered"
    assert "bulk passed" not in agent.text() and " failed: " not in agent.text() and "node missed" not in agent.text()


def test_large_packets_pass_on_a_good_way(agent, nodes, pki):
    agent.add_direct("good", nodes("healthy"), pki)
    agent.ctl("connect", "--wait")
    wait_for(lambda: "bulk passed" in agent.text(), 5, "a large PING is echoed")
    assert "bulk missed" not in agent.text()


def test_a_name_without_address_fails_at_dns(agent, nodes, pki):
    node = nodes("healthy")
    agent.add_direct("lost", node, pki, host="nowhere.test")
    agent.ctl("connect", "lost")
    finding = agent.api.wait_finding("lost", "cluster-name-unresolved")
    assert layers_of(agent.api.profile("lost"))["dns"] == "failed" and "no address" in finding["summary"]


def test_without_tls_it_is_degraded_at_best(agent, nodes, pki):
    node = nodes("healthy", tls=None)
    agent.ctl("profile", "add", "--direct", "--name", "plain", "--cluster", f"node.test:{node.port}", "--tls", "off")
    done = agent.ctl("connect", "plain", "--wait")
    assert agent.api.profile("plain")["verdict"] == "degraded" and "tls-off" in done.stderr


@pytest.mark.parametrize("mode", ["hang-up", "babble"])
def test_a_node_that_breaks_off_after_each_proof_is_not_connected_to_all_the_time(agent, nodes, pki, tmp_path, mode):
    connections = tmp_path / "connections"
    agent.add_direct("odd", nodes(mode, "--count", connections), pki)
    agent.ctl("connect", "odd")
    made = lambda: len(connections.read_bytes()) if connections.exists() else 0  # noqa: E731
    wait_for(lambda: made() >= 3, 20, "it is connected to again")
    before, began = made(), time.monotonic()
    wait_for(lambda: made() >= before + 3, 20, "and again")
    took = time.monotonic() - began
    assert took > 1, f"{made() - before} connections in {took:.2f} s"
