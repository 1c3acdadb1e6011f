"""`memdbctl aws apply` and `destroy` that end at any moment: whatever the last call was, the next run goes on from there, and what it
ends with is what an undisturbed run ends with. The moments are all of them: before and after each call that changes something."""
import json
import os
import signal
import time

import pytest
from aws_admin import CLIENT, FULLEST, SERVER, children, kill_family
from memdb import wait_for

# An undisturbed run; test_the_moments_are_all says so.
APPLY = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ImportCertificate", "CreateLogGroup", "CreateClientVpnEndpoint",
         *["AssociateClientVpnTargetNetwork"] * 3, *["AuthorizeClientVpnIngress"] * 3, *["CreateClientVpnRoute"] * 3]
DESTROY = [*["DisassociateClientVpnTargetNetwork"] * 3, "RevokeSecurityGroupIngress", "DeleteClientVpnEndpoint", "DeleteSecurityGroup", "DeleteCertificate"]
# What destroy leaves, and says so: the record of who was connected.
LOG = ["us-east-1 log_groups /vpn/demo", "us-east-1 tag arn:aws:logs:us-east-1:123456789012:log-group:/vpn/demo memdbd:cluster=demo"]


def same(one, other):
    assert json.dumps(one, indent=1, sort_keys=True) == json.dumps(other, indent=1, sort_keys=True)


def test_the_moments_are_all(admins, applied):
    done = applied(*FULLEST)
    assert done.changes() == APPLY
    gone = admins(like=done)
    gone.destroy()
    assert gone.changes() == DESTROY and gone.endpoint.leftovers() == LOG and gone.endpoint.missing() == []


@pytest.mark.parametrize("nth", range(1, len(APPLY) + 1), ids=lambda nth: f"{nth}-{APPLY[nth - 1]}")
def test_apply_ended_after_a_call(admin, applied, nth):
    """AWS did it, nobody heard of it."""
    assert admin.killed("apply", "--yes", *FULLEST, after=nth)
    assert admin.changes() == APPLY[:nth]
    admin.apply(*FULLEST)
    same(admin.endpoint.snapshot(), applied(*FULLEST).endpoint.snapshot())
    assert sorted(admin.changes()) == sorted(APPLY), "nothing was made twice"


if os.environ.get("MEMDB_SLOW"):  # what AWS has not heard of is for it as if memdbctl had ended after the call before
    def test_apply_that_never_gets_further_than_before_a_call(admin, applied):
        """As often as there are calls: each run does one, and ends when it asks for the next one, which AWS does not hear."""
        ends = 0
        while admin.killed("apply", "--yes", *FULLEST, before=min(ends, 1) + 1):
            ends += 1
        assert ends == len(APPLY) and sorted(admin.changes()) == sorted(APPLY)
        same(admin.endpoint.snapshot(), applied(*FULLEST).endpoint.snapshot())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_destroy_that_never_gets_further_than_one_call(admins, applied, moment):
    admin, ends = admins(like=applied(*FULLEST)), 0
    while admin.killed("destroy", "--yes", **({"before": min(ends, 1) + 1} if moment == "before" else {"after": 1})):
        ends += 1
    assert ends == len(DESTROY) and sorted(admin.changes()) == sorted(DESTROY)
    assert admin.endpoint.leftovers() == LOG and admin.endpoint.missing() == []


def test_ctrl_c_during_a_call(admin, applied):
    """The program ends at once, its call with it, and the next one goes on."""
    admin.endpoint.hold_after(APPLY.index("CreateClientVpnEndpoint") + 1)
    client = admin.start("apply", "--yes", *FULLEST)
    assert admin.endpoint.held.wait(60)
    (call,) = children(client.pid)
    began = time.monotonic()
    os.kill(client.pid, signal.SIGINT)
    out, err = client.communicate(timeout=10)
    assert client.returncode != 0 and time.monotonic() - began < 3, (client.returncode, out, err)
    assert len(err.splitlines()) <= 1, err
    wait_for(lambda: not os.path.exists(f"/proc/{call}"), 5, "the call of aws is gone")
    admin.endpoint.release()
    admin.apply(*FULLEST)
    same(admin.endpoint.snapshot(), applied(*FULLEST).endpoint.snapshot())


def test_ctrl_c_while_it_waits_for_aws(admin, applied):
    admin.endpoint.set_delays(associate=3600)
    client = admin.start("apply", "--yes")
    wait_for(lambda: "DescribeClientVpnTargetNetworks" in [one.action for one in admin.endpoint.calls[-3:]] and len(admin.changes()) == 8, 60, "it waits")
    os.kill(client.pid, signal.SIGINT)
    out, err = client.communicate(timeout=5)
    assert client.returncode != 0 and "waiting for AWS: target network" in out, (out, err)
    admin.endpoint.set_delays(associate=0.02)
    for one in admin.vpn.associations:
        one.course = type(one.course)(admin.world.clock, ("associated", None))
    admin.apply()
    same(admin.endpoint.snapshot(), applied().endpoint.snapshot())


@pytest.mark.parametrize("file", ["private/ca.key", f"private/{SERVER}.key", f"reqs/{SERVER}.req", f"issued/{CLIENT}.crt"])
def test_apply_ended_while_keys_are_made(admins, file):
    """easy-rsa writes one file after the other: where one is there and the next is not, the next run goes on."""
    admin = admins(pki=None)
    client = admin.start("apply", "--yes")
    wait_for(lambda: (admin.pki / file).exists() or client.poll() is not None, 60, f"{file} is there", 0.0005)
    assert client.poll() is None
    kill_family(client.pid)
    client.communicate(timeout=10)
    admin.apply()
    assert sorted(admin.changes()) == sorted(["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ImportCertificate", "CreateClientVpnEndpoint",
                                              *["AssociateClientVpnTargetNetwork"] * 3, "AuthorizeClientVpnIngress"])
    assert (admin.pki / "private/ca.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("action", ["ImportCertificate", "CreateClientVpnEndpoint"])
def test_a_call_that_outlives_the_program(admin, action):
    """Only memdbctl is killed: AWS hears its last call after the next run has done the same. Whatever that makes, destroy takes it away."""
    admin.endpoint.hold_before([one for one in APPLY if one != "CreateLogGroup"].index(action) + 1)
    client = admin.start("apply", "--yes")
    assert admin.endpoint.held.wait(60)
    client.kill()
    client.communicate(timeout=10)
    admin.apply()
    admin.endpoint.release()
    wait_for(lambda: admin.endpoint.of(action) and all(one.outcome != "unanswered" for one in admin.endpoint.calls), 10, "AWS has heard it")
    if action == "CreateClientVpnEndpoint":
        line = admin.run("apply", "--yes").line
        assert all(one in line for one in admin.region.endpoints) and len(admin.region.endpoints) == 2 and "nothing was changed" in line
    else:
        admin.apply()
    admin.destroy()
    assert admin.endpoint.is_as_before()
