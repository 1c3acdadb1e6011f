"""What two worlds are compared by: every lasting thing, random ids replaced by what a person would call it."""
import json
import re

RANDOM_ID = re.compile(r"\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b|arn:aws:acm:[\w:-]+/[0-9a-f-]{36}")


def names(region):
    """id -> name that does not depend on chance."""
    known = {}
    for vpc_id, vpc in region.vpcs.items():
        known[vpc_id] = f"vpc {vpc['CidrBlock']}"
    for subnet_id, subnet in region.subnets.items():
        known[subnet_id] = f"subnet {subnet['CidrBlock']}"
    for group_id, group in region.groups.items():
        known[group_id] = f"group {group['GroupName']} of {known.get(group['VpcId'], '?')}"
    for arn, certificate in region.certificates.items():
        known[arn] = f"certificate {certificate.domain} {_tag_words(region, arn)}".strip()
    for endpoint_id, endpoint in region.endpoints.items():
        known[endpoint_id] = f"endpoint {endpoint.settings.get('Description', '')} {_tag_words(region, endpoint_id)}".strip()
    for table_id, table in region.route_tables.items():
        known[table_id] = f"routes of {known.get(table['VpcId'], '?')}"
    return known


def _tag_words(region, of):
    return " ".join(f"{key}={value}" for key, value in sorted(region.tags.get(of, {}).items()))


def describe(region):
    known = names(region)
    told = {
        "vpcs": list(region.vpcs.values()), "subnets": list(region.subnets.values()), "route_tables": list(region.route_tables.values()),
        "groups": list(region.groups.values()), "rules": [_without(rule, "SecurityGroupRuleId") for rule in region.rules.values()],
        "interfaces": [_interface(one) for one in region.interfaces.values()],
        "clusters": list(region.clusters.values()), "subnet_groups": list(region.subnet_groups.values()),
        "certificates": [one.domain for one in region.certificates.values()],
        "endpoints": [_endpoint(one) for one in region.endpoints.values()],
        "log_groups": [one.name for one in region.log_groups.values()],
        "tags": [{"of": of, **tags} for of, tags in region.tags.items() if tags],
    }
    return {kind: sorted((_plain(one, known) for one in all_of), key=lambda one: json.dumps(one, sort_keys=True)) for kind, all_of in told.items()}


def _without(one, *keys):
    return {key: value for key, value in one.items() if key not in keys}


def _interface(one):
    """Client VPN's own take whatever address is free."""
    if one.get("RequesterManaged"):
        return {"Description": one["Description"].split(" ")[0], "SubnetId": one["SubnetId"], "Groups": [group["GroupId"] for group in one["Groups"]]}
    return one


def _endpoint(endpoint):
    return {
        "state": endpoint.state, "settings": _without(endpoint.settings, "ClientToken", "TagSpecifications", "DryRun"), "vpc": endpoint.vpc,
        "groups": endpoint.groups, "crl": endpoint.crl,
        "associations": sorted([one.subnet, one.course.state, *one.groups] for one in endpoint.associations),
        "rules": sorted([one.cidr, one.group, one.description, one.course.state] for one in endpoint.rules),
        "routes": sorted([one.destination, one.subnet, one.origin, one.description, one.course.state] for one in endpoint.routes),
    }


def _plain(value, known):
    """JSON of it, lists of ids in an order of their own."""
    if isinstance(value, dict):
        return {str(key): _plain(item, known) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        items = [_plain(item, known) for item in value]
        return sorted(items, key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, str):
        return RANDOM_ID.sub(lambda found: known.get(found.group(0), re.sub(r"[0-9a-f-]{17,}$", "", found.group(0))), value)
    return value if isinstance(value, (int, float, bool, type(None))) else type(value).__name__  # times are not compared


def things(region):
    """One line for each thing that somebody could have left behind."""
    where = region.name
    for kind in ("vpcs", "subnets", "route_tables", "groups", "rules", "interfaces", "clusters", "subnet_groups", "certificates", "endpoints", "log_groups"):
        for one in getattr(region, kind):
            yield f"{where} {kind} {one}"
    for endpoint in region.endpoints.values():
        yield from (f"{where} {endpoint.id} association {one.id}" for one in endpoint.associations)
        yield from (f"{where} {endpoint.id} rule {one.cidr} {one.group}" for one in endpoint.rules)
        yield from (f"{where} {endpoint.id} route {one.destination} {one.subnet}" for one in endpoint.routes)
        if endpoint.crl:
            yield f"{where} {endpoint.id} crl"
    for of, tags in region.tags.items():
        yield from (f"{where} tag {of} {key}={value}" for key, value in tags.items())
