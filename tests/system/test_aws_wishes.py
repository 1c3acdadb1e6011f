"""`memdbctl aws` and what a person may wish: the options, what an earlier wish left behind, and what AWS's own instructions warn of."""
import os
import re

import pytest
from aws.scenario import DOMAIN, lab_nodes
from sandbox import run


def rules(admin):
    return sorted(one.cidr for one in admin.vpn.rules)


def test_only_what_is_allowed_and_narrower_later(admins, applied):
    admin = admins(like=applied())
    admin.vpn.rules.append(type(admin.vpn.rules[0])(**{**admin.vpn.rules[0].__dict__, "cidr": "10.20.9.0/24", "description": "the printer"}))
    admin.apply("--allow", "10.20.1.0/24", "--allow", "10.20.2.0/24")
    assert rules(admin) == ["10.20.0.2/32", "10.20.1.0/24", "10.20.2.0/24", "10.20.9.0/24"], "the resolver's address, and somebody else's rule, stay"
    admin.apply("--allow", "10.20.2.0/24")
    assert rules(admin) == ["10.20.0.2/32", "10.20.2.0/24", "10.20.9.0/24"]
    admin.endpoint.clear_calls()
    admin.apply("--allow", "10.20.2.0/24")
    assert admin.endpoint.mutating() == []


@pytest.fixture
def hosts(tmp_path):
    """Words in front of a program: it sees the lab's nodes in /etc/hosts, nobody else does."""
    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {node}.{DOMAIN}\n" for node, address in lab_nodes().items()), encoding="ascii")
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(file)]


def test_only_the_nodes(admins, applied, hosts):
    admin = admins(like=applied())
    told = admin.run("apply", "--yes", "--allow", "nodes", inside=hosts)
    assert told.code == 0, told
    assert rules(admin) == sorted(["10.20.0.2/32", *(f"{address}/32" for address in lab_nodes().values())])
    assert "AWS gives a node that it replaces another address" in told.out


def test_nodes_without_an_address_are_named(admin):
    line = admin.run("plan", "--allow", "nodes", timeout=30).line
    assert "has no IPv4 address that this machine can find out" in line and "--allow" in line
    assert "do not go together" in admin.run("plan", "--allow", "nodes", "--allow", "10.20.1.0/24").line


def test_the_internet_and_back(admins, applied):
    admin = admins(like=applied())
    admin.apply("--internet")
    assert rules(admin) == ["0.0.0.0/0", "10.20.0.0/16"] and len([one for one in admin.vpn.routes if one.destination == "0.0.0.0/0"]) == 3
    assert admin.vpn.settings["SplitTunnel"], "the route is pushed to the clients"
    said = admin.apply()
    assert rules(admin) == ["10.20.0.0/16"] and not [one for one in admin.vpn.routes if one.destination == "0.0.0.0/0"] and "not asked for any more" in said
    admin.endpoint.clear_calls()
    assert admin.open_steps() == []


def test_settings_that_can_be_changed(admins, applied):
    admin = admins(like=applied())
    admin.apply("--session-hours", "8", "--log-group", "/vpn/demo")
    assert admin.vpn.settings["SessionTimeoutHours"] == 8 and admin.vpn.settings["ConnectionLogOptions"]["CloudwatchLogGroup"] == "/vpn/demo"
    assert admin.changes() == ["CreateLogGroup", "ModifyClientVpnEndpoint"] and "/vpn/demo" in admin.region.log_groups
    assert admin.open_steps() == [], "without the options everything stays as it is"
    assert admin.run("plan", "--session-hours", "9").code == 2


@pytest.mark.parametrize("network, words", [
    ("172.31.0.0/22", None), ("10.20.4.0/22", "overlaps the VPC, 10.20.0.0/16"), ("172.31.0.0/24", "too small"), ("172.0.0.0/8", "too large"),
    ("10.60.0.0/20", "overlaps a route of the VPC, 10.60.0.0/16"),
])
def test_a_client_range_is_looked_over(admin, network, words):
    table = next(iter(admin.region.route_tables.values()))
    table["Routes"].append({"DestinationCidrBlock": "10.60.0.0/16", "VpcPeeringConnectionId": "pcx-0123456789abcdef0", "Origin": "CreateRoute", "State": "active"})
    if words:
        assert words in admin.run("plan", "--client-cidr", network).line
    else:
        assert any(f"clients in {network}" in what for _, what in admin.open_steps("--client-cidr", network))


def test_a_client_range_cannot_be_changed_later(admins, applied):
    line = admins(like=applied()).run("apply", "--yes", "--client-cidr", "172.31.0.0/22").line
    assert "which cannot be changed" in line and "memdbctl aws destroy" in line and "nothing was changed" in line


def test_a_range_is_chosen_that_is_free(admins):
    """Not one that the VPC, its routes or the laptop have."""
    admin = admins(more_vpc_blocks=["10.200.0.0/16"])
    table = next(iter(admin.region.route_tables.values()))
    table["Routes"].append({"DestinationCidrBlock": "10.201.0.0/18", "VpcPeeringConnectionId": "pcx-0123456789abcdef0", "Origin": "CreateRoute", "State": "active"})
    assert any("clients in 10.201.64.0/22" in what for _, what in admin.open_steps())


