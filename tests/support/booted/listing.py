"""What lies on the machine's disk, to see what a package leaves there."""
import hashlib

# Written by the tools themselves, whatever package is installed.
VOLATILE = ("/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/home", "/var/log", "/var/tmp", "/var/cache", "/var/lib/dpkg", "/var/lib/systemd/catalog",
            "/var/lib/systemd/timers", "/var/lib/systemd/random-seed", "/var/lib/private", "/var/lib/apt")
BACKUPS = {"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock", "/etc/.updated", "/var/.updated", "/etc/ld.so.cache"}


def listing(machine):
    """Every path with what it is and, of ordinary files in /etc, what they say."""
    prune = " -o ".join(f"-path {place}" for place in VOLATILE)
    found = machine.run("sh", "-c", f"find / -xdev \\( {prune} \\) -prune -o -printf '%p|%y|%m|%u|%g|%l\\n'", timeout=120).stdout
    files = dict(line.split("|", 1) for line in found.splitlines() if line.split("|", 1)[0] not in BACKUPS)
    for path in files:
        if path.startswith("/etc/") and files[path].startswith("f"):
            files[path] += hashlib.sha256(machine.path(path).read_bytes()).hexdigest()
    return files


def difference(before, after):
    return {path: (before.get(path), after.get(path)) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
