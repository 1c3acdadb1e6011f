"""What an endpoint leads to: target networks, their security groups, authorization rules and routes."""
import ipaddress

from .client_vpn_objects import Association, AuthorizationRule, Route
from .course import FOREVER, GONE, Course
from .ec2_client_vpn import check_groups, dress, network, once, open_endpoint, vpc_networks
from .ec2_groups import default_group
from .ec2_network import add_interface
from .failure import AwsError
from .paging import filtered, page


def _course(region, kind, first, then):
    return Course(region.world.clock, (first, region.world.delays[kind]), (then, FOREVER))


# --- target networks ---

def associate(region, given):
    return once(region, "AssociateClientVpnTargetNetwork", given, lambda: _associate(region, given))


def _associate(region, given):
    world, endpoint, subnet_id = region.world, open_endpoint(region, given), given["SubnetId"]
    if subnet_id not in region.subnets:
        raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    _check_subnet(region, endpoint, region.subnets[subnet_id])
    vpc_id = region.subnets[subnet_id]["VpcId"]
    endpoint.vpc = vpc_id
    endpoint.groups = endpoint.groups or [default_group(region, vpc_id)]
    made = world.new_id("cvpn-assoc-0")
    fails = subnet_id in world.failing_associations
    interface = add_interface(region, subnet_id, endpoint.groups, _free_address(region, subnet_id), f"ClientVPN Endpoint resource {endpoint.id}",
                              public=f"203.0.113.{world.serial() % 250 + 1}", managed=True)
    endpoint.associations.append(Association(made, subnet_id, vpc_id, list(endpoint.groups), interface,
                                             _course(region, "associate", "associating", "association-failed" if fails else "associated")))
    # Which comes along with the first subnet as with every other: the way into the VPC itself.
    for block in vpc_networks(region, vpc_id):
        endpoint.routes.append(Route(str(block), subnet_id, "associate", "Default Route", _course(region, "route", "creating", "active")))
    return {"AssociationId": made, "Status": {"Code": "associating"}}


def _check_subnet(region, endpoint, subnet):
    zones = {region.subnets[one.subnet]["AvailabilityZone"] for one in endpoint.associations}
    block = ipaddress.IPv4Network(subnet["CidrBlock"])
    if any(one.subnet == subnet["SubnetId"] for one in endpoint.associations):
        raise AwsError("InvalidClientVpnDuplicateAssociationException", f"Endpoint {endpoint.id} is already associated with subnet {subnet['SubnetId']}")
    if endpoint.vpc and subnet["VpcId"] != endpoint.vpc:
        raise AwsError("InvalidClientVpnSubnetId.NotFound", f"Subnet {subnet['SubnetId']} is not in the VPC of endpoint {endpoint.id}")
    if subnet["AvailabilityZone"] in zones:
        raise AwsError("InvalidClientVpnSubnetId.DuplicateAz", f"Cannot associate more than one subnet with an Availability Zone: {subnet['AvailabilityZone']}")
    if any(one.overlaps(network(endpoint.settings["ClientCidrBlock"], "Client CIDR")) for one in vpc_networks(region, subnet["VpcId"])):
        raise AwsError("InvalidClientVpnSubnetId.OverlappingCidr", f"The CIDR of the VPC of subnet {subnet['SubnetId']} overlaps with the client CIDR range")
    if block.prefixlen > 27 or subnet["AvailableIpAddressCount"] < 20:
        raise AwsError("InvalidParameterValue", f"Subnet {subnet['SubnetId']} must have a CIDR block of at least /27 and at least 20 available IP addresses")
    if region.vpcs[subnet["VpcId"]]["InstanceTenancy"] == "dedicated":
        raise AwsError("InvalidParameterValue", f"VPC {subnet['VpcId']} has dedicated tenancy, which Client VPN does not support")


