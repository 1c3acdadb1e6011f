"""Accounts to begin with. demo_world() is what AWS would show of the lab: its VPC, its cluster, its nodes' addresses."""
from .ec2_groups import add_group, add_rule
from .ec2_network import add_interface
from .world import World

DOMAIN = "demo.lab.memorydb.test"
VPC_BLOCK = "10.20.0.0/16"
ZONES = ("a", "b", "c")


def lab_nodes():
    """Short name -> address, as the lab has them."""
    return {f"demo-{shard:04d}-{node:03d}": f"10.20.{shard}.{node}" for shard in (1, 2, 3) for node in (1, 2)}


def demo_world(addresses=None, *, cluster="demo", in_default_group=False, open_to_world=False, public_instances=0, client_cidr_rule=None,
               group_rules=(), small_subnet=False, few_addresses=False, same_zone=False, dedicated=False, tls=True, open_access=False,
               port=6379, other_endpoint=False, more_vpc_blocks=(), **world_options):
    """addresses: node -> address (the lab's). in_default_group: the cluster has the VPC's default group; open_to_world: its group
    lets 0.0.0.0/0 in; public_instances: so many instances with public addresses share it; client_cidr_rule: a block its group lets in;
    small_subnet: the last one is a /28; few_addresses: it has 11 left; same_zone: the last two lie in one zone; other_endpoint: one
    that somebody made by hand. The rest goes to World()."""
    world = World(**world_options)
    region = world.home
    vpc = _vpc(region, dedicated, more_vpc_blocks)
    subnets = [_subnet(region, vpc, number, zone, "10.20.3.0/28" if small_subnet and number == 3 else f"10.20.{number}.0/24",
                       11 if few_addresses and number == 3 else None)
               for number, zone in zip((1, 2, 3), ("a", "b", "b") if same_zone else ZONES)]
    _route_table(region, vpc, subnets)
    default = add_group(region, vpc, "default", "default VPC security group")
    add_rule(region, default, IpProtocol="-1", FromPort=-1, ToPort=-1, ReferencedGroupInfo={"GroupId": default, "UserId": world.account})
    group = default if in_default_group else add_group(region, vpc, "memorydb-demo", "MemoryDB cluster demo")
    for block in [*(["0.0.0.0/0"] if open_to_world else []), *([client_cidr_rule] if client_cidr_rule else []), *group_rules]:
        add_rule(region, group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIpv4=block)
    _cluster(region, cluster, vpc, subnets, group, addresses or lab_nodes(), tls, open_access, port)
    for number in range(public_instances):
        add_interface(region, subnets[number % 3], [group], f"{_network(region, subnets[number % 3])}{100 + number}", "",
                      public=f"198.51.100.{10 + number}", Attachment={"InstanceId": world.new_id("i-0"), "Status": "attached"})
    if other_endpoint:
        _endpoint_by_hand(region)
    world.mark_start()
    return world


def _vpc(region, dedicated, more_blocks):
    vpc = region.world.new_id("vpc-0")
    blocks = [VPC_BLOCK, *more_blocks]
    region.vpcs[vpc] = {"VpcId": vpc, "CidrBlock": VPC_BLOCK, "State": "available", "OwnerId": region.account, "IsDefault": False,
                        "InstanceTenancy": "dedicated" if dedicated else "default", "DhcpOptionsId": region.world.new_id("dopt-0"),
                        "CidrBlockAssociationSet": [{"AssociationId": region.world.new_id("vpc-cidr-assoc-0"), "CidrBlock": block,
                                                     "CidrBlockState": {"State": "associated"}} for block in blocks]}
    return vpc


def _subnet(region, vpc, number, zone, block, free):
    subnet = region.world.new_id("subnet-0")
    room = 2 ** (32 - int(block.partition("/")[2])) - 5
    region.subnets[subnet] = {"SubnetId": subnet, "VpcId": vpc, "CidrBlock": block, "AvailabilityZone": region.name + zone,
                              "AvailabilityZoneId": f"use1-az{number}", "AvailableIpAddressCount": room - 2 if free is None else free,
                              "State": "available", "DefaultForAz": False, "MapPublicIpOnLaunch": False, "OwnerId": region.account,
                              "SubnetArn": region.arn("ec2", f"subnet/{subnet}")}
    return subnet


def _network(region, subnet):
    return region.subnets[subnet]["CidrBlock"].rpartition(".")[0] + "."


