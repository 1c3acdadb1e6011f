"""What memdbctl doctor says beside the cause: whether nodes answer as quickly as on the last day, and what it is at."""
import codecs
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from aws.scenario import lab_nodes
from episode import DEMO
from memdb import MEMDBCTL, wait_for
from past import remember
from tmux import Tmux

COLUMNS = 80
LIMIT = 40  # seconds: doctor has ended by itself long before
UTF8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
CONTROL = re.compile(r"\x1b\[[0-9;]*[mK]")
COMMAND = "      $ "  # is whole, however long


# --- as quickly as always ---

def latency(agent):
    """The check, and the two medians that it names, in ms."""
    report = json.loads(agent.ctl("doctor", "--json", check=False).stdout)
    check = next(one for one in report["checks"] if one["id"] == "latency")
    told = re.search(r"^median ([\d.]+) ms, over the last day ([\d.]+) ms$", check["summary"])
    assert told, check
    return report, check, float(told[1]), float(told[2])


def test_a_few_milliseconds_more_are_no_news_however_many_times_as_much(demo):
    """A day is 9000 rows to read, and so near a cluster the doctor has seen all else before: it must wait for them."""
    remember(demo, 0.01, len(lab_nodes()))
    # On a busy machine the nodes may really be late for once.
    quick = wait_for(lambda: (seen := latency(demo))[2] < 20 and seen, 20, "a present median", 0.5)
    report, check, present, usual = quick
    assert usual == 0 and present > 0, check
    assert check["state"] == "pass" and not check.get("finding"), check
    assert report["diagnosis"]["state"] == "pass", report["diagnosis"]


def test_three_times_as_slow_as_over_the_last_day_is_named(demo, lab):
    for node in lab_nodes():
        lab("fault", "node-slow", node)
    remember(demo, 2, len(lab_nodes()))
    report, check, present, usual = latency(demo)
    assert present > 290 and usual == 2, check
    assert check["state"] == "warn" and check["finding"] == "node-slow", check
    assert "EngineCPUUtilization" in check["action"], check
    diagnosis = report["diagnosis"]
    assert diagnosis["state"] == "warn" and diagnosis["code"] == "node-slow", diagnosis
    assert diagnosis["summary"] == check["summary"], diagnosis
    # None is slower than the others, so that nobody but the history knows it.
    assert demo.api.profile(DEMO)["findings"] == [] and demo.api.profile(DEMO)["verdict"] == "reachable"

    remember(demo, 150, len(lab_nodes()))
    _, check, present, usual = latency(demo)
    assert usual + 20 < present < 3 * usual and check["state"] == "pass", check


# --- what it is at ---

class Shown:
    """memdbctl doctor on a terminal; with `piped` its stdout is none."""

    def __init__(self, agent, piped=False, columns=COLUMNS):
        self.columns = columns
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        out = subprocess.PIPE if piped else follower
        process = subprocess.Popen([str(MEMDBCTL), "--socket", str(agent.socket), "doctor"], stdin=follower, stdout=out,
                                   stderr=follower, env={**os.environ, **UTF8}, start_new_session=True)
        os.close(follower)
        self.pieces = []  # (moment, text)
        try:
            self._read(leader, time.monotonic() + LIMIT)
            self.piped = process.communicate(timeout=10)[0]
        finally:
            process.kill()
            process.wait()
            os.close(leader)
        self.status = process.returncode
        self.text = "".join(text for _, text in self.pieces)

    def _read(self, leader, until):
        letters = codecs.getincrementaldecoder("utf-8")()
        while True:
            left = until - time.monotonic()
            assert left > 0 and select.select([leader], [], [], left)[0], f"doctor did not end: {self.pieces[-5:]}"
            try:
                piece = os.read(leader, 65536)
            except OSError:
                return  # its end was closed
            if not piece:
                return
            self.pieces.append((time.monotonic(), letters.decode(piece)))

    def first(self, pattern):
        """When it was seen."""
        return next(at for at, text in self.pieces if re.search(pattern, text, re.M))

    def written_over(self):
        """Each text of the progress line."""
        return re.findall(r"\r\x1b\[K([^\r\n]+…)(?=\r)", self.text)

    def screen(self, folder):
        """What a terminal shows at the end."""
        (folder / "shown").write_text(self.text, newline="")
        terminal = Tmux(folder, ["cat", folder / "shown"], self.columns, 200)
        try:
            return terminal.until(r"ended:0").partition("ended:0")[0].rstrip("\n")
        finally:
            terminal.close()


def test_the_progress_line_shows_what_it_is_at_and_leaves_nothing_behind(demo, lab, tmp_path):
    lab("fault", "client-cert-revoked")
    demo.api.wait_finding(DEMO, "handshake-rejected", 20)
    shown = Shown(demo)
    assert shown.status == 1, shown.text
    begun, told = shown.first("examining demo …"), shown.first("(?:^|\x1b\\[K)(\x1b\\[[0-9;]*m)*✗")
    assert told - begun > 0.5, "seen while it looks, and not with the report"
    line = shown.written_over()
    assert line[0] == "examining demo …", line
    for words in ("the endpoint answers: pass …", "the endpoint accepts the certificate: fail …"):
        assert words in line, (words, line)

    for one in CONTROL.sub("", shown.text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        assert one.isprintable() and (len(one) <= COLUMNS or one.startswith(COMMAND)), one

    screen = shown.screen(tmp_path).split("\n")
    assert screen[0].startswith("✗ demo: handshake-rejected: "), screen[:3]
    assert re.fullmatch(r"\d+ checks in [\d.]+ s: .*, \d+ skipped", screen[-1].strip()), screen[-3:]
    assert not [one for one in screen if one.rstrip().endswith("…")], screen


def test_on_a_narrow_terminal_nothing_is_left_behind_either(demo, lab, tmp_path):
    lab("fault", "client-cert-revoked")
    demo.api.wait_finding(DEMO, "handshake-rejected", 20)
    shown = Shown(demo, columns=40)
    line = shown.written_over()
    assert line and all(len(one) < 40 for one in line), line
    assert any("the endpoint accepts"[:30] in one for one in line), line
    assert shown.screen(tmp_path).startswith("✗ demo: handshake-rejected"), shown.text


def test_what_is_no_terminal_gets_no_control_bytes(demo, tmp_path):
    ended = demo.ctl("doctor", env={**os.environ, **UTF8})
    assert ended.stderr == "" and ended.stdout.replace("\n", "").isprintable(), ended
    assert ended.stdout.startswith("✓ demo: ") and "…" not in ended.stdout, ended.stdout
    shown = Shown(demo, piped=True)
    text = shown.piped.decode()
    assert shown.status == 0 and text.startswith("✓ demo: ") and text.replace("\n", "").isprintable(), text
    assert shown.written_over(), "the person sees it all the same"
    assert shown.screen(tmp_path) == "", shown.text
