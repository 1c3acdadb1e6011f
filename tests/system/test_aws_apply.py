"""`memdbctl aws plan`, `apply` and `destroy` by the real aws program against the stand-in: what they ask of AWS, in which order, and that
what was changed by hand is seen and made right, and nothing else."""
import os

import pytest
from authority import EASYRSA, Authority
from aws.course import FOREVER, Course
from aws.model_files import AWS
from aws_admin import CLIENT, FULLEST, SERVER
from fake_key_agent import openssl
from memdb import wait_for
from sandbox import run

APPLY = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ImportCertificate", "CreateClientVpnEndpoint", *["AssociateClientVpnTargetNetwork"] * 3,
         "AuthorizeClientVpnIngress"]


def test_a_plan_reads_and_changes_nothing(admin):
    admin.bundle.parent.mkdir(exist_ok=True)
    text = admin.good("plan", *FULLEST, env={"COLUMNS": "80"})
    assert admin.endpoint.mutating() == [] and admin.endpoint.is_as_before() and not admin.bundle.exists()
    for line in text.splitlines():
        assert len(line) <= 80 or " " not in line.strip(), f"only a word that cannot be broken may be longer: {line}"
    assert text.endswith("next: memdbctl aws apply, with the same options\n") and "15 to do" in text
    for words in ("security group for the VPN", "inbound rule on the cluster's group", "UDP 443, split tunnel", "10.20.1.0/24", "0.0.0.0/0", "log group /vpn/demo"):
        assert words in " ".join(text.split()), words

    told = admin.plan(*FULLEST)
    assert (told["cluster"], told["region"], told["account"], told["finished"]) == ("demo", "us-east-1", "123456789012", False)
    assert [(one["action"], one["state"]) for one in told["steps"]] == [
        ("create-group", "todo"), ("allow-group", "later"), ("make-authority", "done"), ("make-server", "done"), ("import-certificate", "todo"),
        ("make-client", "done"), ("create-log-group", "todo"), ("create-endpoint", "later"), *[("associate", "later")] * 3,
        *[("authorize", "later")] * 3, *[("create-route", "later")] * 3, ("write-bundle", "later")]
    assert all(one["what"] and one["why"] for one in told["steps"]) and {one["level"] for one in told["remarks"]} <= {"warning", "note"}
    assert admin.endpoint.mutating() == [] and admin.endpoint.is_as_before()


def test_from_nothing_to_everything_and_back(admins):
    admin = admins(pki=None)
    admin.apply()
    for key in ("ca", SERVER, CLIENT):
        assert (admin.pki / f"private/{key}.key").stat().st_mode & 0o777 == 0o600
    assert admin.changes() == APPLY and len(admin.endpoint.mutating()) == len(APPLY)
    vpn, given = admin.vpn, admin.vpn.settings
    assert vpn.state == "available" and given["SplitTunnel"] and given["VpnPort"] == 443 and given["TransportProtocol"] == "udp"
    assert given["ClientCidrBlock"] == "10.200.0.0/22" and given["DnsServers"] == ["10.20.0.2"] and given["SessionTimeoutHours"] == 24
    assert [one.cidr for one in vpn.rules] == ["10.20.0.0/16"]
    (group,) = [one for one, tags in admin.region.tags.items() if one.startswith("sg-") and tags.get("memdbd:cluster") == "demo"]
    assert vpn.groups == [group] and all(one.groups == [group] for one in vpn.associations), "not the VPC's default group"
    assert all(tags["memdbd:cluster"] == "demo" for tags in admin.region.tags.values()), "all that was made can be found again"
    assert admin.bundle.stat().st_mode & 0o777 == 0o600
    text = admin.bundle.read_text(encoding="ascii")
    assert "verify-x509-name" in text and "<cert>" in text and "<key>" in text
    assert CLIENT in openssl("x509", "-noout", "-subject", given=text[text.index("<cert>") + 7:text.index("</cert>")])

    before = admin.endpoint.snapshot()
    admin.endpoint.clear_calls()
    said = admin.apply()
    assert admin.endpoint.mutating() == [] and "0 to do" in said and "0 of them changed something" in said and admin.endpoint.snapshot() == before

    said = admin.destroy()
    assert admin.endpoint.leftovers() == [] and admin.endpoint.is_as_before() and "nothing of it is left" in said
    assert (admin.pki / "private/ca.key").stat().st_mode & 0o777 == 0o600, "the PKI stays"
    admin.endpoint.clear_calls()
    assert "carries the tag memdbd:cluster=demo: there is nothing to remove there" in admin.destroy() and admin.endpoint.mutating() == []


