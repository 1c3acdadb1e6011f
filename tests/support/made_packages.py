"""The packages of this checkout, made once for a whole run of tests by scripts/package."""
import fcntl
import json
import os
import pathlib
import re
import subprocess

from memdb import ROOT

NEWER = "99.1~rc1-2"


def run(*words, check=True):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=check, stdin=subprocess.DEVNULL)


def package(*words):
    """The paths that scripts/package has made."""
    done = run(ROOT / "scripts/package", *words, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [pathlib.Path(path) for path in re.findall(r"^package: made (\S+)$", done.stdout, re.M)]


def packages(tmp_path_factory):
    """".deb", ".rpm", and "newer", a .deb of version NEWER with the same programs -> path. build/release is built where it is not up to date."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers of this run share, and no other run
    folder = folder / "memdbd-packages"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        ready = folder / "ready.json"
        if not ready.exists():
            made = {path.suffix: str(path) for path in package("--output", folder)}
            made["newer"] = str(package("--deb", "--no-build", "--version", NEWER, "--output", folder)[0])
            ready.write_text(json.dumps(made))
        return {kind: pathlib.Path(path) for kind, path in json.loads(ready.read_text()).items()}
