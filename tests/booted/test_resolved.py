"""The machine's own resolver: the cluster's names are asked through the tunnel, everything else is not, and whoever cannot be told
so is left alone."""
import pytest
from memdb import wait_for

CLUSTER = "clustercfg.demo.lab.memorydb.test"
BOTH = "resolver.lab.test"  # each of the lab's resolvers answers with its own address
EDGE, VPC = "192.0.2.53", "10.20.0.2"
RULES = ("/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d")


def asked(agent, name):
    """The IPv4 addresses that a program on the machine gets."""
    said = agent.machine.run("getent", "ahostsv4", name, check=False).stdout
    return sorted({line.split()[0] for line in said.splitlines()})


def link(agent, what):
    device = agent.tunnel()["device"]
    return agent.machine.run("resolvectl", what, device).stdout.split(":", 1)[1].split()


@pytest.fixture
def split(demo):
    """A network whose resolver does not know the cluster: only who asks the VPC's finds it."""
    demo.lab("fault", "cluster-name-unresolved", "lan")
    demo.machine.run("resolvectl", "flush-caches")
    return demo


def wait_found(agent, limit=10):
    wait_for(lambda: asked(agent, CLUSTER) and asked(agent, CLUSTER)[0].startswith("10.20."), limit, "the machine finds the cluster")


def test_the_clusters_name_is_asked_through_the_tunnel_and_nothing_else(split):
    wait_found(split)
    assert asked(split, BOTH) == [EDGE]
    assert VPC in link(split, "dns")
    domains = link(split, "domain")
    assert domains and all(d.startswith("~") and CLUSTER.endswith(d[1:].rstrip(".")) and d != "~." for d in domains), domains
    assert link(split, "default-route") == ["no"]
    assert split.api.wait_verdict("demo", "reachable", 15)["findings"] == []


def test_a_name_that_was_unknown_before_is_found_as_soon_as_the_tunnel_is_there(split):
    """What resolved remembers of the LAN's answer does not count on the new link."""
    split.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    split.machine.run("resolvectl", "flush-caches")
    for _ in range(3):
        assert asked(split, CLUSTER) == [], "unknown, and remembered as such"
    split.ctl("connect", "demo", "--wait", "--timeout", "20s")
    wait_found(split, 5)


def test_disconnect_takes_it_back(split):
    wait_found(split)
    split.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    split.machine.run("resolvectl", "flush-caches")
    assert asked(split, CLUSTER) == []
    assert asked(split, BOTH) == [EDGE]


def test_it_is_there_again_for_every_new_device(split):
    wait_found(split)
    split.replace_openvpn()
    split.api.wait_verdict("demo", "reachable", 20)
    wait_found(split)


def test_it_outlives_a_restart_of_the_agent(split):
    wait_found(split)
    before = split.tunnel()["openvpn_pid"]
    split.systemctl("restart", "memdbd.service")
    wait_found(split)
    assert split.tunnel()["openvpn_pid"] == before


@pytest.mark.parametrize("how", [["restart", "systemd-resolved.service"], ["kill", "-s", "KILL", "systemd-resolved.service"]], ids=["restart", "kill"])
def test_resolved_comes_back(split, how):
    wait_found(split)
    split.systemctl(*how)
    wait_for(lambda: split.show("ActiveState", "systemd-resolved.service") == "active", 10, "resolved is back")
    wait_found(split)
    assert split.api.wait_verdict("demo", "reachable", 10)["tunnel"]["restarts"] == 0


def test_resolved_comes_back_without_its_memory(split):
    wait_found(split)
    split.systemctl("stop", "systemd-resolved.service")
    split.machine.run("sh", "-c", "rm -rf /run/systemd/resolve/netif")
    split.systemctl("start", "systemd-resolved.service")
    wait_found(split, 15)


def test_resolved_appears_while_the_tunnel_is_up(demo):
    """Masked at first; whoever unmasks it needs not touch memdbd."""
    without_resolved(demo)
    demo.systemctl("restart", "memdbd.service")
    demo.ctl("reconnect", "demo", "--wait", "--timeout", "20s")
    demo.lab("fault", "cluster-name-unresolved", "lan")
    demo.systemctl("unmask", "--runtime", "systemd-resolved.service")
    demo.machine.run("ln", "-sf", "../run/systemd/resolve/stub-resolv.conf", "/etc/resolv.conf")
    demo.systemctl("start", "systemd-resolved.service")
    wait_found(demo, 20)


