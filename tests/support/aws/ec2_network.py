"""EC2's describe calls for the network, and tags."""
from .failure import AwsError
from .paging import filtered, page


def _by_id(kept, given, key, code, words):
    ids = given.get(key)
    if not ids:
        return list(kept.values())
    for one in ids:
        if one not in kept:
            raise AwsError(code, f"The {words} '{one}' does not exist" if words.startswith("security") else f"The {words} ID '{one}' does not exist")
    return [kept[one] for one in dict.fromkeys(ids)]


def _with_tags(region, items, key, member="Tags"):
    return [{**item, member: region.tag_list(item[key])} for item in items]


def _tags_of(region, key):
    return lambda item: region.tags.get(item[key], {})


def describe_vpcs(region, given):
    found = filtered(_by_id(region.vpcs, given, "VpcIds", "InvalidVpcID.NotFound", "vpc"), given, {
        "vpc-id": lambda one: one["VpcId"], "cidr": lambda one: one["CidrBlock"], "state": lambda one: one["State"],
        "is-default": lambda one: str(one["IsDefault"]).lower()}, _tags_of(region, "VpcId"))
    return page(region.world, _with_tags(region, found, "VpcId"), given, "Vpcs")


def describe_subnets(region, given):
    found = filtered(_by_id(region.subnets, given, "SubnetIds", "InvalidSubnetID.NotFound", "subnet"), given, {
        "vpc-id": lambda one: one["VpcId"], "subnet-id": lambda one: one["SubnetId"], "availability-zone": lambda one: one["AvailabilityZone"],
        "cidr-block": lambda one: one["CidrBlock"], "state": lambda one: one["State"]}, _tags_of(region, "SubnetId"))
    return page(region.world, _with_tags(region, found, "SubnetId"), given, "Subnets")


def describe_route_tables(region, given):
    found = filtered(_by_id(region.route_tables, given, "RouteTableIds", "InvalidRouteTableID.NotFound", "routeTable"), given, {
        "vpc-id": lambda one: one["VpcId"], "route-table-id": lambda one: one["RouteTableId"],
        "association.main": lambda one: [str(each["Main"]).lower() for each in one["Associations"]],
        "association.subnet-id": lambda one: [each.get("SubnetId", "") for each in one["Associations"]]}, _tags_of(region, "RouteTableId"))
    return page(region.world, _with_tags(region, found, "RouteTableId"), given, "RouteTables")


def describe_network_interfaces(region, given):
    found = filtered(_by_id(region.interfaces, given, "NetworkInterfaceIds", "InvalidNetworkInterfaceID.NotFound", "networkInterface"), given, {
        "vpc-id": lambda one: one["VpcId"], "subnet-id": lambda one: one["SubnetId"], "network-interface-id": lambda one: one["NetworkInterfaceId"],
        "group-id": lambda one: [each["GroupId"] for each in one["Groups"]], "group-name": lambda one: [each["GroupName"] for each in one["Groups"]],
        "description": lambda one: one["Description"], "requester-managed": lambda one: str(one["RequesterManaged"]).lower(),
        "association.public-ip": lambda one: one.get("Association", {}).get("PublicIp", ""), "status": lambda one: one["Status"],
        "private-ip-address": lambda one: one["PrivateIpAddress"]}, _tags_of(region, "NetworkInterfaceId"))
    return page(region.world, _with_tags(region, found, "NetworkInterfaceId", "TagSet"), given, "NetworkInterfaces")


def _taggable(region, resource):
    for kept in (region.vpcs, region.subnets, region.route_tables, region.groups, region.rules, region.interfaces, region.endpoints):
        if resource in kept:
            return
    code = {"sg": "InvalidGroup.NotFound", "sgr": "InvalidSecurityGroupRuleId.NotFound", "vpc": "InvalidVpcID.NotFound",
            "subnet": "InvalidSubnetID.NotFound", "cvpn": "InvalidClientVpnEndpointId.NotFound"}.get(resource.split("-")[0], "InvalidID")
    raise AwsError(code, f"The ID '{resource}' does not exist" if code != "InvalidID" else f"The ID '{resource}' is not valid")


def create_tags(region, given):
    for resource in given["Resources"]:
        _taggable(region, resource)
    for resource in given["Resources"]:
        region.set_tags(resource, given["Tags"])
    return {}


def delete_tags(region, given):
    for resource in given["Resources"]:
        _taggable(region, resource)
        tags = region.tags.get(resource, {})
        for tag in given.get("Tags", [{"Key": key} for key in tags]):
            if tag.get("Value") in (None, tags.get(tag["Key"])):
                tags.pop(tag["Key"], None)
    return {}


def add_interface(region, subnet_id, groups, address, description, public=None, managed=False, **more):
    """A network interface in a subnet; groups are ids."""
    subnet, made = region.subnets[subnet_id], region.world.new_id("eni-0")
    interface = {
        "NetworkInterfaceId": made, "SubnetId": subnet_id, "VpcId": subnet["VpcId"], "AvailabilityZone": subnet["AvailabilityZone"],
        "OwnerId": region.account, "Description": description, "PrivateIpAddress": address, "RequesterManaged": managed, "Status": "in-use",
        "InterfaceType": "interface", "SourceDestCheck": not managed,
        "Groups": [{"GroupId": one, "GroupName": region.groups[one]["GroupName"]} for one in groups], **more}
    if public:
        interface["Association"] = {"PublicIp": public, "IpOwnerId": "amazon"}
    region.interfaces[made] = interface
    return made


ACTIONS = {"DescribeVpcs": describe_vpcs, "DescribeSubnets": describe_subnets, "DescribeRouteTables": describe_route_tables,
           "DescribeNetworkInterfaces": describe_network_interfaces, "CreateTags": create_tags, "DeleteTags": delete_tags}
