"""The stand-in for AWS itself: every action once, and what it must refuse. Asked by the botocore within the aws program, which is
the same wire; test_aws_wire.py has the program itself, and what a test can do to calls."""
import json

import pytest
from aws.course import FOREVER
from aws_account import TAGS, Account, account, files, pki, standin  # noqa: F401  # fixtures
from aws_client import client_of, refused
from fake_key_agent import openssl
from memdb import wait_for


# --- what there is to read ---

def test_a_cluster_is_what_the_lab_has(account):
    memorydb = client_of(account.endpoint, "memorydb")
    (cluster,) = memorydb.describe_clusters(ClusterName="demo")["Clusters"]
    assert "Shards" not in cluster and cluster["TLSEnabled"] and cluster["ClusterEndpoint"] == {"Address": "clustercfg.demo.lab.memorydb.test", "Port": 6379}
    (cluster,) = memorydb.describe_clusters(ShowShardDetails=True)["Clusters"]
    nodes = [node["Endpoint"]["Address"] for shard in cluster["Shards"] for node in shard["Nodes"]]
    assert len(nodes) == 6 and "demo-0002-001.demo.lab.memorydb.test" in nodes
    assert refused(memorydb.describe_clusters, ClusterName="other") == "ClusterNotFoundFault"
    (group,) = memorydb.describe_subnet_groups(SubnetGroupName=cluster["SubnetGroupName"])["SubnetGroups"]
    assert [one["Identifier"] for one in group["Subnets"]] == account.subnets
    assert memorydb.describe_acls(ACLName=cluster["ACLName"])["ACLs"][0]["UserNames"] == ["app"]
    assert memorydb.describe_users(UserName="app")["Users"][0]["Authentication"] == {"Type": "password", "PasswordCount": 1}
    assert memorydb.list_tags(ResourceArn=cluster["ARN"])["TagList"] == []
    assert client_of(account.endpoint, "memorydb", "eu-west-1").describe_clusters()["Clusters"] == [], "another region is empty"


def test_the_network_is_what_the_lab_has(account):
    ec2, group = account.ec2, account.endpoint.world.home.clusters["demo"]["SecurityGroups"][0]["SecurityGroupId"]
    assert ec2.describe_vpcs(VpcIds=[account.vpc])["Vpcs"][0]["CidrBlockAssociationSet"][0]["CidrBlock"] == "10.20.0.0/16"
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [account.vpc]}], SubnetIds=account.subnets)["Subnets"]
    assert [(one["CidrBlock"], one["AvailabilityZone"]) for one in subnets] == [
        ("10.20.1.0/24", "us-east-1a"), ("10.20.2.0/24", "us-east-1b"), ("10.20.3.0/24", "us-east-1c")]
    assert ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [account.vpc]}])["RouteTables"][0]["Routes"][0]["GatewayId"] == "local"
    faces = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]
    assert sorted(one["PrivateIpAddress"] for one in faces) == sorted(f"10.20.{shard}.{node}" for shard in (1, 2, 3) for node in (1, 2))
    assert refused(ec2.describe_subnets, SubnetIds=["subnet-00000000"]) == "InvalidSubnetID.NotFound"
    assert refused(ec2.describe_security_groups, GroupIds=["sg-00000000"]) == "InvalidGroup.NotFound"
    assert refused(ec2.describe_vpcs, Filters=[{"Name": "colour", "Values": ["red"]}]) == "InvalidParameterValue"
    assert client_of(account.endpoint, "sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize("options, check", [
    ({"in_default_group": True}, lambda e: e["groups"] == ["default"]),
    ({"open_to_world": True}, lambda e: e["ranges"] == ["0.0.0.0/0"]),
    ({"client_cidr_rule": "10.100.0.0/22"}, lambda e: e["ranges"] == ["10.100.0.0/22"]),
    ({"public_instances": 2}, lambda e: len(e["public"]) == 2),
    ({"small_subnet": True}, lambda e: e["subnets"][2][0] == "10.20.3.0/28"),
    ({"few_addresses": True}, lambda e: e["subnets"][2][2] == 11),
    ({"same_zone": True}, lambda e: e["subnets"][1][1] == e["subnets"][2][1]),
    ({"dedicated": True}, lambda e: e["tenancy"] == "dedicated"),
    ({"other_endpoint": True}, lambda e: e["endpoints"] == ["made by hand"]),
    ({"tls": False}, lambda e: e["acl"] == "open-access" and not e["tls"]),
    ({"open_access": True}, lambda e: e["acl"] == "open-access" and e["tls"]),
])
def test_what_an_account_can_have(standin, options, check):
    endpoint = standin(**options)
    ec2, (cluster,) = client_of(endpoint, "ec2"), client_of(endpoint, "memorydb").describe_clusters()["Clusters"]
    group = ec2.describe_security_groups(GroupIds=[cluster["SecurityGroups"][0]["SecurityGroupId"]])["SecurityGroups"][0]
    assert check({
        "groups": [group["GroupName"]], "ranges": [one["CidrIp"] for each in group["IpPermissions"] for one in each["IpRanges"]],
        "public": [one for one in ec2.describe_network_interfaces()["NetworkInterfaces"] if "Association" in one],
        "subnets": [(one["CidrBlock"], one["AvailabilityZone"], one["AvailableIpAddressCount"]) for one in ec2.describe_subnets()["Subnets"]],
        "tenancy": ec2.describe_vpcs()["Vpcs"][0]["InstanceTenancy"], "acl": cluster["ACLName"], "tls": cluster["TLSEnabled"],
        "endpoints": [one["Description"] for one in ec2.describe_client_vpn_endpoints()["ClientVpnEndpoints"]]})


