"""`memdbctl aws` when something is in its way: one clear line that names the next step, and nothing half done that the next run does not find."""
import re

import pytest
from aws_admin import FULLEST

NOWHERE = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": "/nowhere"}


# --- before anything is asked ---

@pytest.mark.parametrize("command", ["plan", "apply", "status", "destroy"])
def test_there_is_no_aws(admin, command):
    line = admin.run(command, env={"PATH": "/nowhere"}).line
    assert "the program aws is not on this machine" in line and "apt install awscli" in line


@pytest.mark.parametrize("words, env, wanted", [
    ((), {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}, ("AWS does not know who you are", "aws configure", "--aws-profile")),
    ((), {"AWS_CONFIG_FILE": "/nowhere"}, ("which region?", "--region")),
    (("--aws-profile", "nobody"), {}, ("The config profile (nobody) could not be found", "aws configure list-profiles")),
    (("--region", "us-west-2"), {}, ("no MemoryDB cluster demo in us-west-2", "--region")),
], ids=["no credentials", "no region", "unknown profile", "wrong region"])
def test_who_and_where(admin, words, env, wanted):
    line = admin.run("apply", "--yes", *words, env=env).line
    for part in wanted:
        assert part in line, line
    assert admin.endpoint.mutating() == []


def test_another_cluster(admin):
    assert "no MemoryDB cluster other in the region that aws is set to: see aws memorydb describe-clusters" in admin.run("plan", cluster="other").line


@pytest.mark.parametrize("code, wanted", [
    ("expired", ("session has expired", "aws sso login", "then the same again")),
    ("bad-credentials", ("AWS does not know who you are (AuthFailure)", "aws sts get-caller-identity")), ("internal", ("An internal error has occurred", "InternalError")),
])
def test_what_every_call_can_meet(admin, code, wanted):
    admin.endpoint.inject("DescribeVpcs", code)
    line = admin.run("apply", "--yes").line
    for part in wanted:
        assert part in line, line
    assert admin.endpoint.mutating() == []


def test_aws_cannot_be_reached(admin):
    admin.endpoint.program.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", admin.endpoint.program.read_text(encoding="ascii")), encoding="ascii")
    line = admin.run("plan").line
    assert "AWS cannot be reached from here" in line and "check the network" in line


def test_a_cluster_that_is_being_made(admin):
    admin.region.clusters["demo"].pop("ClusterEndpoint")
    admin.region.clusters["demo"]["Status"] = "creating"
    line = admin.run("apply", "--yes").line
    assert "no endpoint yet (it is creating)" in line and "try again" in line and admin.endpoint.mutating() == []


def test_no_agent(admin):
    done = admin.run("apply", "--yes", "--profile", "demo")
    assert "memdbd does not answer" in done.line and "--bundle FILE" in done.line and admin.endpoint.mutating() == []


@pytest.mark.parametrize("bundle", ["/nowhere/laptop.ovpn", "/proc/laptop.ovpn"])
def test_a_file_that_cannot_be_written_is_found_before_anything_is_changed(admin, bundle):
    line = admin.run("apply", "--yes", "--bundle", bundle).line
    assert bundle in line and admin.endpoint.mutating() == []


# --- what is refused ---

READING = ["memorydb:Describe*", "ec2:Describe*", "ec2:Export*", "acm:List*", "acm:Get*", "logs:Describe*"]


