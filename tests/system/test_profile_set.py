"""profile set: clusters, user, password, CA and signer of a profile at work, all of a change or nothing, and never the tunnel."""
import json
import os
import pathlib

import pytest
from memdb import wait_for
from sandbox import tree


def password_file(agent, word, name="password"):
    path = agent.dir / name
    path.write_text(word + "\n")
    return path


def node_state(agent, name, cluster=0):
    nodes = agent.api.profile(name)["clusters"][cluster]["nodes"]
    return nodes[0]["state"] if nodes else "none"


def stored(agent, name):
    """What lies there of a profile's own, without the fake openvpn's files."""
    return {path: what for path, what in tree(agent.state / "profiles" / name).items() if "fake_openvpn" not in path}


def test_a_new_password_is_used_at_once_and_the_tunnel_is_not_touched(agent, nodes, pki):
    node = nodes("healthy", "--password", "second")
    agent.import_tunnel("demo", pki, cluster=f"node.test:{node.port}",
                        more=("--user", "app", "--password-file", password_file(agent, "first")))
    agent.ctl("connect", "demo")
    agent.wait_phase("demo", "up")
    wait_for(lambda: node_state(agent, "demo") == "failed", 15, "the old password is rejected")
    before = agent.tunnel("demo")
    agent.ctl("profile", "set", "demo", "--password-file", password_file(agent, "second"))
    wait_for(lambda: node_state(agent, "demo") == "ok", 15, "the new password is accepted")
    after = agent.tunnel("demo")
    for field in ("openvpn_pid", "restarts", "since", "attempt"):
        assert after.get(field) == before.get(field), field
    assert agent.starts("demo") == 1
    files = [path for path in stored(agent, "demo") if path.startswith("cluster-password")]
    assert len(files) == 1, files  # the old one is gone
    agent.end()
    agent.start()
    wait_for(lambda: node_state(agent, "demo") == "ok", 20, "the new password outlives a restart")


def test_only_the_probes_of_other_clusters_begin_anew(agent, nodes, pki):
    stays, other, third = nodes("healthy"), nodes("healthy"), nodes("healthy")
    agent.ctl("profile", "add", "--direct", "--name", "two", "--ca", pki.ca, "--cluster", f"node.test:{stays.port}",
              "--cluster", f"node.test:{other.port}")
    agent.ctl("connect", "two")
    wait_for(lambda: [node_state(agent, "two", i) for i in (0, 1)] == ["ok", "ok"], 15, "both answer")
    accepted = connections(agent, stays.port)
    assert accepted
    agent.ctl("profile", "set", "two", "--cluster", f"node.test:{stays.port}", "--cluster", f"node.test:{third.port}")
    wait_for(lambda: [c["endpoint"] for c in agent.api.profile("two")["clusters"]] ==
             [f"node.test:{stays.port}", f"node.test:{third.port}"] and node_state(agent, "two", 1) == "ok", 15, "the third answers")
    assert accepted <= connections(agent, stays.port), "a connection of the cluster that stays was closed"
    wait_for(lambda: not connections(agent, other.port), 5, "the cluster that went is left alone")


def connections(agent, port):
    """Local ports of the connections to 127.0.0.1:port that stand in memdbd's namespace."""
    rows = pathlib.Path(f"/proc/{agent.pid}/net/tcp").read_text().splitlines()[1:]
    words = [row.split() for row in rows]
    return {w[1] for w in words if w[2] == f"0100007F:{port:04X}" and w[3] == "01"}


BAD = {
    "nothing": ((), "nothing to change"),
    "a password without a user": (("--password-file", "PASSWORD"), "a password without a user"),
    "a user without a password": (("--user", "app"), "a user without a password"),
    "a user with a blank": (("--user", "a b", "--password-file", "PASSWORD"), "user"),
    "no host": (("--cluster", ":6379"), "cluster"),
    "a cluster twice": (("--cluster", "node.test", "--cluster", "node.test:6379"), "is given twice"),
    "no certificate": (("--ca", "PASSWORD"), "the cluster's CA"),
    "a relative folder": (("--signer", "pki:here"), "the signer must be"),
    "an unknown signer": (("--signer", "notary"), "the signer must be"),
    "revoking with a signer that cannot": (("--signer", "manual", "--revoke-old", "on"), "needs the signer pki:/DIR"),
    "revoking without a signer": (("--revoke-old", "on"), "needs the signer pki:/DIR"),
    "good beside bad": (("--cluster", "good.test", "--signer", "command:x"), "the signer must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_change_changes_nothing(agent, pki, case):
    agent.import_tunnel("demo", pki)
    before, shown = stored(agent, "demo"), agent.api.profile("demo")["clusters"]
    words = [str(password_file(agent, "secret")) if word == "PASSWORD" else word for word in BAD[case][0]]
    assert BAD[case][1] in agent.fails("profile", "set", "demo", *words)
    assert stored(agent, "demo") == before and agent.api.profile("demo")["clusters"] == shown


def test_the_api_refuses_fields_that_it_does_not_know(agent, pki):
    agent.import_tunnel("demo", pki)
    before = stored(agent, "demo")
    for body in ({"signer": "manual", "revoke": True}, {"signer": "pki:/x", "revoke_old": "on"}, {"clusters": [{"endpoint": "node.test", "path": "/etc/shadow"}]}, {"user": 1}, []):
        status, text = agent.api.request("PATCH", "/v1/profiles/demo", json.dumps(body))[:2]
        assert status == 400, text
    assert agent.api.request("PATCH", "/v1/profiles/none", '{"signer":"manual"}')[0] == 404
    assert stored(agent, "demo") == before


def test_a_signer_is_kept_with_who_named_it(agent, pki):
    agent.import_tunnel("demo", pki)
    assert "signer" not in agent.api.profile("demo") and "revoke_old" not in agent.api.profile("demo")
    agent.ctl("profile", "set", "--signer", "pki:/home/me/pki")
    assert agent.api.profile("demo")["revoke_old"] is False
    agent.ctl("profile", "set", "--revoke-old", "on")
    agent.end()
    agent.start()
    shown = agent.api.profile("demo")
    assert (shown["signer"], shown["signer_uid"]) == ("pki:/home/me/pki", os.geteuid())
    assert (shown["revoke_old"], shown["revoke_old_uid"]) == (True, os.geteuid())
    text = agent.ctl("profile", "show").stdout
    assert "pki:/home/me/pki, set by uid" in text and "then revokes the old certificate" in text, text
    agent.ctl("profile", "set", "--signer", "manual")
    assert not {"revoke_old", "revoke_old_uid"} & set(agent.api.profile("demo")), "it went with the PKI"


def test_the_user_and_the_ca_can_be_taken_away(agent, nodes, pki):
    node = nodes("healthy")
    agent.add_direct("good", node, pki, "--user", "app", "--password-file", password_file(agent, "word"))
    agent.ctl("profile", "set", "--no-user", "--no-ca")
    assert not [path for path in stored(agent, "good") if path.startswith(("cluster-password", "cluster-ca"))]
    agent.ctl("connect", "good")
    agent.api.wait_finding("good", "tls-untrusted")
