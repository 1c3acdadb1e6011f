"""What else goes wrong on a machine under the agent: its socket, its disk, its buses."""
import time

import pytest
from memdb import wait_for


def test_the_socket_unit_is_stopped_while_the_service_runs(demo):
    demo.systemctl("stop", "memdbd.socket")
    assert not demo.has_socket()
    demo.systemctl("start", "memdbd.socket")
    assert demo.ctl("status").returncode == 0
    demo.api.wait_verdict("demo", "reachable", 20)
    assert len(demo.openvpns()) == 1


def test_the_socket_unit_is_restarted(demo):
    demo.systemctl("restart", "memdbd.socket", check=False)
    demo.systemctl("start", "memdbd.socket", "memdbd.service")
    demo.wait_answers()
    demo.api.wait_verdict("demo", "reachable", 20)
    assert len(demo.openvpns()) == 1


def restarts_within(agent, seconds):
    """How often systemd made another one while we looked."""
    before, end = int(agent.show("NRestarts")), time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
    return int(agent.show("NRestarts")) - before


def test_the_state_is_read_only_at_the_start(demo):
    """Either it does not start, says why in one line and does not hammer, or it runs and says so. It comes back with the disk."""
    demo.systemctl("stop", "memdbd.service")
    demo.machine.run("mount", "--bind", "/var/lib/memdbd", "/var/lib/memdbd")
    demo.machine.run("mount", "-o", "remount,bind,ro", "/var/lib/memdbd")
    demo.systemctl("start", "memdbd.service", check=False)
    assert restarts_within(demo, 3) <= 3, "a restart loop"
    status = demo.systemctl("status", "--no-pager", "-l", "-n", "40", "memdbd.service", check=False).stdout
    said = [line for line in status.splitlines() if "/var/lib/memdbd" in line and "ead-only" in line]
    assert said, status
    demo.machine.run("umount", "/var/lib/memdbd")
    demo.systemctl("start", "memdbd.service", "memdbd.socket")
    demo.systemctl("restart", "memdbd.service")
    demo.api.wait_verdict("demo", "reachable", 20)


def test_the_state_belongs_to_somebody_else_at_the_start(demo):
    """As after a restore from a backup. systemd gives the folder back to memdbd, or memdbd says what it cannot read."""
    demo.systemctl("stop", "memdbd.service")
    demo.machine.run("chown", "-R", "root:root", "/var/lib/memdbd")
    demo.systemctl("start", "memdbd.service", check=False)
    assert restarts_within(demo, 2) <= 2, "a restart loop"
    status = demo.systemctl("status", "--no-pager", "-l", "-n", "40", "memdbd.service", check=False).stdout
    assert "/var/lib/memdbd" in status and "ermission denied" in status or demo.api.wait_verdict("demo", "reachable", 20), status


@pytest.fixture
def full_run(demo):
    """/run of the machine has not a byte and not an inode left."""
    used = demo.machine.run("sh", "-c", "df --output=used,iused -B4096 /run | tail -n 1").stdout.split()
    size = [f"size={max(int(used[0]), 1) * 4096}", f"nr_inodes={max(int(used[1]), 1)}"]
    before = demo.machine.run("findmnt", "-n", "-o", "OPTIONS", "/run").stdout
    assert "size=" in before, before

    def fill():
        demo.machine.run("mount", "-o", f"remount,{','.join(size)}", "/run")
        assert demo.machine.run("sh", "-c", "echo x >/run/one-more", check=False).returncode != 0

    yield fill
    if demo.machine.pid is not None:
        demo.machine.run("mount", "-o", "remount,size=64m,nr_inodes=100000", "/run", check=False)


def free_run(agent):
    agent.machine.run("mount", "-o", "remount,size=64m,nr_inodes=100000", "/run")


def test_run_is_full_while_it_runs(demo, full_run):
    """The tunnel and the answers go on; also an openvpn that dies meanwhile is replaced, at the latest with the room."""
    full_run()
    assert demo.ctl("status", "demo").returncode == 0
    assert demo.api.wait_verdict("demo", "reachable", 5)["findings"] == []
    demo.machine.run("kill", "-KILL", demo.tunnel()["openvpn_pid"])
    wait_for(lambda: demo.answers() and demo.tunnel()["phase"] != "up", 5, "its end is noticed")
    free_run(demo)
    demo.api.wait_verdict("demo", "reachable", 70)
    assert len(demo.openvpns()) == 1


