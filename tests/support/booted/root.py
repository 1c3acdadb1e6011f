"""Root file systems to boot: built once for each recipe by mmdebstrap, kept outside the repository, never changed afterwards.

They lie in ${XDG_CACHE_HOME:-~/.cache}/memdbd/roots/SUITE-HASH. Several builders wait for each other, and one that is
killed leaves only a folder that the next one removes: what has its final name is complete.
"""
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from .means import Unable

BASE = ["systemd", "systemd-sysv", "dbus", "systemd-resolved", "polkitd", "libpam-systemd", "openvpn", "easy-rsa", "openssl", "iproute2",
        "procps", "util-linux", "passwd", "kmod", "python3", "python3-dbus", "python3-gi", "ca-certificates", "init-system-helpers",
        "libsystemd0", "libmnl0", "adduser"]
# What the package depends on, so that `dpkg -i` needs no network. Names change with each Debian.
LIBRARIES = {
    "bookworm": ["libhiredis0.14", "libspdlog1.10", "libfmt9", "libc-ares2", "libtomlplusplus3", "libssl3"],
    "trixie": ["libhiredis1.1.0", "libspdlog1.15", "libfmt10", "libcares2", "libtomlplusplus3t64", "libssl3t64"],
}
# Nothing may touch the lab's addresses, and nothing may wake up in the middle of a measurement.
MASKED = ["systemd-networkd.service", "systemd-networkd.socket", "systemd-timesyncd.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "systemd-tmpfiles-clean.timer", "console-getty.service"]
USERS = ["alice", "bob"]  # people, in no group of ours
BUILD_LIMIT = 400


def roots_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "memdbd" / "roots"


def packages(suite):
    return sorted(BASE + LIBRARIES[suite])


def root_of(suite):
    """The path of the root of this suite, which is built first where need be (half a minute). Raises Unable without a network."""
    recipe = hashlib.sha256(repr((suite, packages(suite), MASKED, USERS)).encode()).hexdigest()[:12]
    folder = roots_folder()
    target = folder / f"{suite}-{recipe}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{suite}.lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        for half_built in folder.glob(f"{suite}-*.new"):
            shutil.rmtree(half_built)
        fresh = target.with_name(target.name + ".new")
        build(suite, fresh, folder / f"{suite}.log")
        furnish(fresh)
        fresh.rename(target)
    return target


def build(suite, target, log):
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages(suite))}", '--aptopt=Acquire::Languages "none"',
               *(f'--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash {user}' for user in USERS), suite, str(target), "-"]
    try:
        with open(log, "w", encoding="utf-8") as out:
            done = subprocess.run(command, input=sources(suite), text=True, stdout=out, stderr=out, timeout=BUILD_LIMIT)
    except subprocess.TimeoutExpired:
        raise Unable(f"mmdebstrap {suite} is not done after {BUILD_LIMIT} s; its log: {log}") from None
    if done.returncode != 0:
        said = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("E: ")]
        raise Unable(f"mmdebstrap {suite} failed, is there a network? {said[:1]} (its log: {log})")


def sources(suite):
    """The machine's own mirrors, with the name of the other suite: whoever set this machine up knows where to ask."""
    files = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    mirrors = re.findall(r"^URIs:\s*(\S+/debian/?)$", text, re.M) + re.findall(r"^deb\s+(?:\[.*\]\s+)?(\S+/debian/?)\s", text, re.M)
    if not mirrors:
        raise Unable("this machine's apt knows no mirror of Debian")
    return f"deb {mirrors[0]} {suite} main\n"


def furnish(root):
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