def _free_address(region, subnet_id):
    taken = {one["PrivateIpAddress"] for one in region.interfaces.values()}
    hosts = list(ipaddress.IPv4Network(region.subnets[subnet_id]["CidrBlock"]).hosts())
    return next(str(one) for one in reversed(hosts) if str(one) not in taken)


def _association(endpoint, association_id):
    for one in endpoint.associations:
        if one.id == association_id:
            return one
    raise AwsError("InvalidClientVpnAssociationIdNotFound", f"Association {association_id} does not exist")


def disassociate(region, given):
    endpoint = open_endpoint(region, given)
    one = _association(endpoint, given["AssociationId"])
    if one.course.state in ("disassociating", "disassociated"):
        raise AwsError("InvalidClientVpnAssociationIdNotFound", f"Association {one.id} is in state {one.course.state}")
    delays = region.world.delays
    one.course = Course(region.world.clock, ("disassociating", delays["disassociate"]), ("disassociated", delays["disassociated"]), (GONE, FOREVER))
    endpoint.routes = [route for route in endpoint.routes if route.subnet != one.subnet]
    return {"AssociationId": one.id, "Status": {"Code": "disassociating"}}


def describe_target_networks(region, given):
    endpoint = region.endpoint(given["ClientVpnEndpointId"])
    found = [one for one in endpoint.associations if not given.get("AssociationIds") or one.id in given["AssociationIds"]]
    found = filtered(found, given, {"association-id": lambda one: one.id, "target-network-id": lambda one: one.subnet, "vpc-id": lambda one: one.vpc})
    return page(region.world, [{"AssociationId": one.id, "VpcId": one.vpc, "TargetNetworkId": one.subnet, "ClientVpnEndpointId": endpoint.id,
                                "Status": {"Code": one.course.state}, "SecurityGroups": one.groups} for one in found], given, "ClientVpnTargetNetworks")


def _need_association(endpoint, words):
    if not endpoint.serving():
        raise AwsError("InvalidClientVpnActiveAssociationNotFound", f"Endpoint {endpoint.id} does not have any active associations{words}")


def apply_security_groups(region, given):
    endpoint = open_endpoint(region, given)
    _need_association(endpoint, "")
    if given["VpcId"] != endpoint.vpc:
        raise AwsError("InvalidParameterValue", f"VPC {given['VpcId']} is not the VPC of endpoint {endpoint.id}")
    check_groups(region, given["VpcId"], given["SecurityGroupIds"])
    endpoint.groups = list(given["SecurityGroupIds"])
    dress(region, endpoint, endpoint.groups)
    return {"SecurityGroupIds": endpoint.groups}


# --- authorization rules ---

def authorize(region, given):
    return once(region, "AuthorizeClientVpnIngress", given, lambda: _authorize(region, given))


def _authorize(region, given):
    endpoint = open_endpoint(region, given)
    cidr, group = str(network(given["TargetNetworkCidr"], "Target network CIDR")), given.get("AccessGroupId", "")
    if bool(group) == bool(given.get("AuthorizeAllGroups")):
        raise AwsError("InvalidParameterCombination" if group else "MissingParameter", "Exactly one of AccessGroupId and AuthorizeAllGroups must be specified")
    if any((one.cidr, one.group) == (cidr, group) for one in endpoint.rules):
        raise AwsError("InvalidClientVpnDuplicateAuthorizationRule", f"Authorization rule for {cidr} already exists")
    endpoint.rules.append(AuthorizationRule(cidr, group, given.get("Description", ""), _course(region, "authorize", "authorizing", "active")))
    return {"Status": {"Code": "authorizing"}}


def revoke(region, given):
    endpoint = open_endpoint(region, given)
    cidr, group = given["TargetNetworkCidr"], given.get("AccessGroupId", "")
    found = [one for one in endpoint.rules if (one.cidr, one.group) == (cidr, group) and one.course.state != "revoking"]
    if not found:
        raise AwsError("InvalidClientVpnEndpointAuthorizationRuleNotFound", f"Authorization rule for {cidr} does not exist")
    found[0].course = _course(region, "revoke", "revoking", GONE)
    return {"Status": {"Code": "revoking"}}


