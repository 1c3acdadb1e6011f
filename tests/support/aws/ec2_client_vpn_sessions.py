"""Who is connected to an endpoint."""
import datetime

from .client_vpn_objects import Connection
from .course import FOREVER, GONE, Course
from .ec2_client_vpn import open_endpoint
from .failure import AwsError
from .paging import filtered, page

TIME = "%Y-%m-%d %H:%M:%S"


def connect(region, endpoint_id, common_name, client_ip="10.100.0.2"):
    """For tests: a client is connected from now on."""
    made = Connection(region.world.new_id("cvpn-connection-0"), common_name, client_ip, region.world.now())
    region.endpoint(endpoint_id).connections.append(made)
    return made


def _living(region, endpoint):
    """The hook's live ones, and those that ended a while ago."""
    live = region.world.hook.connections(region, endpoint)
    if live is None:
        return endpoint.connections
    ended = {one.id: one for one in endpoint.connections}
    return list(ended.values()) + [one for one in live if one.id not in ended]


def describe_connections(region, given):
    endpoint = region.endpoint(given["ClientVpnEndpointId"])
    found = filtered(_living(region, endpoint), given, {"connection-id": lambda one: one.id, "username": lambda one: "N/A"})
    return page(region.world, [_described(region, endpoint, one) for one in found], given, "Connections")


def _described(region, endpoint, one):
    """Numbers are text here. With certificates only, nobody has a user name."""
    return {"ClientVpnEndpointId": endpoint.id, "Timestamp": region.world.now().strftime(TIME), "ConnectionId": one.id, "Username": "N/A",
            "ConnectionEstablishedTime": one.established.astimezone(datetime.timezone.utc).strftime(TIME), "IngressBytes": str(one.ingress_bytes),
            "EgressBytes": str(one.egress_bytes), "IngressPackets": str(one.ingress_bytes // 100), "EgressPackets": str(one.egress_bytes // 100),
            "ClientIp": one.client_ip, "CommonName": one.common_name, "Status": {"Code": one.state},
            "ConnectionEndTime": one.ended.strftime(TIME) if one.ended else "-"}


def terminate(region, given):
    endpoint = open_endpoint(region, given)
    if bool(given.get("ConnectionId")) == bool(given.get("Username")):
        raise AwsError("InvalidParameterCombination" if given.get("Username") else "MissingParameter",
                       "Exactly one of ConnectionId and Username must be specified")
    active = [one for one in _living(region, endpoint) if one.state == "active"]
    if given.get("Username"):
        raise AwsError("InvalidClientVpnConnection.UserNotFound", f"User {given['Username']} has no active connection to endpoint {endpoint.id}")
    found = [one for one in active if one.id == given["ConnectionId"]]
    if not found:
        raise AwsError("InvalidClientVpnConnection.IdNotFound", f"Connection {given['ConnectionId']} does not exist")
    end(region, endpoint, found[0])
    region.world.hook.terminate(region, endpoint, found[0])
    return {"ClientVpnEndpointId": endpoint.id, "ConnectionStatuses": [
        {"ConnectionId": one.id, "PreviousStatus": {"Code": "active"}, "CurrentStatus": {"Code": "terminating"}} for one in found]}


def end(region, endpoint, one):
    """terminating, terminated, and after a while forgotten."""
    delays = region.world.delays
    one.ended = region.world.now()
    one.course = Course(region.world.clock, ("terminating", delays["terminate"]), ("terminated", delays["terminated"]), (GONE, FOREVER))
    if one not in endpoint.connections:
        endpoint.connections.append(one)


ACTIONS = {"DescribeClientVpnConnections": describe_connections, "TerminateClientVpnConnections": terminate}
