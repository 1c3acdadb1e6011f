"""`profile import` and `add` with input that must be refused: one line that says why, nothing written; and secrets stay secret."""
import base64
import json
import os
import pathlib

import pytest
from memdb import wait_for
from sandbox import SystemAgent, dialled, drop_to, run, tree

PASSWORD = "correct-horse-battery-staple-4711"


@pytest.fixture(scope="module")
def refusing(place):
    """One agent for all refusals: none of them may leave a trace in it."""
    agent = SystemAgent(place).start()
    yield agent
    agent.close()


@pytest.fixture(scope="module")
def files(place, pki):
    """What the cases name by a word."""
    folder = place.folder("files")
    cert, key = pki.client()
    made = {"ovpn": pki.downloaded(), "cert": cert, "key": key, "ca": pki.ca, "other-key": pki.rsa_key("other"), "directory": folder,
            "missing": folder / "missing", "expired": pki.client("expired", dates=("20200101000000Z", "20210101000000Z"))[0],
            "future": pki.client("future", dates=("20980101000000Z", "20990101000000Z"))[0],
            "server-use": pki.client("server-use", usage="serverAuth")[0]}

    def write(word, content):
        made[word] = folder / word
        made[word].write_bytes(content if isinstance(content, bytes) else content.encode())

    good = made["ovpn"].read_text()
    write("empty", "")
    write("blank", "\n \n")
    write("garbage", bytes(range(256)) * 20)
    write("2mib", "# long\n" * 300000)
    write("up", good.replace("verb 3\n", "verb 3\nup /bin/sh\n"))
    write("script", good + "script-security 2\n")
    write("plugin", "plugin evil.so\n" + good)
    write("no-remote", good.replace("remote vpn.test 443\n", ""))
    write("no-ca", good[:good.index("<ca>")] + good[good.index("</ca>") + 6:])
    write("open-ca", good.replace("</ca>", ""))
    write("password", PASSWORD + "\n")
    write("2-lines", "one\ntwo\n")
    write("both", key.read_text() + cert.read_text())
    write("cut-key", key.read_text()[:500])
    made["encrypted"] = folder / "encrypted"
    run("openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:lab", "-out", made["encrypted"])
    made["ec-key"] = folder / "ec-key"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", made["ec-key"])
    return made


def words_of(files, changes):
    """The arguments of an import, with the files named by word; a change to None leaves an option out."""
    options = {"FILE": "ovpn", "--name": "new", "--cert": "cert", "--key": "key", "--cluster": "node.test:6379", **changes}
    out = ["profile", "import"]
    for option, value in options.items():
        if value is None:
            continue
        given = files[value] if option in ("FILE", "--cert", "--key", "--ca", "--password-file") else value
        out += [given] if option == "FILE" else [option, given]
    return out


