"""scripts/aws/client-vpn.yaml: the same infrastructure as `memdbctl aws apply` makes, in CloudFormation's words."""
import importlib
import pathlib
import shutil
import subprocess

import pytest
from aws_admin import FULLEST
from memdb import ROOT

TEMPLATE = ROOT / "scripts/aws/client-vpn.yaml"
# Not in Debian 12; where it is, the template is held against CloudFormation's own schemas, too.
LINT = shutil.which("cfn-lint") or next(map(str, pathlib.Path("/root/.pyenv/versions").glob("*/bin/cfn-lint")), None)


def parameters(admin, internet, log_group):
    """Of a stack for the stand-in's cluster."""
    cluster = admin.region.clusters["demo"]
    return {
        "ClusterName": "demo", "Port": cluster["ClusterEndpoint"]["Port"], "VpcId": next(iter(admin.region.vpcs)), "VpcCidr": "10.20.0.0/16",
        "SubnetIds": list(admin.region.subnets), "SubnetCount": len(admin.region.subnets), "ClusterSecurityGroupId": cluster["SecurityGroups"][0]["SecurityGroupId"],
        "ServerCertificateArn": admin.vpn.settings["ServerCertificateArn"], "ConnectionLogGroup": log_group, "Internet": internet}


class Stack:
    """What CloudFormation would make of the template: as much of its language as the template needs."""

    def __init__(self, given):
        # The aws program's own reader of templates: PyYAML knows no `!Ref`.
        self.template = importlib.import_module("awscli.customizations.cloudformation.yamlhelper").yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
        known = {name: one.get("Default") for name, one in self.template["Parameters"].items()}
        assert set(given) <= set(known) and all((known | given)[name] is not None for name in known), "parameters"
        self.known = {**known, **given, "AWS::StackName": "memdbd-vpn-demo"}
        self.resources = {name: {**one, "Properties": self.value(one["Properties"])} for name, one in self.template["Resources"].items()
                          if "Condition" not in one or self.holds(one["Condition"])}

    def holds(self, name):
        return self.value(self.template["Conditions"][name])

    def value(self, one):
        if isinstance(one, list):
            return [self.value(item) for item in one]
        if not isinstance(one, dict):
            return one
        ((word, rest),) = one.items() if len(one) == 1 else ((None, None),)
        if word == "Ref":
            return self.known.get(rest, f"ref {rest}")
        if word == "Condition" and isinstance(rest, str):
            return self.holds(rest)
        if word and word.startswith("Fn::"):
            return getattr(self, word[4:].lower())(rest)
        made = {key: self.value(item) for key, item in one.items()}
        return {key: item for key, item in made.items() if item != "ref AWS::NoValue"}

    def equals(self, rest):
        one, other = self.value(rest)
        return str(one) == str(other)

    def getatt(self, rest):
        return f"ref {rest if isinstance(rest, str) else '.'.join(rest)}".removesuffix(".GroupId")

    def sub(self, rest):
        text, more = (rest, {}) if isinstance(rest, str) else rest
        for name, item in {**self.known, **{key: self.value(item) for key, item in more.items()}}.items():
            text = text.replace("${" + name + "}", str(item))
        return text

    def select(self, rest):
        return self.value(rest[1])[int(rest[0])]

    def split(self, rest):
        return self.value(rest[1]).split(rest[0])

    def of(self, kind):
        return [one["Properties"] for one in self.resources.values() if one["Type"] == f"AWS::EC2::{kind}"]


# These are words of Python.
for word, does in {"not": lambda stack, rest: not stack.value(rest[0]), "or": lambda stack, rest: any(map(stack.value, rest)),
                   "and": lambda stack, rest: all(map(stack.value, rest)), "if": lambda stack, rest: stack.value(rest[1 if stack.holds(rest[0]) else 2])}.items():
    setattr(Stack, word, does)


@pytest.mark.parametrize("wish", [(), FULLEST], ids=["usual", "fullest"])
def test_the_template_makes_what_apply_makes(applied, wish):
    admin = applied(*wish)
    stack = Stack(parameters(admin, "yes" if "--internet" in wish else "no", "/vpn/demo" if wish else ""))
    (made,), given = stack.of("ClientVpnEndpoint"), admin.vpn.settings
    assert made["SecurityGroupIds"] == ["ref VpnSecurityGroup"] and len(admin.vpn.groups) == 1
    same = {key: value for key, value in made.items() if key != "SecurityGroupIds"}
    assert same == {key: value for key, value in given.items() if key not in ("SecurityGroupIds", "ClientToken")}
    (group,), (rule,) = stack.of("SecurityGroup"), stack.of("SecurityGroupIngress")
    ours = admin.region.groups[admin.vpn.groups[0]]
    assert (group["GroupDescription"], group["VpcId"]) == (ours["Description"], ours["VpcId"])
    assert {tag["Key"]: tag["Value"] for tag in group["Tags"]} == admin.region.tags[admin.vpn.groups[0]], "aws status finds it by its tag"
    (let_in,) = [one for one in admin.region.rules.values() if one.get("ReferencedGroupInfo", {}).get("GroupId") == admin.vpn.groups[0]]
    assert (rule["GroupId"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == (let_in["GroupId"], let_in["IpProtocol"], let_in["FromPort"], let_in["ToPort"])
    assert rule["SourceSecurityGroupId"] == "ref VpnSecurityGroup"
    assert [one["SubnetId"] for one in stack.of("ClientVpnTargetNetworkAssociation")] == [one.subnet for one in admin.vpn.associations]
    allowed = {one["TargetNetworkCidr"] for one in stack.of("ClientVpnAuthorizationRule")}
    assert allowed == ({"10.20.0.0/16", "0.0.0.0/0"} if wish else {one.cidr for one in admin.vpn.rules})
    assert sorted((one["DestinationCidrBlock"], one["TargetVpcSubnetId"]) for one in stack.of("ClientVpnRoute")) == sorted(
        (one.destination, one.subnet) for one in admin.vpn.routes if one.origin == "add-route")
    assert all(one["Description"] != "memdbd" for kind in ("ClientVpnAuthorizationRule", "ClientVpnRoute") for one in stack.of(kind)), "apply takes those back"


if LINT:
    def test_cloudformation_would_take_it():
        done = subprocess.run([LINT, str(TEMPLATE)], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
