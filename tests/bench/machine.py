"""On what a bench ran: the figures mean little without it."""
import datetime
import os
import pathlib
import platform
import subprocess

from memdb import MEMDBD, ROOT


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None)


def model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine():
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cores": os.cpu_count(), "model": model(), "kernel": platform.release(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "commit": first_line("git", "-c", "safe.directory=*", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "memdbd": first_line(str(MEMDBD), "--version"), "openvpn": first_line("openvpn", "--version"),
        "redis": first_line("redis-server", "--version"), "redis_cli": first_line("redis-cli", "--version"),
    }


def lines_of(found):
    loads = " -> ".join(f"{found[when][0]:.1f}" for when in ("load_before", "load_after") if when in found)
    return [f"{found['date']}, commit {found['commit']}, {found['memdbd']}",
            f"{found['cores']} cores of {found['model']}, load {loads}; {str(found['openvpn']).partition(' [')[0]}, {str(found['redis_cli'])}"]
