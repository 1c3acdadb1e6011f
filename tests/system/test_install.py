"""scripts/install and scripts/uninstall, on a copy-on-write likeness of this machine."""
import re

import pytest
from made_packages import packages
from memdb import ROOT
from package_root import ChangedRoot, FakeSystemd

INSTALL, UNINSTALL = ROOT / "scripts/install", ROOT / "scripts/uninstall"
PLACES = ("/etc", "/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/usr/lib/sysusers.d", "/usr/lib/tmpfiles.d", "/usr/lib/modules-load.d", "/usr/share/man",
          "/usr/share/doc", "/usr/share/bash-completion", "/usr/share/zsh", "/usr/share/fish", "/usr/share/polkit-1", "/var/lib", "/run")


@pytest.fixture
def made(tmp_path_factory):
    return packages(tmp_path_factory)  # and so build/release is up to date


@pytest.fixture
def machine(made, tmp_path):
    """Without memdbd, whatever is the case here."""
    del made
    likeness = ChangedRoot("/", tmp_path, shared=str(ROOT))
    try:
        likeness.run(UNINSTALL, "--purge")
        yield likeness
    finally:
        likeness.close()


def test_install_and_uninstall_without_systemd(machine):
    before = machine.listing(*PLACES)
    said = machine.run(INSTALL, limit=600).stdout
    assert "install: installed /usr/sbin/memdbd" in said or "/usr/sbin/memdbd " in said
    assert "systemd does not run here" in said and "usermod -aG memdb" in said
    listed = re.search(r"^FILES=\((.*?)\)", UNINSTALL.read_text(), re.S | re.M)[1].split()
    machine.run("ls", *listed, "/etc/memdbd/memdbd.toml")
    assert machine.run("stat", "-c", "%U %a", "/var/lib/memdbd").stdout == "memdbd 700\n"
    assert machine.run("systemctl", "is-enabled", "memdbd.socket", "memdbd.service").stdout == "enabled\nenabled\n"
    machine.run("memdbd", "--check-config")

    machine.run("sh", "-c", "echo '# mine' >>/etc/memdbd/memdbd.toml")
    assert "everything is up to date" in machine.run(INSTALL, limit=600).stdout
    said = machine.run(UNINSTALL).stdout
    assert "kept /etc/memdbd" in said and "scripts/uninstall --purge" in said
    assert machine.run("tail", "-n", "1", "/etc/memdbd/memdbd.toml").stdout == "# mine\n"
    machine.run("test", "-d", "/var/lib/memdbd")
    assert "is not installed" in machine.run(UNINSTALL, "--purge").stdout
    assert machine.listing(*PLACES) == before


def test_only_what_changed_is_restarted_and_tunnels_stay(machine):
    systemd = FakeSystemd(machine)
    start = ["daemon-reload", "-q enable memdbd.socket memdbd.service", "start memdbd.socket memdbd.service"]
    assert systemd.calls(INSTALL)[-1] == start[-1]
    assert systemd.calls(INSTALL) == start
    machine.run("touch", "/usr/share/man/man1/memdbctl.1.gz", "/usr/bin/memdbctl")
    assert systemd.calls(INSTALL) == start
    for changed in ("/usr/sbin/memdbd", "/usr/lib/systemd/system/memdbd.service"):
        machine.run("touch", changed)
        assert systemd.calls(INSTALL) == [*start[:2], "restart memdbd.service", start[2]]  # no stop: the connection to openvpn survives
    machine.run("touch", "/usr/lib/systemd/system/memdbd.socket")
    assert systemd.calls(INSTALL) == [start[0], "stop memdbd.socket", "stop memdbd.service", *start[1:]]
    assert systemd.calls(UNINSTALL) == ["stop memdbd.socket", "-q disable memdbd.socket", "stop memdbd.service", "-q disable memdbd.service", "daemon-reload"]


def test_they_leave_a_package_alone(machine, made):
    machine.put(made[".deb"], "/tmp/memdbd.deb")
    machine.run("dpkg", "-i", "/tmp/memdbd.deb")
    before = machine.listing(*PLACES[:4])
    for script in (INSTALL, UNINSTALL):
        done = machine.run(script, check=False)
        assert done.returncode == 1 and done.stderr == f"{script.name}: memdbd is installed as a package; first: sudo apt remove memdbd\n"
    assert machine.listing(*PLACES[:4]) == before


@pytest.mark.parametrize("script", (INSTALL, UNINSTALL), ids=lambda path: path.name)
def test_what_they_do_not_understand_is_one_line(machine, script):
    done = machine.run(script, "--nonsense", check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""
