"""`memdbctl rotate` and `key …`: every signer with its faults, against an agent's socket that plays a rotation. easy-rsa is real."""
import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time

import pytest
from aws.endpoint import AwsEndpoint
from fake_key_agent import FakeKeyAgent, openssl
from memdb import MEMDBCTL, wait_for

EASYRSA = os.environ.get("MEMDB_TEST_EASYRSA", "/usr/share/easy-rsa/easyrsa")
ARN = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555"
DUE = {"credential": {"rotate_at": "2020-01-01T00:00:00.000Z"}}


class Caller:
    """memdbctl with a home and a PATH of its own."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.home.mkdir()
        self.bin.mkdir()
        self.env = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

    def command(self, *words, agent=None):
        return [str(word) for word in (MEMDBCTL, *words, *(["--socket", agent.path] if agent else []))]

    def ctl(self, *words, agent=None, exit=0, **env):
        done = subprocess.run(self.command(*words, agent=agent), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**self.env, **env}, cwd=self.home, check=False)
        assert done.returncode == exit, (words, done)
        if exit:
            assert done.stderr.count("\n") == 1 and done.stderr.startswith("memdbctl: "), done
            return done.stderr
        return done.stdout

    def signer(self, script):
        path = self.bin / "signer"
        path.write_text("#!/bin/sh\n" + script + "\n", encoding="ascii")
        path.chmod(0o755)
        return path


@pytest.fixture
def caller(tmp_path):
    return Caller(tmp_path)


@pytest.fixture
def fake(tmp_path):
    made = []

    def make(**more):
        folder = tmp_path / f"agent{len(made)}"
        folder.mkdir()
        made.append(FakeKeyAgent(folder, **more))
        return made[-1]

    yield make
    for agent in made:
        agent.close()


@pytest.fixture
def own_ca(tmp_path):
    folder = tmp_path / "own-ca"
    folder.mkdir()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=own", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    return folder


def sign_line(ca):
    return f"exec openssl x509 -req -in /dev/stdin -CA {ca}/ca.crt -CAkey {ca}/ca.key -days 30 2>/dev/null"


def steps(said):
    return [line.split()[0] for line in said.splitlines() if line.startswith("  ")]


def pki_of(caller, *clients):
    caller.ctl("pki", "init", "--easyrsa", EASYRSA)
    for client in clients:
        caller.ctl("pki", "client", client, "--easyrsa", EASYRSA)
    return caller.home / ".local/share/memdbctl/pki"


def serial_of(path):
    return openssl("x509", "-noout", "-serial", "-in", path).strip().split("=")[1]


def test_a_local_easyrsa_signs_and_the_old_certificate_is_revoked(caller, fake):
    pki = pki_of(caller, "laptop")
    agent = fake(credential={"serial": serial_of(pki / "issued/laptop.crt")})
    said = caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, "--revoke-old", "--reason", "lost laptop", "--days", "90", agent=agent)
    assert steps(said) == ["signed", "checked", "proven", "switched", "confirmed", "revoked", "told"], said
    assert "0.31 s" in said and "demo uses generation 2 (laptop-20261124)" in said
    assert agent.bodies[0] == ("request", {"reason": "lost laptop"}) and agent.installed.startswith("-----BEGIN CERTIFICATE-----")
    listed = {one["name"]: one for one in json.loads(caller.ctl("pki", "list", "--json"))["certificates"]}
    assert listed["laptop"]["status"] == "revoked" and listed["laptop"]["reason"] == "superseded"
    assert listed["laptop-20261124"]["status"] == "valid" and listed["laptop-20261124"]["kind"] == "client"
    assert listed["laptop-20261124"]["days_left"] in (89, 90)
    assert listed["laptop"]["serial"] in openssl("crl", "-noout", "-text", "-in", pki / "crl.pem")
    assert listed["laptop"]["serial"] in openssl("crl", "-noout", "-text", given=agent.crl), "the agent has the new list"


def test_a_list_that_the_agent_does_not_take_undoes_nothing(caller, fake):
    pki = pki_of(caller, "laptop")
    agent = fake(credential={"serial": serial_of(pki / "issued/laptop.crt")})
    agent.crl_refusal = "not of this CA"
    line = caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, "--revoke-old", agent=agent, exit=1)
    assert line == f"memdbctl: laptop is revoked and the list made, but the agent was not told (not of this CA); " \
                   f"repeat with memdbctl key crl {pki}/crl.pem demo\n"


REVOKING = {  # fields of the profile, words: whether the old one is revoked
    "the profile says so": ({"revoke_old": True, "revoke_old_uid": os.getuid()}, (), True),
    "the profile says so, --if-due": ({"revoke_old": True, "revoke_old_uid": os.getuid()}, ("--if-due",), True),
    "the profile says so, not now": ({"revoke_old": True, "revoke_old_uid": os.getuid()}, ("--no-revoke-old",), False),
    "the profile says no": ({"revoke_old": False}, (), False),
    "only now": ({"revoke_old": False}, ("--revoke-old",), True),
    "another user says so": ({"revoke_old": True, "revoke_old_uid": 65534}, (), False),
    "another user says so, and so do we": ({"revoke_old": True, "revoke_old_uid": 65534}, ("--revoke-old",), True),
}


@pytest.mark.parametrize("case", REVOKING)
def test_whether_the_old_certificate_is_revoked(caller, fake, case):
    fields, words, revoked = REVOKING[case]
    pki = pki_of(caller, "laptop")
    agent = fake(credential={"serial": serial_of(pki / "issued/laptop.crt"), **DUE["credential"]}, signer=f"pki:{pki}", signer_uid=os.getuid(), **fields)
    done = subprocess.run(caller.command("rotate", "--easyrsa", EASYRSA, *words, agent=agent), capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=caller.env, check=False)
    assert done.returncode == 0 and ("revoked" in steps(done.stdout)) == revoked == (agent.crl is not None), done
    assert ("set by another user" in done.stderr) == (case == "another user says so") == bool(done.stderr), done
    listed = {one["name"]: one["status"] for one in json.loads(caller.ctl("pki", "list", "--json"))["certificates"]}
    assert listed == {"laptop": "revoked" if revoked else "valid", "laptop-20261124": "valid"}


def test_the_same_request_is_signed_once(caller, fake):
    """Interrupted after the signature: the next call brings the certificate that is there."""
    pki_of(caller)
    agent = fake(course=[("failed", "failed")], message="the endpoint refused it")
    first = caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, agent=agent, exit=1)
    assert "keeps its key: the endpoint refused it" in first
    brought = agent.installed
    agent.course = [("confirmed", "confirmed")]
    caller.ctl("key", "rotate", "demo", "--signer", "pki", "--easyrsa", EASYRSA, agent=agent)
    assert agent.installed == brought


def test_another_request_of_that_name_is_not_signed(caller, fake):
    pki = pki_of(caller, "laptop-20261124")
    agent = fake()
    assert "another key" in caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, agent=agent, exit=1)
    (pki / "issued/laptop-20261124.crt").unlink()
    assert "another request" in caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, agent=agent, exit=1)
    assert agent.installed is None


def test_no_pki_and_no_easyrsa_are_told(caller, fake):
    agent = fake()
    line = caller.ctl("rotate", "--signer", "pki", "--easyrsa", EASYRSA, agent=agent, exit=1)
    assert "pki init" in line and "request stays pending" in line and agent.installed is None
    assert "--easyrsa" in caller.ctl("rotate", "--signer", "pki", "--easyrsa", "/nonexistent", agent=agent, exit=1)


# what the signer does, words of the one line, exit code
FAULTS = [
    ("echo 'no quorum' >&2; exit 3", "no quorum", 1),
    ("exit 0", "gave back", 1),
    ("echo garbage", "gave back", 1),
    ("head -c 10485760 /dev/zero", "more than 256 KiB", 1),
    ("exec >&-; exec sleep 1000", "did not end", 5),
    ("trap '' TERM; while :; do sleep 1; done", "did not end", 5),
    ("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /dev/null 2>/dev/null", "another key", 1),
]


@pytest.mark.parametrize("script, words, code", FAULTS, ids=[row[1] + str(n) for n, row in enumerate(FAULTS)])
def test_a_signer_that_fails_leaves_everything_as_it_was(caller, fake, script, words, code):
    agent = fake()
    line = caller.ctl("rotate", "--signer-command", caller.signer(script), "--timeout", "3s", agent=agent, exit=code)
    assert words in line and "keeps its key" in line, line
    assert agent.installed is None and [action for action, _ in agent.bodies] == ["request"]


def test_a_command_signs(caller, fake, own_ca):
    agent = fake()
    said = caller.ctl("rotate", "demo", "--signer", "command", "--signer-command", caller.signer(sign_line(own_ca)), agent=agent)
    assert steps(said)[0] == "signed" and agent.installed


def test_what_the_agent_refuses_is_told_in_its_words(caller, fake, own_ca):
    agent = fake()
    agent.answer = lambda name, action, body, real=agent.answer: real(name, action, body) if action == "request" else (
        400, {"error": {"code": "bad_request", "message": "the certificate comes from another CA"}})
    assert "another CA" in caller.ctl("rotate", "--signer-command", caller.signer(sign_line(own_ca)), agent=agent, exit=1)


ENDS = [
    ([("awaiting", "switched")], 0, "confirmed at the next connect"),
    ([("failed", "failed")], 1, "keeps its key: because"),
    ([("confirming", "switched"), ("reverting", None), ("reverted", "reverted")], 1, "went back to the key before: because"),
    ([("proving", None)], 5, "the agent goes on"),
]


@pytest.mark.parametrize("course, code, words", ENDS, ids=[row[2] for row in ENDS])
def test_every_end_has_its_exit_code(caller, fake, own_ca, course, code, words):
    agent = fake(course=course, message="because")
    limit = "3s" if code == 5 else "60s"
    assert words in caller.ctl("rotate", "--signer-command", caller.signer(sign_line(own_ca)), "--timeout", limit, agent=agent, exit=code)


def test_a_restart_of_the_agent_is_waited_for(caller, fake, own_ca):
    agent = fake()
    agent.drop_at = 2
    said = caller.ctl("rotate", "--signer-command", caller.signer(sign_line(own_ca)), agent=agent)
    assert steps(said)[-1] == "confirmed"


@pytest.fixture
def aws(caller, own_ca, tmp_path):
    """The real aws program, which asks an endpoint of ours."""
    made = []

    def make(mode="good"):
        made.append(AwsEndpoint(tmp_path / "aws", own_ca, mode))
        (caller.bin / "aws").symlink_to(made[-1].program)
        caller.env |= made[-1].env
        return made[-1]

    yield make
    for endpoint in made:
        endpoint.close()


def test_aws_private_ca_signs(caller, fake, aws):
    agent, endpoint = fake(), aws()
    said = caller.ctl("rotate", "--acm-pca", ARN, "--aws-profile", "work", "--days", "30", agent=agent)
    assert steps(said)[0] == "signed" and agent.installed.count("BEGIN CERTIFICATE") == 2, "with its chain"
    ((key, region, service, issue),) = endpoint.of("IssueCertificate")
    assert (key, region, service) == ("KEYWORK", "eu-central-1", "acm-pca"), "the profile that was named, the region of the CA"
    assert "CERTIFICATE REQUEST" in issue.pop("Csr").decode()
    issue.pop("IdempotencyToken", None)
    assert issue == {"CertificateAuthorityArn": ARN, "SigningAlgorithm": "SHA256WITHRSA", "Validity": {"Value": 30, "Type": "DAYS"},
                     "TemplateArn": "arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1"}
    gets = endpoint.of("GetCertificate")
    assert len(gets) == 3 and gets[0][3] == {"CertificateAuthorityArn": ARN, "CertificateArn": ARN + "/certificate/0123456789abcdef"}


@pytest.mark.parametrize("mode, code, words", [("denied", 1, "AccessDeniedException"), ("garbage", 1, "answer of aws"), ("stuck", 5, "has not signed in time"),
                                               ("silent", 5, "certificate/0123456789abcdef")])
def test_aws_that_fails_is_one_line(caller, fake, aws, mode, code, words):
    agent = fake()
    aws(mode)
    line = caller.ctl("rotate", "--acm-pca", ARN, "--timeout", "8s", agent=agent, exit=code)
    assert words in line and agent.installed is None


def test_without_aws_it_says_what_to_install(caller, fake):
    for name in ("openssl", "sh"):
        (caller.bin / name).symlink_to(shutil.which(name))
    assert "awscli" in caller.ctl("rotate", "--acm-pca", ARN, agent=fake(), exit=1, PATH=str(caller.bin))


USAGE = [
    ([], "who signs"),
    (["--signer", "manual"], "key request --out"),
    (["--signer", "command"], "--signer-command"),
    (["--signer", "acm-pca"], "--acm-pca"),
    (["--signer", "pki", "--acm-pca", ARN], "two signers"),
    (["--signer-command", "relative"], "absolute path"),
    (["--signer-command", "/bin/cat", "--revoke-old"], "--revoke-old"),
    (["--signer", "pki", "--revoke-old", "--no-revoke-old"], "--no-revoke-old"),
    (["--acm-pca", "--endpoint-url=x"], "--acm-pca"),
    (["--acm-pca", "arn:nonsense"], "arn:aws:acm-pca"),
    (["--signer", "nonsense"], "--signer"),
    (["--region=--x", "--signer", "pki"], "plain name"),
]


@pytest.mark.parametrize("words, hint", USAGE, ids=[" ".join(row[0])[:40] for row in USAGE])
def test_usage_is_one_line_and_2_and_asks_for_no_key(caller, fake, words, hint):
    agent = fake()
    assert hint in caller.ctl("rotate", *words, agent=agent, exit=2)
    assert agent.asked == 0


def test_a_stored_signer_is_used_only_when_it_is_ones_own(caller, fake, own_ca):
    signer = caller.signer(sign_line(own_ca))
    caller.ctl("rotate", agent=fake(signer=f"command:{signer}", signer_uid=os.getuid()))
    for other in ({"signer_uid": 65534}, {}):
        agent = fake(signer=f"command:{signer}", **other)
        assert "another user" in caller.ctl("rotate", agent=agent, exit=4)
        assert agent.asked == 0
    assert "key request" in caller.ctl("rotate", agent=fake(signer="manual", signer_uid=65534), exit=2)


def test_only_when_due(caller, fake, own_ca):
    signer = caller.signer(sign_line(own_ca))
    for fields, words in (({"credential": {"rotate_at": "2099-01-01T00:00:00.000Z"}}, "not due before 2099-01-01"), ({}, "is off"),
                          ({"rotation": {"phase": "proving", "generation": 2, "common_name": "x", "started_at": "2026-11-24T12:00:00Z", "steps": []},
                            **DUE}, "already (proving)")):
        agent = fake(**fields)
        said = caller.ctl("rotate", "--if-due", "--signer-command", signer, agent=agent)
        assert words in said and said.count("\n") == 1 and agent.asked == 0
    agent = fake(**DUE)
    assert "demo uses generation 2" in caller.ctl("rotate", "--if-due", "--signer-command", signer, agent=agent)


def test_without_a_name_every_profile_has_its_turn(caller, fake, own_ca):
    signer = caller.signer(sign_line(own_ca))
    agent = fake(profiles=("a", "b", "c"), **DUE)
    agent.profiles["a"]["credential"] = {**agent.profiles["a"]["credential"], "rotate_at": "2099-01-01T00:00:00.000Z"}
    agent.profiles["c"]["kind"] = "direct"
    said = caller.ctl("rotate", "--if-due", "--signer-command", signer, agent=agent)
    assert "a is not due" in said and "b uses generation 2" in said and agent.asked == 1
    assert "which profile" in caller.ctl("rotate", "--signer-command", signer, agent=agent, exit=2)


def test_request_and_install_by_hand(caller, fake, own_ca):
    agent = fake()
    assert "key install" in caller.ctl("key", "request", "--out", "demo.csr", "--fresh", agent=agent)
    assert agent.bodies == [("request", {"fresh": True})]
    assert (caller.home / "demo.csr").read_text() == caller.ctl("key", "request", "demo", agent=agent) == agent.csr
    assert "there already" in caller.ctl("key", "request", "--out", "demo.csr", agent=agent, exit=1)
    with open(caller.home / "demo.crt", "w", encoding="ascii") as file:
        file.write(openssl("x509", "-req", "-in", caller.home / "demo.csr", "-CA", own_ca / "ca.crt", "-CAkey", own_ca / "ca.key", "-days", "30"))
    assert steps(caller.ctl("key", "install", "demo.crt", "demo", agent=agent))[-1] == "confirmed"
    assert steps(caller.ctl("key", "install", "--retry", "demo", agent=agent))[-1] == "confirmed"
    assert agent.bodies[-1] == ("install", {})
    assert steps(caller.ctl("key", "rollback", agent=agent))[-1] == "confirmed"
    shutil.copy(own_ca / "ca.crt", caller.home / "other.crt")
    assert "another key" in caller.ctl("key", "install", "other.crt", agent=agent, exit=1)
    assert "CERTFILE" in caller.ctl("key", "install", agent=agent, exit=2)
    assert "no certificate is pending" in caller.ctl("key", "install", "--retry", agent=fake(), exit=1)


def test_a_request_that_is_none_reaches_no_program(caller, fake):
    """The agent may be somebody else's: what it says must not choose file names or arguments."""
    mark = caller.home / "ran"
    signer = caller.signer(f"touch {mark}")
    for name in ("-rf", "../../x", "ca"):
        agent = fake(common_name=name)
        assert "plain name" in caller.ctl("rotate", "--signer-command", signer, agent=agent, exit=1)
    agent = fake()
    agent.csr = "text\n" + agent.csr
    assert "PEM" in caller.ctl("key", "request", agent=agent, exit=1)
    assert not mark.exists()


