"""The .deb that gets installed in the machine."""
import pathlib
import re
import shutil
import subprocess

from memdb import ROOT


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


def package_of(path, folder):
    """This .deb, or, without one, what scripts/package makes of build/release as it is."""
    if path:
        return Deb(path)
    done = subprocess.run([ROOT / "scripts/package", "--deb", "--no-build", "--output", folder], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, f"scripts/package: is build/release built? {done.stdout}{done.stderr}"
    (made,) = pathlib.Path(folder).glob("*.deb")
    return Deb(made)
