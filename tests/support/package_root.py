"""A Debian without a running systemd, as a container image has it: what the package's scripts must do there, too.

The root is built once by mmdebstrap (half a minute, needs the network) and kept in ${XDG_CACHE_HOME:-~/.cache}/memdbd/roots.
Each ChangedRoot lies over one, in a mount namespace and a tmpfs of its own, and is gone with close().
"""
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

# Everything that the package needs, so that `dpkg -i` does without a network. By the names of this machine's Debian, whose package it is.
BASE = ["init-system-helpers", "systemd", "passwd", "openvpn", "bash"]
BUILD_LIMIT = 400


def codename():
    return re.search(r"^VERSION_CODENAME=(\w+)$", pathlib.Path("/etc/os-release").read_text(), re.M)[1]


def libraries(deb):
    """The shared libraries' packages among the .deb's dependencies."""
    depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout
    return sorted(re.findall(r"(lib[\w.+-]+)", re.sub(r"\([^)]*\)", "", depends)))


def mirror():
    files = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    return (re.findall(r"^URIs:\s*(\S+/debian/?)$", text, re.M) + re.findall(r"^deb\s+(?:\[.*\]\s+)?(\S+/debian/?)\s", text, re.M))[0]


def base_root(deb):
    """The path of a root in which this .deb can be installed. Nothing may change it."""
    suite, names = codename(), BASE + libraries(deb)
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "memdbd/roots"
    target = folder / f"package-{suite}-{hashlib.sha256(repr(names).encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"package-{suite}.lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # several workers want it at the same time
        if not target.is_dir():
            for half_built in folder.glob(f"package-{suite}-*.new"):
                shutil.rmtree(half_built)
            fresh = target.with_name(target.name + ".new")
            done = subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(names)}", suite, fresh, mirror()],
                                  capture_output=True, text=True, timeout=BUILD_LIMIT, stdin=subprocess.DEVNULL)
            assert done.returncode == 0, f"mmdebstrap failed, is there a network? {done.stderr[-2000:]}"
            fresh.rename(target)
    return target


class ChangedRoot:
    """`base`, and what has been changed in it since."""

    MOUNTS = """set -e
mount -t tmpfs changes "$2"; mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o lowerdir="$1",upperdir="$2/upper",workdir="$2/work" root "$2/root"; cd "$2/root"
mount -t tmpfs run run; mount -t tmpfs tmp tmp; mount --rbind /dev dev; mount --rbind /proc proc
[ -z "$3" ] || { mkdir -p ".$3"; mount --bind "$3" ".$3"; }
echo ready; cat >/dev/null"""

    def __init__(self, base, folder, shared=""):
        """`shared`: a folder of the machine that is at the same place there."""
        self.root = pathlib.Path(folder) / "root"
        self._holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "bash", "-c", self.MOUNTS, "bash", base, folder, shared],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout.readline() == "ready\n", "the mounts of a root failed"

    def close(self):
        self._holder.stdin.close()
        self._holder.wait(10)
        self._holder.stdout.close()

    def run(self, *words, check=True, limit=120, **env):
        done = subprocess.run(["nsenter", "-t", str(self._holder.pid), "-m", "chroot", self.root, "/usr/bin/env", "-i", "HOME=/root",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *(f"{k}={v}" for k, v in env.items()),
                               *words], capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def put(self, source, target):
        subprocess.run(["nsenter", "-t", str(self._holder.pid), "-m", "tee", f"{self.root}{target}"], input=pathlib.Path(source).read_bytes(),
                       stdout=subprocess.DEVNULL, check=True)

    def listing(self, *places):
        """Every file and folder with kind, mode, owner and target, and the content of /etc; but for what dpkg, useradd and labs keep."""
        said = self.run("sh", "-c", r"find %s -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp \) -prune -o "
                        r"-printf '%%p %%y %%m %%u %%g %%l\n'; find /etc -xdev -type f -exec md5sum {} +" % (" ".join(places) or "/")).stdout
        diary = re.compile(r"/var/log/dpkg\.log|/var/lib/dpkg/|/var/cache/|/etc/(passwd|group|g?shadow|sub[ug]id)-|/etc/\.pwd\.lock|/etc/netns|/var/lib/systemd ")
        return {line for line in said.splitlines() if not diary.search(line)}


class FakeSystemd:
    """A systemctl in a ChangedRoot that writes down what it is asked, and says yes; only not whether memdbd is `active`."""

    def __init__(self, root, active=True):
        self.root = root
        root.run("sh", "-c", "mkdir -p /run/systemd/system && mv /bin/systemctl /bin/systemctl.real && cat >/bin/systemctl <<'END' && chmod +x /bin/systemctl\n"
                 "#!/bin/sh\necho \"$*\" >>/tmp/calls\ncase \"$*\" in *is-enabled*) echo enabled ;; *is-active*) exit %d ;; esac\nEND\n" % (not active))

    def calls(self, *words):
        """What this command made of it, without questions and the links of deb-systemd-helper."""
        self.root.run("rm", "-f", "/tmp/calls")
        self.root.run(*words)
        lines = self.root.run("sh", "-c", "cat /tmp/calls 2>/dev/null || true").stdout.splitlines()
        plain = [re.sub(r"--(quiet|system)\s*", "", line).strip() for line in lines]
        return [line for line in plain if not re.match(r"(-q )?is-(enabled|active)|--version|--root=/", line)]
