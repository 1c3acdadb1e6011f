"""Where the booted machines lie, who owns each, and how one that lost its owner is ended and removed.

A machine NAME is a folder /tmp/memdb-boot-NAME, whose file `lock` its owner holds while it lives, and a cgroup memdb-boot-NAME, in
which everything of the machine runs: the kernel knows the processes, whatever became of their parents.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal

from memdb import wait_for

from .means import cgroup_roots

BASE = pathlib.Path("/tmp")
PREFIX = "memdb-boot-"
NSPAWN_DIRS = ["/run/systemd/nspawn/propagate", "/run/systemd/nspawn/unix-export"]


def folder_of(name):
    return BASE / f"{PREFIX}{name}"


def cgroups_of(name):
    return [pathlib.Path(root) / f"{PREFIX}{name}" for root in cgroup_roots()]


def claim(name):
    """Makes the machine's folder anew and returns the held lock. An AssertionError while another owner lives."""
    with _turn():
        _remove_ownerless()
        folder = folder_of(name)
        assert not folder.exists(), f"the machine {name} is in use by another process: {folder}"
        folder.mkdir(mode=0o755)
        lock = open(folder / "lock", "w", encoding="ascii")  # pylint: disable=consider-using-with
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def remove(name):
    """Ends every process of the machine and removes its folder."""
    end_processes(name)
    for place in NSPAWN_DIRS:
        shutil.rmtree(f"{place}/{name}", ignore_errors=True)
    shutil.rmtree(folder_of(name), ignore_errors=True)


def end_processes(name):
    for group in cgroups_of(name):
        wait_for(lambda group=group: not _kill_all(group), 20, f"the processes in {group} end")
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(FileNotFoundError):
                wait_for(lambda folder=folder: _removed(folder), 10, f"{folder} can be removed")


@contextlib.contextmanager
def _turn():
    with open("/run/memdb-boot.lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _remove_ownerless():
    for folder in BASE.glob(PREFIX + "*"):
        try:
            with open(folder / "lock", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its owner is alive
        except OSError:
            pass
        remove(folder.name.removeprefix(PREFIX))


def _kill_all(group):
    """SIGKILL to all below; true while there were any."""
    pids = []
    for file in group.rglob("cgroup.procs") if group.exists() else []:
        with contextlib.suppress(OSError):
            pids += [int(word) for word in file.read_text().split()]
    for pid in pids:
        if pid > 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return pids


def _removed(folder):
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # a process in it has not quite ended
    return True