def test_the_program_as_a_shell_starts_it(admins):
    """Cold, 0.6 s for each call. From nothing to PONG and back it is started in tests/lab/test_aws.py."""
    admin = admins(warm=None)
    assert "exec " + AWS in admin.endpoint.program.read_text(encoding="ascii")
    admin.apply("--direct", "--source", "10.40.0.0/16")
    assert admin.changes() == ["AuthorizeSecurityGroupIngress"]
    admin.destroy()
    assert admin.endpoint.is_as_before()


def test_nothing_is_done_without_a_yes(admin):
    assert "say --yes; nothing was changed" in admin.run("apply").line and admin.endpoint.mutating() == []


def test_destroy_touches_nothing_that_is_not_ours(admins, applied):
    admin = admins(like=applied())
    assert "say --yes; nothing was removed" in admin.run("destroy").line
    other = admin.region.world.new_id("sg-0")
    admin.region.groups[other] = {**next(iter(admin.region.groups.values())), "GroupId": other, "GroupName": "someone's"}
    admin.region.set_tags(other, [{"Key": "memdbd:cluster", "Value": "demo2"}])
    admin.destroy()
    assert [one for one in admin.endpoint.leftovers() if other not in one] == [] and other in admin.region.groups


# --- what somebody changed by hand ---

def rule_of(admin):
    return next(one for one in admin.region.rules if admin.region.tags.get(one, {}).get("memdbd:cluster"))


def default_group(admin):
    return next(one for one, group in admin.region.groups.items() if group["GroupName"] == "default")


def revoke_inbound(admin):
    gone = rule_of(admin)
    del admin.region.rules[gone]
    del admin.region.tags[gone]


def other_groups(admin):
    admin.vpn.groups = [default_group(admin)]
    for one in admin.vpn.associations:
        one.groups = [default_group(admin)]


def lose_association(admin):
    admin.vpn.associations.pop(1)
    admin.region.interfaces = {name: one for name, one in admin.region.interfaces.items() if not one.get("RequesterManaged") or one["SubnetId"] != list(admin.region.subnets)[1]}
    admin.vpn.routes[:] = [one for one in admin.vpn.routes if one.subnet != list(admin.region.subnets)[1]]


DRIFT = {
    "inbound rule revoked": (revoke_inbound, ["allow-group"], ["AuthorizeSecurityGroupIngress"]),
    "the VPC's default group on the endpoint": (other_groups, ["apply-groups"], ["ApplySecurityGroupsToClientVpnTargetNetwork"]),
    "association removed": (lose_association, ["associate"], ["AssociateClientVpnTargetNetwork"]),
    "split tunnel off": (lambda admin: admin.vpn.settings.update(SplitTunnel=False), ["modify-endpoint"], ["ModifyClientVpnEndpoint"]),
    "another port": (lambda admin: admin.vpn.settings.update(VpnPort=1194), ["modify-endpoint"], ["ModifyClientVpnEndpoint"]),
    "authorization revoked": (lambda admin: admin.vpn.rules.clear(), ["authorize"], ["AuthorizeClientVpnIngress"]),
}


@pytest.mark.parametrize("name", DRIFT)
def test_what_was_changed_by_hand_is_made_right_again(admins, applied, name):
    change, steps, calls = DRIFT[name]
    admin = admins(like=applied())
    before = admin.endpoint.snapshot()
    with admin.endpoint.dispatcher.lock:
        change(admin)
    assert admin.endpoint.snapshot() != before, "the test itself"
    assert [action for action, _ in admin.open_steps()] == steps, "that and nothing else"
    admin.apply()
    assert admin.changes() == calls and admin.endpoint.snapshot() == before


