"""memdbctl notify on a session bus of the test's own, with a stand-in for the desktop. When something is told is decided in
client/notify_tracker, whose unit test has the 30 seconds and the days."""
import datetime
import json
import os
import pathlib
import signal
import subprocess

import pytest
from memdb import ROOT, wait_for
from sleeper import PYTHON, Bus

NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def bus(tmp_path):
    the_bus = Bus(tmp_path)
    the_bus.start()
    yield the_bus
    the_bus.stop()


class Desktop:
    """Who shows notifications; starts when told to."""

    def __init__(self, bus):
        self.process = subprocess.Popen([PYTHON, "-B", str(ROOT / "tests/support/fake_notifications.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus.address})
        assert self.process.stdout.readline() == "ready\n"

    def next(self):
        line = self.process.stdout.readline()
        assert line, "the desktop has ended"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture
def desktop(bus):
    the_desktop = Desktop(bus)
    yield the_desktop
    the_desktop.close()


@pytest.fixture
def notify(bus):
    made = []

    def start(agent):
        log = open(agent.dir / "notify.log", "ab")  # pylint: disable=consider-using-with
        env = {**agent.ENV, "DBUS_SESSION_BUS_ADDRESS": bus.address}
        made.append((subprocess.Popen([agent.place.memdbctl, "--socket", agent.socket, "notify"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      env=env), log))
        return made[-1][0]

    yield start
    for process, log in made:
        process.terminate()
        process.wait(10)
        log.close()


def profile_that_ends(agent, pki, days, name="demo"):
    end = (NOW + datetime.timedelta(days=days, hours=12)).strftime("%Y%m%d%H%M%SZ")
    cert, key = pki.client(f"{name}-{days}", dates=((NOW - datetime.timedelta(days=1)).strftime("%Y%m%d%H%M%SZ"), end))
    agent.ctl("profile", "import", pki.downloaded(), "--name", name, "--cert", cert, "--key", key, "--cluster", "node.test:6379", "--ca", pki.ca)


def test_a_certificate_that_ends_is_shown_on_the_desktop(agent, pki, desktop, notify):
    profile_that_ends(agent, pki, 3)
    process = notify(agent)
    assert desktop.next() == {
        "program": "memdbctl", "replaces": 0, "icon": "network-idle", "summary": "The certificate of demo expires in 3 days",
        "body": "A new one: memdbctl rotate demo", "actions": [], "urgency": 1, "expires": -1,
    }
    profile_that_ends(agent, pki, 0, name="other")  # an event wakes it
    shown = desktop.next()
    assert shown["summary"] == "The certificate of other expires today" and shown["urgency"] == 2 and shown["replaces"] == 0
    assert process.poll() is None


def test_it_goes_on_without_a_desktop_and_through_a_restart_of_the_agent(agent, pki, bus, notify):
    profile_that_ends(agent, pki, 3)
    process = notify(agent)
    log = agent.dir / "notify.log"
    wait_for(lambda: "a notification was not shown" in log.read_text(), 20, "it says that nobody shows it")
    desktop = Desktop(bus)
    try:
        agent.end(limit=30)
        agent.start()
        profile_that_ends(agent, pki, 1, name="other")
        assert desktop.next()["summary"] == "The certificate of other expires in 1 day"
        assert process.poll() is None
    finally:
        desktop.close()


def test_it_ends_when_told_to_while_the_desktop_takes_its_time(agent, pki, desktop, notify):
    desktop.process.send_signal(signal.SIGSTOP)
    try:
        profile_that_ends(agent, pki, 3)
        process = notify(agent)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_for(children.read_text, 10, "busctl waits for the desktop")
        process.terminate()
        assert process.wait(3) == -signal.SIGTERM
    finally:
        desktop.process.send_signal(signal.SIGCONT)


def test_without_an_agent_it_ends_and_says_so(agents):
    assert "the agent is not running" in agents(start=False).fails("notify", exit=3)