def test_an_interrupt_stops_the_signer_and_says_so(caller, fake):
    pid_file = caller.home / "pid"
    agent = fake()
    words = caller.command("rotate", "--signer-command", caller.signer(f"echo $$ > {pid_file}; exec sleep 1000"), agent=agent)
    with subprocess.Popen(words, env=caller.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ctl:
        pid = wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), 30, "the signer runs")
        ctl.send_signal(signal.SIGINT)
        _, said = ctl.communicate(timeout=30)
    assert ctl.returncode == 1 and "interrupted" in said and "keeps its key" in said
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 10, "the signer is gone")


def test_a_terminal_sees_what_it_waits_for(caller, fake, own_ca):
    agent = fake()
    agent.hold = threading.Event()
    leader, follower = pty.openpty()
    words = caller.command("rotate", "--signer-command", caller.signer(sign_line(own_ca)), agent=agent)
    with subprocess.Popen(words, env=caller.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower) as ctl:
        os.close(follower)
        seen = b""
        end = time.monotonic() + 30
        while b"demo: proving" not in seen and time.monotonic() < end:
            seen += os.read(leader, 4096)
        agent.hold.set()
        ctl.communicate(timeout=30)
    os.close(leader)
    assert b"being signed by" in seen and b"demo: proving" in seen and ctl.returncode == 0
