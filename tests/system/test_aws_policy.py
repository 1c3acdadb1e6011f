"""scripts/aws/policy.json: enough for all that `memdbctl aws` does, and nothing more; less is enough for less."""
import json

import pytest
from aws_admin import CLIENT, FULLEST
from memdb import ROOT
from test_aws_apply import other_groups, short_lived_server

POLICY = ROOT / "scripts/aws/policy.json"


def statements(*names):
    """Those whose Sid begins with one of the names."""
    whole = json.loads(POLICY.read_text(encoding="utf-8"))
    return {**whole, "Statement": [one for one in whole["Statement"] if one["Sid"].startswith(names)]}


def test_the_policy_is_enough_and_nothing_in_it_is_unused(admin):
    """Everything once: from nothing to the fullest wish, what was changed by hand, a renewal, less, a look, a revocation, and back."""
    admin.endpoint.use_policy(POLICY)
    admin.plan(*FULLEST)
    admin.apply(*FULLEST)
    admin.endpoint.connect(admin.vpn.id, CLIENT)
    admin.good("status")
    admin.good("crl", "--revoke", CLIENT, "--disconnect", "--yes")
    other_groups(admin)
    short_lived_server(admin.pki, 10)
    admin.apply("--session-hours", "8")
    admin.destroy()
    assert {one.outcome for one in admin.endpoint.calls} == {"ok", "InvalidClientVpnEndpointId.NotFound"}, "that of the one that was deleted"
    assert len(admin.endpoint.leftovers()) == 2, "the log group and its tag"
    assert admin.endpoint.unused_actions() == []


def test_a_plan_needs_only_what_is_called_so(admins, applied):
    admin = admins(like=applied(*FULLEST))
    admin.endpoint.use_policy(statements("Plan"))
    assert admin.open_steps(*FULLEST) == [] and admin.open_steps() != []
    assert {one.outcome for one in admin.endpoint.calls} == {"ok"} and admin.endpoint.unused_actions() == []
    assert "access denied: ec2:DescribeClientVpnConnections" in admin.run("status").line


@pytest.mark.parametrize("command, names", [("status", ("Plan", "Status")), ("crl", ("Plan", "Crl")), ("destroy", ("Plan", "Destroy"))])
def test_a_command_needs_only_its_own(admins, applied, command, names):
    admin = admins(like=applied(*FULLEST))
    admin.endpoint.use_policy(statements(*names))
    admin.good(command, *(["--yes"] if command == "destroy" else []))


def test_what_is_not_ours_is_out_of_its_reach(admins, applied):
    """Without our tag on it nothing is changed or taken away, even if somebody tells memdbctl's user to."""
    admin = admins(like=applied())
    admin.endpoint.use_policy(POLICY)
    admin.region.tags.pop(admin.vpn.id)
    for words in (["disassociate-client-vpn-target-network", "--association-id", admin.vpn.associations[0].id], ["delete-client-vpn-endpoint"],
                  ["authorize-client-vpn-ingress", "--target-network-cidr", "0.0.0.0/0", "--authorize-all-groups"]):
        refused = admin.aws("ec2", *words, "--client-vpn-endpoint-id", admin.vpn.id)
        assert refused.code == 254 and "UnauthorizedOperation" in refused.err, refused
    other = next(iter(admin.region.groups))
    assert "UnauthorizedOperation" in admin.aws("ec2", "delete-security-group", "--group-id", other).err
    assert "UnauthorizedOperation" in admin.aws("ec2", "create-tags", "--resources", other, "--tags", "Key=memdbd:cluster,Value=demo").err
