"""Security groups and their rules."""
import ipaddress

from .failure import AwsError
from .paging import filtered, page

EVERYWHERE = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}


def need_group(region, group_id, code="InvalidGroup.NotFound"):
    if group_id not in region.groups:
        raise AwsError(code, f"The security group '{group_id}' does not exist")
    return region.groups[group_id]


def default_group(region, vpc_id):
    return next(one["GroupId"] for one in region.groups.values() if one["VpcId"] == vpc_id and one["GroupName"] == "default")


def rules_of(region, group_id):
    return [one for one in region.rules.values() if one["GroupId"] == group_id]


def add_rule(region, group_id, egress=False, **about):
    """about: IpProtocol, FromPort, ToPort and one of CidrIpv4, CidrIpv6, ReferencedGroupInfo, PrefixListId; Description."""
    rule_id = region.world.new_id("sgr-0")
    region.rules[rule_id] = {"SecurityGroupRuleId": rule_id, "GroupId": group_id, "GroupOwnerId": region.account, "IsEgress": egress, **about}
    return rule_id


def add_group(region, vpc_id, name, description):
    group_id = region.world.new_id("sg-0")
    region.groups[group_id] = {"GroupId": group_id, "GroupName": name, "Description": description, "VpcId": vpc_id, "OwnerId": region.account}
    add_rule(region, group_id, egress=True, **EVERYWHERE)
    return group_id


# --- describe ---

def _described(region, group):
    rules = rules_of(region, group["GroupId"])
    return {**group, "IpPermissions": _permissions(region, [one for one in rules if not one["IsEgress"]]),
            "IpPermissionsEgress": _permissions(region, [one for one in rules if one["IsEgress"]]), "Tags": region.tag_list(group["GroupId"])}


def _permissions(region, rules):
    """Rules of the same protocol and ports are one permission."""
    merged = {}
    for rule in rules:
        key = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        one = merged.setdefault(key, {"IpProtocol": key[0], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []})
        if key[0] != "-1":
            one.update(FromPort=key[1], ToPort=key[2])
        said = {"Description": rule["Description"]} if rule.get("Description") else {}
        if "CidrIpv4" in rule:
            one["IpRanges"].append({"CidrIp": rule["CidrIpv4"], **said})
        elif "CidrIpv6" in rule:
            one["Ipv6Ranges"].append({"CidrIpv6": rule["CidrIpv6"], **said})
        elif "PrefixListId" in rule:
            one["PrefixListIds"].append({"PrefixListId": rule["PrefixListId"], **said})
        else:
            one["UserIdGroupPairs"].append({"GroupId": rule["ReferencedGroupInfo"]["GroupId"], "UserId": region.account, **said})
    return list(merged.values())


def describe_security_groups(region, given):
    for one in given.get("GroupIds", []):
        need_group(region, one)
    found = [one for one in region.groups.values() if not given.get("GroupIds") or one["GroupId"] in given["GroupIds"]]
    found = filtered(found, given, {
        "vpc-id": lambda one: one["VpcId"], "group-id": lambda one: one["GroupId"], "group-name": lambda one: one["GroupName"],
        "description": lambda one: one["Description"],
        "ip-permission.group-id": lambda one: [rule["ReferencedGroupInfo"]["GroupId"] for rule in rules_of(region, one["GroupId"])
                                               if "ReferencedGroupInfo" in rule and not rule["IsEgress"]]},
        lambda one: region.tags.get(one["GroupId"], {}))
    return page(region.world, [_described(region, one) for one in found], given, "SecurityGroups")


def describe_security_group_rules(region, given):
    for one in given.get("SecurityGroupRuleIds", []):
        _need_rule(region, one)
    found = [one for one in region.rules.values() if not given.get("SecurityGroupRuleIds") or one["SecurityGroupRuleId"] in given["SecurityGroupRuleIds"]]
    found = filtered(found, given, {"group-id": lambda one: one["GroupId"], "security-group-rule-id": lambda one: one["SecurityGroupRuleId"]},
                     lambda one: region.tags.get(one["SecurityGroupRuleId"], {}))
    return page(region.world, [_told(region, one) for one in found], given, "SecurityGroupRules")


def _told(region, rule):
    return {**rule, "Tags": region.tag_list(rule["SecurityGroupRuleId"])}


# --- change ---

def create_security_group(region, given):
    name, vpc_id = given["GroupName"], given.get("VpcId")
    if vpc_id is None:
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    if vpc_id not in region.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    if name == "default" or name.startswith("sg-"):
        raise AwsError("InvalidParameterValue" if name != "default" else "InvalidGroup.Reserved", f"Cannot use reserved security group name: {name}")
    if any(one["GroupName"] == name and one["VpcId"] == vpc_id for one in region.groups.values()):
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'")
    made = add_group(region, vpc_id, name, given["Description"])
    region.tags_from(given, "security-group", made)
    return {"GroupId": made, "Tags": region.tag_list(made)}