# what is changed of a good import, words of the one line, exit code
REFUSED = {
    "file missing": ({"FILE": "missing"}, "missing: No such file", 1),
    "file is a directory": ({"FILE": "directory"}, "is a directory", 1),
    "file empty": ({"FILE": "empty"}, "is empty", 1),
    "file blank": ({"FILE": "blank"}, "is empty", 1),
    "file is garbage": ({"FILE": "garbage"}, "garbage: is not a text file", 1),
    "file of 2 MiB": ({"FILE": "2mib"}, "is it the right file?", 1),
    "file without remote": ({"FILE": "no-remote"}, "it has no remote line", 1),
    "file without ca": ({"FILE": "no-ca"}, "it has no <ca> block", 1),
    "file with an open block": ({"FILE": "open-ca"}, "open-ca:10: </ca> is missing", 1),
    "file is the key": ({"FILE": "key"}, "key:1: ", 1),
    "directive up": ({"FILE": "up"}, "up:10: up is refused", 1),
    "directive script-security": ({"FILE": "script"}, "script-security is refused", 1),
    "directive plugin": ({"FILE": "plugin"}, "plugin:1: plugin is refused", 1),
    "cert missing": ({"--cert": "missing"}, "missing: No such file", 1),
    "cert is a directory": ({"--cert": "directory"}, "is a directory", 1),
    "cert empty": ({"--cert": "empty"}, "is empty", 1),
    "cert garbage": ({"--cert": "garbage"}, "garbage: is not a text file", 1),
    "cert is a configuration": ({"--cert": "ovpn"}, "", 1),
    "cert without PEM": ({"--cert": "2-lines"}, "is not PEM", 1),
    "key without PEM": ({"--key": "2-lines"}, "is not PEM", 1),
    "cert of 2 MiB": ({"--cert": "2mib"}, "is it the right file?", 1),
    "cert expired": ({"--cert": "expired"}, "the certificate expired expired on 2021-01-01", 1),
    "cert not yet valid": ({"--cert": "future"}, "valid from 2098-01-01", 1),
    "cert for server use": ({"--cert": "server-use"}, "was not issued for client use", 1),
    "cert of a CA": ({"--cert": "ca"}, "", 1),
    "cert and key swapped": ({"--cert": "key", "--key": "cert"}, "swapped?", 1),
    "cert with its key": ({"--cert": "both"}, "give the key apart", 1),
    "cert without key": ({"--key": None}, "a certificate without its key", 1),
    "neither cert nor key": ({"--cert": None, "--key": None}, "give them with --cert and --key", 1),
    "key missing": ({"--key": "missing"}, "missing: No such file", 1),
    "key is a directory": ({"--key": "directory"}, "is a directory", 1),
    "key empty": ({"--key": "empty"}, "is empty", 1),
    "key garbage": ({"--key": "garbage"}, "garbage: is not a text file", 1),
    "key cut off": ({"--key": "cut-key"}, "the private key", 1),
    "key does not match": ({"--key": "other-key"}, "does not belong to the certificate client", 1),
    "key of another kind": ({"--key": "ec-key"}, "does not belong to the certificate client", 1),
    "key encrypted": ({"--key": "encrypted"}, "the private key is encrypted", 1),
    "name empty": ({"--name": ""}, "name", 1),
    "name climbs": ({"--name": "../../etc"}, "name", 1),
    "name hidden": ({"--name": ".new-x"}, "name", 1),
    "name with blank": ({"--name": "a b"}, "name", 1),
    "name too long": ({"--name": "x" * 300}, "name", 1),
    "name drives a terminal": ({"--name": "\x1b[31mred"}, "name", 1),
    "cluster without host": ({"--cluster": ":6379"}, "cluster", 1),
    "cluster with a bad port": ({"--cluster": "node.test:66666"}, "cluster", 1),
    "cluster with blanks": ({"--cluster": "node test"}, "cluster", 1),
    "ca is a key": ({"--ca": "key"}, "the cluster's CA", 1),
    "ca missing": ({"--ca": "missing"}, "missing: No such file", 1),
    "password file empty": ({"--user": "app", "--password-file": "empty"}, "is empty", 1),
    "password of two lines": ({"--user": "app", "--password-file": "2-lines"}, "it must be one line", 1),
    "user without password": ({"--user": "app"}, "a user without a password", 1),
    "password without user": ({"--password-file": "password"}, "needs --user", 2),
    "no cluster": ({"--cluster": None}, "--cluster is required", 2),
    "no name": ({"--name": None}, "--name is required", 2),
    "no file": ({"FILE": None}, "FILE is required", 2),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_and_nothing_is_written(refusing, files, case):
    changes, words, exit_code = REFUSED[case]
    before = tree(refusing.state)
    line = refusing.fails(*words_of(files, changes), exit=exit_code)
    assert words in line and len(line) < 300 and "\x1b" not in line
    assert not any(secret in line for secret in (PASSWORD, *files["key"].read_text().splitlines()[1:-1]))
    assert tree(refusing.state) == before
    assert refusing.api.get("/v1/status")["profiles"] == []


def test_a_name_that_exists(agents, files):
    agent = agents()
    agent.ctl(*words_of(files, {}))
    before = tree(agent.state)
    line = agent.fails(*words_of(files, {"--cluster": "elsewhere.test"}))
    assert "exists" in line
    assert "exists" in agent.fails("profile", "add", "--direct", "--name", "new", "--cluster", "elsewhere.test")
    assert tree(agent.state) == before
    agent.ctl("profile", "remove", "new", "--yes")
    agent.ctl(*words_of(files, {"--cluster": "elsewhere.test"}))
    assert agent.api.profile("new")["clusters"][0]["endpoint"] == "elsewhere.test:6379"


def test_the_agent_is_asked_directly_with_what_the_client_would_not_send(refusing):
    before = tree(refusing.state)
    good = {"kind": "direct", "name": "new", "clusters": [{"endpoint": "node.test"}]}
    for change in ({"name": "../x"}, {"name": 7}, {"kind": "odd"}, {"clusters": []}, {"clusters": [{"endpoint": "a\nb"}]},
                   {"clusters": [{"endpoint": f"n{i}.test"} for i in range(1000)]}, {"surplus": 1}, {"password": {"a": 1}}):
        status, text = refusing.api.request("POST", "/v1/profiles", {**good, **change})
        assert status == 400 and "\n" not in json.loads(text)["error"]["message"], (change, status, text)
    assert tree(refusing.state) == before


def test_files_are_read_as_the_calling_user(refusing, files, place):
    """The agent opens no file that a user names: what the caller may not read stays unread, whatever the agent may."""
    secret = place.folder("private") / "mine.key"
    secret.write_text(files["key"].read_text())
    secret.chmod(0o600)
    line = refusing.fails(*words_of({**files, "secret": secret}, {"--key": "secret"}), by=drop_to("nobody", "memdb"))
    assert "Permission denied" in line


def test_what_an_import_stores(agents, files):
    agent = agents()
    agent.ctl(*words_of(files, {"--user": "app", "--password-file": "password", "--ca": "ca"}))
    stored = tree(agent.state / "profiles" / "new")
    assert {name for name in stored if "/" not in name} >= {"profile.toml", "client.ovpn", "cluster-password", "cluster-ca.pem", "credentials"}
    for name, (mode, uid, _) in stored.items():
        assert uid == os.stat(agent.state).st_uid
        if not name.endswith("current"):
            assert mode & 0o7777 == (0o700 if (agent.state / "profiles/new" / name).is_dir() else 0o600), name
    assert b"PRIVATE KEY" not in stored["client.ovpn"][2] and b"vpn.test" not in stored["client.ovpn"][2]
    assert stored["credentials/current"][2] == "1"


def test_a_pipe_is_a_file_too(agent, files):
    read, write = os.pipe()
    with os.fdopen(write, "w") as sink:
        sink.write(files["key"].read_text())
    agent.ctl(*words_of({**files, "pipe": f"/dev/fd/{read}"}, {"--key": "pipe"}), pass_fds=[read])
    os.close(read)


def test_secrets_are_nowhere(agents, nodes, files, tmp_path):
    """In no log, no answer of the API, no output and no argument of any process; tried while everything runs and fails."""
    agent = agents(fast={"log": {"level": "trace"}, "probe": {"sentinel_interval_ms": 200}})
    node = nodes("healthy", "--password", PASSWORD)
    cluster = f"node.test:{node.port}"
    login = {"--user": "app", "--password-file": "password", "--ca": "ca"}
    imported = agent.ctl(*words_of(files, {"--cluster": cluster, **login}))
    refused = agent.ctl(*words_of(files, {"--name": "other", "--key": "other-key", **login}), check=False)
    key = files["key"].read_text()
    secrets = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode()] + [line for line in key.splitlines() if not line.startswith("-")][:-1]
    assert len(secrets) > 20

    agent.ctl("connect", "new", "--wait")
    running = [path.read_bytes().decode(errors="replace") for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if readable(path)]
    running = [words for words in running if "fake_node.py" not in words]  # it is told the password on its command line
    assert any("fake_openvpn" in words for words in running), "openvpn runs while we look"
    with dialled(agent.socket) as peer:  # a broken import whose body has the password
        body = json.dumps({"name": "x", "password": PASSWORD})[:-1].encode()
        peer.sendall(b"POST /v1/profiles HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        broken = peer.recv(65536).decode()
    (tmp_path / "wrong").write_text("wrong-" + PASSWORD)
    agent.ctl(*words_of({**files, "wrong": tmp_path / "wrong"}, {"--name": "wrong", "--cluster": cluster, **login, "--password-file": "wrong"}))
    agent.ctl("connect", "wrong")
    agent.api.wait_finding("wrong", "auth-rejected")
    shown = [agent.ctl(*words, check=False).stdout for words in (
        ["status", "--json"], ["status"], ["profile", "show", "new", "--json"], ["profile", "show", "new"], ["profile", "list", "--json"],
        ["events", "--json"], ["events"], ["check", "new"], ["ping", "new", "--count", "1", "--json"], ["version", "--json"])]
    places = {"log": agent.text(), "answers": "".join(shown), "argv": "\n".join(running), "broken": broken,
              "import": imported.stdout + imported.stderr + refused.stdout + refused.stderr}
    for where, text in places.items():
        assert len(text) > 20, where
        for secret in secrets:
            assert secret not in text, f"a secret in {where}"
    wait_for(lambda: "tunnel" in agent.text(), 1, "the log says much")


def readable(path):
    try:
        path.read_bytes()
        return True
    except OSError:
        return False
