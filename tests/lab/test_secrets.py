"""A private key and a password on their way through everything: nowhere but in their own files are they ever seen."""
import base64
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess

import pytest
import rotation
from memdb import MEMDBCTL, Events, wait_for

TRACE = '[log]\nlevel = "trace"\n'


def forms(secret):
    """How a secret could show: as it is, in JSON, in base64 (whatever its place in the text), in hex, percent-encoded."""
    out = {secret, json.dumps(secret)[1:-1], secret.encode().hex(), secret.encode().hex().upper(),
           "".join(f"%{byte:02x}" for byte in secret.encode())}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        out.add(text[(shift * 8 + 5) // 6:-4])
    return {form for form in out if len(form) >= 8}


class Canaries:
    """What must not be seen, and where it was looked for."""

    def __init__(self):
        self.needles, self.looked = {}, 0

    def add(self, name, secret):
        for form in forms(secret):
            self.needles[form] = name

    def add_key(self, name, pem):
        for number, line in enumerate(line for line in pem.splitlines() if line and not line.startswith("-")):
            if len(line) >= 32 and number > 0:  # the first line is alike in all keys
                self.add(f"{name}, line {number}", line)

    def found_in(self, text):
        self.looked += 1
        return sorted({name for form, name in self.needles.items() if form in text})


def read(path):
    return pathlib.Path(path).read_bytes().decode(errors="replace")


def processes(lab):
    pids = subprocess.run(["ip", "netns", "pids", lab.laptop], capture_output=True, text=True, check=True).stdout.split()
    return [int(pid) for pid in pids]


def seen_of_processes(lab):
    out = {}
    for pid in processes(lab):
        try:
            out[pid] = read(f"/proc/{pid}/cmdline") + read(f"/proc/{pid}/environ")
        except OSError:
            continue  # it has ended
    return out


@pytest.fixture
def canaries(lab):
    all_of_them = Canaries()
    all_of_them.add("the password", (lab.dir / "cluster-password").read_text().strip())
    all_of_them.add_key("the key", (lab.dir / "client.key").read_text())
    return all_of_them


def test_the_search_finds_what_it_looks_for(canaries, lab):
    """A check that could not fail would prove nothing."""
    password = (lab.dir / "cluster-password").read_text().strip()
    line = (lab.dir / "client.key").read_text().splitlines()[5]
    for leak in (password, f'{{"password":{json.dumps(password)}}}', base64.b64encode(f"AUTH app {password}".encode()).decode(),
                 password.encode().hex(), f"openvpn: {line}"):
        assert canaries.found_in(f"something {leak} more"), leak
    assert not canaries.found_in("something else altogether")


def name_a_password(agent, lab, canaries):
    """A wrong one, an unusable one, and the right one, in a file that memdbd.toml names."""
    named = lab.dir / "agent" / "named-password"
    canaries.add("the wrong named password", "canary-of-a-named-password-4712")

    def put(text, mode=0o400):
        fresh = named.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(mode)
        shutil.chown(fresh, "memdbd")
        fresh.rename(named)

    put("canary-of-a-named-password-4712\n")
    (lab.dir / "agent" / "memdbd.toml").write_text(f'{TRACE}[passwords]\ndemo = "{named}"\n')
    os.kill(agent.pid, signal.SIGHUP)
    agent.api.wait_finding("demo", "auth-rejected", 20)
    put("canary-of-a-named-password-4712\n", mode=0o444)
    agent.api.wait_finding("demo", "password-unusable")
    put("canary-of-a-named-password-4712\nmore\n")
    wait_for(lambda: "one line" in agent.api.wait_finding("demo", "password-unusable")["evidence"], 5, "another reason")
    put((lab.dir / "cluster-password").read_text())
    agent.api.wait_verdict("demo", "reachable", 20)


@pytest.mark.settings(TRACE)
def test_no_secret_is_seen_anywhere(agent, lab, canaries):
    replies = []

    def ask(method, target, body=None):
        replies.append(agent.api.request(method, target, body, timeout=30)[1])

    agent.import_demo()
    events = Events(agent.socket)
    agent.ctl("connect", "demo", "--wait", "--timeout", "30s")
    openvpn = agent.api.profile("demo")["tunnel"]["openvpn_pid"]
    wrong = lab.dir / "agent" / "wrong-password"
    wrong.write_text("canary-of-a-wrong-password-4711\n")
    canaries.add("the wrong password", "canary-of-a-wrong-password-4711")
    said = agent.ctl("profile", "set", "demo", "--password-file", wrong)
    agent.api.wait_finding("demo", "auth-rejected", 20)
    ask("GET", "/v1/status")
    agent.ctl("profile", "set", "demo", "--password-file", lab.dir / "cluster-password")
    agent.api.wait_verdict("demo", "reachable", 20)
    name_a_password(agent, lab, canaries)
    asked = rotation.request(agent)
    replies.append(json.dumps(asked))
    new_key = lab.dir / "agent" / "state" / "profiles" / "demo" / "credentials" / "request" / "key.pem"
    canaries.add_key("the new key", new_key.read_text())
    # Errors that a person could make with a secret in hand.
    password = (lab.dir / "cluster-password").read_text().strip()
    ask("PATCH", "/v1/profiles/demo", {"password": password, "unknown": password})
    ask("PATCH", "/v1/profiles/demo", {"password": [password]})
    ask("POST", "/v1/profiles", {"name": "other", "kind": password, "key": (lab.dir / "client.key").read_text()})
    ask("POST", "/v1/profiles/demo/key/install", {"certificate": (lab.dir / "client.key").read_text()})
    refused = agent.ctl("profile", "import", lab.dir / "client.key", "--name", "other", "--cluster", "x:1", "--cert", lab.dir / "client.key",
                        "--key", lab.dir / "client.crt", check=False)
    rotation.install(agent, rotation.LabCa.of_the_vpn(lab).sign(asked["csr"]))
    rotation.wait_ended(agent)
    for target in ("/v1/status", "/v1/profiles", "/v1/profiles/demo", "/healthz", "/nothing"):
        ask("GET", target)
    events.close()

    assert openvpn
    around = seen_of_processes(lab)
    assert any("openvpn" in text for text in around.values()) and any("memdbd" in text for text in around.values()), around
    places = {"replies": "".join(replies), "events": json.dumps(events.seen), "the log": agent.log.read_text(errors="replace"),
              "memdbctl": said.stdout + said.stderr + refused.stdout + refused.stderr, "argv and environment": "".join(around.values())}
    for place, text in places.items():
        assert text and not canaries.found_in(text), (place, canaries.found_in(text))
    assert "trace" in places["the log"] or " trace " in places["the log"], "the log says little"
    assert len(canaries.needles) > 20


def test_no_core_and_no_foreign_eyes(demo, lab):
    pid = demo.pid
    limits = read(f"/proc/{pid}/limits")
    assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4:6] == ["0", "0"], limits
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0, "dumpable: the service user could look into it"
    openvpn = demo.api.profile("demo")["tunnel"]["openvpn_pid"]
    assert next(line for line in read(f"/proc/{openvpn}/limits").splitlines() if line.startswith("Max core")).split()[4:6] == ["0", "0"]
    assert MEMDBCTL.exists() and lab


def test_files_with_secrets_are_nobody_elses(demo, lab, canaries):
    wait_for(lambda: demo.api.profile("demo")["verdict"] == "reachable", 10, "reachable")
    rotation.request(demo)
    state = lab.dir / "agent" / "state"
    holding = []
    for path in [state, *state.rglob("*")]:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        assert stat.S_IMODE(mode) & 0o077 == 0, (path, oct(mode))
        if stat.S_ISREG(mode) and (canaries.found_in(read(path)) or "PRIVATE KEY" in read(path)):
            holding.append(path.name)
    assert sorted(set(name.split("-")[0] for name in holding)) == ["cluster", "key.pem"], holding
    for path in (lab.dir / "agent" / "run").rglob("*"):
        if stat.S_ISREG(path.lstat().st_mode):
            assert not canaries.found_in(read(path)), path
