"""Settings that cannot be used, and passwords that systemd hands over: what a start does then, and what it leaves alone."""
import time

from memdb import wait_for

SETTINGS = "/etc/memdbd/memdbd.toml"


def starts(agent):
    """How many starts of this boot were refused."""
    return agent.machine.journal("-b", "-o", "cat", "-u", "memdbd.service").count("memdbd: /etc/memdbd/memdbd.toml")


def test_a_refused_start_is_tried_again_only_when_somebody_asks(demo):
    demo.systemctl("stop", "memdbd.service")
    demo.machine.write(SETTINGS, "nonsense\n")
    demo.systemctl("start", "memdbd.service", check=False)
    first = wait_for(lambda: starts(demo), 5, "the start is refused")
    demo.systemctl("start", "memdbd.socket")
    asked = demo.ctl("status", check=False, timeout=20)
    assert asked.returncode == 3 and asked.stderr.count("\n") == 1, asked.stderr
    # Whatever was tried for this one question comes to rest, and stays there.
    seen, since = starts(demo), time.monotonic()
    while time.monotonic() - since < 2:
        if starts(demo) != seen:
            seen, since = starts(demo), time.monotonic()
        assert seen <= first + 3, "it starts again and again"
        time.sleep(0.1)
    assert demo.show("ActiveState", "memdbd.socket") == "active"
    demo.machine.write(SETTINGS, "")
    assert demo.ctl("status").returncode == 0, "the next question starts it"
    demo.api.wait_verdict("demo", "reachable", 20)


def test_an_upgrade_over_settings_that_cannot_be_used_leaves_the_old_one_running(demo, package, tmp_path):
    before, pid = demo.tunnel(), demo.main_pid
    demo.machine.write(SETTINGS, "[probe]\nsentinel_interval_ms = \"often\"\n")
    said = package.newer(tmp_path).install(demo.machine)
    assert "sentinel_interval_ms" in said and "memdbd was not restarted" in said, said
    assert demo.main_pid == pid and demo.tunnel() | {"bytes_in": 0, "bytes_out": 0} == before | {"bytes_in": 0, "bytes_out": 0}
    demo.machine.write(SETTINGS, "")
    demo.systemctl("restart", "memdbd.service")
    demo.wait_restarted(pid)
    assert demo.tunnel()["openvpn_pid"] == before["openvpn_pid"]


def test_a_password_that_systemd_hands_over_as_a_credential(demo):
    password = (demo.lab.dir / "cluster-password").read_text()
    demo.machine.write("/root/demo.password", password)
    demo.machine.write(SETTINGS, '[passwords]\ndemo = "credential:demo-password"\n')
    demo.drop_in("LoadCredential=demo-password:/root/demo.password")
    pid = demo.main_pid
    demo.systemctl("restart", "memdbd.service")
    demo.wait_restarted(pid)
    shown = demo.api.wait_verdict("demo", "reachable", 20)
    assert shown["findings"] == [] and shown["tunnel"]["restarts"] == 0
    # It is really that one which is used: another one is refused by the nodes.
    demo.machine.write("/root/demo.password", "wrong\n")
    pid = demo.main_pid
    demo.systemctl("restart", "memdbd.service")
    demo.wait_restarted(pid)
    assert demo.api.wait_finding("demo", "auth-rejected", 20)


def test_the_users_timers_are_there_and_run_as_the_user(demo):
    """As a login would: systemd's user manager reads them, and what they start says that there is nothing to do."""
    analysed = demo.machine.run("systemd-analyze", "--user", "verify", "/usr/lib/systemd/user/memdbctl-auth.timer",
                                "/usr/lib/systemd/user/memdbctl-rotate.timer", check=False)
    assert "memdbctl" not in analysed.stderr, analysed.stderr
    pushed = demo.ctl("auth", "push", "--if-due", check=False)
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
