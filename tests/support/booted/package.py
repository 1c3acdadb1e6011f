"""What gets installed in the machine: a .deb, or, where there is none, the tree that `cmake --install` makes of a build."""
import os
import pathlib
import re
import shutil
import subprocess

UNITS = ("memdbd.socket", "memdbd.service")


class Deb:
    """A .deb, handed to dpkg."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @property
    def version(self):
        return subprocess.run(["dpkg-deb", "-f", self.path, "Version"], capture_output=True, text=True, check=True).stdout.strip()

    def install(self, machine):
        """Also as an upgrade. What dpkg and the package's scripts said."""
        machine.put(self.path, f"/root/{self.path.name}")
        done = machine.run("dpkg", "-i", f"/root/{self.path.name}", timeout=120)
        return done.stdout + done.stderr

    def newer(self, folder):
        """The same under the next version: what an upgrade brings, with every file a new one."""
        tree = pathlib.Path(folder) / "newer"
        subprocess.run(["dpkg-deb", "-R", self.path, tree], check=True, capture_output=True)
        control = tree / "DEBIAN/control"
        version = f"{self.version}+next1"
        control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
        path = pathlib.Path(folder) / f"memdbd_{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, path], check=True, capture_output=True)
        shutil.rmtree(tree)
        return Deb(path)


class Tree:
    """Files only, then what a package's scripts would do: users, enabling, starting."""

    def __init__(self, build, folder):
        self.folder = pathlib.Path(folder) / "tree"
        done = subprocess.run(["cmake", "--install", str(build), "--prefix", "/usr"], capture_output=True, text=True,
                              env={**os.environ, "DESTDIR": str(self.folder)})
        assert done.returncode == 0, f"cmake --install {build}: is it built? {done.stderr}"

    def install(self, machine):
        machine.folder.joinpath("tree.tar").unlink(missing_ok=True)
        subprocess.run(["tar", "-C", self.folder, "--owner=0", "--group=0", "-cf", machine.folder / "tree.tar", "."], check=True)
        machine.put(machine.folder / "tree.tar", "/root/tree.tar")
        # tar removes a file before it writes the new one: the old program may be running.
        machine.run("tar", "-C", "/", "--keep-directory-symlink", "--no-overwrite-dir", "-xf", "/root/tree.tar")
        machine.run("systemd-sysusers")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "enable", "--now", *UNITS)
        return ""


def package_of(what, folder):
    """A .deb or a folder with a build."""
    what = pathlib.Path(what)
    return Deb(what) if what.suffix == ".deb" else Tree(what, folder)