def _route_table(region, vpc, subnets):
    del subnets  # none has a table of its own: the main one is theirs
    table = region.world.new_id("rtb-0")
    region.route_tables[table] = {
        "RouteTableId": table, "VpcId": vpc, "OwnerId": region.account, "PropagatingVgws": [],
        "Associations": [{"Main": True, "RouteTableAssociationId": region.world.new_id("rtbassoc-0"), "RouteTableId": table,
                          "AssociationState": {"State": "associated"}}],
        "Routes": [{"DestinationCidrBlock": one["CidrBlock"], "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
                   for one in region.vpcs[vpc]["CidrBlockAssociationSet"]]}


def _cluster(region, name, vpc, subnets, group, addresses, tls, open_access, port):
    zones = {subnet: region.subnets[subnet]["AvailabilityZone"] for subnet in subnets}
    region.subnet_groups[f"{name}-subnets"] = {
        "Name": f"{name}-subnets", "Description": "", "VpcId": vpc, "ARN": region.arn("memorydb", f"subnetgroup/{name}-subnets"),
        "Subnets": [{"Identifier": subnet, "AvailabilityZone": {"Name": zone}} for subnet, zone in zones.items()]}
    acl = "open-access" if open_access or not tls else f"{name}-acl"
    region.acls[acl] = {"Name": acl, "Status": "active", "UserNames": ["default" if acl == "open-access" else "app"], "MinimumEngineVersion": "6.2",
                        "Clusters": [name], "ARN": region.arn("memorydb", f"acl/{acl}")}
    user = region.acls[acl]["UserNames"][0]
    region.users[user] = {"Name": user, "Status": "active", "AccessString": "on ~* &* +@all", "ACLNames": [acl], "MinimumEngineVersion": "6.2",
                          "Authentication": {"Type": "no-password" if user == "default" else "password", **({} if user == "default" else {"PasswordCount": 1})},
                          "ARN": region.arn("memorydb", f"user/{user}")}
    shards = {}
    for node, address in addresses.items():
        number = int(node.split("-")[-2])
        subnet = subnets[(number - 1) % 3]
        shards.setdefault(number, []).append({"Name": node, "Status": "available", "AvailabilityZone": zones[subnet], "CreateTime": region.world.now(),
                                              "Endpoint": {"Address": f"{node}.{DOMAIN}", "Port": port}})
        add_interface(region, subnet, [group], address, f"MemoryDB {node}", RequesterId="amazon-memorydb")
    region.clusters[name] = {
        "Name": name, "Status": "available", "NumberOfShards": len(shards), "AvailabilityMode": "multiaz", "NodeType": "db.r6g.large", "EngineVersion": "7.0",
        "EnginePatchVersion": "7.0.7", "ParameterGroupName": "default.memorydb-redis7", "ParameterGroupStatus": "in-sync",
        "ClusterEndpoint": {"Address": f"clustercfg.{DOMAIN}", "Port": port}, "SecurityGroups": [{"SecurityGroupId": group, "Status": "active"}],
        "SubnetGroupName": f"{name}-subnets", "TLSEnabled": tls, "ARN": region.arn("memorydb", f"cluster/{name}"), "ACLName": acl,
        "SnapshotRetentionLimit": 0, "AutoMinorVersionUpgrade": True, "DataTiering": "false",
        "Shards": [{"Name": f"{number:04d}", "Status": "available", "Slots": _slots(number, len(shards)), "NumberOfNodes": len(nodes), "Nodes": nodes}
                   for number, nodes in sorted(shards.items())]}


def _slots(number, of):
    size = 16384 // of
    return f"{(number - 1) * size}-{16383 if number == of else number * size - 1}"


def _endpoint_by_hand(region):
    """Somebody else's: without tags, with a certificate that we know nothing of."""
    from .client_vpn_objects import Endpoint  # pylint: disable=import-outside-toplevel
    from .course import FOREVER, Course  # pylint: disable=import-outside-toplevel
    made, arn = region.world.new_id("cvpn-endpoint-0"), region.arn("acm", "certificate/00000000-0000-4000-8000-000000000000")
    region.endpoints[made] = Endpoint(made, f"{made}.prod.clientvpn.{region.name}.amazonaws.com", region.world.now(), {
        "ClientCidrBlock": "10.200.0.0/16", "ServerCertificateArn": arn, "Description": "made by hand", "ConnectionLogOptions": {"Enabled": False},
        "AuthenticationOptions": [{"Type": "certificate-authentication", "MutualAuthentication": {"ClientRootCertificateChainArn": arn}}]},
        Course(region.world.clock, ("open", FOREVER)))


def world_from(scenario):
    """From the JSON of --scenario."""
    options = dict(scenario.get("options", {}))
    if "lab" in scenario:
        from .lab_vpn import LabVpn  # pylint: disable=import-outside-toplevel
        options["hook"] = LabVpn(scenario["lab"])
    assert scenario.get("world", "demo") in ("demo", "empty"), scenario
    return demo_world(**options) if scenario.get("world", "demo") == "demo" else World(**options)
