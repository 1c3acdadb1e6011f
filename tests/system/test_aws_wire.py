"""The stand-in for AWS on the wire: what does not fit the models, pages, dry runs, errors, calls that are held, policies, and the
aws program itself."""
import http.client
import json
import os
import subprocess
import urllib.parse

import pytest
from aws.remote import RemoteAwsEndpoint
from aws_account import TAGS, account, files, pki, standin  # noqa: F401  # fixtures
from aws_client import client_of, refused


def test_requests_that_do_not_fit_the_model_are_refused(account, files):
    ec2, acm, memorydb = (client_of(account.endpoint, service, check=False) for service in ("ec2", "acm", "memorydb"))
    vpn = account.vpn()
    assert refused(ec2.associate_client_vpn_target_network, ClientVpnEndpointId=vpn) == "MissingParameter"
    assert refused(ec2.create_client_vpn_endpoint, **account.endpoint_words("x" * 30, TransportProtocol="sctp")) == "InvalidParameterValue"
    assert refused(ec2.describe_client_vpn_routes, ClientVpnEndpointId=vpn, MaxResults=1) == "InvalidParameterValue", "at least 5"
    assert refused(acm.import_certificate, Certificate=files.leaf) == "ValidationException", "no key"
    assert refused(acm.list_certificates, CertificateStatuses=["GONE"]) == "ValidationException"
    assert refused(memorydb.describe_clusters, ClusterName=5) == "ValidationException"
    asked = {"Action": "DescribeVpcs", "Version": "2016-11-15"}
    assert "UnknownParameter" in raw(account.endpoint, "ec2", body=urllib.parse.urlencode({**asked, "Colour": "red"}))[1]
    assert "counts from 1" in raw(account.endpoint, "ec2", body=urllib.parse.urlencode({**asked, "VpcId": "x"}))[1]
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
    assert [one.outcome for one in account.endpoint.calls[-2:]] == ["DryRunOperation", "UnauthorizedOperation"] and account.endpoint.mutating() == []


def test_errors_come_when_they_are_wanted(account):
    account.endpoint.inject("DescribeVpcs", "throttled", times=2, after=1)
    account.ec2.describe_vpcs()
    assert [refused(account.ec2.describe_vpcs) for _ in range(2)] == ["RequestLimitExceeded"] * 2
    account.ec2.describe_vpcs()
    assert account.endpoint.count_by_action()["DescribeVpcs"] == 5 and account.endpoint.mutating() == []  # one was made by the fixture


@pytest.mark.parametrize("word, codes", [
    ("throttled", ["RequestLimitExceeded", "ThrottlingException", "Throttling"]), ("denied", ["UnauthorizedOperation", "AccessDeniedException", "AccessDenied"]),
    ("expired", ["RequestExpired", "ExpiredTokenException", "ExpiredToken"]),
    ("bad-credentials", ["AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId"])])
def test_each_service_has_its_own_words(account, word, codes):
    account.endpoint.inject("*", word, times=-1)
    asked = (account.ec2.describe_vpcs, account.acm.list_certificates, client_of(account.endpoint, "sts").get_caller_identity)
    assert [refused(one) for one in asked] == codes
    try:
        account.ec2.delete_security_group(GroupId="sg-1")
    except Exception as error:  # pylint: disable=broad-except
        assert word != "denied" or "ec2:DeleteSecurityGroup on resource: arn:aws:ec2:us-east-1:123456789012:security-group/sg-1 because" in str(error)


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
                        "--split-tunnel", "--client-token", "t", "--tag-specifications", "ResourceType=client-vpn-endpoint,Tags=[{Key=memdb,Value=demo}]",
                        "--region", "us-east-1")
    assert code == 0 and told["Status"] == {"Code": "pending-associate"}
    code, told, _ = aws("ec2", "import-client-vpn-client-certificate-revocation-list", "--client-vpn-endpoint-id", told["ClientVpnEndpointId"],
                        "--certificate-revocation-list", f"file://{pki}/crl.pem")
    assert (code, told) == (0, {"Return": True})
    code, _, err = aws("ec2", "create-security-group", "--group-name", "g", "--description", "d", "--vpc-id", account.vpc, "--dry-run")
    assert code == 254 and "DryRunOperation" in err
    assert aws("ec2", "describe-client-vpn-endpoints", "--region", "eu-central-1")[1] == {"ClientVpnEndpoints": []}
    assert [(one.key, arn in one.touched) for one in account.endpoint.calls if one.service == "acm"] == [("KEYDEFAULT", True)]


# --- policy ---

def policy(*statements):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}


def test_a_policy_is_enough_or_not(account, files):
    tagged = {"Condition": {"StringEquals": {"aws:RequestTag/memdb": "demo"}}}
    account.endpoint.use_policy(policy(
        {"Action": ["ec2:Describe*"], "Resource": "*"}, {"Action": "ec2:CreateSecurityGroup", "Resource": "arn:aws:ec2:*:*:vpc/*"},
        {"Action": "ec2:CreateSecurityGroup", "Resource": "arn:aws:ec2:*:*:security-group/*", **tagged},
        {"Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:security-group/*", "Condition": {"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup"]}}},
        {"Action": "ec2:DeleteSecurityGroup", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/memdb": "demo"}}},
        {"Action": "acm:DeleteCertificate", "Resource": "*"}))
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
        endpoint.hold_after(1)
        client = program(endpoint, "ec2", "delete-security-group", "--group-id", made)
        assert endpoint.held.wait(30) and endpoint.is_as_before()
        client.kill()
        client.communicate()
        endpoint.release()
    finally:
        endpoint.close()
