"""docs/recipes.md, run as it is written: against an agent with the profile demo. The part for Prometheus is in tests/lab/test_metrics.py."""
import json
import re
import shlex
import tomllib

import pytest
from exposition import snippet, snippets
from memdb import ROOT, wait_for
from sandbox import run


@pytest.fixture
def demo(agents, nodes, pki):
    """As the page tells to set it up."""
    agent = agents(tomllib.loads(snippet("toml", "[metrics]")))
    node = nodes("healthy")
    agent.add_direct("demo", node, pki)
    agent.node = node
    agent.ctl("connect", "demo", "--wait")
    return agent


@pytest.fixture
def shell(demo, tmp_path):
    """Runs a command line inside the namespace, with memdbctl on the path and a home of its own."""
    env = {"PATH": f"{demo.place.memdbctl.parent}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(tmp_path), "MEMDBD_SOCKET": str(demo.socket), "LC_ALL": "C.UTF-8"}

    def run_it(line, check=True, by=(), **more):
        return run(*demo.place.inside(*by, "sh", "-c", line), check=check, env=env | more)

    return run_it


def test_every_snippet_of_the_page_has_a_test():
    here = (ROOT / "tests/system/test_recipes.py").read_text() + (ROOT / "tests/lab/test_metrics.py").read_text()
    used = {language: len(re.findall(rf'snippets?\("{language}"', here)) for language in ("toml", "sh", "ini", "json", "yaml", "dockerfile", "bash")}
    text = (ROOT / "docs/recipes.md").read_text()
    languages = re.findall(r"^```(\w+)$", text, re.M)
    assert set(languages) <= used.keys()
    for language in set(languages):
        assert used[language] >= 1, language


def test_help_of_the_metrics(shell):
    lines = shell(snippet("sh", "# HELP").strip()).stdout.splitlines()
    assert len(lines) > 20 and all(line.startswith("# HELP memdbd_") for line in lines)
    for name in re.findall(r"`(memdbd_\w+)", (ROOT / "docs/recipes.md").read_text()):
        assert any(line.split()[2] == name for line in lines), name


def test_monitoring_plugin(demo, shell):
    line = snippet("sh", "memdbctl check").strip()
    done = shell(line)
    assert done.stdout.startswith("MEMDB OK - demo reachable") and "|" in done.stdout and done.stdout.count("\n") == 1
    demo.ctl("disconnect", "demo", "--wait")
    done = shell(line, check=False)
    assert done.returncode == 2 and done.stdout.startswith("MEMDB CRITICAL - demo stopped")


def test_health_check_of_a_container(demo, shell):
    """What the HEALTHCHECK runs, as root of a container would: another user namespace, no control socket in sight."""
    command = re.search(r"^HEALTHCHECK .*CMD (.*)$", snippet("dockerfile", "HEALTHCHECK"), re.M)[1]
    inside = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--")
    hidden = f"mount -t tmpfs none {demo.runtime} && test ! -e {demo.socket} && {command}"
    assert shell(hidden, by=inside).stdout == "ok: 1 of 1 reachable\n"
    demo.node.close()
    demo.api.wait_verdict("demo", "unreachable")
    assert shell(hidden, by=inside, check=False).returncode == 22  # curl's word for 503; docker takes each but 0 for unhealthy


def test_unit_that_waits(demo, shell, tmp_path):
    wait, program = snippets("ini")
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/memdbctl").write_text("#!/bin/sh\n")
    (tmp_path / "usr/bin/memdbctl").chmod(0o755)
    (units / "memdb-reachable@.service").write_text(wait)
    (units / "program.service").write_text(program + "[Service]\nExecStart=/usr/bin/memdbctl\n")
    (units / "memdbd.service").write_text("[Service]\nExecStart=/usr/bin/memdbctl\n")
    for target in ("sysinit", "basic", "shutdown"):
        (units / f"{target}.target").write_text("[Unit]\n")
    done = run("systemd-analyze", f"--root={tmp_path}", "--man=no", "verify", "program.service", "memdb-reachable@demo.service", check=False)
    assert done.returncode == 0 and "memdb" not in done.stderr, done
    needs = re.findall(r"memdb-reachable@(\w+)\.service", program)
    assert needs == ["demo", "demo"]

    words = shlex.split(re.search(r"^ExecStart=/usr/bin/(.*)$", wait, re.M)[1].replace("%i", "demo"))
    member = ("setpriv", "--reuid=65534", "--regid=65534", "--groups=memdb", "--")  # SupplementaryGroups=
    assert shell(shlex.join(words), by=member).returncode == 0
    demo.ctl("disconnect", "demo", "--wait")
    words[words.index("--timeout") + 1] = "200ms"
    assert shell(shlex.join(words), check=False, by=member).returncode != 0


def test_direnv(demo, shell, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / ".envrc").write_text(snippet("sh", "log_error"))
    demo.ctl("disconnect", "demo", "--wait")
    shell(f"direnv allow {project}")
    done = shell(f"direnv exec {project} printenv MEMDB_VERDICT", MEMDB_VERDICT="")
    assert done.stdout == "reachable\n"
    demo.node.close()
    demo.api.wait_verdict("demo", "unreachable")
    (project / ".envrc").write_text(snippet("sh", "log_error").replace("20s", "200ms"))
    shell(f"direnv allow {project}")
    done = shell(f"direnv exec {project} printenv MEMDB_VERDICT")
    assert done.stdout == "unreachable\n" and "MemoryDB: port-refused " in done.stderr, done


def test_prompt(shell, tmp_path):
    (tmp_path / "rc").write_text(snippet("bash", "PS1"))
    done = shell(f"bash --norc -c '. {tmp_path}/rc; printf %s \"${{PS1@P}}\"'")
    assert done.stdout.startswith("reachable "), done


def test_waybar(demo, shell):
    module = json.loads(snippet("json", "custom/memdb"))["custom/memdb"]
    assert module["return-type"] == "json" and module["escape"] is True and module["interval"] >= 1

    def said():
        done = shell(module["exec"])
        assert done.stderr == "" and done.stdout.count("\n") == 1
        told = json.loads(done.stdout)
        assert told.keys() == {"text", "alt", "class", "tooltip"} and all(isinstance(text, str) for text in told.values())
        assert told["alt"] == told["class"] and told["alt"] in module["format-icons"]
        return told

    assert said() == {"text": "demo", "alt": "reachable", "class": "reachable", "tooltip": ""}
    demo.node.close()
    demo.api.wait_verdict("demo", "unreachable")
    assert "refuses" in said()["tooltip"]
    assert shell(module["on-click"]).returncode == 0
    demo.end()
    assert said()["class"] == "unknown"
    demo.start()
    verdicts = json.loads((ROOT / "docs/snapshot.schema.json").read_text())["$defs"]["verdict"]["enum"]
    assert module["format-icons"].keys() == {*verdicts, "unknown"}
    wait_for(demo.answers, 10, "answers again")
