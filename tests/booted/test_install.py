"""What installing does, who may talk to it, and what a boot brings back."""
from booted.agent import BootedAgent
from memdb import wait_for

UNITS = ("memdbd.socket", "memdbd.service")
NOT_PERMITTED = 4


def test_installing_enables_and_starts_both_units_and_adds_nobody(bare, package):
    package.install(bare)
    agent = BootedAgent(bare)
    agent.wait_answers()
    for unit in UNITS:
        assert agent.show("ActiveState", unit) == "active" and agent.show("UnitFileState", unit) == "enabled", unit
        assert agent.show("NeedDaemonReload", unit) == "no", unit
    assert bare.run("getent", "group", "memdb").stdout.strip().endswith(":"), "somebody was added to the group"
    assert "/nologin" in bare.run("getent", "passwd", "memdbd").stdout
    agent.import_demo()
    agent.ctl("connect", "demo", "--wait", "--timeout", "30s")
    assert agent.api.wait_verdict("demo", "reachable")["findings"] == []
    assert "reachable" in agent.ctl("status").stdout


def test_the_socket_is_the_groups_and_status_starts_a_service_that_is_not_there(agent):
    socket = agent.machine.run("stat", "-c", "%U:%G %a", "/run/memdbd/memdbd.sock").stdout.strip()
    assert socket == "root:memdb 660"
    agent.systemctl("stop", "memdbd.service")
    agent.systemctl("start", "memdbd.socket")
    assert agent.show("ActiveState") == "inactive"
    assert agent.ctl("status").returncode == 0
    assert agent.show("ActiveState") == "active"


def test_a_tunnel_that_is_wanted_comes_up_at_boot_with_nobody_asking(demo):
    demo.machine.reboot()
    wait_for(demo.tun_devices, 20, "a tunnel is there, though nobody has opened the socket")
    assert demo.api.wait_verdict("demo", "reachable", 20)["tunnel"]["restarts"] == 0


def test_a_tunnel_that_is_not_wanted_stays_down_at_boot(demo):
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    demo.machine.reboot()
    assert demo.api.wait_verdict("demo", "stopped", 10)["wanted"] == "disconnected"
    assert demo.tun_devices() == [] and demo.openvpns() == []


def test_pulling_the_plug_loses_neither_the_profile_nor_the_wish(demo):
    demo.machine.pull_the_plug()
    demo.machine.boot()
    demo.api.wait_verdict("demo", "reachable", 20)


def test_a_member_of_the_group_may_and_another_may_not(demo):
    demo.machine.run("usermod", "-aG", "memdb", "alice")
    done = demo.ctl("status", "demo", user="alice")
    assert "reachable" in done.stdout
    refused = demo.ctl("status", "demo", user="bob", check=False)
    assert refused.returncode == NOT_PERMITTED and refused.stdout == "", refused
    assert len(refused.stderr.splitlines()) == 1 and "usermod -aG memdb" in refused.stderr, refused.stderr


def test_who_was_taken_out_of_the_group_is_refused_at_the_next_login(demo):
    demo.machine.run("usermod", "-aG", "memdb", "alice")
    session = demo.machine.start("sh", "-c", "memdbctl check demo; read line; memdbctl check demo; read line", user="alice")
    try:
        assert "OK" in session.stdout.readline()
        demo.machine.run("gpasswd", "-d", "alice", "memdb")
        session.stdin.write("\n")
        session.stdin.flush()
        assert "OK" in session.stdout.readline(), "a session that stands has the groups of its login"
    finally:
        session.kill()
        session.wait(5)
    assert demo.ctl("status", "demo", user="alice", check=False).returncode == NOT_PERMITTED


def test_a_person_of_the_group_imports_with_their_own_files(agent):
    agent.machine.run("usermod", "-aG", "memdb", "alice")
    agent.import_demo("mine", user="alice")
    assert "mine" in agent.profiles()
    key = agent.machine.run("sh", "-c", "stat -c '%U %a' $(find /var/lib/memdbd/profiles/mine -name key.pem)").stdout.split()
    assert key == ["memdbd", "600"]


def test_a_reload_reads_the_settings_and_keeps_everything(demo):
    before, pid = demo.tunnel()["openvpn_pid"], demo.main_pid
    demo.machine.write("/etc/memdbd/memdbd.toml", "[probe]\nsentinel_interval_ms = 500\n")
    demo.systemctl("reload", "memdbd.service")
    assert demo.tunnel()["openvpn_pid"] == before and demo.main_pid == pid
    demo.api.wait_verdict("demo", "reachable")
    assert demo.show("ActiveState") == "active"


def test_what_systemctl_status_says_of_it_is_the_verdict(demo):
    wait_for(lambda: "reachable" in demo.show("StatusText"), 10, "STATUS= carries the verdict")
    demo.lab("fault", "port-filtered")
    demo.api.wait_finding("demo", "port-filtered", 20)
    wait_for(lambda: "unreachable" in demo.show("StatusText") and "port-filtered" in demo.show("StatusText"), 10, "… and the first finding")