def test_an_endpoint_deleted_by_hand_is_made_anew(admins, applied):
    """EC2 remembers the token that the dead one was made with."""
    admin = admins(like=applied())
    before = admin.endpoint.snapshot()
    dead = admin.vpn.id
    del admin.region.endpoints[dead], admin.region.tags[dead]
    admin.region.interfaces = {name: one for name, one in admin.region.interfaces.items() if not one.get("RequesterManaged")}
    line = admin.run("apply", "--yes").line
    assert f"{admin.bundle} is there already, and is not for this endpoint" in line and "nothing was changed" in line and admin.endpoint.mutating() == []
    admin.bundle.unlink()
    admin.apply()
    assert admin.vpn.id != dead and admin.endpoint.snapshot() == before and len(admin.changes()) == 5


def test_a_route_that_one_subnet_lacks(admins, applied):
    admin = admins(like=applied(*FULLEST))
    before = admin.endpoint.snapshot()
    lost = next(one for one in admin.vpn.routes if one.destination == "0.0.0.0/0")
    admin.vpn.routes.remove(lost)
    steps = admin.open_steps(*FULLEST)
    assert [action for action, _ in steps] == ["create-route"] and lost.subnet in steps[0][1]
    admin.apply(*FULLEST)
    assert admin.changes() == ["CreateClientVpnRoute"] and admin.endpoint.snapshot() == before


def test_a_route_by_hand_goes_through_every_subnet(admins, applied):
    """The document: names lead to any of the subnets, so what one of them lacks looks like loss that comes and goes."""
    admin = admins(like=applied())
    by_hand = type(admin.vpn.routes[0])
    kept = admin.vpn.routes[0]
    admin.vpn.routes.append(by_hand(**{**kept.__dict__, "destination": "10.30.0.0/16", "origin": "add-route", "description": "peer"}))
    assert [action for action, _ in admin.open_steps()] == ["create-route"] * 2
    admin.apply()
    assert sorted(one.subnet for one in admin.vpn.routes if one.destination == "10.30.0.0/16") == sorted(admin.region.subnets)


def test_a_rule_by_hand_stays(admins, applied):
    admin = admins(like=applied())
    admin.vpn.rules.append(type(admin.vpn.rules[0])(**{**admin.vpn.rules[0].__dict__, "cidr": "10.20.9.0/24", "description": "the printer"}))
    before = admin.endpoint.snapshot()
    assert admin.open_steps() == [] and any("10.20.9.0/24, made by somebody else; it is left as it is" in one for one in admin.remarks())
    admin.apply()
    assert admin.endpoint.mutating() == [] and admin.endpoint.snapshot() == before


def test_another_certificate_on_the_endpoint(admins, applied):
    admin = admins(like=applied())
    ours = admin.vpn.settings["ServerCertificateArn"]
    other = ours[:-12] + "000000000000"
    admin.region.certificates[other] = admin.region.certificates[ours]
    admin.vpn.settings["ServerCertificateArn"] = other
    assert [action for action, _ in admin.open_steps()] == ["modify-endpoint"]
    admin.apply()
    assert admin.changes() == ["ModifyClientVpnEndpoint"] and admin.vpn.settings["ServerCertificateArn"] == ours and other in admin.region.certificates


def test_a_failed_association_is_named_with_its_next_step(admin):
    failing = list(admin.region.subnets)[2]
    admin.endpoint.fail_association(failing)
    line = admin.run("apply", "--yes").line
    assert f"the association of {failing} is association-failed" in line and "aws ec2 disassociate-client-vpn-target-network" in line
    association = next(one for one in admin.vpn.associations if one.subnet == failing)
    assert association.id in line
    admin.vpn.associations.remove(association)  # as it says
    admin.world.failing_associations.clear()
    admin.apply()
    assert len(admin.vpn.associations) == 3 and sorted(admin.changes()) == sorted([*APPLY, "AssociateClientVpnTargetNetwork"])


def test_an_endpoint_that_is_being_deleted_is_waited_for(admins, applied):
    admin = admins(like=applied())
    admin.vpn.associations.clear()
    admin.region.interfaces = {name: one for name, one in admin.region.interfaces.items() if not one.get("RequesterManaged")}
    admin.bundle.unlink()
    dead = admin.vpn
    dead.course = Course(admin.world.clock, ("deleting", FOREVER))
    client = admin.start("apply", "--yes")

    def waits():
        asked = [one.action for one in admin.endpoint.calls]
        return client.poll() is not None or (asked.count("DescribeClientVpnEndpoints") > 1 and asked[-1] == "DescribeClientVpnRoutes")

    wait_for(waits, 60, "it waits", 0.005)
    dead.course = Course(admin.world.clock, (None, FOREVER))
    said, err = client.communicate(timeout=60)
    assert client.returncode == 0 and err == "", said + err
    assert "is being deleted" in said and admin.vpn.state == "available" and "CreateClientVpnEndpoint" in admin.changes()
    assert len([one for one in admin.region.groups if admin.region.tags.get(one)]) == 1 and len(admin.region.certificates) == 1


