"""Whether what an account says lets VPN clients through to a cluster's nodes."""
import ipaddress

from .ec2_groups import rules_of


def lets_through(region, endpoint):
    """Some node is behind an active authorization rule, and every associated network may reach the port."""
    return any(_authorized(region, endpoint, cluster) and all(_admitted(region, cluster, one) for one in endpoint.associations if one.course.state == "associated")
               for cluster in region.clusters.values())


def _authorized(region, endpoint, cluster):
    active = [ipaddress.ip_network(one.cidr) for one in endpoint.rules if one.course.state == "active"]
    return any(ipaddress.ip_address(node) in block for node in _nodes(region, cluster) for block in active)


def _nodes(region, cluster):
    worn = {one["SecurityGroupId"] for one in cluster["SecurityGroups"]}
    return [one["PrivateIpAddress"] for one in region.interfaces.values()
            if one.get("RequesterId") == "amazon-memorydb" and worn & {each["GroupId"] for each in one["Groups"]}]


def _admitted(region, cluster, association):
    """The cluster's groups see the address of the endpoint's interface, never the client's own: AWS translates it."""
    port, source = cluster["ClusterEndpoint"]["Port"], ipaddress.ip_address(region.interfaces[association.interface]["PrivateIpAddress"])
    for group in cluster["SecurityGroups"]:
        for rule in rules_of(region, group["SecurityGroupId"]):
            fits = rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])
            if rule["IsEgress"] or not fits:
                continue
            if rule.get("ReferencedGroupInfo", {}).get("GroupId") in association.groups:
                return True
            if "CidrIpv4" in rule and source in ipaddress.ip_network(rule["CidrIpv4"]):
                return True
    return False
