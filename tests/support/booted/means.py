"""What a machine must be able to do to boot another in itself, and what happens when it cannot.

Whoever works on a laptop without the means gets a skip that says so; on CI (CI=true) it is a failure: there the means belong.
"""
import os
import shutil
import subprocess

import pytest

TOOLS = {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "nsenter": "util-linux", "unshare": "util-linux",
         "setpriv": "util-linux"}


class Unable(Exception):
    """This machine cannot do it: one line for a person."""


def check():
    """Raises Unable with the first thing that is missing."""
    if os.geteuid() != 0:
        raise Unable("needs root")
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            raise Unable(f"needs {tool}: apt install {package} (scripts/setup does it)")
    if not cgroup_roots():
        raise Unable("needs cgroup v2, alone or beside v1 (/sys/fs/cgroup or /sys/fs/cgroup/unified)")
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "true"], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL, timeout=20)
    if tried.returncode != 0:
        raise Unable(f"needs the right to make namespaces: {tried.stderr.strip()}")


def cgroup_roots():
    """The hierarchies that systemd lives in: the one of v2 first; beside v1 also v1's own, which nspawn wants."""
    if os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        return ["/sys/fs/cgroup"]
    if os.path.exists("/sys/fs/cgroup/unified/cgroup.procs"):
        return ["/sys/fs/cgroup/unified", *(["/sys/fs/cgroup/systemd"] if os.path.exists("/sys/fs/cgroup/systemd/cgroup.procs") else [])]
    return []


def give_up(reason):
    """Ends the test: skipped and counted as such, or failed on CI."""
    if os.environ.get("CI", "") not in ("", "false", "0"):
        pytest.fail(f"no booted machine, and this is CI: {reason}", pytrace=False)
    pytest.skip(f"NOT TESTED on this machine: no booted machine: {reason}")