def test_two_accounts_are_alike_whatever_their_ids(standin, files):
    accounts = [Account(standin(seed=seed), files) for seed in (1, 2)]
    assert accounts[0].vpc != accounts[1].vpc
    for one, order in zip(accounts, ((0, 1), (1, 0))):
        group = one.ec2.create_security_group(GroupName="vpn", Description="d", VpcId=one.vpc)["GroupId"]
        vpn = one.vpn(VpcId=one.vpc, SecurityGroupIds=[group], ClientToken=f"token {order}")
        for subnet in order:
            one.associate(vpn, subnet)
            one.ec2.authorize_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr=f"10.20.{subnet}.0/24", AuthorizeAllGroups=True)

    def alike():
        return accounts[0].endpoint.snapshot() == accounts[1].endpoint.snapshot()

    wait_for(alike, 5, "alike, once nothing is on its way any more")
    accounts[0].ec2.create_tags(Resources=[accounts[0].subnets[0]], Tags=TAGS)
    assert not alike()


# --- security groups and certificates ---

def test_groups_and_rules(account):
    ec2, before = account.ec2, account.endpoint.snapshot()
    made = ec2.create_security_group(GroupName="vpn", Description="d", VpcId=account.vpc, TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}])
    assert made["Tags"] == TAGS
    assert refused(ec2.create_security_group, GroupName="vpn", Description="d", VpcId=account.vpc) == "InvalidGroup.Duplicate"
    cluster = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["memorydb-*"]}])["SecurityGroups"][0]["GroupId"]
    pair = {"GroupId": made["GroupId"], "Description": "vpn"}
    words = {"GroupId": cluster, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "UserIdGroupPairs": [pair]}]}
    (rule,) = ec2.authorize_security_group_ingress(**words, TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": TAGS}])["SecurityGroupRules"]
    assert rule["ReferencedGroupInfo"]["GroupId"] == made["GroupId"] and rule["Tags"] == TAGS
    assert refused(ec2.authorize_security_group_ingress, **words) == "InvalidPermission.Duplicate"
    assert refused(ec2.delete_security_group, GroupId=made["GroupId"]) == "DependencyViolation"
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [cluster, made["GroupId"]]}])["SecurityGroupRules"]
    assert sorted(one["IsEgress"] for one in found) == [False, True, True]
    assert ec2.describe_security_group_rules(Filters=[{"Name": "tag:memdb", "Values": ["demo"]}])["SecurityGroupRules"] == [rule]
    assert ec2.describe_security_groups(Filters=[{"Name": "tag-key", "Values": ["memdb"]}])["SecurityGroups"][0]["GroupId"] == made["GroupId"]
    ec2.create_tags(Resources=[made["GroupId"]], Tags=[{"Key": "more", "Value": "x"}])
    ec2.delete_tags(Resources=[made["GroupId"]], Tags=[{"Key": "more"}])
    assert refused(ec2.create_tags, Resources=["sg-00000000"], Tags=TAGS) == "InvalidGroup.NotFound"
    ec2.revoke_security_group_ingress(GroupId=cluster, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert refused(ec2.revoke_security_group_ingress, GroupId=cluster, IpPermissions=words["IpPermissions"]) == "InvalidPermission.NotFound"
    assert len(account.endpoint.leftovers()) == 3, "the group, its way out, its tag"
    ec2.delete_security_group(GroupId=made["GroupId"])
    assert account.endpoint.is_as_before() and account.endpoint.snapshot() == before and account.endpoint.leftovers() == []


def test_certificates(account, files):
    acm = account.acm
    arn = files.imported(acm, Tags=TAGS)
    assert acm.list_certificates()["CertificateSummaryList"][0]["CertificateArn"] == arn
    told = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (told["DomainName"], told["Type"], told["Status"], told["KeyAlgorithm"], told["InUseBy"]) == ("server.test", "IMPORTED", "ISSUED", "RSA_2048", [])
    serial = openssl("x509", "-noout", "-serial", given=files.leaf.decode()).strip().split("=")[1]
    assert told["Serial"].replace(":", "").upper() == serial and told["NotAfter"] > told["NotBefore"]
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == TAGS
    assert files.imported(acm, CertificateArn=arn) == arn and acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == TAGS
    assert acm.get_certificate(CertificateArn=arn)["CertificateChain"].strip() == files.chain.decode().strip()
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "more", "Value": "x"}])
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "more"}])
    acm.delete_certificate(CertificateArn=arn)
    assert refused(acm.describe_certificate, CertificateArn=arn) == "ResourceNotFoundException" and account.endpoint.is_as_before()


