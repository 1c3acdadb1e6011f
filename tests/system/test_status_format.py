"""memdbctl status --format: the fields, from the man page's list, with an agent and without."""
import re

import pytest
from memdb import ROOT


def fields():
    """Those of memdbctl(1), in its order."""
    page = (ROOT / "client/memdbctl.1.scd").read_text(encoding="utf-8")
    listed = re.findall(r"^\*(\w+)\*\n\t", re.search(r"^# FORMAT\n(.*?)^# ", page, re.S | re.M)[1], re.M)
    assert len(listed) > 15
    return listed


def test_the_man_page_lists_the_fields_that_there_are(agent):
    line = agent.fails("status", "--format", "{nonsense}", exit=2)
    assert line.startswith("memdbctl: --format: no field nonsense; there is ")
    assert re.search(r"there is (.*);", line)[1].split(", ") == fields()


@pytest.mark.parametrize("words, hint", [(["--format", "{name"], "brace"), (["--format", "{name}", "--json"], "--json"), (["--format"], "--format")])
def test_mistakes_are_usage_errors(agent, words, hint):
    assert hint in agent.fails("status", *words, exit=2)


def test_one_line_for_each_profile(agent, nodes, pki):
    assert agent.ctl("status", "--format", "{name}").stdout == ""  # no profile, no line
    agent.add_direct("good", nodes("healthy"), pki)
    agent.add_direct("old", nodes("healthy"), pki)
    agent.ctl("connect", "good", "--wait")
    every = " ".join(f"{name}={{{name}}}" for name in fields())
    first, second = agent.ctl("status", "--format", every).stdout.splitlines()
    assert re.fullmatch(r"name=good verdict=reachable since=\S+Z for=\d.* wanted=connected phase= .* nodes=1 nodes_ok=1 ping_ms=\d+\.\d .*", first)
    assert second.startswith("name=old verdict=stopped ")
    assert agent.ctl("status", "old", "--format", "{name} {wanted}").stdout == "old disconnected\n"
    assert "there is good, old" in agent.fails("status", "third", "--format", "{name}")


def test_without_an_agent_there_is_a_line_and_the_exit_code_is_3(agents):
    agent = agents(start=False)
    done = agent.ctl("status", "demo", "--format", "{name} {verdict} {finding}[{summary}]", check=False)
    assert done.returncode == 3 and done.stderr == "" and re.fullmatch(r"demo unknown \[.*memdbd.*\]\n", done.stdout), done


def test_who_may_not_ask_gets_a_line_and_4(agent):
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    done = agent.ctl("status", "--format", "{verdict}: {summary}", check=False, by=nobody)
    assert done.returncode == 4 and done.stdout.startswith("unknown: ") and done.stderr == "", done
