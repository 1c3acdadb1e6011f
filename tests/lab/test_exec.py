"""memdbctl exec in the lab: the real redis-cli through the tunnel, what a command finds, what stands against it."""
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess

import pytest
from memdb import MEMDBCTL, ROOT, wait_for

NODE = "demo-0001-001.demo.lab.memorydb.test"
CLUSTER = "clustercfg.demo.lab.memorydb.test"


@pytest.fixture
def here(lab, tmp_path):
    """A folder to work in, with the password in a file of our own."""
    shutil.copy(lab.dir / "cluster-password", tmp_path / "app.password")
    (tmp_path / "app.password").chmod(0o600)
    (tmp_path / "runtime").mkdir(mode=0o700)
    return tmp_path


class Exec:
    """memdbctl exec on the lab's laptop."""

    def __init__(self, agent, here):
        self.agent, self.here = agent, here
        self.env = {**os.environ, "MEMDBD_SOCKET": str(agent.socket), "XDG_RUNTIME_DIR": str(here / "runtime")}
        for name in ("REDISCLI_AUTH", "REDIS_URL"):
            self.env.pop(name, None)

    def words(self, *words):
        return ["ip", "netns", "exec", self.agent.lab.laptop, str(MEMDBCTL), "exec", *map(str, words)]

    def __call__(self, *words, code=0, **env):
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, cwd=self.here,
                              env=self.env | env)
        assert done.returncode == code, f"{words}: {done}"
        return done

    def refused(self, *words, code=125):
        done = self(*words, code=code)
        lines = done.stderr.splitlines()
        assert done.stdout == "" and len(lines) == 1 and lines[0].startswith("memdbctl: "), done
        return lines[0]


@pytest.fixture
def execute(demo, here):
    return Exec(demo, here)


def variables(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_redis_cli_writes_and_reads_through_the_tunnel(execute):
    password = ("--password-file", "app.password", "--", "redis-cli")
    for number in range(6):  # keys of all shards: -c follows the redirections
        assert execute(*password, "set", f"exec:{number}", f"value {number}").stdout == "OK\n"
        assert execute(*password, "get", f"exec:{number}").stdout == f"value {number}\n"


def test_a_wrong_password_is_the_commands_own_trouble(execute, here):
    (here / "wrong").write_text("not-the-password\n")
    (here / "wrong").chmod(0o600)
    done = subprocess.run(execute.words("--password-file", "wrong", "--", "redis-cli", "get", "x"), capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, cwd=here, env=execute.env)
    assert "WRONGPASS" in done.stdout + done.stderr and "not-the-password" not in done.stdout + done.stderr


def test_what_a_command_finds(execute, here, lab):
    password = (here / "app.password").read_text().strip()
    found = variables(execute("demo", "--password-file", "app.password", "--", "env").stdout)
    assert found["REDIS_URL"] == f"rediss://app@{CLUSTER}:6379"
    assert (found["MEMDB_HOST"], found["MEMDB_PORT"], found["MEMDB_USER"]) == (CLUSTER, "6379", "app")
    assert found["REDISCLI_AUTH"] == password
    assert [name for name, value in found.items() if password in value] == ["REDISCLI_AUTH"]
    ca = pathlib.Path(found["MEMDB_CA"])
    assert ca.parent == here / "runtime/memdbctl" and ca.read_text() == (lab.dir / "cluster-ca.pem").read_text()
    assert stat.S_IMODE(ca.stat().st_mode) == 0o600 and stat.S_IMODE(ca.parent.stat().st_mode) == 0o700
    assert "REDISCLI_AUTH" not in variables(execute("--", "env", MEMDB_CA="stale").stdout)
    assert list(ca.parent.iterdir()) == [ca]  # the same file serves again


def test_without_a_runtime_folder_the_ca_is_in_memory(execute, here, lab):
    (here / "runtime").chmod(0o755)  # others could look, and some day write
    done = execute("--", "sh", "-c", 'echo "$MEMDB_CA"; cat "$MEMDB_CA"')
    path, text = done.stdout.split("\n", 1)
    assert path.startswith("/proc/self/fd/") and text == (lab.dir / "cluster-ca.pem").read_text()
    done = execute("--password-file", "app.password", "--", "redis-cli", "ping")
    assert done.stdout == "PONG\n"


def test_it_becomes_the_command(execute, here):
    assert execute("--", "sh", "-c", "exit 42", code=42)
    assert "no-such-command" in execute.refused("--", "no-such-command", code=127)
    (here / "no-program").write_text("text")
    assert "Permission denied" in execute.refused("--", "./no-program", code=126)
    limit = subprocess.run(["sh", "-c", "ulimit -c"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert execute("--", "sh", "-c", "ulimit -c").stdout == limit  # what protects memdbctl is not the command's business
    process = subprocess.Popen(execute.words("--", "sleep", "60"), env=execute.env, stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n", 30, "the process is the command")
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == -signal.SIGINT
    finally:
        process.kill()
        process.wait()


def test_not_reachable_in_time(execute, demo):
    demo.ctl("disconnect", "demo", "--wait")
    line = execute.refused("--timeout", "1s", "--", "redis-cli", "ping")
    assert f"{CLUSTER}:6379 is not reachable after 1 s" in line and "memdbctl connect demo" in line, line
    process = subprocess.Popen(execute.words("--timeout", "40s", "--", "echo", "there"), env=execute.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    demo.ctl("connect", "demo")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "there\n", "")


def test_what_is_wrong_with_the_line_or_the_file_is_said_first(execute, here):
    assert "which command?" in execute.refused()
    assert "no profile other" in execute.refused("other", "--", "true")
    assert "unexpected argument" in execute.refused("demo", "true")
    assert "No such file" in execute.refused("--password-file", "none", "--", "true")
    (here / "app.password").chmod(0o644)
    assert "chmod 600" in execute.refused("--password-file", "app.password", "--", "true")
    assert "no cluster other.test" in execute.refused("--cluster", "other.test", "--", "true")


def test_one_of_two_clusters(execute, demo):
    demo.ctl("profile", "set", "demo", "--cluster", CLUSTER, "--cluster", NODE, "--password-file", demo.lab.dir / "cluster-password")
    demo.api.wait_verdict("demo", ("reachable", "degraded"))
    line = execute.refused("--", "true")
    assert "--cluster" in line and f"{CLUSTER}:6379, {NODE}:6379" in line, line
    for host in (CLUSTER, NODE):
        assert variables(execute("--cluster", host, "--", "env").stdout)["MEMDB_HOST"] == host


def test_the_recipe(execute, here):
    text = (ROOT / "docs/recipes-exec.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M)
    (here / "bin").mkdir()
    (here / "bin/memdbctl").symlink_to(MEMDBCTL)
    outs = []
    for block in blocks:
        done = subprocess.run(["ip", "netns", "exec", execute.agent.lab.laptop, "sh", "-e", "-c", block], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL, cwd=here, env=execute.env | {"PATH": f"{here}/bin:{os.environ['PATH']}"})
        assert done.returncode == 0 and done.stderr == "", done
        outs.append(done.stdout)
    assert outs == ["OK\nhello\n", f"rediss://app@{CLUSTER}:6379\n"]
