"""Removing and purging the package."""
from booted.agent import BootedAgent
from booted.listing import difference, listing


def gone(agent):
    agent.wait_nothing_left()
    assert not agent.has_socket() and agent.machine.run("pgrep", "-x", "memdbd", check=False).stdout == ""
    for unit in ("memdbd.service", "memdbd.socket"):  # links that enabled them may wait for the purge, as is Debian's custom
        assert agent.show("LoadState", unit) in ("not-found", "masked") and agent.show("ActiveState", unit) == "inactive", unit
    assert agent.machine.run("sh", "-c", "command -v memdbctl memdbd", check=False).stdout == ""


def test_remove_stops_everything_and_keeps_what_is_the_users(demo):
    demo.machine.write("/etc/memdbd/memdbd.toml", "# mine\n")
    demo.machine.run("dpkg", "-r", "memdbd", timeout=120)
    gone(demo)
    assert demo.machine.path("/etc/memdbd/memdbd.toml").read_text() == "# mine\n"
    assert demo.machine.path("/var/lib/memdbd/profiles/demo/profile.toml").exists()
    assert demo.systemctl("is-system-running", check=False).stdout.strip() in ("running", "degraded")
    assert "memdbd" not in demo.systemctl("--failed", "--no-legend").stdout


def test_installed_again_after_remove_it_goes_on_where_it_was(demo, package):
    demo.machine.run("dpkg", "-r", "memdbd", timeout=120)
    gone(demo)
    package.install(demo.machine)
    demo.api.wait_verdict("demo", "reachable", 20)


def test_purge_leaves_no_file_and_says_what_it_removes(bare, package):
    before = listing(bare)
    package.install(bare)
    agent = BootedAgent(bare)
    agent.connect_demo()
    assert difference(before, listing(bare)), "the listing would see the package"
    done = bare.run("dpkg", "-P", "memdbd", timeout=120)
    gone(agent)
    assert "/var/lib/memdbd" in done.stdout + done.stderr, "it says that profiles and keys are removed"
    assert bare.run("getent", "passwd", "memdbd", check=False).stdout == "", "its user is left"
    left = difference(before, listing(bare))
    assert left == {}, left
    assert "memdbd" not in bare.run("dpkg-query", "-W", "-f", "${Package} ${Status}\n", check=False).stdout


def test_purge_after_remove_and_with_a_hung_openvpn(demo):
    demo.machine.run("kill", "-STOP", *demo.openvpns())
    demo.machine.run("dpkg", "-r", "memdbd", timeout=120)
    gone(demo)
    demo.machine.run("dpkg", "-P", "memdbd", timeout=120)
    for place in ("/var/lib/memdbd", "/etc/memdbd", "/run/memdbd"):
        assert not demo.machine.path(place).exists(), place


def test_an_interrupted_upgrade_is_finished_by_the_next(demo, package, tmp_path):
    """dpkg dies in the middle: unpacked, not configured. The tunnel lives, and `dpkg --configure -a` makes it whole."""
    newer = package.newer(tmp_path)
    before = demo.tunnel()["openvpn_pid"]
    demo.machine.put(newer.path, "/root/newer.deb")
    demo.machine.run("dpkg", "--unpack", "/root/newer.deb", timeout=120)
    assert demo.openvpns() == [before]
    demo.machine.run("dpkg", "--configure", "-a", timeout=120)
    assert demo.api.wait_verdict("demo", "reachable", 15)["tunnel"]["openvpn_pid"] == before


def test_a_unit_that_was_disabled_or_stopped_stays_so_over_an_upgrade(demo, package, tmp_path):
    demo.systemctl("disable", "--now", "memdbd.socket", "memdbd.service")
    demo.wait_nothing_left()
    package.newer(tmp_path).install(demo.machine)
    for unit in ("memdbd.socket", "memdbd.service"):
        assert demo.show("UnitFileState", unit) == "disabled", unit
    assert demo.openvpns() == [] and demo.tun_devices() == []
