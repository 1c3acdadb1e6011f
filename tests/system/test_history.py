"""The history with the real programs: an incident with its cause, over restarts; the report; a file that is damaged, and none at all."""
import html.parser
import json
import os
import pwd
import re
import sqlite3
import stat

import pytest
from memdb import wait_for

CANARY = "\"><script>alert('canary')</script>"
VOID = {"meta", "br", "link", "img", "input", "hr"}
ELSEWHERE = re.compile(r"<script|<link|<img|<iframe|@import|url\(|https?://|javascript:|\son[a-z]+=", re.I)


class Page(html.parser.HTMLParser):
    """Well-formed, or an AssertionError; what it says, as text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.tags = [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def history(agent, *words):
    return json.loads(agent.ctl("history", "--json", *words).stdout)


@pytest.fixture
def lost(agents, nodes, pki):
    """An agent whose profile `good` was reachable and has lost its only node."""
    agent = agents()
    node = nodes("healthy")
    agent.add_direct("good", node, pki)
    agent.ctl("connect", "good", "--wait")
    wait_for(lambda: history(agent)["nodes"], 20, "a PING is remembered")
    node.close()
    agent.api.wait_verdict("good", "unreachable")
    wait_for(lambda: agent.api.profile("good")["findings"], 10, "a finding")
    return agent


def test_an_incident_is_told_with_its_cause_and_outlives_the_agent(lost):
    code = lost.api.profile("good")["findings"][0]["code"]
    incident, = history(lost)["incidents"]
    assert incident["open"] and incident["cause"] == code and incident["worst"] == "unreachable"
    text = lost.ctl("history", "good").stdout
    assert re.search(rf"^  20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  for \d.* [✗x] {code}: ", text, re.M), text
    assert all(len(line) <= 80 for line in text.splitlines()), text
    for how in (lost.end, lost.kill):
        how()
        lost.start()
        after = history(lost)
        assert after["incidents"][-1]["cause"] == code and after["incidents"][-1]["began"] == incident["began"]
        assert after["nodes"][0]["total"]["count"] > 0
        assert code in lost.ctl("history").stdout
    database = lost.state / "history.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600 and database.owner() == "memdbd"


def test_a_question_is_taken_strictly(agent):
    for query, status in (("", 200), ("?since=1h", 200), ("?since=2026-01-01T00:00:00Z&x=y", 200), ("?since=soon", 400),
                          ("?since=1h&since=2h", 400), ("?profile=%", 400)):
        assert agent.api.request("GET", "/v1/history" + query)[0] == status, query
    assert "a time such as 24h" in agent.fails("history", "--since", "yesterday", exit=2)
    assert "no profile nobody" in agent.fails("history", "nobody")
    assert agent.ctl("history").stdout.startswith("nothing is recorded since ")


def test_a_report_is_one_page_that_loads_nothing(lost, tmp_path):
    page = tmp_path / "report.html"
    lost.ctl("report", "--html", page)
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    assert not ELSEWHERE.search(text), ELSEWHERE.search(text)
    assert "default-src 'none'" in text and "svg" in read.tags and "table" in read.tags
    assert lost.api.profile("good")["findings"][0]["code"] in read.text and "reachable" in read.text
    assert Page(lost.ctl("report", "good", "--html", "-", "--since", "1h").stdout).tags[0] == "html"
    first = os.stat(page).st_ino
    lost.ctl("report", "--html", page)
    assert os.stat(page).st_ino != first and list(tmp_path.iterdir()) == [page], "replaced as a whole, nothing left"
    assert "is no file" in lost.fails("report", "--html", tmp_path)
    assert "No such file" in lost.fails("report", "--html", tmp_path / "none" / "x")


def test_a_hostile_name_is_text_in_the_report_and_harmless_in_a_terminal(lost):
    lost.end()
    with sqlite3.connect(lost.state / "history.db") as database:
        database.execute("UPDATE name SET text=? WHERE id=(SELECT node FROM ping)", (CANARY + "\x1b[31m",))
        database.execute("UPDATE span SET detail=?", (CANARY + "\x1b[31m\x07",))
    database.close()
    lost.start()
    text = lost.ctl("report", "--html", "-").stdout
    read = Page(text)
    assert "script" not in read.tags and "<script" not in text and "canary" in read.text
    assert "\x1b" not in text + lost.ctl("history").stdout


def test_a_damaged_file_is_set_aside_and_named(agents):
    agent = agents(start=False)
    database = agent.state / "history.db"
    database.write_bytes(b"no database " * 1000)
    os.chown(database, pwd.getpwnam("memdbd").pw_uid, pwd.getpwnam("memdbd").pw_gid)
    agent.start()
    assert history(agent)["state"] == "on"
    wait_for(lambda: agent.api.get("/v1/status")["findings"], 20, "it is named")
    finding, = agent.api.get("/v1/status")["findings"]
    assert finding["code"] == "history-damaged" and finding["severity"] == "info"
    aside, = agent.state.glob("history.db.damaged-*")
    assert aside.read_bytes().startswith(b"no database") and aside.name in finding["evidence"]


def test_switched_off_there_is_no_file_and_it_says_so(agents):
    agent = agents({"history": {"keep": False}})
    assert "the history is off" in agent.ctl("history").stdout
    assert "there is no history" in agent.fails("report", "--html", "-")
    assert not list(agent.state.glob("history*"))
