"""MemoryDB: what there is to read about a cluster. Nothing here changes one."""
from .failure import AwsError
from .paging import page


def _found(region, given, kept, key, fault, words):
    if not given.get(key):
        return list(kept.values())
    if given[key] not in kept:
        raise AwsError(fault, f"{words} {given[key]} not found." if words != "Cluster" else "Cluster not found: " + given[key])
    return [kept[given[key]]]


def describe_clusters(region, given):
    found = _found(region, given, region.clusters, "ClusterName", "ClusterNotFoundFault", "Cluster")
    if not given.get("ShowShardDetails"):
        found = [{key: value for key, value in one.items() if key != "Shards"} for one in found]
    return page(region.world, found, given, "Clusters", code="InvalidParameterValueException")


def describe_subnet_groups(region, given):
    found = _found(region, given, region.subnet_groups, "SubnetGroupName", "SubnetGroupNotFoundFault", "Subnet group")
    return page(region.world, found, given, "SubnetGroups", code="InvalidParameterValueException")


def describe_acls(region, given):
    found = _found(region, given, region.acls, "ACLName", "ACLNotFoundFault", "ACL")
    return page(region.world, found, given, "ACLs", code="InvalidParameterValueException")


def describe_users(region, given):
    found = _found(region, given, region.users, "UserName", "UserNotFoundFault", "User")
    return page(region.world, found, given, "Users", code="InvalidParameterValueException")


def list_tags(region, given):
    return {"TagList": region.tag_list(given["ResourceArn"])}


ACTIONS = {"DescribeClusters": describe_clusters, "DescribeSubnetGroups": describe_subnet_groups, "DescribeACLs": describe_acls,
           "DescribeUsers": describe_users, "ListTags": list_tags}
