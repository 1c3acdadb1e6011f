"""`memdbctl auth push`: every way to get AWS credentials without a call to AWS, what is said when there are none, and what becomes of the token."""
import json
import re
import shutil
import subprocess
import time

import pytest
from memdb import BUILD, wait_for
from sandbox import layers_of

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "canary-secret-of-the-environment"}
IAM = ("--user", "app", "--iam", "--iam-cluster", "demo", "--iam-region", "eu-central-1")
AWS = shutil.which("aws", path="/usr/local/bin:/usr/bin:/bin")


class Caller:
    """Somebody with a home, a PATH and AWS files of their own, and nothing of ours in the environment."""

    def __init__(self, folder):
        self.home, self.bin = folder / "home", folder / "bin"
        self.bin.mkdir(parents=True)
        (self.home / ".aws").mkdir(parents=True)
        self.env = {"HOME": str(self.home), "PATH": str(self.bin), "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8"}

    def files(self, credentials="", config=""):
        (self.home / ".aws/credentials").write_text(credentials, encoding="ascii")
        (self.home / ".aws/config").write_text(config, encoding="ascii")

    def with_aws(self):
        """The real one of AWS CLI 2."""
        assert AWS, "the AWS CLI is not installed: scripts/setup"
        (self.bin / "aws").symlink_to(AWS)
        self.env["PATH"] += ":/usr/bin:/bin"
        return self

    def with_program(self, text):
        path = self.bin / "aws"
        path.write_text("#!/bin/sh\n" + text, encoding="ascii")
        path.chmod(0o755)
        return self


@pytest.fixture
def caller(place):
    return Caller(place.folder("caller"))


@pytest.fixture
def agent(agents, nodes, pki):
    the_agent = agents()
    # Not the test's own AWS environment.
    the_agent.ENV = {key: value for key, value in the_agent.ENV.items() if not key.startswith("AWS_")}
    the_agent.add_direct("vpc", nodes("healthy", tls=pki.node("good")), pki, *IAM)
    return the_agent


def iam_of(agent, name="vpc"):
    return agent.api.profile(name)["clusters"][0]["iam"]


def finding(agent):
    return next((f for f in agent.api.profile("vpc")["findings"] if f["code"] == "iam-token-failed"), None)


def everything_kept(agent):
    return b"".join(path.read_bytes() for path in agent.state.rglob("*") if path.is_file()) + agent.text().encode()


def test_with_the_keys_of_the_environment_the_user_can_log_in_at_once(agent, caller):
    agent.ctl("connect", "vpc")
    first = wait_for(lambda: finding(agent), 10, "it says that there is no token")
    assert first["summary"] == "user app cannot log in to demo: no IAM token was pushed yet" and first["layer"] == "auth"
    assert agent.api.profile("vpc")["findings"][0] == first and "memdbctl auth push" in first["advice"]
    assert "no token yet" in agent.ctl("profile", "show", "vpc").stdout
    layers = layers_of(agent.api.profile("vpc"))
    assert (layers["tls"], layers["auth"]) == ("ok", "failed"), layers
    begun = time.monotonic()
    said = agent.ctl("auth", "push", "vpc", env={**caller.env, **KEYS, "AWS_SESSION_TOKEN": "canary-session"}).stdout
    assert re.fullmatch(r"vpc: user app can log in to demo until \d\d:\d\d UTC\n", said), said
    agent.api.wait_verdict("vpc", ("reachable", "degraded"), 3)
    assert time.monotonic() - begun < 3, "it did not wait for the next attempt"
    assert finding(agent) is None
    assert "IAM user app, token until" in agent.ctl("status", "vpc").stdout
    log = agent.text()
    assert log.count("user app can log in to demo, token until") == 1
    kept = everything_kept(agent)
    for canary in (b"canary-", b"Amz-Signature", KEYS["AWS_ACCESS_KEY_ID"].encode()):
        assert canary not in kept, canary


def test_a_profile_by_iam_is_remembered_and_its_token_is_not(agent, caller):
    agent.ctl("auth", "push", env={**caller.env, **KEYS})
    assert iam_of(agent)["token_expires_at"]
    agent.end()
    agent.start()
    assert iam_of(agent) == {"user": "app", "cluster": "demo", "region": "eu-central-1"}


