"""The same on Debian 13, in short: MEMDB_SLOW=1, and MEMDB_DEB_13 names a package that was built there."""
import os

import pytest
from booted.agent import BootedAgent
from booted.listing import difference, listing
from booted.machine import Machine
from booted.package import Deb
from memdb import wait_for
from pinger import pinging


@pytest.fixture(scope="module")
def package13():
    path = os.environ.get("MEMDB_DEB_13")
    if not path:
        pytest.skip("NOT TESTED: Debian 13: MEMDB_DEB_13 names no package that was built on it")
    return Deb(path)


@pytest.fixture(scope="module")
def computer13(package13, lab, able):
    del package13
    the_machine = Machine(lab, able("trixie"), f"{lab.name}-13")
    yield the_machine
    the_machine.close()


@pytest.fixture
def machine(lab, computer13):
    """Named as on Debian 12: what it says is shown when a test fails."""
    computer13.reset()
    lab("heal", "all")
    computer13.boot()
    yield computer13
    computer13.reset()


@pytest.fixture
def installed(machine, package13):
    package13.install(machine)
    agent = BootedAgent(machine)
    agent.wait_answers()
    return agent


def test_it_is_installed_connects_and_comes_up_at_boot(installed):
    assert installed.machine.run("cat", "/etc/debian_version").stdout.startswith("13")
    assert installed.connect_demo()["findings"] == []
    installed.machine.reboot()
    wait_for(installed.tun_devices, 20, "a tunnel is there, though nobody has opened the socket")
    installed.api.wait_verdict("demo", "reachable", 20)


@pytest.mark.parametrize("how", ["restart", "kill", "upgrade"])
def test_the_tunnel_outlives_the_agent(installed, package13, table, tmp_path, how):
    before = installed.connect_demo()["tunnel"]["openvpn_pid"]
    pid = installed.main_pid
    with pinging(installed.lab, kept=True) as user:
        start = user.pongs[-1]
        if how == "restart":
            installed.systemctl("restart", "memdbd.service")
        elif how == "kill":
            installed.kill()
        else:
            package13.newer(tmp_path).install(installed.machine)
        installed.wait_restarted(pid)
        user.wait_answered(user.pongs[-1])
        assert user.lost is None, user.lost
        table("gap", f"Debian 13, {how:<23} {user.gap(start):7.1f} ms")
    after = installed.api.wait_verdict("demo", "reachable", 10)["tunnel"]
    assert after["openvpn_pid"] == before and after["restarts"] == 0


def test_every_process_is_memdbds_and_has_one_capability(installed, table):
    installed.connect_demo()
    last = installed.machine.run("systemd-analyze", "security", "--no-pager", "memdbd.service").stdout.strip().splitlines()[-1]
    table("exposure", f"Debian 13, systemd {installed.machine.run('systemctl', '--version').stdout.split()[1]}: {last.split(':')[1].split()[0]}")
    processes = installed.unit_processes()
    assert {p["command"] for p in processes} == {"memdbd", "openvpn"}
    assert all(p["user"] == "memdbd" and p["effective"] == 1 << 12 for p in processes), processes


def test_names_of_the_cluster_are_asked_through_the_tunnel(installed):
    installed.lab("fault", "cluster-name-unresolved", "lan")
    installed.machine.run("resolvectl", "flush-caches")
    installed.import_demo()
    installed.ctl("connect", "demo", "--wait", "--timeout", "30s")
    wait_for(lambda: "10.20." in installed.machine.run("getent", "ahostsv4", "clustercfg.demo.lab.memorydb.test", check=False).stdout, 10,
             "the machine finds the cluster")


def test_stop_leaves_nothing(installed):
    installed.connect_demo()
    installed.systemctl("stop", "memdbd.socket", "memdbd.service")
    installed.wait_nothing_left()


def test_purge_leaves_no_file(machine, package13):
    before = listing(machine)
    package13.install(machine)
    BootedAgent(machine).connect_demo()
    machine.run("dpkg", "-P", "memdbd", timeout=120)
    left = difference(before, listing(machine))
    assert left == {}, left