@pytest.mark.parametrize("change", [
    lambda f, w: w.update(Certificate=f.with_dump), lambda f, w: w.update(CertificateChain=f.leaf + f.chain), lambda f, w: w.update(Certificate=f.leaf + f.chain),
    lambda f, w: w.update(PrivateKey=openssl("genpkey", "-algorithm", "RSA").encode()), lambda f, w: w.pop("CertificateChain"),
    lambda f, w: w.update(PrivateKey=openssl("pkcs8", "-topk8", "-passout", "pass:abcd", given=f.key.decode()).encode()),
    lambda f, w: w.update(Tags=TAGS, CertificateArn="ARN"), lambda f, w: w.update(Certificate=b"nothing"),
], ids=["a dump in words", "a chain with the leaf", "two certificates", "another key", "no chain", "an encrypted key", "tags again", "no PEM"])
def test_a_certificate_that_acm_does_not_take(account, files, change):
    words = {"Certificate": files.leaf, "PrivateKey": files.key, "CertificateChain": files.chain}
    change(files, words)
    if "CertificateArn" in words:
        words["CertificateArn"] = files.imported(account.acm)
    assert refused(account.acm.import_certificate, **words) == "ValidationException"


# --- Client VPN ---

def test_an_endpoint_from_nothing_to_nothing(account, files):
    ec2, endpoint = account.ec2, account.endpoint
    vpn = account.vpn()
    (told,) = ec2.describe_client_vpn_endpoints(Filters=[{"Name": "tag:memdb", "Values": ["demo"]}])["ClientVpnEndpoints"]
    assert told["DnsName"].startswith("*.cvpn-endpoint-") and told["Status"]["Code"] == "pending-associate" and told["Tags"] == TAGS and told["SplitTunnel"]
    assert "VpcId" not in told and not told["SecurityGroupIds"]
    assert refused(ec2.export_client_vpn_client_configuration, ClientVpnEndpointId=vpn) == "InvalidClientVpnActiveAssociationNotFound"
    made = ec2.associate_client_vpn_target_network(ClientVpnEndpointId=vpn, SubnetId=account.subnets[0])
    assert made["Status"]["Code"] == "associating" and account.state(vpn) == "pending-associate"
    wait_for(lambda: account.state(vpn) == "available" and account.associations(vpn) == ["associated"], 5, "associated")
    default = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]["GroupId"]
    (network,) = ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=vpn)["ClientVpnTargetNetworks"]
    assert network["SecurityGroups"] == [default] and network["VpcId"] == account.vpc, "the VPC's default group, as the document warns"
    (face,) = ec2.describe_network_interfaces(Filters=[{"Name": "requester-managed", "Values": ["true"]}])["NetworkInterfaces"]
    assert face["Groups"][0]["GroupId"] == default and face["Association"]["PublicIp"]
    (local,) = ec2.describe_client_vpn_routes(ClientVpnEndpointId=vpn)["Routes"]
    assert (local["DestinationCidr"], local["Origin"], local["TargetSubnet"]) == ("10.20.0.0/16", "associate", account.subnets[0])

    group = ec2.create_security_group(GroupName="vpn", Description="d", VpcId=account.vpc)["GroupId"]
    ec2.apply_security_groups_to_client_vpn_target_network(ClientVpnEndpointId=vpn, VpcId=account.vpc, SecurityGroupIds=[group])
    assert refused(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert ec2.authorize_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr="10.20.0.0/16", AuthorizeAllGroups=True)["Status"]["Code"] == "authorizing"
    route = {"ClientVpnEndpointId": vpn, "DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": account.subnets[0]}
    assert ec2.create_client_vpn_route(**route)["Status"]["Code"] == "creating"
    wait_for(lambda: ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=vpn)["AuthorizationRules"][0]["Status"]["Code"] == "active", 5, "active")
    wait_for(lambda: {one["Status"]["Code"] for one in ec2.describe_client_vpn_routes(ClientVpnEndpointId=vpn)["Routes"]} == {"active"}, 5, "active")
    text = ec2.export_client_vpn_client_configuration(ClientVpnEndpointId=vpn)["ClientConfiguration"]
    assert files.chain.decode().strip() in text and "verify-x509-name server.test name" in text and f"remote {told['DnsName'][2:]} 443" in text

    assert refused(account.acm.delete_certificate, CertificateArn=told["ServerCertificateArn"]) == "ResourceInUseException"
    assert refused(ec2.delete_client_vpn_endpoint, ClientVpnEndpointId=vpn) == "ClientVpnEndpointAssociationExists"
    ec2.revoke_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr="10.20.0.0/16", RevokeAllGroups=True)
    ec2.delete_client_vpn_route(**route)
    wait_for(lambda: not ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=vpn)["AuthorizationRules"], 5, "revoked")
    assert ec2.disassociate_client_vpn_target_network(ClientVpnEndpointId=vpn, AssociationId=made["AssociationId"])["Status"]["Code"] == "disassociating"
    assert ec2.describe_client_vpn_routes(ClientVpnEndpointId=vpn)["Routes"] == []
    wait_for(lambda: account.associations(vpn) == [], 5, "disassociated and forgotten")
    assert ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=vpn)["Status"]["Code"] == "deleting"
    wait_for(lambda: not ec2.describe_client_vpn_endpoints()["ClientVpnEndpoints"], 5, "deleted")
    assert refused(ec2.describe_client_vpn_routes, ClientVpnEndpointId=vpn) == "InvalidClientVpnEndpointId.NotFound"
    ec2.delete_security_group(GroupId=group)
    account.acm.delete_certificate(CertificateArn=told["ServerCertificateArn"])
    assert endpoint.leftovers() == [] and endpoint.is_as_before()