@pytest.mark.parametrize("source", ["10.40.0.0/16", "group"])
def test_direct_makes_the_one_rule(admin, source):
    if source == "group":
        source = admin.region.world.new_id("sg-0")
        cluster = admin.region.clusters["demo"]["SecurityGroups"][0]["SecurityGroupId"]
        admin.region.groups[source] = {**admin.region.groups[cluster], "GroupId": source, "GroupName": "app-servers"}
        admin.world.mark_start()
    said = admin.apply("--direct", "--source", source)
    assert admin.changes() == ["AuthorizeSecurityGroupIngress"] and "memdbctl profile add --direct --name demo --cluster clustercfg.demo" in said
    (rule,) = [one for one in admin.region.rules.values() if one.get("CidrIpv4") == source or one.get("ReferencedGroupInfo", {}).get("GroupId") == source]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (6379, 6379, "tcp")
    admin.endpoint.clear_calls()
    admin.apply("--direct", "--source", source)
    assert admin.endpoint.mutating() == []
    admin.destroy()
    assert admin.endpoint.is_as_before()


def test_direct_needs_a_source(admin):
    assert "--source" in admin.run("apply", "--yes", "--direct").line and admin.endpoint.calls == []


# --- what the instructions warn of, and what would surprise later ---

REMARKS = {
    "default group": ({"in_default_group": True}, "is in the VPC's default security group"),
    "open to the world": ({"open_to_world": True}, "is open to 0.0.0.0/0"),
    "open to the world, with public addresses": ({"open_to_world": True, "public_instances": 2}, "198.51.100.10"),
    "public addresses share the group": ({"public_instances": 1}, "is shared by what has public addresses: i-0"),
    "no TLS": ({"tls": False}, "has no TLS"),
    "open access": ({"open_access": True}, "ACL is open-access: who reaches it needs no password"),
    "small subnet": ({"small_subnet": True}, "has less than the /27 that Client VPN needs"),
    "few addresses": ({"few_addresses": True}, "has 11 free addresses, Client VPN needs 20"),
    "made by hand": ({"other_endpoint": True}, "it is left alone; to connect through it instead: memdbctl profile import"),
}


@pytest.mark.parametrize("name", REMARKS)
def test_a_remark(admins, name):
    options, words = REMARKS[name]
    admin = admins(**options)
    if name == "made by hand":  # which is so of an endpoint in this VPC
        admin.vpn.settings["VpcId"] = admin.vpn.vpc = next(iter(admin.region.vpcs))
    remarks = admin.remarks()
    assert any(words in one for one in remarks), remarks
    assert all(one.split("; ", 1)[1] for one in remarks if one != remarks[-1]), "each says what to do"


def test_a_cluster_without_anything_to_remark(admin):
    assert admin.remarks() == []


def test_a_rule_for_the_clients_range_is_named(admins, applied):
    """The document: AWS translates clients' addresses, so such a rule lets nobody in."""
    cluster = applied().region.clusters["demo"]["SecurityGroups"][0]["SecurityGroupId"]
    admin = admins(like=applied())
    kept = next(one for one in admin.region.rules.values() if one["GroupId"] == cluster and not one["IsEgress"])
    rule = {**{key: value for key, value in kept.items() if key != "ReferencedGroupInfo"}, "CidrIpv4": "10.200.0.0/22", "SecurityGroupRuleId": "sgr-0aaaaaaaaaaaaaaaa"}
    admin.region.rules["sgr-0aaaaaaaaaaaaaaaa"] = rule
    (remark,) = admin.remarks()
    assert "sgr-0aaaaaaaaaaaaaaaa" in remark and "AWS translates" in remark and "aws ec2 revoke-security-group-ingress" in remark
    assert admin.open_steps() == []


def test_two_subnets_of_one_zone_take_one_association(admins):
    admin = admins(same_zone=True)
    assert [action for action, _ in admin.open_steps()].count("associate") == 2
    admin.apply()
    assert len(admin.vpn.associations) == 2


def test_where_client_vpn_cannot_go(admins):
    line = admins(dedicated=True).run("apply", "--yes").line
    assert "dedicated tenancy" in line and "peered" in line and "nothing was changed" in line


@pytest.fixture
def office():
    """A network namespace in which this laptop has an address of the VPC's range. Words to get in."""
    for old in re.findall(r"^memdb-office-(\d+)", run("ip", "netns", "list").stdout, re.M):  # of a run that was killed
        if not os.path.exists(f"/proc/{old}"):
            run("ip", "netns", "delete", f"memdb-office-{old}")
    name = f"memdb-office-{os.getpid()}"
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "nobody")
    for words in (["link", "set", "eth0", "up"], ["link", "set", "nobody", "up"], ["address", "add", "10.20.77.5/24", "dev", "eth0"]):
        run("ip", "-n", name, *words)
    yield ["ip", "netns", "exec", name]
    run("ip", "netns", "delete", name)


def test_a_laptop_in_a_network_like_the_vpc_s(admin, office):
    """The warm program asks from where it was started, so only memdbctl is in there."""
    remarks = [f"{one['text']}; {one['advice']}" for one in admin.plan(inside=office)["remarks"]]
    assert any("this laptop is in 10.20.77.0/24, which overlaps the VPC's 10.20.0.0/16" in one for one in remarks), remarks
