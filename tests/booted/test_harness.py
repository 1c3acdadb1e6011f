"""The machines themselves: whoever cannot boot one says so, and nothing outlives its owner for long."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from booted import means, remains
from memdb import wait_for

SUPPORT = pathlib.Path(means.__file__).resolve().parents[1]
OWNER = """
import sys, pathlib
sys.path.insert(0, {support!r})
from booted.machine import Machine
from memdb import Lab
machine = Machine(Lab({lab!r}), pathlib.Path({root!r}), {name!r})
machine.boot()
print(machine.pid, flush=True)
sys.stdin.read()
"""


def test_a_machine_without_the_means_skips_loudly_and_fails_on_ci(monkeypatch):
    monkeypatch.setitem(means.TOOLS, "no-such-tool", "its-package")
    with pytest.raises(means.Unable, match="no-such-tool.*its-package") as reason:
        means.check()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        means.give_up(reason.value)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED.*no-such-tool"):
        means.give_up(reason.value)


def test_what_a_killed_owner_leaves_is_ended_by_the_next(lab, root):
    name = f"{lab.name}-lost"
    owner = subprocess.Popen([sys.executable, "-B", "-c", OWNER.format(support=str(SUPPORT), lab=lab.name, root=str(root), name=name)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    init = int(owner.stdout.readline())
    with pytest.raises(AssertionError, match="in use"):
        remains.claim(name)
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    assert any(group.exists() for group in remains.cgroups_of(name))
    lock = remains.claim(name)
    try:
        wait_for(lambda: not pathlib.Path(f"/proc/{init}").exists(), 5, "its systemd has ended")
        assert not any(group.exists() for group in remains.cgroups_of(name))
        assert [file.name for file in remains.folder_of(name).iterdir()] == ["lock"]
    finally:
        remains.remove(name)
        lock.close()
