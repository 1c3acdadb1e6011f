"""memdbctl watch on a real terminal emulator, and line by line where there is none."""
import os
import re
import select
import signal
import subprocess
import time

import pytest
from memdb import wait_for
from tmux import Tmux


@pytest.fixture
def agent(agents, nodes, pki):
    the_agent = agents()
    the_agent.add_direct("vpc", nodes("healthy", "--hostname", "node.test"), pki)
    the_agent.ctl("connect", "vpc", "--wait")
    return the_agent


@pytest.fixture
def watch(agent, tmp_path):
    made = []

    def start(*words, columns=80, rows=24):
        made.append(Tmux(tmp_path, [agent.place.memdbctl, "--socket", agent.socket, "watch", *words], columns, rows, agent.ENV))
        return made[-1]

    yield start
    for terminal in made:
        terminal.close()


def program_of(terminal):
    """The pid of memdbctl, the shell's child."""
    shell = terminal.pane("pane_pid")
    return int(wait_for(lambda: subprocess.run(["pgrep", "-P", shell, "memdbctl"], capture_output=True, text=True, check=False).stdout.strip(), 10, "memdbctl"))


def is_given_back(terminal, code):
    """The main screen, a cursor, and a line that echoes what is typed."""
    terminal.until(rf"ended:{code}\n")
    assert terminal.pane("alternate_on") == "0" and terminal.pane("cursor_flag") == "1"
    terminal.keys("echo gi''ven", "Enter")
    terminal.until(r"echo gi''ven\n(.*\n)*given\n")


def test_shows_the_profile_and_takes_keys(watch, agent):
    terminal = watch()
    screen = terminal.until(r"node +primary .*[▁▂▃▄▅▆▇█]{3}")  # three samples
    assert re.match(r"vpc  reachable  for ", screen) and "events" in screen and screen.rstrip().endswith("? help")
    assert len(screen.splitlines()) <= 24 and terminal.pane("alternate_on") == "1" and terminal.pane("cursor_flag") == "0"
    terminal.keys("?")
    terminal.until("restart the tunnel now")
    terminal.keys("x")
    terminal.until("q quit")
    terminal.keys("r")
    terminal.until(r"vpc reconnects|direct")
    agent.ctl("disconnect", "vpc")
    terminal.until(r"vpc  verdict +\w+ → stopped")
    terminal.keys("q")
    is_given_back(terminal, 0)


@pytest.mark.parametrize("way", ["C-c", "SIGTERM", "SIGHUP"])
def test_every_end_gives_the_terminal_back(watch, way):
    terminal = watch()
    terminal.until("q quit")
    if way == "C-c":
        terminal.keys("C-c")
    else:
        os.kill(program_of(terminal), signal.Signals[way])
    is_given_back(terminal, {"C-c": 0, "SIGTERM": 143, "SIGHUP": 129}[way])


def test_follows_the_size_of_its_window(watch):
    terminal = watch()
    terminal.until(r"cluster  node\.test")
    terminal.resize(40, 10)
    wait_for(lambda: "cluster  node" not in terminal.screen() and "q quit" in terminal.screen(), 10, "a small screen")
    assert all(len(line) <= 40 for line in terminal.screen().splitlines())
    terminal.resize(120, 40)
    terminal.until(r"cluster  node\.test")


def test_stopped_and_continued_it_gives_the_terminal_back_and_takes_it_again(agent, tmp_path):
    terminal = Tmux(tmp_path, ["sh", "-i"], env={**agent.ENV, "PS1": "$ "})
    try:
        terminal.keys(f"{agent.place.memdbctl} --socket {agent.socket} watch", "Enter")
        terminal.until("q quit")
        terminal.keys("C-z")
        wait_for(lambda: terminal.pane("alternate_on") == "0", 10, "the main screen")
        terminal.keys("echo as''ide", "Enter")
        terminal.until("aside")
        terminal.keys("fg", "Enter")
        terminal.until("q quit")
        assert terminal.pane("alternate_on") == "1"
        terminal.keys("q")
        wait_for(lambda: terminal.pane("alternate_on") == "0", 10, "the main screen")
    finally:
        terminal.close()


def test_doctor_runs_on_the_terminal_and_comes_back(watch):
    terminal = watch()
    terminal.until("q quit")
    terminal.keys("d")
    terminal.until("press a key to go back")
    assert terminal.pane("alternate_on") == "0"
    terminal.keys("x")
    terminal.until("q quit")
    terminal.keys("q")
    is_given_back(terminal, 0)


def test_an_agent_that_ends_and_comes_back(watch, agent):
    terminal = watch("vpc")
    terminal.until("q quit")
    agent.end(limit=30)
    terminal.until(r"no answer for \d+ s, trying again: the agent is not")
    assert "node  primary" in terminal.screen()  # what was known stays
    agent.start()
    terminal.until(r"the agent answers\n")
    terminal.until("q quit")


def test_nothing_is_drawn_that_has_not_changed(agent):
    """In bytes: a second of a quiet profile costs a few lines, not a screen, and each draw is one synchronized piece."""
    master, slave = os.openpty()
    process = subprocess.Popen([agent.place.memdbctl, "--socket", agent.socket, "watch"], stdin=slave, stdout=slave, stderr=slave, env=agent.ENV,
                               start_new_session=True)
    os.close(slave)
    seen, end = b"", time.monotonic() + 4
    try:
        while time.monotonic() < end or seen.count(b"\x1b[?2026l") < 3:
            assert time.monotonic() < end + 20, seen
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 65536)
        pieces = seen.split(b"\x1b[?2026h")[1:]
        assert seen.count(b"\x1b[2J") == 1 and all(piece.rstrip().endswith(b"\x1b[?2026l") for piece in pieces), pieces
        assert all(len(piece) < len(pieces[0]) / 2 for piece in pieces[1:]), [len(piece) for piece in pieces]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
        os.close(master)


def test_without_a_terminal_it_is_lines(agent):
    process = subprocess.Popen([agent.place.memdbctl, "--socket", agent.socket, "watch", "vpc"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**agent.ENV, "LC_ALL": "C.UTF-8"})
    try:
        assert re.match(r"vpc  reachable  for ", process.stdout.readline())
        agent.ctl("disconnect", "vpc")
        lines = []
        while not (lines and "→ stopped" in lines[-1]):
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        assert not any("\x1b" in line for line in lines)
        agent.end(limit=30)
        assert "the agent" in process.stdout.readline()
        agent.start()
        assert re.match(r"vpc  ", process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_what_is_wrong_at_the_start_ends_it(agent, agents):
    assert "no profile other" in agent.fails("watch", "other")
    other = agents(start=False)
    assert "the agent is not running" in other.fails("watch", exit=3)


def test_json_is_the_stream_of_events(agent):
    process = subprocess.Popen([agent.place.memdbctl, "--socket", agent.socket, "watch", "--json"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True, env=agent.ENV)
    try:
        assert '"type":"snapshot"' in process.stdout.readline()
        agent.ctl("disconnect", "vpc")
        assert '"type":"wanted"' in process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=10)
