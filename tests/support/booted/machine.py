"""One Debian that boots its own systemd (systemd-nspawn), in the network of the lab's laptop.

Its files are an overlay over a root that is built once, so a machine is there at once and a reboot keeps what was written. What a
killed owner leaves is ended and removed by whoever makes the next machine, of any name.
"""
import pathlib
import shutil
import subprocess
import time

from memdb import wait_for

from . import remains

LAUNCH = r"""
set -eu
for group in $CGROUPS; do mkdir -p "$group"; echo $$ >"$group/cgroup.procs"; done
[ -z "$LOWER" ] || mount -t overlay machine -o "redirect_dir=on,lowerdir=$LOWER,upperdir=$FOLDER/files,workdir=$FOLDER/work" "$TREE"
unset CGROUPS LOWER FOLDER TREE
exec "$@"
"""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
RESOLVED = "[Resolve]\nDNS=192.0.2.53\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n"  # the lab's resolver at the edge
BOOT_LIMIT, STOP_LIMIT = 60, 60


class Machine:
    def __init__(self, lab, root, name=None):
        """One that is on at a time: the laptop has one network."""
        self.lab = lab
        self.name = name or lab.name or "lab"
        self._lock = remains.claim(self.name)
        self.folder = remains.folder_of(self.name)
        self.tree = self.folder / "tree"  # where its root is mounted, for itself alone
        self._layers = _Layers(self.folder, root)
        self._nspawn = None
        self.pid = None  # of its systemd, as this machine sees it
        self.boots = 0
        self._furnish()

    def _furnish(self):
        """Written before it boots: who it is and whom it asks for names."""
        for path, text in (("etc/systemd/resolved.conf.d/lab.conf", RESOLVED), ("etc/hostname", "laptop\n"),
                           ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 laptop\n"),
                           ("etc/machine-id", "0123456789abcdef0123456789abcdef\n")):
            place = self._layers.files / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def keep(self):
        """What it has written until now is what every reset() goes back to. It is off."""
        assert self._nspawn is None, "it runs"
        self._layers.keep()

    def reset(self, to_root=False):
        """Forgets what it has written since keep(), or everything. It is off afterwards."""
        if self._nspawn is not None:
            self.pull_the_plug()
        self._layers.reset(to_root)
        self._furnish()

    # --- on and off ---
    def boot(self):
        """Returns when systemd says that it is running; the time that took, in seconds."""
        begun = time.monotonic()
        assert self._nspawn is None, "it runs already"
        self.boots += 1
        environment = {**ENVIRONMENT, "CGROUPS": " ".join(map(str, remains.cgroups_of(self.name))), "LOWER": self._layers.lower(),
                       "FOLDER": str(self.folder), "TREE": str(self.tree), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with open(self.folder / f"console-{self.boots}", "w", encoding="utf-8") as console:
            self._nspawn = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "bash", "-c", LAUNCH, "launch",
                 "systemd-nspawn", "--quiet", "--boot", f"--directory={self.tree}", f"--machine={self.name}",
                 f"--network-namespace-path=/run/netns/{self.lab.laptop}", "--bind=/dev/net/tun", "--capability=CAP_NET_ADMIN",
                 "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            wait_for(self._is_running, BOOT_LIMIT, "systemd is running in the machine", 0.1)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.console()}") from None
        self._write_enter()
        return time.monotonic() - begun

    def _is_running(self):
        assert self._nspawn.poll() is None, f"the machine has ended: {self.console()}"
        children = pathlib.Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        if len(children) != 1:
            return False
        self.pid = int(children[0])
        try:
            said = self.run("systemctl", "is-system-running", check=False, timeout=20).stdout.strip()
        except subprocess.TimeoutExpired:
            return False
        return said in ("running", "degraded")

    def _write_enter(self):
        """For a person: FOLDER/enter [COMMAND…] is a shell, or a command, in the machine."""
        enter = self.folder / "enter"
        enter.write_text('#!/bin/sh\n[ $# -gt 0 ] || set -- bash -l\n'
                         f'exec env -i TERM="$TERM" HOME=/root PATH={ENVIRONMENT["PATH"]} {" ".join(self._nsenter())} "$@"\n')
        enter.chmod(0o755)

    def power_off(self):
        """As a person does it: every unit is stopped."""
        self.run("systemctl", "--no-block", "poweroff", check=False)
        self._nspawn.wait(STOP_LIMIT)
        self._ended()

    def pull_the_plug(self):
        """Everything in it is gone at once; files stay."""
        self._nspawn.kill()
        self._nspawn.wait(10)
        self._ended()

    def _ended(self):
        self._nspawn, self.pid = None, None
        remains.end_processes(self.name)

    def reboot(self):
        self.power_off()
        return self.boot()

    def close(self):
        if self._nspawn is not None:
            self.pull_the_plug()
        remains.remove(self.name)
        self._lock.close()

    # --- in it ---
    def _nsenter(self):
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-p", "-n", "-C"]

    def _command(self, command, user):
        """`user` has the groups that the files of the machine give at this moment, as after a fresh login."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        home = f"/home/{user}" if user else "/root"
        return [*self._nsenter(), *become, "env", "-i", f"HOME={home}", *(f"{k}={v}" for k, v in ENVIRONMENT.items()), *map(str, command)]

    def run(self, *command, user=None, check=True, timeout=60, stdin=None):
        done = subprocess.run(self._command(command, user), capture_output=True, text=True, timeout=timeout, cwd="/",
                              **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}))
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command, user=None):
        """A process that goes on, with pipes for text."""
        return subprocess.Popen(self._command(command, user), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, cwd="/")

    def path(self, inside):
        """A file of the running machine as this machine reaches it, sockets too."""
        return pathlib.Path(f"/proc/{self.pid}/root{inside}")

    def put(self, source, inside, mode=0o644):
        place = self.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        place.chmod(mode)

    def write(self, inside, text, mode=0o644):
        place = self.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    # --- what it says ---
    def console(self):
        return (self.folder / f"console-{self.boots}").read_text(errors="replace")[-3000:]

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "-o", "short-precise", *arguments, check=False).stdout


class _Layers:
    """The machine's files: an overlay of what it writes (`files`) over what was kept over the root; where the kernel lays no
    folder over another here, copies."""

    def __init__(self, folder, root):
        self._folder, self._root = folder, root
        self._overlay = overlays(folder)
        self._kept = None
        self.files = folder / ("files" if self._overlay else "tree")
        self._under = [root]
        self._begin()

    def lower(self):
        """For mount; empty where there is nothing to mount."""
        return ":".join(map(str, self._under)) if self._overlay else ""

    def keep(self):
        self._kept = self._folder / "kept"
        assert not self._kept.exists(), "kept once already"
        self.files.rename(self._kept)
        self.reset(False)

    def reset(self, to_root):
        kept = [self._kept] if self._kept and not to_root else []
        self._under = [*kept, self._root] if self._overlay else (kept or [self._root])
        for place in (self.files, self._folder / "work"):
            shutil.rmtree(place, ignore_errors=True)
        self._begin()

    def _begin(self):
        for place in ("tree", "files", "work") if self._overlay else ():
            (self._folder / place).mkdir(exist_ok=True)
        if not self._overlay:
            subprocess.run(["cp", "-a", "--reflink=auto", str(self._under[0]), str(self.files)], check=True)


def overlays(folder):
    """Whether this machine's kernel lays one folder over another here."""
    for word in ("lower", "upper", "scratch", "merged"):
        (folder / "probe" / word).mkdir(parents=True)
    options = "redirect_dir=on," + ",".join(f"{key}={folder}/probe/{word}" for key, word in (("lowerdir", "lower"), ("upperdir", "upper"), ("workdir", "scratch")))
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "mount", "-t", "overlay", "probe", "-o", options,
                           f"{folder}/probe/merged"], capture_output=True)
    shutil.rmtree(folder / "probe")
    return done.returncode == 0