@pytest.mark.parametrize("code, words", [
    ("InvalidParameterValue", {"ClientCidrBlock": "10.100.0.0/23"}), ("InvalidParameterValue", {"ClientCidrBlock": "10.0.0.0/11"}),
    ("InvalidParameterValue", {"ClientCidrBlock": "10.100.0.1/22"}), ("InvalidParameterValue", {"ClientCidrBlock": "10.20.4.0/22", "VpcId": "VPC"}),
    ("InvalidParameterValue", {"ServerCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/none"}), ("InvalidParameterValue", {"VpnPort": 1195}),
    ("InvalidParameterValue", {"SessionTimeoutHours": 9}), ("MissingParameter", {"SecurityGroupIds": ["sg-1"]}),
    ("InvalidParameterValue", {"ConnectionLogOptions": {"Enabled": True, "CloudwatchLogGroup": "none"}}),
])
def test_an_endpoint_that_ec2_does_not_make(account, code, words):
    arn = account.files.imported(account.acm)
    words = {**words, **({"VpcId": account.vpc} if "VpcId" in words else {})}
    assert refused(account.ec2.create_client_vpn_endpoint, **account.endpoint_words(arn, **words)) == code


def test_an_endpoint_is_made_once_for_a_token(account):
    arn = account.files.imported(account.acm)
    words = account.endpoint_words(arn, ClientToken="one")
    first, second = (account.ec2.create_client_vpn_endpoint(**words)["ClientVpnEndpointId"] for _ in range(2))
    assert first == second
    assert refused(account.ec2.create_client_vpn_endpoint, **{**words, "ClientCidrBlock": "10.104.0.0/22"}) == "IdempotentParameterMismatch"
    assert account.ec2.create_client_vpn_endpoint(**{**words, "ClientToken": "two"})["ClientVpnEndpointId"] != first