def without_resolved(agent):
    agent.systemctl("mask", "--runtime", "--now", "systemd-resolved.service")
    agent.machine.run("sh", "-c", f"rm /etc/resolv.conf; printf 'nameserver {EDGE}\\noptions timeout:1 attempts:1\\n' >/etc/resolv.conf")


def test_without_resolved_nothing_is_changed_and_the_tunnel_works(demo):
    without_resolved(demo)
    before = demo.machine.path("/etc/resolv.conf").read_text()
    demo.ctl("reconnect", "demo", "--wait", "--timeout", "20s")
    demo.replace_openvpn()
    view = demo.api.wait_verdict("demo", "reachable", 20)
    assert view["findings"] == [], "where names resolve anyway it does not matter"
    assert demo.machine.path("/etc/resolv.conf").read_text() == before


def test_without_resolved_it_is_said_where_it_matters(demo):
    without_resolved(demo)
    demo.lab("fault", "cluster-name-unresolved", "lan")
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    demo.ctl("connect", "demo")
    finding = demo.api.wait_finding("demo", "dns-not-applied", 20)
    assert "resolved" in finding["advice"], finding


def refuse(agent):
    """polkit says no, as on a machine whose administrator wants nobody to touch the resolver."""
    agent.machine.write(f"{RULES[0]}/00-refuse.rules",
                        'polkit.addRule(function(action, subject) { if (action.id.indexOf("org.freedesktop.resolve1.") == 0) return polkit.Result.NO; });\n')
    agent.systemctl("restart", "polkit.service")


def test_resolved_refuses(demo):
    refuse(demo)
    demo.lab("fault", "cluster-name-unresolved", "lan")
    demo.machine.run("resolvectl", "flush-caches")
    demo.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    demo.ctl("connect", "demo")
    assert demo.api.wait_finding("demo", "dns-not-applied", 20)
    assert asked(demo, CLUSTER) == []


def test_a_refusal_does_no_harm_where_names_resolve_anyway(demo):
    refuse(demo)
    demo.replace_openvpn()
    assert demo.api.wait_verdict("demo", "reachable", 20)["findings"] == []


def test_polkit_is_not_there(demo):
    demo.systemctl("mask", "--runtime", "--now", "polkit.service")
    demo.replace_openvpn()
    demo.api.wait_verdict("demo", "reachable", 20)
    assert demo.answers() and len(demo.openvpns()) == 1


def test_resolved_hangs(demo):
    """It takes calls and never answers: the tunnel does not wait for it. Names come from elsewhere, else nothing could be tried."""
    demo.machine.run("sh", "-c", f"rm /etc/resolv.conf; printf 'nameserver {EDGE}\\n' >/etc/resolv.conf")
    demo.systemctl("kill", "-s", "STOP", "systemd-resolved.service")
    try:
        demo.replace_openvpn(20)
        assert demo.api.wait_verdict("demo", "reachable", 10) and demo.answers()
    finally:
        demo.systemctl("kill", "-s", "CONT", "systemd-resolved.service")
    demo.api.wait_verdict("demo", "reachable", 30)


def test_the_rule_gives_memdbd_these_calls_and_nobody_else(demo):
    """As memdbd what it needs and no more; as a person nothing."""
    index = demo.machine.run("sh", "-c", "ip -o link show tun0 | cut -d: -f1").stdout.strip()
    manager = ["org.freedesktop.resolve1", "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager"]

    def call(user, *words):
        return demo.machine.run("busctl", "call", "--timeout=10", *manager, *words, user=user, check=False).returncode == 0

    assert call("memdbd", "SetLinkDefaultRoute", "ib", index, "false")
    assert call("memdbd", "SetLinkDomains", "ia(sb)", index, "1", "demo.lab.memorydb.test", "true")
    assert not call("memdbd", "SetLinkDNSSEC", "is", index, "no")
    assert not call("memdbd", "SetLinkLLMNR", "is", index, "no")
    assert not call("alice", "SetLinkDefaultRoute", "ib", index, "false")