def test_if_due_pushes_what_is_old_only_and_needs_no_credentials_before(agent, caller):
    assert agent.ctl("auth", "push", "--if-due", env={**caller.env, **KEYS}).stdout.startswith("vpc: user app can log in")
    done = agent.ctl("auth", "push", "--if-due", env=caller.env)
    assert (done.stdout, done.stderr) == ("", "")
    # Without --if-due it is always done; for programs it is what the agent answered.
    report = json.loads(agent.ctl("auth", "push", "--json", env={**caller.env, **KEYS}).stdout)
    assert set(report) == {"profile", "cluster", "user", "expires_at"} and report["cluster"] == "demo"


def test_the_aws_program_exports_what_it_finds(agent, caller):
    """Keys in files, another profile, a credential_process: all by the real `aws configure export-credentials`."""
    process = caller.bin / "process"
    process.write_text('#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", '
                       '"Expiration": "2099-01-01T00:00:00Z"}\'\n', encoding="ascii")
    process.chmod(0o755)
    caller.with_aws().files("[default]\naws_access_key_id = A\naws_secret_access_key = s\n", f"[profile work]\ncredential_process = {process}\n")
    agent.ctl("auth", "push", env=caller.env)
    agent.ctl("auth", "push", "--aws-profile", "work", env=caller.env)
    agent.ctl("auth", "push", env={**caller.env, "AWS_PROFILE": "work"})
    # A profile that is named counts before the keys of the environment.
    assert "nowhere" in agent.fails("auth", "push", "--aws-profile", "nowhere", env={**caller.env, **KEYS})


def test_an_expired_session_says_how_to_log_in(agent, caller):
    caller.with_aws().files(config="[profile corp]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-central-1\n"
                                   "sso_account_id = 123456789012\nsso_role_name = dev\n")
    said = agent.fails("auth", "push", "--aws-profile", "corp", env=caller.env)
    assert said == "memdbctl: the AWS session has expired: aws sso login --profile corp"
    caller.bin.joinpath("aws").unlink()
    caller.with_program('echo \'{"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "2020-01-01T00:00:00Z"}\'\n')
    assert agent.fails("auth", "push", env=caller.env) == "memdbctl: the AWS session has expired: aws sso login"


@pytest.mark.parametrize("program", [None, 'echo "aws: error: argument subcommand: Invalid choice, valid choices are:\n\nlist | get" >&2\nexit 2\n'],
                         ids=["no-aws", "aws-cli-1"])
def test_where_aws_cannot_export_the_files_are_read(agent, caller, program):
    if program:
        caller.with_program(program)
    said = agent.fails("auth", "push", env=caller.env)
    assert "no AWS credentials" in said and "aws sso login" in said and "/.aws/credentials" in said
    caller.files("[default]\naws_access_key_id = A\naws_secret_access_key = s\n",
                 "[profile work]\naws_access_key_id = A\naws_secret_access_key = s\n[profile corp]\nsso_session = x\n")
    agent.ctl("auth", "push", env=caller.env)
    agent.ctl("auth", "push", env={**caller.env, "AWS_PROFILE": "work"})
    assert "sso_session" in agent.fails("auth", "push", "--aws-profile", "corp", env=caller.env)
    assert "of the profile none" in agent.fails("auth", "push", "--aws-profile", "none", env=caller.env)
    caller.files("[default]\naws_access_key_id = canary\n")
    said = agent.fails("auth", "push", env=caller.env)
    assert "line 2: aws_access_key_id without aws_secret_access_key" in said and "canary" not in said


@pytest.mark.parametrize("text, words", [("echo broken >&2; exit 3\n", "aws: broken"), ("echo '{}'\n", "AccessKeyId: missing"),
                                         ("echo canary-output\n", "not JSON"),
                                         ("echo 'Unable to locate credentials. canary' >&2; exit 253\n", "no AWS credentials: set AWS_ACCESS_KEY_ID")])
def test_an_aws_that_fails_is_one_line(agent, caller, text, words):
    said = agent.fails("auth", "push", env=caller.with_program(text).env)
    assert words in said and "canary" not in said, said


def token(at, **changes):
    case = {"access_key": "AKID", "secret_key": "s", "session_token": "", "cluster": "demo", "user": "app", "region": "eu-central-1",
            "at": int(at), **changes}
    return subprocess.run([BUILD / "tests/iam_tokens"], input=json.dumps(case) + "\n", text=True, capture_output=True, check=True).stdout.splitlines()[0]