def test_an_endpoint_with_groups_of_its_own_can_be_changed(account):
    group = account.ec2.create_security_group(GroupName="vpn", Description="d", VpcId=account.vpc)["GroupId"]
    vpn = account.vpn(VpcId=account.vpc, SecurityGroupIds=[group])
    account.associate(vpn)
    assert account.ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=vpn)["ClientVpnTargetNetworks"][0]["SecurityGroups"] == [group]
    client_of(account.endpoint, "logs").create_log_group(logGroupName="/vpn", tags={"memdb": "demo"})
    account.ec2.modify_client_vpn_endpoint(ClientVpnEndpointId=vpn, Description="new", VpnPort=1194, DnsServers={"CustomDnsServers": ["10.20.0.2"], "Enabled": True},
                                           ConnectionLogOptions={"Enabled": True, "CloudwatchLogGroup": "/vpn"}, SessionTimeoutHours=8)
    (told,) = account.ec2.describe_client_vpn_endpoints()["ClientVpnEndpoints"]
    assert (told["Description"], told["VpnPort"], told["DnsServers"], told["SessionTimeoutHours"]) == ("new", 1194, ["10.20.0.2"], 8)
    assert told["ConnectionLogOptions"]["CloudwatchLogGroup"] == "/vpn"


@pytest.mark.parametrize("options, subnet, code", [
    ({"small_subnet": True}, 2, "InvalidParameterValue"), ({"few_addresses": True}, 2, "InvalidParameterValue"), ({"dedicated": True}, 2, "InvalidParameterValue"),
    ({"same_zone": True}, 2, "InvalidClientVpnSubnetId.DuplicateAz"), ({}, 1, "InvalidClientVpnDuplicateAssociationException")])
def test_a_subnet_that_cannot_be_associated(standin, files, options, subnet, code):
    account = Account(standin(**options), files)
    vpn = account.vpn()
    if not options.get("dedicated"):
        account.associate(vpn, 1)
    assert refused(account.ec2.associate_client_vpn_target_network, ClientVpnEndpointId=vpn, SubnetId=account.subnets[subnet]) == code


def test_what_exists_is_not_made_twice(account):
    ec2, vpn = account.ec2, account.vpn()
    rule = {"ClientVpnEndpointId": vpn, "TargetNetworkCidr": "10.20.0.0/16", "AuthorizeAllGroups": True}
    route = {"ClientVpnEndpointId": vpn, "DestinationCidrBlock": "0.0.0.0/0", "TargetVpcSubnetId": account.subnets[1]}
    ec2.authorize_client_vpn_ingress(**rule)
    assert refused(ec2.authorize_client_vpn_ingress, **rule) == "InvalidClientVpnDuplicateAuthorizationRule"
    assert refused(ec2.create_client_vpn_route, **route) == "InvalidClientVpnActiveAssociationNotFound"
    account.associate(vpn, 1)
    ec2.create_client_vpn_route(**route)
    assert refused(ec2.create_client_vpn_route, **route) == "InvalidClientVpnDuplicateRoute"
    assert refused(ec2.delete_client_vpn_route, **{**route, "DestinationCidrBlock": "10.0.0.0/8"}) == "InvalidClientVpnRouteNotFound"
    assert refused(ec2.revoke_client_vpn_ingress, ClientVpnEndpointId=vpn, TargetNetworkCidr="10.0.0.0/8", RevokeAllGroups=True) == \
        "InvalidClientVpnEndpointAuthorizationRuleNotFound"
    assert refused(ec2.disassociate_client_vpn_target_network, ClientVpnEndpointId=vpn, AssociationId="cvpn-assoc-0") == "InvalidClientVpnAssociationIdNotFound"