def test_run_is_full_when_it_starts(demo, full_run):
    before = demo.tunnel()["openvpn_pid"]
    full_run()
    demo.systemctl("restart", "memdbd.service", check=False)
    assert restarts_within(demo, 2) <= 10, "a restart loop without a pause"
    free_run(demo)
    demo.systemctl("start", "memdbd.socket", "memdbd.service")
    view = demo.api.wait_verdict("demo", "reachable", 30)
    assert demo.openvpns() == [view["tunnel"]["openvpn_pid"]], f"before: {before}"


def test_the_disk_is_full_when_it_starts(demo):
    """Not a byte can be written to the state: what is there is read, and the tunnel comes up."""
    demo.systemctl("stop", "memdbd.service")
    demo.machine.run("sh", "-c", "mkdir /root/small && mount -t tmpfs -o size=1m small /root/small && cp -a /var/lib/memdbd/. /root/small/"
                                 " && mount --bind /root/small /var/lib/memdbd && chown memdbd: /var/lib/memdbd && chmod 0700 /var/lib/memdbd")
    demo.machine.run("sh", "-c", "dd if=/dev/zero of=/var/lib/memdbd/filler bs=4096 2>/dev/null; test $(stat -f -c %a /var/lib/memdbd) = 0")
    demo.systemctl("start", "memdbd.service", check=False)
    assert restarts_within(demo, 2) <= 3, "a restart loop"
    if demo.show("ActiveState") != "active":
        status = demo.systemctl("status", "--no-pager", "-l", "memdbd.service", check=False).stdout
        assert "No space left" in status, status
    demo.machine.run("rm", "/var/lib/memdbd/filler")
    demo.systemctl("restart", "memdbd.service")
    demo.api.wait_verdict("demo", "reachable", 20)


def test_dbus_is_restarted(demo, table):
    """On a desktop that takes the session with it; here the agent and the tunnel live, and restart and stop are told apart afterwards."""
    before, pid = demo.tunnel(), demo.main_pid
    demo.systemctl("restart", "dbus.service")
    wait_for(lambda: demo.show("ActiveState", "dbus.service") == "active", 10, "dbus is back")
    assert demo.main_pid == pid
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["since"] == before["since"]
    demo.systemctl("restart", "memdbd.service")
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"] == before["openvpn_pid"]
    demo.systemctl("stop", "memdbd.socket", "memdbd.service")
    demo.wait_nothing_left()


def test_there_is_no_dbus(demo):
    """Started without a bus, it does all that needs none."""
    demo.systemctl("mask", "--runtime", "--now", "dbus.socket", "dbus.service")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_answers()
    demo.api.wait_verdict("demo", "reachable", 15)
    demo.systemctl("stop", "memdbd.socket", "memdbd.service")
    demo.wait_nothing_left()


def test_systemd_itself_is_re_executed_and_reloaded(demo):
    """As an upgrade of systemd does it."""
    before = demo.tunnel()["openvpn_pid"]
    demo.systemctl("daemon-reexec")
    demo.systemctl("daemon-reload")
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"] == before
    demo.systemctl("restart", "memdbd.service")
    assert demo.api.wait_verdict("demo", "reachable", 10)["tunnel"]["openvpn_pid"] == before


def test_a_bad_settings_file_is_said_once_and_not_hammered(demo):
    demo.machine.write("/etc/memdbd/memdbd.toml", "[tunnel]\nno_such_key = 1\n")
    demo.systemctl("restart", "memdbd.service", check=False)
    assert restarts_within(demo, 2) <= 1
    status = demo.systemctl("status", "--no-pager", "-l", "memdbd.service", check=False).stdout
    assert "no_such_key" in status, status
    demo.machine.write("/etc/memdbd/memdbd.toml", "")
    demo.systemctl("start", "memdbd.socket", "memdbd.service")
    demo.api.wait_verdict("demo", "reachable", 20)
    assert len(demo.openvpns()) == 1
