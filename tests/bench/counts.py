"""Instructions and allocations of the hot paths, by callgrind, beside the figures that are checked in (counts.json).

Unlike times these are the same on a busy machine, so that a regression of a tenth shows in CI. They depend on the compiler:
with another one than that of the figures the table is printed and nothing fails.
"""
import json
import os
import re
import subprocess

from bench import table
from memdb import BUILD, ROOT

FIGURES = ROOT / "tests" / "bench" / "counts.json"
LIMIT = 1.10
COLUMNS = ["path", "instructions", "checked in", "ratio", "allocations", "checked in"]


def build():
    """In the tree that the packages are made from: its objects are there already, so this is one more program to link."""
    log = ROOT / "build" / "counts.log"
    log.parent.mkdir(exist_ok=True)
    steps = [["cmake", "--build", str(BUILD), "--target", "hot_paths"]]
    if not (BUILD / "build.ninja").exists():
        steps.insert(0, ["cmake", "--preset", "release", "-B", str(BUILD)])
    with open(log, "w") as out:
        for step in steps:
            locked = ["flock", str(ROOT / "build" / ".release.lock"), *step]
            if subprocess.run(locked, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT).returncode != 0:
                raise SystemExit(f"counts: {' '.join(step)} failed:\n" + "\n".join(log.read_text().splitlines()[-20:]))
    return BUILD / "tests" / "bench" / "hot_paths"


def run(program, path, times):
    """Instructions of the whole run, and what it printed."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), path, str(times)],
                          capture_output=True, text=True, timeout=300, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        raise SystemExit(f"counts: {path} under valgrind: {done.returncode}\n{done.stderr}")
    return int(collected[1]), json.loads(done.stdout)


def measure(program, say=lambda line: None):
    """Of every path: what one more time costs."""
    found = {"compiler": "", "paths": {}}
    for path in subprocess.run([str(program), "--list"], check=True, capture_output=True, text=True).stdout.split():
        few, many = (1, 3) if path.endswith("-2000") else (20, 120)
        less, _ = run(program, path, few)
        more, told = run(program, path, many)
        found["compiler"] = told["compiler"]
        found["paths"][path] = {"instructions": round((more - less) / (many - few)), "allocations": told["allocations"]}
        say(f"{path}: {found['paths'][path]}")
    return found


def figures():
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {"compiler": "", "paths": {}}


def rose(now, before):
    return now > before * LIMIT and now > before


def compare(found, known):
    """The table's rows, and the paths that need more than the figures allow."""
    rows, worse = [], []
    for path, now in found["paths"].items():
        before = known["paths"].get(path)
        if before is None:
            rows.append([path, str(now["instructions"]), "-", "-", f"{now['allocations']:g}", "-"])
            worse.append(path)
            continue
        rows.append([path, str(now["instructions"]), str(before["instructions"]), f"{now['instructions'] / before['instructions']:.3f}",
                     f"{now['allocations']:g}", f"{before['allocations']:g}"])
        if rose(now["instructions"], before["instructions"]) or rose(now["allocations"], before["allocations"]):
            worse.append(path)
    return rows, worse


def judge(found, known):
    """Prints it; the paths that are worse, by the compiler that the figures are for."""
    rows, worse = compare(found, known)
    print("\n".join(table(COLUMNS, rows)))
    if known["compiler"] != found["compiler"]:
        print(f"counts: not judged: the figures are those of {known['compiler'] or 'nobody'}, this is {found['compiler']}")
        return []
    if worse:
        print(f"counts: {', '.join(worse)}: over {LIMIT - 1:.0%} more than checked in, or new; if it must be so: scripts/counts --accept")
    return worse


def accept(found):
    FIGURES.write_text(json.dumps(found, indent=2) + "\n")


def counts(bench):
    bench.found["counts"] = found = measure(build())
    bench.failed |= bool(judge(found, figures()))


MEASUREMENTS = {"counts": counts}