def test_an_association_can_fail_and_an_endpoint_hang(account):
    account.endpoint.fail_association(account.subnets[0])
    account.endpoint.set_delays(delete=FOREVER)
    vpn = account.vpn()
    made = account.associate(vpn)
    assert account.associations(vpn) == ["association-failed"] and account.state(vpn) == "pending-associate"
    account.ec2.disassociate_client_vpn_target_network(ClientVpnEndpointId=vpn, AssociationId=made)
    wait_for(lambda: account.associations(vpn) == [], 5, "gone")
    account.ec2.delete_client_vpn_endpoint(ClientVpnEndpointId=vpn)
    assert account.state(vpn) == "deleting"
    assert refused(account.ec2.associate_client_vpn_target_network, ClientVpnEndpointId=vpn, SubnetId=account.subnets[0]) == "InvalidClientVpnEndpointId.NotFound"


def test_a_revocation_list(account):
    ec2, vpn, crl = account.ec2, account.vpn(), account.files.crl
    assert {"CertificateRevocationList", "Status"} & set(ec2.export_client_vpn_client_certificate_revocation_list(ClientVpnEndpointId=vpn)) == set()
    ec2.import_client_vpn_client_certificate_revocation_list(ClientVpnEndpointId=vpn, CertificateRevocationList=crl)
    told = ec2.export_client_vpn_client_certificate_revocation_list(ClientVpnEndpointId=vpn)
    assert told["CertificateRevocationList"] == crl
    wait_for(lambda: ec2.export_client_vpn_client_certificate_revocation_list(ClientVpnEndpointId=vpn)["Status"]["Code"] == "active", 5, "active")
    assert refused(ec2.import_client_vpn_client_certificate_revocation_list, ClientVpnEndpointId=vpn, CertificateRevocationList="none") == "InvalidParameterValue"


def test_connections(account):
    ec2, vpn = account.ec2, account.vpn()
    one, two = (account.endpoint.connect(vpn, name) for name in ("laptop", "other"))
    account.endpoint.set_delays(terminated=60)
    told = ec2.describe_client_vpn_connections(ClientVpnEndpointId=vpn)["Connections"]
    assert [(each["ConnectionId"], each["CommonName"], each["Status"]["Code"], each["ConnectionEndTime"]) for each in told] == \
        [(one, "laptop", "active", "-"), (two, "other", "active", "-")] and told[0]["IngressBytes"] == "0"
    done = ec2.terminate_client_vpn_connections(ClientVpnEndpointId=vpn, ConnectionId=one)
    assert done["ConnectionStatuses"][0]["CurrentStatus"]["Code"] == "terminating"
    wait_for(lambda: ec2.describe_client_vpn_connections(ClientVpnEndpointId=vpn)["Connections"][0]["Status"]["Code"] == "terminated", 5, "terminated")
    assert refused(ec2.terminate_client_vpn_connections, ClientVpnEndpointId=vpn, ConnectionId=one) == "InvalidClientVpnConnection.IdNotFound"
    assert refused(ec2.terminate_client_vpn_connections, ClientVpnEndpointId=vpn, Username="x") == "InvalidClientVpnConnection.UserNotFound"


def test_logs(account):
    logs = client_of(account.endpoint, "logs")
    logs.create_log_group(logGroupName="/vpn", tags={"memdb": "demo"})
    assert refused(logs.create_log_group, logGroupName="/vpn") == "ResourceAlreadyExistsException"
    assert [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix="/v")["logGroups"]] == ["/vpn"]
    assert logs.list_tags_log_group(logGroupName="/vpn")["tags"] == {"memdb": "demo"}
    for at in (1000, 2000):
        account.endpoint.add_log_event("/vpn", "stream", at, {"connection-log-type": "connection-attempt", "common-name": "laptop", "port": "443"})
    (event,) = logs.filter_log_events(logGroupName="/vpn", startTime=1500)["events"]
    assert json.loads(event["message"])["common-name"] == "laptop"
    assert [one["logStreamName"] for one in logs.describe_log_streams(logGroupName="/vpn")["logStreams"]] == ["stream"]
    assert refused(logs.filter_log_events, logGroupName="/none") == "ResourceNotFoundException"
    logs.delete_log_group(logGroupName="/vpn")
