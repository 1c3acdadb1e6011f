"""The stand-in for AWS itself: every action once over the real wire, and what it must refuse. Mostly asked by the botocore within
the aws program, which is the same wire; the program itself asks where it matters what a person sees."""
import http.client
import json
import os
import subprocess
import urllib.parse

import pytest
from authority import EASYRSA
from aws.course import FOREVER
from aws.endpoint import AwsEndpoint
from aws.remote import RemoteAwsEndpoint
from aws.scenario import demo_world
from aws_client import client_of, refused
from fake_key_agent import openssl
from memdb import wait_for

TAGS = [{"Key": "memdb", "Value": "demo"}]


@pytest.fixture
def standin(tmp_path):
    """Makes stand-ins; what goes wrong inside one fails the test."""
    made = []

    def make(**options):
        made.append(AwsEndpoint(tmp_path / f"aws{len(made)}", world=demo_world(delays=0.05, **options)))
        return made[-1]

    yield make
    for endpoint in made:
        endpoint.close()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A CA by the real easy-rsa, whose certificates begin with a dump in words."""
    folder = tmp_path_factory.mktemp("pki")
    env = {"PATH": os.environ["PATH"], "EASYRSA_PKI": str(folder / "pki"), "EASYRSA_BATCH": "1", "EASYRSA_NO_VARS": "1", "EASYRSA_ALGO": "rsa"}
    for words, more in ((["init-pki"], {}), (["build-ca", "nopass"], {"EASYRSA_REQ_CN": "Test CA"}), (["build-server-full", "server.test", "nopass"], {}),
                        (["gen-crl"], {})):
        subprocess.run([EASYRSA, *words], env={**env, **more}, capture_output=True, check=True, stdin=subprocess.DEVNULL)
    return folder / "pki"


class Files:
    def __init__(self, pki):
        self.with_dump = (pki / "issued/server.test.crt").read_bytes()
        self.leaf = openssl("x509", "-in", pki / "issued/server.test.crt").encode()
        self.key = (pki / "private/server.test.key").read_bytes()
        self.chain = openssl("x509", "-in", pki / "ca.crt").encode()
        self.crl = (pki / "crl.pem").read_text(encoding="ascii")

    def imported(self, acm, **more):
        return acm.import_certificate(Certificate=self.leaf, PrivateKey=self.key, CertificateChain=self.chain, **more)["CertificateArn"]


@pytest.fixture(scope="module")
def files(pki):
    return Files(pki)


class Account:
    """A stand-in with a client for each service, and the ids that one needs all the time."""

    def __init__(self, endpoint, files):
        self.endpoint, self.files = endpoint, files
        self.ec2, self.acm = client_of(endpoint, "ec2"), client_of(endpoint, "acm")
        self.vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.subnets = [one["SubnetId"] for one in self.ec2.describe_subnets()["Subnets"]]

    def endpoint_words(self, arn, **more):
        return {"ClientCidrBlock": "10.100.0.0/22", "ServerCertificateArn": arn, "ConnectionLogOptions": {"Enabled": False}, "SplitTunnel": True,
                "AuthenticationOptions": [{"Type": "certificate-authentication", "MutualAuthentication": {"ClientRootCertificateChainArn": arn}}],
                "TagSpecifications": [{"ResourceType": "client-vpn-endpoint", "Tags": TAGS}], **more}

    def vpn(self, **more):
        return self.ec2.create_client_vpn_endpoint(**self.endpoint_words(self.files.imported(self.acm), **more))["ClientVpnEndpointId"]

    def state(self, vpn):
        return self.ec2.describe_client_vpn_endpoints(ClientVpnEndpointIds=[vpn])["ClientVpnEndpoints"][0]["Status"]["Code"]

    def associations(self, vpn):
        return [one["Status"]["Code"] for one in self.ec2.describe_client_vpn_target_networks(ClientVpnEndpointId=vpn)["ClientVpnTargetNetworks"]]

    def associate(self, vpn, subnet=0):
        made = self.ec2.associate_client_vpn_target_network(ClientVpnEndpointId=vpn, SubnetId=self.subnets[subnet])
        wait_for(lambda: "associating" not in self.associations(vpn), 5, "associated")
        return made["AssociationId"]


@pytest.fixture
def account(standin, files):
    return Account(standin(), files)


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
    assert [(one["CidrBlock"], one["AvailabilityZone"]) for one in subnets] == [("10.20.1.0/24", "us-east-1a"), ("10.20.2.0/24", "us-east-1b"), ("10.20.3.0/24", "us-east-1c")]
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


# --- security groups and certificates ---

def test_groups_and_rules(account):
    ec2, before = account.ec2, account.endpoint.snapshot()
    made = ec2.create_security_group(GroupName="vpn", Description="d", VpcId=account.vpc, TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}])
    assert made["Tags"] == TAGS
    assert refused(ec2.create_security_group, GroupName="vpn", Description="d", VpcId=account.vpc) == "InvalidGroup.Duplicate"
    cluster = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["memorydb-*"]}])["SecurityGroups"][0]["GroupId"]
    words = {"GroupId": cluster, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "UserIdGroupPairs": [{"GroupId": made["GroupId"], "Description": "vpn"}]}]}
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
    (route,) = ec2.describe_client_vpn_routes(ClientVpnEndpointId=vpn)["Routes"]
    assert (route["DestinationCidr"], route["Origin"], route["TargetSubnet"]) == ("10.20.0.0/16", "associate", account.subnets[0])

    group = ec2.create_security_group(GroupName="vpn", Description="d", VpcId=account.vpc)["GroupId"]
    ec2.apply_security_groups_to_client_vpn_target_network(ClientVpnEndpointId=vpn, VpcId=account.vpc, SecurityGroupIds=[group])
    assert refused(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert ec2.authorize_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr="10.20.0.0/16", AuthorizeAllGroups=True)["Status"]["Code"] == "authorizing"
    assert ec2.create_client_vpn_route(ClientVpnEndpointId=vpn, DestinationCidrBlock="0.0.0.0/0", TargetVpcSubnetId=account.subnets[0])["Status"]["Code"] == "creating"
    wait_for(lambda: ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=vpn)["AuthorizationRules"][0]["Status"]["Code"] == "active", 5, "active")
    wait_for(lambda: {one["Status"]["Code"] for one in ec2.describe_client_vpn_routes(ClientVpnEndpointId=vpn)["Routes"]} == {"active"}, 5, "active")
    text = ec2.export_client_vpn_client_configuration(ClientVpnEndpointId=vpn)["ClientConfiguration"]
    assert files.chain.decode().strip() in text and "verify-x509-name server.test name" in text and f"remote {told['DnsName'][2:]} 443" in text

    assert refused(account.acm.delete_certificate, CertificateArn=told["ServerCertificateArn"]) == "ResourceInUseException"
    assert refused(ec2.delete_client_vpn_endpoint, ClientVpnEndpointId=vpn) == "ClientVpnEndpointAssociationExists"
    ec2.revoke_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr="10.20.0.0/16", RevokeAllGroups=True)
    ec2.delete_client_vpn_route(ClientVpnEndpointId=vpn, DestinationCidrBlock="0.0.0.0/0", TargetVpcSubnetId=account.subnets[0])
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


# --- the wire ---

def test_requests_that_do_not_fit_the_model_are_refused(account, files):
    ec2, acm, memorydb = (client_of(account.endpoint, service, check=False) for service in ("ec2", "acm", "memorydb"))
    vpn = account.vpn()
    assert refused(ec2.associate_client_vpn_target_network, ClientVpnEndpointId=vpn) == "MissingParameter"
    assert refused(ec2.create_client_vpn_endpoint, **account.endpoint_words("x" * 30, TransportProtocol="sctp")) == "InvalidParameterValue"
    assert refused(ec2.describe_client_vpn_routes, ClientVpnEndpointId=vpn, MaxResults=1) == "InvalidParameterValue", "at least 5"
    assert refused(acm.import_certificate, Certificate=files.leaf) == "ValidationException", "no key"
    assert refused(acm.list_certificates, CertificateStatuses=["GONE"]) == "ValidationException"
    assert refused(memorydb.describe_clusters, ClusterName=5) == "ValidationException"
    assert raw(account.endpoint, "ec2", body=urllib.parse.urlencode({"Action": "DescribeVpcs", "Version": "2016-11-15", "Colour": "red"}))[1].count("UnknownParameter") == 1
    assert raw(account.endpoint, "ec2", body=urllib.parse.urlencode({"Action": "DescribeVpcs", "Version": "2016-11-15", "VpcId": "x"}))[1].count("counts from 1") == 1
    status, text = raw(account.endpoint, "memorydb", "AmazonMemoryDB.DescribeClusters", '{"Clustername": "demo"}')
    assert status == 400 and "unknown member Clustername" in text
    assert raw(account.endpoint, "ec2", body="Action=FlyAway&Version=2016-11-15")[1].count("InvalidAction") == 1


def raw(endpoint, service, target="", body=""):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    connection.request("POST", "/", body, {"Authorization": f"AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request", "X-Amz-Target": target})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_pages(account):
    vpn = account.vpn()
    for number in range(3):
        account.ec2.authorize_client_vpn_ingress(ClientVpnEndpointId=vpn, TargetNetworkCidr=f"10.20.{number}.0/24", AuthorizeAllGroups=True)
    account.endpoint.set_page_size(1)
    first = account.ec2.describe_client_vpn_authorization_rules(ClientVpnEndpointId=vpn)
    assert len(first["AuthorizationRules"]) == 1 and first["NextToken"]
    pages = account.ec2.get_paginator("describe_client_vpn_authorization_rules").paginate(ClientVpnEndpointId=vpn)
    assert [one["DestinationCidr"] for each in pages for one in each["AuthorizationRules"]] == [f"10.20.{number}.0/24" for number in range(3)]
    assert len([one for each in client_of(account.endpoint, "memorydb").get_paginator("describe_clusters").paginate() for one in each["Clusters"]]) == 1
    assert refused(account.ec2.describe_client_vpn_authorization_rules, ClientVpnEndpointId=vpn, NextToken="bad") == "InvalidNextToken"


def test_a_dry_run_changes_nothing(account):
    words = {"GroupName": "vpn", "Description": "d", "VpcId": account.vpc, "DryRun": True}
    assert refused(account.ec2.create_security_group, **words) == "DryRunOperation" and account.endpoint.is_as_before()
    account.endpoint.inject("CreateSecurityGroup", "UnauthorizedOperation", "no", status=403)
    assert refused(account.ec2.create_security_group, **words) == "UnauthorizedOperation"
    assert [one.outcome for one in account.endpoint.mutating()] == ["DryRunOperation", "UnauthorizedOperation"]


def test_errors_come_when_they_are_wanted(account):
    account.endpoint.inject("DescribeVpcs", "throttled", times=2, after=1)
    account.ec2.describe_vpcs()
    assert [refused(account.ec2.describe_vpcs) for _ in range(2)] == ["RequestLimitExceeded"] * 2
    account.ec2.describe_vpcs()
    assert account.endpoint.count_by_action()["DescribeVpcs"] == 5 and account.endpoint.mutating() == []  # one was made by the fixture


def test_a_client_is_held_before_and_after_a_change(account):
    """As a client that is killed there sees it: it never hears of what it did."""
    words = ["ec2", "create-security-group", "--description", "d", "--vpc-id", account.vpc, "--group-name"]
    for hold, name, there in ((account.endpoint.hold_before, "before", False), (account.endpoint.hold_after, "after", True)):
        hold(1)
        client = program(account.endpoint, *words, name)
        assert account.endpoint.held.wait(30)
        assert any(one["GroupName"] == name for one in account.endpoint.world.home.groups.values()) == there
        client.kill()
        client.communicate()
        account.endpoint.release()
        assert any(one["GroupName"] == name for one in account.endpoint.world.home.groups.values()) == there, "a request of the dead is not performed"
    assert [one.outcome for one in account.endpoint.mutating()] == ["unanswered", "ok"]
    account.endpoint.hold_after(2)
    assert program(account.endpoint, *words, "first").wait(30) == 0 and not account.endpoint.held.is_set()
    client = program(account.endpoint, *words, "second")
    assert account.endpoint.held.wait(30)
    account.endpoint.release()
    assert client.wait(30) == 0


def program(endpoint, *words):
    return subprocess.Popen([str(endpoint.program), *words, "--output", "json"], env={**os.environ, **endpoint.env}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_program_itself(account, pki, tmp_path):
    """What the aws program makes of our answers, and we of its files."""
    (tmp_path / "leaf.pem").write_bytes(account.files.leaf)
    (tmp_path / "chain.pem").write_bytes(account.files.chain)

    def aws(*words):
        out, err = (client := program(account.endpoint, *words)).communicate(timeout=60)
        return client.returncode, json.loads(out or "null"), err

    code, told, _ = aws("acm", "import-certificate", "--certificate", f"fileb://{tmp_path}/leaf.pem", "--private-key", f"fileb://{pki}/private/server.test.key",
                        "--certificate-chain", f"fileb://{tmp_path}/chain.pem", "--tags", "Key=memdb,Value=demo")
    assert code == 0
    arn = told["CertificateArn"]
    code, told, _ = aws("ec2", "create-client-vpn-endpoint", "--client-cidr-block", "10.100.0.0/22", "--server-certificate-arn", arn, "--authentication-options",
                        f"Type=certificate-authentication,MutualAuthentication={{ClientRootCertificateChainArn={arn}}}", "--connection-log-options", "Enabled=false",
                        "--split-tunnel", "--client-token", "t", "--tag-specifications", "ResourceType=client-vpn-endpoint,Tags=[{Key=memdb,Value=demo}]", "--region", "us-east-1")
    assert code == 0 and told["Status"] == {"Code": "pending-associate"}
    code, told, _ = aws("ec2", "import-client-vpn-client-certificate-revocation-list", "--client-vpn-endpoint-id", told["ClientVpnEndpointId"],
                        "--certificate-revocation-list", f"file://{pki}/crl.pem")
    assert (code, told) == (0, {"Return": True})
    code, _, err = aws("ec2", "create-security-group", "--group-name", "g", "--description", "d", "--vpc-id", account.vpc, "--dry-run")
    assert code == 254 and "DryRunOperation" in err
    assert aws("ec2", "describe-client-vpn-endpoints", "--region", "eu-central-1")[1] == {"ClientVpnEndpoints": []}
    assert [one.key for one in account.endpoint.calls if one.service == "acm"] == ["KEYDEFAULT"]


# --- policy ---

def policy(*statements):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}


def test_a_policy_is_enough_or_not(account, files):
    tagged = {"Condition": {"StringEquals": {"aws:RequestTag/memdb": "demo"}}}
    account.endpoint.use_policy(policy(
        {"Action": ["ec2:Describe*"], "Resource": "*"}, {"Action": "ec2:CreateSecurityGroup", "Resource": "arn:aws:ec2:*:*:vpc/*"},
        {"Action": "ec2:CreateSecurityGroup", "Resource": "arn:aws:ec2:*:*:security-group/*", **tagged},
        {"Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:security-group/*", "Condition": {"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup"]}}},
        {"Action": "ec2:DeleteSecurityGroup", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/memdb": "demo"}}}, {"Action": "acm:DeleteCertificate", "Resource": "*"}))
    words = {"GroupName": "vpn", "Description": "d", "VpcId": account.vpc}
    assert refused(account.ec2.create_security_group, **words) == "UnauthorizedOperation", "without the tag"
    made = account.ec2.create_security_group(**words, TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}])["GroupId"]
    default = account.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]["GroupId"]
    assert refused(account.ec2.delete_security_group, GroupId=default) == "UnauthorizedOperation", "not ours"
    assert refused(account.ec2.create_tags, Resources=[made], Tags=TAGS) == "UnauthorizedOperation", "only while it is made"
    account.ec2.delete_security_group(GroupId=made)
    assert refused(files.imported, acm=account.acm) == "AccessDeniedException"
    assert account.endpoint.unused_actions() == ["acm:DeleteCertificate"] and account.endpoint.is_as_before()


def test_the_first_endpoint_of_an_account_needs_a_role(account, files):
    arn = files.imported(account.acm)
    account.endpoint.world.service_role = False
    account.endpoint.use_policy(policy({"Action": ["ec2:*"], "Resource": "*"}))
    assert refused(account.ec2.create_client_vpn_endpoint, **account.endpoint_words(arn)) == "UnauthorizedOperation"
    account.endpoint.use_policy(policy({"Action": ["ec2:*"], "Resource": "*"}, {
        "Action": "iam:CreateServiceLinkedRole", "Resource": "arn:aws:iam::*:role/aws-service-role/clientvpn.amazonaws.com/*",
        "Condition": {"StringEquals": {"iam:AWSServiceName": "clientvpn.amazonaws.com"}}}))
    account.ec2.create_client_vpn_endpoint(**account.endpoint_words(arn))
    assert account.endpoint.unused_actions() == []


# --- as a program ---

def test_it_runs_as_a_program(tmp_path):
    endpoint = RemoteAwsEndpoint(tmp_path / "aws", {"world": "demo", "options": {"open_to_world": True}, "delays": {"usual": 0.05}})
    try:
        ec2 = client_of(endpoint, "ec2")
        endpoint.inject(action="DescribeSubnets", code="throttled")
        assert refused(ec2.describe_subnets) == "RequestLimitExceeded"
        made = ec2.create_security_group(GroupName="vpn", Description="d", VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"])["GroupId"]
        assert [one.action for one in endpoint.mutating()] == ["CreateSecurityGroup"] and endpoint.of("DescribeSubnets")[0][:3] == ("KEYDEFAULT", "us-east-1", "ec2")
        assert any(made in one for one in endpoint.leftovers()) and not endpoint.is_as_before()
        assert "vpn" in json.dumps(endpoint.snapshot())
    finally:
        endpoint.close()
