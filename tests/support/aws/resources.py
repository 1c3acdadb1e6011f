"""Which resources an action touches, as ARNs with their tags: what IAM decides about."""
import dataclasses

# Parameter -> what the ARN says in front of its value.
EC2_PARAMETERS = {"ClientVpnEndpointId": "client-vpn-endpoint", "GroupId": "security-group", "GroupIds": "security-group",
                  "SecurityGroupIds": "security-group", "SubnetId": "subnet", "TargetVpcSubnetId": "subnet", "VpcId": "vpc",
                  "SecurityGroupRuleIds": "security-group-rule"}
# What these make has no name yet: TYPE/*.
CREATES = {"CreateSecurityGroup": "security-group", "CreateClientVpnEndpoint": "client-vpn-endpoint", "AuthorizeSecurityGroupIngress": "security-group-rule"}
ID_TYPES = {"sg": "security-group", "sgr": "security-group-rule", "vpc": "vpc", "subnet": "subnet", "eni": "network-interface", "rtb": "route-table",
            "cvpn": "client-vpn-endpoint"}
EVERYTHING = "*"


@dataclasses.dataclass
class Resource:
    arn: str
    tags: dict
    new: bool = False  # the request makes or tags it: aws:RequestTag holds for it


def resources(region, service, action, given):
    """At least one: actions that know no resources are asked about `*`."""
    if action.startswith(("Describe", "List", "Filter")) and service in ("ec2", "sts"):
        return [Resource(EVERYTHING, {})]
    return {"ec2": _ec2, "acm": _acm, "logs": _logs, "memorydb": _memorydb}.get(service, _nothing)(region, action, given) or [Resource(EVERYTHING, {})]


def _nothing(region, action, given):
    del region, action, given
    return []


def _ec2(region, action, given):
    if action in ("CreateTags", "DeleteTags"):
        return [_named(region, ID_TYPES.get(one.split("-")[0], "unknown"), one, new=True) for one in given["Resources"]]
    found = []
    for name, kind in EC2_PARAMETERS.items():
        values = given.get(name, [])
        found += [_named(region, kind, one) for one in (values if isinstance(values, list) else [values])]
    if action in CREATES:
        found.append(Resource(region.arn("ec2", f"{CREATES[action]}/*"), {}, new=True))
    return found


def _named(region, kind, name, new=False):
    return Resource(region.arn("ec2", f"{kind}/{name}"), dict(region.tags.get(name, {})), new)


def _acm(region, action, given):
    arn = given.get("CertificateArn")
    if arn:
        return [Resource(arn, dict(region.tags.get(arn, {})), action == "AddTagsToCertificate")]
    return [Resource(region.arn("acm", "certificate/*"), {}, True)] if action == "ImportCertificate" else []


def _logs(region, action, given):
    name = given.get("logGroupName")
    arn = region.arn("logs", f"log-group:{name}")
    return [Resource(arn, dict(region.tags.get(arn, {})), action == "CreateLogGroup")] if name else []


def _memorydb(region, action, given):
    del action
    words = {"ClusterName": "cluster", "SubnetGroupName": "subnetgroup", "ACLName": "acl", "UserName": "user"}
    return [Resource(region.arn("memorydb", f"{kind}/{given[name]}"), {}) for name, kind in words.items() if given.get(name)]


def made(region, service, reply):
    """ARNs of what an answer names: mostly what the action has just made."""
    kinds = {"ClientVpnEndpointId": "client-vpn-endpoint", "GroupId": "security-group"}
    found = [region.arn("ec2", f"{kind}/{reply[name]}") for name, kind in kinds.items() if service == "ec2" and isinstance(reply.get(name), str)]
    return found + ([reply["CertificateArn"]] if "CertificateArn" in reply else [])


def request_tags(given):
    """Those that the request would put on something."""
    listed = [tag for one in given.get("TagSpecifications", []) for tag in one.get("Tags", [])]
    listed += [tag for tag in (given.get("Tags") or []) if isinstance(tag, dict)]
    return {**{tag["Key"]: tag.get("Value", "") for tag in listed}, **(given.get("tags") or {})}
