"""One lab (LAB=test unless LAB says otherwise) for the whole run, or one for each worker of `-n`; one fresh agent with the
profile demo for each test."""
import os
import pathlib
import signal
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import confusion  # noqa: E402
from memdb import Agent, Events, Lab, own_name  # noqa: E402

# Started in the background of a script, we inherit SIGINT as ignored, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter):
    """Injected × named, of the faults that this run lived through."""
    rows = confusion.rows_of(report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, []))
    if rows:
        terminalreporter.section("injected × named")
        for line in confusion.lines(rows):
            terminalreporter.write_line(line)


def pytest_configure(config):
    config.addinivalue_line("markers", "settings(text): memdbd.toml of the test's agent")


@pytest.fixture(scope="session")
def lab():
    the_lab = Lab(own_name(os.environ.get("LAB", "test")))
    the_lab("down")  # whatever an interrupted run left
    the_lab("up")
    yield the_lab
    the_lab("down")


@pytest.fixture
def agent(lab, request):
    """memdbd without a profile; everything healed and forgotten afterwards."""
    marked = request.node.get_closest_marker("settings")
    lab("heal", "all")
    shutil.rmtree(lab.dir / "agent", ignore_errors=True)
    the_agent = Agent(lab)
    the_agent.start(marked.args[0] if marked else "")
    yield the_agent
    lab("heal", "all")
    ended = the_agent.stop()
    assert "killed" not in ended.stderr, "memdbd did not end by itself"
    text = the_agent.log.read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


@pytest.fixture
def demo(agent):
    """An agent with the profile demo, reachable."""
    agent.import_demo()
    agent.ctl("connect", "demo", "--wait", "--timeout", "30s")
    return agent


@pytest.fixture
def events(demo):
    stream = Events(demo.socket)
    yield stream
    stream.close()
