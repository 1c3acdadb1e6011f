"""Client VPN endpoints: make, change, describe, delete, and what is exported."""
import ipaddress

from .client_vpn_objects import Endpoint
from .course import FOREVER, Course
from .ec2_groups import default_group, need_group
from .failure import AwsError
from .paging import filtered, page
from .pem import blocks

LEGAL_PORTS, LEGAL_HOURS = (443, 1194), (8, 10, 12, 24)


def _refuse(words):
    raise AwsError("InvalidParameterValue", words)


def once(region, action, given, perform):
    """The same token with the same words gives the same answer; with others it is refused."""
    token, words = given.get("ClientToken"), {key: value for key, value in given.items() if key != "ClientToken"}
    if not token:
        return perform()
    before = region.tokens.get((action, token))
    if before:
        if before[0] != words:
            raise AwsError("IdempotentParameterMismatch",
                           "The client token you have provided is associated with a resource whose parameters differ from this request.")
        return before[1]
    answer = perform()
    region.tokens[(action, token)] = (words, answer)
    return answer


# --- create and change ---

def create_endpoint(region, given):
    return once(region, "CreateClientVpnEndpoint", given, lambda: _create(region, given))


def _create(region, given):
    world = region.world
    _check_cidr(region, given)
    _check_options(region, given)
    if len([one for one in region.endpoints.values() if not one.course.gone]) >= world.endpoint_quota:
        raise AwsError("ClientVpnEndpointLimitExceeded", f"You have reached the limit of {world.endpoint_quota} Client VPN endpoints in this Region.")
    endpoint_id = world.hook.endpoint_id(region)
    region.tags_from(given, "client-vpn-endpoint", endpoint_id)
    endpoint = Endpoint(endpoint_id, world.hook.endpoint_name(region, endpoint_id), world.now(), dict(given), Course(world.clock, ("open", FOREVER)),
                        vpc=given.get("VpcId", ""), groups=list(given.get("SecurityGroupIds", [])))
    if endpoint.vpc and not endpoint.groups:
        endpoint.groups = [default_group(region, endpoint.vpc)]
    region.endpoints[endpoint_id] = endpoint
    world.service_role = True
    return {"ClientVpnEndpointId": endpoint_id, "Status": {"Code": "pending-associate"}, "DnsName": endpoint.dns_name}


def network(text, what):
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return _refuse(f"{what} {text} is not a valid CIDR block.")


def vpc_networks(region, vpc_id):
    return [ipaddress.IPv4Network(one["CidrBlock"]) for one in region.vpcs[vpc_id]["CidrBlockAssociationSet"]]


def _check_cidr(region, given):
    clients = network(given["ClientCidrBlock"], "Client CIDR")
    if not 12 <= clients.prefixlen <= 22:
        _refuse(f"Client CIDR {clients} must have a netmask between /12 and /22.")
    if given.get("VpcId") and given["VpcId"] in region.vpcs and any(one.overlaps(clients) for one in vpc_networks(region, given["VpcId"])):
        _refuse(f"Client CIDR {clients} overlaps with the CIDR of VPC {given['VpcId']}.")


def _check_options(region, given):
    roots = [one.get("MutualAuthentication", {}).get("ClientRootCertificateChainArn") for one in given.get("AuthenticationOptions", [])]
    for arn in [given.get("ServerCertificateArn"), *roots]:
        if arn is not None and arn not in region.certificates:
            _refuse(f"Certificate {arn} does not exist")
    if given.get("ServerCertificateArn") and not region.certificates[given["ServerCertificateArn"]].domain:
        _refuse(f"Certificate {given['ServerCertificateArn']} does not have a domain")
    if [one["Type"] for one in given.get("AuthenticationOptions", [])] not in ([], ["certificate-authentication"]):
        _refuse("the stand-in knows mutual authentication only")
    if given.get("VpnPort", 443) not in LEGAL_PORTS or given.get("SessionTimeoutHours", 24) not in LEGAL_HOURS:
        _refuse("VpnPort must be 443 or 1194, SessionTimeoutHours 8, 10, 12 or 24")
    if len(given.get("ClientLoginBannerOptions", {}).get("BannerText", "")) > 1400:
        _refuse("BannerText is longer than 1400 characters")
    _check_logs(region, given.get("ConnectionLogOptions", {}))
    if given.get("SecurityGroupIds") and not given.get("VpcId"):
        raise AwsError("MissingParameter", "VpcId must be specified when SecurityGroupIds is specified")
    if given.get("VpcId"):
        check_groups(region, given["VpcId"], given.get("SecurityGroupIds", []))


