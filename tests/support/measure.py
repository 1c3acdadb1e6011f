"""What a process uses, from /proc, and how measurements are said."""
import datetime
import os
import pathlib
import statistics


def ms(values):
    values = sorted(values)
    return f"median {statistics.median(values):.1f} ms, worst {values[-1]:.1f} ms of {len(values)}"


def show(name, text):
    print(f"{name:<12} {text}", flush=True)


def usage(pid):
    """CPU seconds and context switches (wake-ups) of all its threads so far."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    switches = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        switches += sum(int(line.split()[1]) for line in status.read_text().splitlines() if "ctxt_switches" in line)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), switches


def pss_mb(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def moment(text):
    """Seconds since the epoch of a time as the API gives it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
