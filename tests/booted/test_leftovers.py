"""What a crash leaves, and a descriptor store that cannot give the tunnel back: the tunnel is made anew, once, and nothing stays."""
from memdb import wait_for


def one_clean_tunnel(agent, old=None, limit=20):
    """Reachable with one openvpn, which is not `old`, one device and no leftovers."""
    view = agent.api.wait_verdict("demo", "reachable", limit)
    pid = view["tunnel"]["openvpn_pid"]
    wait_for(lambda: agent.openvpns() == [pid], 10, "there is one openvpn, the known one")
    assert pid != old and len(agent.tun_devices()) == 1, agent.tun_devices()
    assert view["findings"] == [], view["findings"]
    return view


def test_the_descriptor_store_is_full(demo):
    """systemd takes no descriptor: the tunnel does not outlive memdbd, but comes back at once, and nothing stays of the old."""
    demo.drop_in("FileDescriptorStoreMax=0")
    demo.systemctl("restart", "memdbd.service")
    old = one_clean_tunnel(demo)["tunnel"]["openvpn_pid"]
    demo.systemctl("restart", "memdbd.service")
    old = one_clean_tunnel(demo, old)["tunnel"]["openvpn_pid"]
    pid = demo.kill()
    demo.wait_restarted(pid)
    one_clean_tunnel(demo, old)


def test_openvpn_has_died_together_with_memdbd(demo):
    old, pid = demo.tunnel()["openvpn_pid"], demo.main_pid
    demo.machine.run("kill", "-KILL", pid, old)
    demo.wait_restarted(pid)
    one_clean_tunnel(demo, old)


def test_openvpn_has_died_while_there_was_no_memdbd(demo):
    demo.drop_in("RestartSec=2s")
    demo.systemctl("restart", "memdbd.service")
    old = one_clean_tunnel(demo)["tunnel"]["openvpn_pid"]
    pid = demo.kill()
    demo.machine.run("kill", "-KILL", old, check=False)  # where it could not be stored it has ended already
    demo.wait_restarted(pid)
    one_clean_tunnel(demo, old)


def test_openvpn_is_frozen_when_it_is_taken_back(demo):
    old, pid = demo.tunnel()["openvpn_pid"], demo.main_pid
    demo.machine.run("kill", "-STOP", old)
    demo.machine.run("kill", "-KILL", pid)
    demo.wait_restarted(pid)
    one_clean_tunnel(demo, old, 30)


def test_the_tunnel_broke_down_while_there_was_no_memdbd(demo):
    """Taken back with a path that is dead meanwhile: found out, said, and healed with it."""
    demo.drop_in("RestartSec=2s")
    demo.systemctl("restart", "memdbd.service")
    one_clean_tunnel(demo)
    pid = demo.kill()
    demo.lab("fault", "network-down")
    demo.wait_restarted(pid)
    demo.api.wait_finding("demo", "network-offline", 15)
    demo.lab("heal", "network-down")
    one_clean_tunnel(demo, limit=40)


def test_the_profile_was_removed_from_the_state_while_there_was_no_memdbd(demo):
    """A tunnel that belongs to nobody is ended."""
    demo.drop_in("RestartSec=2s")
    demo.systemctl("restart", "memdbd.service")
    one_clean_tunnel(demo)
    pid = demo.kill()
    demo.machine.run("mv", "/var/lib/memdbd/profiles/demo", "/root/gone")
    demo.wait_restarted(pid)
    demo.wait_nothing_left(15)


def test_a_profile_is_removed_after_its_tunnel_was_taken_back(demo):
    pid = demo.main_pid
    demo.systemctl("restart", "memdbd.service")
    demo.wait_restarted(pid)
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "15s")
    demo.ctl("profile", "remove", "demo", "--yes")
    demo.wait_nothing_left()
    assert demo.profiles() == []


def test_the_store_does_not_grow_with_each_tunnel(demo):
    """Each openvpn has a connection of its own: an old one that stayed in the store would fill it."""
    for _ in range(10):
        demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
        demo.ctl("connect", "demo", "--wait", "--timeout", "20s")
    before = demo.tunnel()["openvpn_pid"]
    stored = int(demo.show("NFileDescriptorStore"))
    assert 1 <= stored <= 4, f"{stored} descriptors in the store"
    demo.systemctl("restart", "memdbd.service")
    assert one_clean_tunnel(demo)["tunnel"]["openvpn_pid"] == before


def test_nothing_of_the_store_is_left_after_disconnect(demo):
    with_tunnel = int(demo.show("NFileDescriptorStore"))
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    wait_for(lambda: int(demo.show("NFileDescriptorStore")) < with_tunnel or with_tunnel == 0, 5, "the connection leaves the store")
    assert with_tunnel >= 1, "a tunnel puts its connection into the store"