def _check_logs(region, options):
    if options.get("Enabled") and options.get("CloudwatchLogGroup") not in region.log_groups:
        _refuse(f"CloudWatch log group {options.get('CloudwatchLogGroup')} does not exist")


def check_groups(region, vpc_id, groups):
    if vpc_id not in region.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    if len(groups) > 5:
        raise AwsError("SecurityGroupLimitExceeded", "A target network can have at most 5 security groups")
    for one in groups:
        if need_group(region, one)["VpcId"] != vpc_id:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{one}' does not belong to VPC '{vpc_id}'")


def modify_endpoint(region, given):
    endpoint = open_endpoint(region, given)
    _check_options(region, {"VpcId": endpoint.vpc, **given})
    changed = {key: value for key, value in given.items() if key not in ("ClientVpnEndpointId", "DnsServers")}
    endpoint.settings.update(changed)
    if "DnsServers" in given:
        endpoint.settings["DnsServers"] = given["DnsServers"].get("CustomDnsServers", []) if given["DnsServers"].get("Enabled", True) else []
    endpoint.vpc = given.get("VpcId", endpoint.vpc)
    if given.get("SecurityGroupIds"):
        endpoint.groups = list(given["SecurityGroupIds"])
        if region.world.modify_moves_groups:
            dress(region, endpoint, endpoint.groups)
    if "ServerCertificateArn" in given and endpoint.announced:
        region.world.hook.serving(region, endpoint)
    return {"Return": True}


def dress(region, endpoint, groups):
    """The endpoint's interfaces in the VPC wear these groups from now on."""
    for one in endpoint.associations:
        one.groups = list(groups)
        if one.interface in region.interfaces:
            region.interfaces[one.interface]["Groups"] = [{"GroupId": each, "GroupName": region.groups[each]["GroupName"]} for each in groups]


def open_endpoint(region, given):
    endpoint = region.endpoint(given["ClientVpnEndpointId"])
    if endpoint.course.state != "open":
        raise AwsError("InvalidClientVpnEndpointId.NotFound", f"Endpoint {endpoint.id} is in state {endpoint.state}")
    return endpoint


def delete_endpoint(region, given):
    endpoint = open_endpoint(region, given)
    held = [one.id for one in endpoint.associations if one.course.state != "disassociated"]
    if held:
        raise AwsError("ClientVpnEndpointAssociationExists", f"The endpoint that you're trying to delete has associations {', '.join(held)}")
    endpoint.course = Course(region.world.clock, ("deleting", region.world.delays["delete"]), (None, FOREVER))
    return {"Status": {"Code": "deleting"}}


# --- describe ---

def describe_endpoints(region, given):
    for one in given.get("ClientVpnEndpointIds", []):
        region.endpoint(one)
    found = [one for one in region.endpoints.values() if not given.get("ClientVpnEndpointIds") or one.id in given["ClientVpnEndpointIds"]]
    found = filtered(found, given, {"endpoint-id": lambda one: one.id, "transport-protocol": lambda one: one.settings.get("TransportProtocol", "udp")},
                     lambda one: region.tags.get(one.id, {}))
    return page(region.world, [_described(region, one) for one in found], given, "ClientVpnEndpoints")


