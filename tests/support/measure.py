"""What a process uses, from /proc, and how measurements are said."""
import datetime
import os
import pathlib
import statistics
import time


def ms(values):
    values = sorted(values)
    return f"median {statistics.median(values):.1f} ms, worst {values[-1]:.1f} ms of {len(values)}"


def show(name, text):
    print(f"{name:<12} {text}", flush=True)


def usage(pid):
    """CPU seconds and context switches (wake-ups) of all its threads so far. From schedstat: in /proc/PID/stat, which counts in
    steps of 10 ms, a second of an idle agent is nothing or a lot."""
    nanoseconds = switches = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((task / "schedstat").read_text().split()[0])
        switches += sum(int(line.split()[1]) for line in (task / "status").read_text().splitlines() if "ctxt_switches" in line)
    return nanoseconds / 1e9, switches


def pss_mb(pid, part="Pss"):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{part}:")) / 1024


def file_pages(pid, most=6):
    """MB of each mapped file's pages: PSS / RSS, the largest first."""
    name, sizes = "", {}
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0]:
            name = pathlib.Path(words[5]).name if len(words) > 5 and words[5].startswith("/") else ""
        elif name and words[0] in ("Pss:", "Rss:"):
            sizes.setdefault(name, {"Pss:": 0, "Rss:": 0})[words[0]] += int(words[1])
    largest = sorted(sizes.items(), key=lambda item: -item[1]["Pss:"])[:most]
    return ", ".join(f"{name} {kb['Pss:'] / 1024:.2f}/{kb['Rss:'] / 1024:.2f}" for name, kb in largest)


def processes_in(namespace, program):
    """The pids of a program, by the network namespace and the end of its path; without forking: this must not cost what is measured."""
    space, found = os.stat(f"/run/netns/{namespace}").st_ino, set()
    for proc in pathlib.Path("/proc").iterdir():
        try:
            if proc.name.isdigit() and os.stat(proc / "ns" / "net").st_ino == space and os.readlink(proc / "exe").endswith(program):
                found.add(int(proc.name))
        except OSError:
            pass
    return found


def memory_mb(pid):
    """Its pages: all of them (Rss), shared ones divided by the number of sharers (Pss), and its own alone (Private)."""
    return {"Rss": pss_mb(pid, "Rss"), "Pss": pss_mb(pid), "Private": pss_mb(pid, "Private_Clean") + pss_mb(pid, "Private_Dirty")}


def watched(pid, seconds, window):
    """What it uses while nobody asks it anything: for each window of so many seconds its CPU, wake-ups and memory."""
    found = []
    for _ in range(max(1, int(seconds // window))):
        began, (cpu, switches) = time.monotonic(), usage(pid)
        time.sleep(window)
        took, (cpu_after, switches_after) = time.monotonic() - began, usage(pid)
        found.append({"cpu_percent": (cpu_after - cpu) / took * 100, "wakeups_s": (switches_after - switches) / took, **memory_mb(pid)})
    return found


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def moment(text):
    """Seconds since the epoch of a time as the API gives it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