def describe_rules(region, given):
    endpoint = region.endpoint(given["ClientVpnEndpointId"])
    found = filtered(endpoint.rules, given, {"destination-cidr": lambda one: one.cidr, "group-id": lambda one: one.group,
                                             "description": lambda one: one.description})
    return page(region.world, [{"ClientVpnEndpointId": endpoint.id, "Description": one.description, "GroupId": one.group, "AccessAll": not one.group,
                                "DestinationCidr": one.cidr, "Status": {"Code": one.course.state}} for one in found], given, "AuthorizationRules")


# --- routes ---

def create_route(region, given):
    return once(region, "CreateClientVpnRoute", given, lambda: _create_route(region, given))


def _create_route(region, given):
    endpoint, subnet = open_endpoint(region, given), given["TargetVpcSubnetId"]
    destination = network(given["DestinationCidrBlock"], "Destination CIDR")
    if not any(one.subnet == subnet and one.course.state == "associated" for one in endpoint.associations):
        raise AwsError("InvalidClientVpnActiveAssociationNotFound", f"Endpoint {endpoint.id} does not have an active association with subnet {subnet}")
    if destination.prefixlen and destination.overlaps(network(endpoint.settings["ClientCidrBlock"], "Client CIDR")):
        raise AwsError("InvalidParameterValue", f"Destination CIDR {destination} overlaps with the client CIDR range")
    if any((one.destination, one.subnet) == (str(destination), subnet) for one in endpoint.routes):
        raise AwsError("InvalidClientVpnDuplicateRoute", f"Route for {destination} through {subnet} already exists")
    endpoint.routes.append(Route(str(destination), subnet, "add-route", given.get("Description", ""), _course(region, "route", "creating", "active")))
    return {"Status": {"Code": "creating"}}


def delete_route(region, given):
    endpoint = open_endpoint(region, given)
    found = [one for one in endpoint.routes if one.destination == given["DestinationCidrBlock"] and one.subnet == given.get("TargetVpcSubnetId", one.subnet)
             and one.course.state != "deleting"]
    if not found:
        raise AwsError("InvalidClientVpnRouteNotFound", f"Route for {given['DestinationCidrBlock']} does not exist")
    if found[0].origin == "associate":
        raise AwsError("InvalidParameterValue", "Cannot delete the default route of an association")
    found[0].course = _course(region, "delete", "deleting", GONE)
    return {"Status": {"Code": "deleting"}}


def describe_routes(region, given):
    endpoint = region.endpoint(given["ClientVpnEndpointId"])
    found = filtered(endpoint.routes, given, {"destination-cidr": lambda one: one.destination, "origin": lambda one: one.origin,
                                              "target-subnet": lambda one: one.subnet})
    return page(region.world, [{"ClientVpnEndpointId": endpoint.id, "DestinationCidr": one.destination, "TargetSubnet": one.subnet, "Type": "Nat",
                                "Origin": one.origin, "Status": {"Code": one.course.state}, **({"Description": one.description} if one.description else {})}
                               for one in found], given, "Routes")


ACTIONS = {"AssociateClientVpnTargetNetwork": associate, "DisassociateClientVpnTargetNetwork": disassociate,
           "DescribeClientVpnTargetNetworks": describe_target_networks, "ApplySecurityGroupsToClientVpnTargetNetwork": apply_security_groups,
           "AuthorizeClientVpnIngress": authorize, "RevokeClientVpnIngress": revoke, "DescribeClientVpnAuthorizationRules": describe_rules,
           "CreateClientVpnRoute": create_route, "DeleteClientVpnRoute": delete_route, "DescribeClientVpnRoutes": describe_routes}