def delete_security_group(region, given):
    if not given.get("GroupId"):
        raise AwsError("MissingParameter", "The request must contain the parameter groupName or groupId")
    group = need_group(region, given["GroupId"])
    group_id = group["GroupId"]
    if group["GroupName"] == "default":
        raise AwsError("CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user')
    referenced = any(one.get("ReferencedGroupInfo", {}).get("GroupId") == group_id and one["GroupId"] != group_id for one in region.rules.values())
    worn = any(each["GroupId"] == group_id for one in region.interfaces.values() for each in one["Groups"])
    if referenced or worn or any(group_id in one.groups for one in region.endpoints.values()):
        raise AwsError("DependencyViolation", f"resource {group_id} has a dependent object")
    for rule in rules_of(region, group_id):
        _remove_rule(region, rule["SecurityGroupRuleId"])
    del region.groups[group_id]
    region.tags.pop(group_id, None)
    return {}


def _remove_rule(region, rule_id):
    del region.rules[rule_id]
    region.tags.pop(rule_id, None)


def _need_rule(region, rule_id):
    if rule_id not in region.rules:
        raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")
    return region.rules[rule_id]


def _asked_group(region, given):
    if not given.get("GroupId"):
        raise AwsError("MissingParameter", "The request must contain the parameter groupName or groupId")
    return need_group(region, given["GroupId"])["GroupId"]


def _asked_rules(region, given):
    """The single rules that IpPermissions, or the old way to say one, stand for."""
    permissions = given.get("IpPermissions")
    if permissions is None:
        permissions = [{"IpProtocol": given.get("IpProtocol"), "FromPort": given.get("FromPort"), "ToPort": given.get("ToPort"),
                        "IpRanges": [{"CidrIp": given["CidrIp"]}] if given.get("CidrIp") else []}]
    rules = [rule for permission in permissions for rule in _single_rules(region, permission)]
    if not rules:
        raise AwsError("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
    return rules


def _single_rules(region, permission):
    protocol = {"6": "tcp", "17": "udp", "all": "-1"}.get(permission.get("IpProtocol"), permission.get("IpProtocol"))
    if protocol is None:
        raise AwsError("MissingParameter", "The request must contain the parameter ipProtocol")
    base = {"IpProtocol": protocol, "FromPort": permission.get("FromPort"), "ToPort": permission.get("ToPort")}
    if protocol == "-1":
        base.update(FromPort=-1, ToPort=-1)
    elif None in base.values() or not 0 <= base["FromPort"] <= base["ToPort"] <= 65535:
        raise AwsError("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
    for one in permission.get("IpRanges", []):
        yield {**base, "CidrIpv4": _cidr(one["CidrIp"]), **_said(one)}
    for one in permission.get("Ipv6Ranges", []):
        yield {**base, "CidrIpv6": _cidr(one["CidrIpv6"]), **_said(one)}
    for one in permission.get("PrefixListIds", []):
        yield {**base, "PrefixListId": one["PrefixListId"], **_said(one)}
    for one in permission.get("UserIdGroupPairs", []):
        need_group(region, one.get("GroupId", ""))
        yield {**base, "ReferencedGroupInfo": {"GroupId": one["GroupId"], "UserId": region.account}, **_said(one)}


def _said(one):
    return {"Description": one["Description"]} if one.get("Description") else {}


def _cidr(text):
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise AwsError("InvalidParameterValue", f"CIDR block {text} is malformed") from None


def _key(rule):
    peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or rule["ReferencedGroupInfo"]["GroupId"]
    return rule["IpProtocol"], rule["FromPort"], rule["ToPort"], peer


def authorize_security_group_ingress(region, given):
    group_id = _asked_group(region, given)
    rules = _asked_rules(region, given)
    there = {_key(one) for one in rules_of(region, group_id) if not one["IsEgress"]}
    for rule in rules:
        if _key(rule) in there:
            protocol, first, last, peer = _key(rule)
            raise AwsError("InvalidPermission.Duplicate",
                           f'the specified rule "peer: {peer}, {protocol.upper()}, from port: {first}, to port: {last}, ALLOW" already exists')
    made = [add_rule(region, group_id, **rule) for rule in rules]
    for rule_id in made:
        region.tags_from(given, "security-group-rule", rule_id)
    return {"Return": True, "SecurityGroupRules": [_told(region, region.rules[one]) for one in made]}


def revoke_security_group_ingress(region, given):
    group_id = _asked_group(region, given)
    if given.get("SecurityGroupRuleIds"):
        for one in given["SecurityGroupRuleIds"]:
            if _need_rule(region, one)["GroupId"] != group_id:
                raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{one}' does not exist in {group_id}")
        going = given["SecurityGroupRuleIds"]
    else:
        there = {_key(one): one["SecurityGroupRuleId"] for one in rules_of(region, group_id) if not one["IsEgress"]}
        wanted = [_key(rule) for rule in _asked_rules(region, given)]
        if any(one not in there for one in wanted):
            raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
        going = [there[one] for one in wanted]
    for one in going:
        _remove_rule(region, one)
    return {"Return": True}


ACTIONS = {"DescribeSecurityGroups": describe_security_groups, "DescribeSecurityGroupRules": describe_security_group_rules,
           "CreateSecurityGroup": create_security_group, "DeleteSecurityGroup": delete_security_group,
           "AuthorizeSecurityGroupIngress": authorize_security_group_ingress, "RevokeSecurityGroupIngress": revoke_security_group_ingress}