# --- --dry-run ---

def test_a_dry_run_performs_nothing(admin):
    said = admin.good("apply", "--dry-run", *FULLEST)
    assert admin.endpoint.is_as_before() and not admin.bundle.exists()
    assert admin.endpoint.mutating() == [] and [(one.action, one.outcome) for one in admin.dry_runs()] == [("CreateSecurityGroup", "DryRunOperation")]
    assert "security group for the VPN, memdbd-vpn-demo: would work" in said and "has no dry run at AWS" in said and "cannot be tried before" in said


def test_a_dry_run_of_later_steps(admins, applied):
    admin = admins(like=applied())
    before = admin.endpoint.snapshot()
    wish = ("--internet", "--allow", "10.20.1.0/24")
    said = admin.good("apply", "--dry-run", *wish)
    assert [one.action for one in admin.dry_runs()] == [*["AuthorizeClientVpnIngress"] * 3, "RevokeClientVpnIngress", *["CreateClientVpnRoute"] * 3]
    assert admin.endpoint.mutating() == [] and admin.endpoint.snapshot() == before and said.count("would work") == 7
    admin.endpoint.inject("CreateClientVpnRoute", "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:iam::1:user/dev is not "
                          "authorized to perform: ec2:CreateClientVpnRoute on resource: arn:aws:ec2:us-east-1:1:subnet/s because no identity-based policy allows it")
    done = admin.run("apply", "--dry-run", *wish)
    assert "access denied: ec2:CreateClientVpnRoute on arn:aws:ec2:us-east-1:1:subnet/s" in done.line and done.out.count("would work") == 6
    assert admin.endpoint.snapshot() == before


# --- certificates ---

def short_lived_server(pki, days):
    """The server's certificate anew under the same name."""
    for old in (f"issued/{SERVER}.crt", f"private/{SERVER}.key", f"reqs/{SERVER}.req"):
        (pki / old).unlink()
    env = {"PATH": os.environ["PATH"], "EASYRSA_PKI": str(pki), "EASYRSA_BATCH": "1", "EASYRSA_NO_VARS": "1", "EASYRSA_CERT_EXPIRE": str(days)}
    run(EASYRSA, f"--subject-alt-name=DNS:{SERVER}", "build-server-full", SERVER, "nopass", env=env)


def test_a_server_certificate_that_ends_soon_is_renewed_into_the_same_arn(admin):
    admin.apply()
    arn = admin.vpn.settings["ServerCertificateArn"]
    short_lived_server(admin.pki, 10)
    admin.endpoint.clear_calls()
    assert [action for action, _ in admin.open_steps()] == ["make-server", "reimport-certificate"]
    admin.apply()
    assert admin.changes() == ["ImportCertificate"] and admin.vpn.settings["ServerCertificateArn"] == arn and list(admin.region.certificates) == [arn]
    (renewed,) = (admin.pki / "issued").glob(SERVER + "-20*.crt")
    assert f"CN = {SERVER}\n" in openssl("x509", "-noout", "-subject", "-in", renewed), "the name that the clients check"
    assert (admin.pki / "private" / (renewed.stem + ".key")).stat().st_mode & 0o777 == 0o600
    assert openssl("x509", "-noout", "-serial", "-in", renewed) == openssl("x509", "-noout", "-serial", given=admin.region.certificates[arn].body)
    assert admin.open_steps() == []


def test_another_pki_than_the_endpoint_s_is_refused(admins, applied, tmp_path):
    admin = admins(like=applied())
    other = Authority(tmp_path)
    other.ctl("init")
    admin.pki = other.folder
    line = admin.run("apply", "--yes").line
    assert "was not made by the PKI in" in line and "--pki DIR" in line and admin.endpoint.mutating() == []