def _described(region, endpoint):
    asked = endpoint.settings
    logs = asked.get("ConnectionLogOptions", {})
    told = {
        "ClientVpnEndpointId": endpoint.id, "Description": asked.get("Description", ""), "Status": {"Code": endpoint.state},
        "CreationTime": endpoint.created.strftime("%Y-%m-%dT%H:%M:%S"),
        # With a star in front: the name resolves only with some label there.
        "DnsName": f"*.{endpoint.dns_name}", "ClientCidrBlock": asked["ClientCidrBlock"], "DnsServers": asked.get("DnsServers", []),
        "SplitTunnel": asked.get("SplitTunnel", False), "VpnProtocol": "openvpn", "TransportProtocol": asked.get("TransportProtocol", "udp"),
        "VpnPort": asked.get("VpnPort", 443), "ServerCertificateArn": asked["ServerCertificateArn"],
        "AssociatedTargetNetworks": [{"NetworkId": one.subnet, "NetworkType": "vpc"} for one in endpoint.associations],
        "AuthenticationOptions": [{"Type": one["Type"], "MutualAuthentication": {
            "ClientRootCertificateChain": one["MutualAuthentication"]["ClientRootCertificateChainArn"]}} for one in asked["AuthenticationOptions"]],
        "ConnectionLogOptions": {"Enabled": logs.get("Enabled", False), **({"CloudwatchLogGroup": logs["CloudwatchLogGroup"], "CloudwatchLogStream":
                                 logs.get("CloudwatchLogStream") or f"{endpoint.id}-{region.name}-stream"} if logs.get("Enabled") else {})},
        "Tags": region.tag_list(endpoint.id), "SecurityGroupIds": endpoint.groups, "ClientConnectOptions": {"Enabled": False},
        "SessionTimeoutHours": asked.get("SessionTimeoutHours", 24), "ClientLoginBannerOptions": asked.get("ClientLoginBannerOptions") or {"Enabled": False}}
    return {**told, **({"VpcId": endpoint.vpc} if endpoint.vpc else {})}


# --- configuration and revocation list ---

def export_configuration(region, given):
    endpoint = open_endpoint(region, given)
    if not endpoint.associations:
        raise AwsError("InvalidClientVpnActiveAssociationNotFound", f"Endpoint {endpoint.id} does not have any active associations")
    text = region.world.hook.client_configuration(region, endpoint)
    return {"ClientConfiguration": configuration(region, endpoint) if text is None else text}


def configuration(region, endpoint):
    certificate = region.certificates[endpoint.settings["ServerCertificateArn"]]
    chain = "\n".join(blocks(certificate.chain) or blocks(certificate.body))
    return (f"client\ndev tun\nproto {endpoint.settings.get('TransportProtocol', 'udp')}\nremote {endpoint.dns_name} {endpoint.settings.get('VpnPort', 443)}\n"
            "remote-random-hostname\nresolv-retry infinite\nnobind\nremote-cert-tls server\ncipher AES-256-GCM\nverb 3\n"
            f"<ca>\n{chain}\n\n</ca>\n\n\nreneg-sec 0\n\nverify-x509-name {certificate.domain} name\n")


def import_crl(region, given):
    endpoint, text = open_endpoint(region, given), given["CertificateRevocationList"]
    if "-----BEGIN X509 CRL-----" not in text:
        _refuse("The Certificate Revocation List is malformed")
    endpoint.crl = text
    endpoint.crl_course = Course(region.world.clock, ("pending", region.world.delays["crl"]), ("active", FOREVER))
    region.world.hook.crl_changed(region, endpoint)
    return {"Return": True}


def export_crl(region, given):
    """An endpoint that never got a list has neither text nor status."""
    endpoint = open_endpoint(region, given)
    return {"CertificateRevocationList": endpoint.crl, "Status": {"Code": endpoint.crl_course.state}} if endpoint.crl else {}


ACTIONS = {"CreateClientVpnEndpoint": create_endpoint, "ModifyClientVpnEndpoint": modify_endpoint, "DeleteClientVpnEndpoint": delete_endpoint,
           "DescribeClientVpnEndpoints": describe_endpoints, "ExportClientVpnClientConfiguration": export_configuration,
           "ImportClientVpnClientCertificateRevocationList": import_crl, "ExportClientVpnClientCertificateRevocationList": export_crl}
