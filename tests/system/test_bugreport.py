"""memdbctl bugreport and GET /v1/log: what is in it, what never is, and how it is written."""
import pathlib
import re
import stat

import pytest
from shell_terminal import ShellTerminal

PASSWORD = "canary-of-a-password-4713"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIACANARY0123456789", "AWS_SECRET_ACCESS_KEY": "canary-secret-access-key-4714",
        "AWS_SESSION_TOKEN": "canary-session-token-4715", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def agent(agents, nodes, pki):
    """It has seen a private key, a password and an IAM token, and logs all that it can."""
    the_agent = agents({"log": {"level": "trace"}})
    (the_agent.dir / "password").write_text(PASSWORD + "\n")
    login = ("--user", "ada.lovelace", "--password-file", the_agent.dir / "password")
    the_agent.import_tunnel("demo", pki, more=login)
    the_agent.add_direct("plain", nodes("healthy", "--password", PASSWORD), pki, *login)
    the_agent.add_direct("vpc", nodes("healthy"), pki, "--user", "app", "--iam", "--iam-cluster", "demo", "--iam-region", "eu-central-1")
    the_agent.ctl("connect", "demo")
    the_agent.wait_phase("demo", "up")
    the_agent.ctl("connect", "plain", "--wait")
    the_agent.ctl("auth", "push", "vpc", env=KEYS)
    return the_agent


def report(agent, **more):
    return agent.ctl("bugreport", "--output", "-", **more).stdout


def test_has_what_a_maintainer_asks_for(agent):
    text = report(agent)
    sections = re.findall(r"^== (.*)$", text, re.M)
    assert sections == ["versions", "settings", "snapshot", "history", "log"]
    versions, _, snapshot, _, log = re.split(r"^== .*\n", text, flags=re.M)[1:]
    for pattern in (r"^memdbctl \d", r"^memdbd \d", r"^OpenVPN 2|^library versions: OpenSSL|openvpn: not found", r"^kernel: Linux ", r"^distribution: ",
                    r"^systemd \d"):
        assert re.search(pattern, versions, re.M), (pattern, versions)
    assert '"verdict": "reachable"' in snapshot
    lines = log.strip().splitlines()
    assert 20 < len(lines) <= 1001 and all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (trace|debug|info|warning|error) \w+: ", line) for line in lines), lines[:3]
    assert "memdbd" in lines[0] and "runs as uid" in lines[0]


def test_no_secret_and_no_person_is_in_it(agent, pki):
    _, key = pki.client()
    status, raw = agent.api.request("GET", "/v1/log")
    assert status == 200
    text = report(agent)
    key_lines = [line for line in pathlib.Path(key).read_text().splitlines() if len(line) >= 32 and not line.startswith("-")][1:]
    assert len(key_lines) > 10
    for secret in (PASSWORD, *(KEYS[name] for name in KEYS if "METADATA" not in name), *key_lines, "X-Amz-Signature="):
        assert secret not in raw and secret not in text, secret
    assert "ada.lovelace" in agent.ctl("status", "--json").stdout and "ada.lovelace" not in text and "<name-" in text
    assert "Read it before you send it" in text


def test_who_may_only_read_gets_no_log(agents):
    narrow = agents({"control": {"control_group": "root"}})
    text = report(narrow, by=("setpriv", "--reuid=nobody", "--regid=memdb", "--clear-groups"))
    assert re.search(r"^== log\n.*control group", text, re.M), text[-500:]
    assert '"profiles"' in text


def test_a_written_report_is_whole_private_and_never_over_another(agent):
    path = agent.dir / "report.txt"
    assert agent.ctl("bugreport", "--output", path, "--yes").stdout == f"{path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.read_text().startswith("memdbctl bugreport, made at 20")
    before = path.read_text()
    assert "exists already" in agent.fails("bugreport", "--output", path, "--yes")
    assert path.read_text() == before and not list(agent.dir.glob("report.txt.*"))
    assert "No such file" in agent.fails("bugreport", "--output", agent.dir / "none/report.txt", "--yes")
    done = agent.ctl("bugreport", "--yes", cwd=agent.dir)
    assert re.fullmatch(r"memdbctl-bugreport-\d{8}T\d{6}Z\.txt\n", done.stdout) and (agent.dir / done.stdout.strip()).is_file()


def test_unseen_nothing_is_written(agent):
    assert "--yes" in agent.fails("bugreport", exit=2)


def test_it_is_shown_before_it_is_written(agent, tmp_path):
    env = {**agent.ENV, "PS1": "READY>", "PAGER": "cat", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    shell = ShellTerminal(["bash", "--norc", "--noprofile", "-i"], env)
    try:
        for answer, written in (("n", False), ("y", True)):
            shell.type(f"{agent.place.memdbctl} --socket {agent.socket} bugreport --output {tmp_path}/r.txt\n")
            seen = shell.until(r"Write this to .*\? \[y/N\]")
            assert "== snapshot" in seen and "== log" in seen and not (tmp_path / "r.txt").exists()
            shell.type(answer + "\n")
            shell.until("READY>")
            assert (tmp_path / "r.txt").exists() == written
    finally:
        shell.close()


def test_without_an_agent_there_is_still_a_report(agents):
    text = report(agents(start=False))
    assert "== versions\nmemdbctl " in text and "the agent is not running" in text


def test_the_log_in_memory_is_that_of_the_file(agent):
    lines = agent.api.get("/v1/log")["lines"]
    in_file = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in agent.text().splitlines()]
    words = {line.split(": ", 1)[1] for line in in_file if ": " in line}
    assert len(lines) > 20 and all(line.split(": ", 1)[1] in words for line in lines[:20])