def pushed(agent, text, name="vpc"):
    status, answer = agent.api.request("POST", f"/v1/profiles/{name}/auth", {"token": text})
    return status, json.loads(answer)


def test_the_agent_takes_a_token_of_its_user_and_cluster_only(agent, nodes, pki):
    now = time.time()
    status, report = pushed(agent, token(now))
    assert status == 200 and report["user"] == "app" and report["profile"] == "vpc"
    for wrong, words in ((token(now, user="root"), "the token is for the user root, the profile's is app"),
                         (token(now, cluster="prod"), "the token is for the cluster prod, the profile's is demo"),
                         (token(now - 901), "the token expired at"), (token(now + 1000), "signed in the future"),
                         ("canary", "it is no IAM token"), ("", "it is no IAM token"), ("x" * 17000, "larger than 16 KiB")):
        status, answer = pushed(agent, wrong)
        assert status == 400 and words in answer["error"]["message"] and "canary" not in answer["error"]["message"], answer
    assert iam_of(agent)["token_expires_at"] == report["expires_at"], "the good one stays"
    agent.add_direct("plain", nodes("healthy", tls=pki.node("good")), pki)
    status, answer = pushed(agent, token(now), "plain")
    assert status == 400 and "plain does not log in by IAM: memdbctl profile set plain --user USER --iam" in answer["error"]["message"]
    assert "plain does not log in by IAM" in agent.fails("auth", "push", "plain", env=KEYS)


def test_profile_set_goes_to_iam_and_back(agents, nodes, pki, caller):
    agent = agents()
    (agent.dir / "password").write_text("right\n")
    node = nodes("healthy", "--password", "right", tls=pki.node("good"))
    agent.add_direct("vpc", node, pki, "--user", "app", "--password-file", agent.dir / "password")
    agent.ctl("connect", "vpc")
    agent.api.wait_verdict("vpc", ("reachable", "degraded"))
    assert "excludes" in agent.fails("profile", "set", "vpc", "--iam", "--password-file", agent.dir / "password", exit=2)
    assert "--iam-cluster" in agent.fails("profile", "set", "vpc", "--iam")
    agent.ctl("profile", "set", "vpc", *IAM)
    assert not list(agent.state.glob("profiles/vpc/cluster-password*")), "the password is forgotten"
    wait_for(lambda: finding(agent), 10, "a token is wanted")
    agent.ctl("auth", "push", env={**caller.env, **KEYS})
    refused = wait_for(lambda: (f := finding(agent)) and "refuse" in f["summary"] and f, 10, "which this node refuses")
    assert "WRONGPASS" in refused["evidence"]
    agent.ctl("profile", "set", "vpc", "--user", "app", "--password-file", agent.dir / "password")
    agent.api.wait_verdict("vpc", ("reachable", "degraded"), 5)
    assert "iam" not in agent.api.profile("vpc")["clusters"][0]


def test_the_agent_signs_by_itself_with_a_credential_of_the_service(agents, nodes, pki, caller, place):
    folder = place.folder("credentials")
    keys = folder / "aws"

    def put(text, mode=0o400):
        keys.unlink(missing_ok=True)
        keys.write_text(text)
        keys.chmod(mode)
        shutil.chown(keys, "memdbd")

    put("[default]\naws_access_key_id = AKIDSERVICE\naws_secret_access_key = canary-service\n", 0o444)
    agent = agents({"iam": {"credentials": "credential:aws"}}, start=False)
    agent.ENV = {**agent.ENV, "CREDENTIALS_DIRECTORY": str(folder)}
    agent.start()
    agent.add_direct("vpc", nodes("healthy", tls=pki.node("good")), pki, *IAM)
    agent.ctl("connect", "vpc")
    refused = wait_for(lambda: finding(agent), 10, "a file that everybody may read is not used")
    assert "everybody may read it" in refused["evidence"], refused
    put("[default]\naws_access_key_id = AKIDSERVICE\naws_secret_access_key = canary-service\n")
    agent.end()
    agent.start()
    agent.api.wait_verdict("vpc", ("reachable", "degraded"), 10)
    assert iam_of(agent)["mints"] and iam_of(agent)["token_expires_at"]
    assert "signed by memdbd" in agent.ctl("profile", "show", "vpc").stdout
    assert agent.ctl("auth", "push", "--if-due", env=caller.env).stdout == "", "nobody has to push"
    assert b"canary-service" not in everything_kept(agent)