def until_allowed(admin, command, *words):
    """Runs it again and again, each time with the one action more that its line names: those actions."""
    named = []
    for _ in range(20):
        admin.endpoint.use_policy({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": READING + named, "Resource": "*"}]})
        done = admin.run(command, "--yes", *words)
        if done.code == 0:
            return named
        found = re.match(r"access denied: (\S+?)( on arn:aws:\S+ for arn:aws:iam::123456789012:user/dev)?; have it allowed \(scripts/aws/policy.json", done.line)
        assert found and found[1] not in named and (found[2] or found[1].startswith("iam:")), done.line
        named.append(found[1])
    raise AssertionError(named)


def test_the_action_that_is_denied_is_named_until_all_are_allowed(admin):
    assert until_allowed(admin, "apply", *FULLEST) == [
        "ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:AuthorizeSecurityGroupIngress", "acm:ImportCertificate", "acm:AddTagsToCertificate",
        "logs:CreateLogGroup", "logs:TagResource", "ec2:CreateClientVpnEndpoint", "iam:CreateServiceLinkedRole",
        "ec2:AssociateClientVpnTargetNetwork", "ec2:AuthorizeClientVpnIngress", "ec2:CreateClientVpnRoute"]
    assert until_allowed(admin, "destroy") == [
        "ec2:DisassociateClientVpnTargetNetwork", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteClientVpnEndpoint", "ec2:DeleteSecurityGroup", "acm:DeleteCertificate"]
    assert [one for one in admin.endpoint.leftovers() if "log" not in one] == []


def test_what_may_not_be_read(admin):
    """Whether others share the group is worth a note, not the plan."""
    admin.endpoint.inject("DescribeNetworkInterfaces", "UnauthorizedOperation", "You are not authorized to perform this operation.", times=-1)
    assert any("ec2:DescribeNetworkInterfaces is denied" in one for one in admin.remarks())
    admin.endpoint.inject("DescribeClusters", "AccessDeniedException", "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: memorydb:DescribeClusters on "
                          "resource: arn:aws:memorydb:us-east-1:123456789012:cluster/demo because no identity-based policy allows the memorydb:DescribeClusters action")
    assert "access denied: memorydb:DescribeClusters on arn:aws:memorydb:us-east-1:123456789012:cluster/demo" in admin.run("plan").line


def test_the_quota_is_reached_and_then_not(admin):
    admin.endpoint.inject("CreateClientVpnEndpoint", "quota")
    line = admin.run("apply", "--yes").line
    assert "a quota of the account is reached (ClientVpnEndpointLimitExceeded)" in line and "Service Quotas" in line and "the same command goes on" in line
    admin.apply()
    assert len(admin.changes()) == 8


# --- what passes ---

def test_throttled_for_a_moment_is_the_program_s_business(admin):
    admin.endpoint.inject("CreateSecurityGroup", "throttled", times=2)
    admin.apply(env={"AWS_MAX_ATTEMPTS": "6"})
    assert len(admin.endpoint.of("CreateSecurityGroup")) == 3 and len(admin.changes()) == 8


def test_what_was_just_made_is_not_known_everywhere_at_once(admin):
    admin.endpoint.inject("AssociateClientVpnTargetNetwork", "InvalidClientVpnEndpointId.NotFound", "Endpoint does not exist", times=2)
    admin.apply()
    assert len(admin.endpoint.of("AssociateClientVpnTargetNetwork")) == 5
    admin.endpoint.inject("ExportClientVpnClientCertificateRevocationList", "InvalidOddity", "no list")
    assert any("revocation list holds is unknown" in one["text"] and "no list" in one["text"] for one in admin.plan()["remarks"])


def test_what_is_gone_is_not_waited_for_for_ever(admin):
    admin.endpoint.inject("AuthorizeClientVpnIngress", "InvalidClientVpnEndpointId.NotFound", "Endpoint does not exist", times=-1)
    line = admin.run("apply", "--yes").line
    assert "AuthorizeClientVpnIngress: Endpoint does not exist" in line and len(admin.endpoint.of("AuthorizeClientVpnIngress")) == 3, line


def test_throttled_for_ever(admin):
    admin.endpoint.inject("CreateClientVpnEndpoint", "throttled", times=-1)
    line = admin.run("apply", "--yes", env={"AWS_MAX_ATTEMPTS": "2"}).line
    assert "AWS asks for less haste (RequestLimitExceeded at CreateClientVpnEndpoint), after several tries: wait a minute" in line, line
    assert len(admin.endpoint.of("CreateClientVpnEndpoint")) == 2


def test_an_error_after_all_tries_keeps_its_words(admin):
    admin.endpoint.inject("DescribeVpcs", "internal", times=-1)
    line = admin.run("plan", env={"AWS_MAX_ATTEMPTS": "2"}).line
    assert line.startswith("aws ec2 DescribeVpcs: An internal error has occurred (InternalError)"), line


def test_many_things_in_small_pages(admins, applied):
    admin = admins(like=applied(*FULLEST))
    admin.endpoint.set_page_size(5)
    assert admin.open_steps(*FULLEST) == [] and len(admin.endpoint.of("DescribeClientVpnRoutes")) > 1


# --- a program that is not aws ---

@pytest.mark.parametrize("script, wanted", [
    ("echo hello", "aws memorydb describe-clusters: "), ("exit 0", "aws memorydb describe-clusters: "), ("echo '{\"Clusters\": 7}'", "aws memorydb describe-clusters: "),
    ("echo '{\"Clusters\": [{}]}'", "Clusters[0].Name: missing"), ("exit 3", "failed without a word"), ("kill -9 $$", "aws"), ("head -c 100000000 /dev/zero", "aws"),
    ("printf 'Traceback (most recent call last):\\n  File \"x\"\\nImportError: no module named six\\n' >&2; exit 1", "ImportError: no module named six"),
    ("printf '\\033[31mred\\033[0m\\007 \\377\\376' >&2; exit 1", "red"),
], ids=["words", "nothing", "wrong type", "an empty cluster", "a silent failure", "killed", "100 MB", "a traceback", "control characters"])
def test_garbage(admin, script, wanted):
    admin.endpoint.program.write_text("#!/bin/sh\n" + script + "\n", encoding="ascii")
    line = admin.run("plan").line
    assert wanted in line and "\033" not in line and "\007" not in line, line
    assert len(line) < 600, line
