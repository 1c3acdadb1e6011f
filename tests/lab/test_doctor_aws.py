"""memdbctl doctor where the wire cannot tell causes apart and AWS can: the stand-in for AWS beside the running lab, and
the real aws program. memdbctl aws apply makes the profile; then something breaks, in the account and on the wire."""
import contextlib
import dataclasses
import json
import os
import re
import subprocess
import time

import pytest
from aws.endpoint import AwsEndpoint
from aws.lab_vpn import ENDPOINT_ID, LabVpn
from aws.model_files import AWS
from aws.scenario import demo_world
from aws.warm_program import WarmProgram
from aws_named_cluster import AWS_NAME, AwsNamedCluster
from fake_key_agent import openssl
from memdb import MEMDBCTL, ROOT, wait_for

LIMIT = 15  # seconds: the doctor's own promise; AWS is asked after that
VPN = ("--client-vpn-endpoint-id", ENDPOINT_ID)
RESOLVER = "10.20.0.2/32"
POLICY = json.loads((ROOT / "scripts/aws/policy.json").read_text(encoding="utf-8"))
NOTHING = {**POLICY, "Statement": []}


def policy_without(right):
    """Our policy, but for this."""
    left = json.loads(json.dumps(POLICY).replace(f'"{right}"', '"none:Such"'))
    assert left != POLICY, f"{right} was none of it"
    return left


class Admin:
    """At the laptop, with credentials for AWS and a PKI of their own."""

    def __init__(self, agent, endpoint, folder):
        self.agent, self.endpoint, self.folder, self.pki = agent, endpoint, folder, folder / "pki"

    def run(self, *words, check=True, timeout=170):
        path = f"{self.endpoint.folder}:{MEMDBCTL.parent}:{os.environ['PATH']}"
        own = {"PATH": path, "MEMDBD_SOCKET": str(self.agent.socket), "LC_ALL": "C.UTF-8"}
        env = {**os.environ, **self.endpoint.env, **own}
        done = subprocess.run(["ip", "netns", "exec", self.agent.lab.laptop, *map(str, words)], env=env, text=True,
                              capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False)
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def aws(self, *words):
        """The aws program itself."""
        return json.loads(self.run("aws", *words, "--output", "json").stdout or "null")

    def memdbctl(self, *words, **more):
        return self.run(MEMDBCTL, *words, **more)

    def apply(self):
        lab = self.agent.lab.dir
        self.memdbctl("aws", "apply", "--cluster", "demo", "--yes", "--pki", self.pki, "--client-name", "laptop",
                      "--user", "app", "--password-file", lab / "cluster-password", "--ca", lab / "cluster-ca.pem")

    def doctor(self, *words, policy=None):
        """The diagnosis, and what was complained of; AWS refuses what `policy` does not allow."""
        self.endpoint.use_policy(policy)
        done = self.memdbctl("doctor", "demo", "--json", *words, check=False, timeout=90)
        self.endpoint.use_policy(None)
        assert done.returncode == 1, done
        report = json.loads(done.stdout)
        assert report["took_ms"] < LIMIT * 1000, report["took_ms"]
        return report["diagnosis"], done.stderr

    def follow(self, advice, more=""):
        """Does what the report says, as somebody who copies it."""
        assert advice.startswith("`") and advice.endswith("`"), advice
        self.run("sh", "-c", advice.strip("`") + more)
        wait_for(lambda: {state for _, state in authorized(self)} == {"active"}, 10, "what AWS does slowly is done")

    def cluster_group(self):
        return self.endpoint.world.home.clusters["demo"]["SecurityGroups"][0]["SecurityGroupId"]


@pytest.fixture
def admin(agent, tmp_path):
    """Everything is made, and reachable."""
    lab = agent.lab
    with contextlib.ExitStack() as opened:
        def keep(thing):
            return opened.enter_context(contextlib.closing(thing))

        keep(AwsNamedCluster(lab))
        world = demo_world(hook=keep(LabVpn(lab.name)))
        world.home.clusters["demo"]["ClusterEndpoint"]["Address"] = AWS_NAME
        endpoint = keep(AwsEndpoint(tmp_path / "aws", world=world, namespace=lab.laptop))
        keep(WarmProgram(tmp_path, AWS, ["ip", "netns", "exec", lab.laptop])).take(endpoint)
        one = Admin(agent, endpoint, tmp_path)
        one.apply()
        assert agent.api.profile("demo")["verdict"] == "reachable"
        yield one


# --- what happens ---

def the_list_ends(admin):
    """The endpoint has a revocation list that somebody has forgotten to renew."""
    config, crl = admin.folder / "crl.cnf", admin.folder / "crl.pem"
    config.write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={admin.pki}/index.txt\ndefault_md=sha256\n", encoding="ascii")
    openssl("ca", "-gencrl", "-config", config, "-cert", admin.pki / "ca.crt", "-keyfile", admin.pki / "private/ca.key",
            "-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", "20250701000000Z", "-out", crl)
    admin.aws("ec2", "import-client-vpn-client-certificate-revocation-list", *VPN,
              "--certificate-revocation-list", f"file://{crl}")


def the_client_is_revoked(admin):
    """And memdbd is not told."""
    admin.memdbctl("aws", "crl", "--cluster", "demo", "--pki", admin.pki, "--revoke", "laptop", "--disconnect", "--yes")


def the_group_is_closed(admin):
    group, rules = admin.cluster_group(), admin.aws("ec2", "describe-security-group-rules")["SecurityGroupRules"]
    for rule in rules:
        if rule["GroupId"] == group and not rule["IsEgress"]:
            admin.aws("ec2", "revoke-security-group-ingress", "--group-id", group,
                      "--security-group-rule-ids", rule["SecurityGroupRuleId"])


def the_client_range_is_let_in_instead(admin):
    """What people try first."""
    the_group_is_closed(admin)
    clients = admin.aws("ec2", "describe-client-vpn-endpoints")["ClientVpnEndpoints"][0]["ClientCidrBlock"]
    admin.aws("ec2", "authorize-security-group-ingress", "--group-id", admin.cluster_group(), "--protocol", "tcp",
              "--port", "6379", "--cidr", clients)


def authorized(admin):
    rules = admin.aws("ec2", "describe-client-vpn-authorization-rules", *VPN)["AuthorizationRules"]
    return sorted((one["DestinationCidr"], one["Status"]["Code"]) for one in rules)


def only_the_resolver_is_authorized(admin):
    for network, _ in authorized(admin):
        admin.aws("ec2", "revoke-client-vpn-ingress", *VPN, "--target-network-cidr", network, "--revoke-all-groups")
    wait_for(lambda: not authorized(admin), 10, "no rule is left")
    admin.aws("ec2", "authorize-client-vpn-ingress", *VPN, "--target-network-cidr", RESOLVER, "--authorize-all-groups")
    wait_for(lambda: authorized(admin) == [(RESOLVER, "active")], 10, "the resolver's rule counts")


def nothing_is_authorized(admin):
    admin.agent.lab("fault", "authorization-missing")
    for network, _ in authorized(admin):
        admin.aws("ec2", "revoke-client-vpn-ingress", *VPN, "--target-network-cidr", network, "--revoke-all-groups")
    wait_for(lambda: not authorized(admin), 10, "no rule is left")


def the_endpoint_has_no_network(admin):
    """Then nobody answers."""
    admin.agent.lab("fault", "server-down")
    for one in admin.aws("ec2", "describe-client-vpn-target-networks", *VPN)["ClientVpnTargetNetworks"]:
        admin.aws("ec2", "disassociate-client-vpn-target-network", *VPN, "--association-id", one["AssociationId"])


@dataclasses.dataclass(frozen=True)
class Cause:
    happens: object
    finding: str  # all that the wire tells
    name: str  # the suspect that AWS confirms
    says: str  # what AWS is quoted with
    excluded: tuple = ()  # what it rules out
    also: tuple = ()  # what it confirms beside
    advice: str = ""  # begins so; followed, it mends the matter
    more: str = ""  # to be added to it


CLOSED, RANGE, RULE = "security-group-closed", "security-group-allows-vpn-range", "authorization-rule-missing"
ROUTE, NETWORK = "route-missing", "association-missing"
NOT_LET_IN = r"no rule of the cluster's groups lets sg-\w+ in on TCP 6379"
NOBODY = "no rule lets anybody into 10.20.1.0/24, 10.20.2.0/24, 10.20.3.0/24 of the cluster"
CAUSES = (
    Cause(the_list_ends, "handshake-rejected", "crl-expired",
          "the endpoint's revocation list ended on 2025-07-01: every new connection is refused",
          excluded=("client-revoked", "server-cert-expired"),
          advice=f"memdbctl pki crl --publish {ENDPOINT_ID}", more=" --pki {pki}"),
    Cause(the_client_is_revoked, "handshake-rejected", "client-revoked",
          "serial {serial} is on the endpoint's revocation list", excluded=("crl-expired", "server-cert-expired")),
    Cause(the_group_is_closed, "port-filtered", CLOSED, NOT_LET_IN,
          excluded=(RANGE, RULE, ROUTE, NETWORK), advice="aws ec2 authorize-security-group-ingress "),
    Cause(the_client_range_is_let_in_instead, "port-filtered", CLOSED, NOT_LET_IN,
          excluded=(RULE, ROUTE, NETWORK), also=(RANGE,), advice="aws ec2 authorize-security-group-ingress "),
    # The wire says: unlikely, because the VPC's resolver answers.
    Cause(only_the_resolver_is_authorized, "port-filtered", RULE, NOBODY,
          excluded=(CLOSED, RANGE, ROUTE, NETWORK), advice="aws ec2 authorize-client-vpn-ingress "),
    Cause(nothing_is_authorized, "authorization-missing", RULE, NOBODY, excluded=(ROUTE, NETWORK)),
    Cause(the_endpoint_has_no_network, "endpoint-silent", "endpoint-not-available",
          f"{ENDPOINT_ID} is pending-associate"),
)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda one: one.happens.__name__)
def test_aws_settles_what_the_wire_cannot(admin, cause):
    cause.happens(admin)
    admin.agent.api.wait_finding("demo", cause.finding, 40)
    admin.endpoint.clear_calls()
    diagnosis, complaint = admin.doctor(policy=POLICY)
    assert complaint == "", "our policy is all that it needs"
    assert admin.endpoint.calls and admin.endpoint.mutating() == []
    first, suspects = diagnosis["suspects"][0], {one["cause"]: one for one in diagnosis["suspects"]}
    assert diagnosis["code"] == cause.finding, diagnosis
    assert first["cause"] == cause.name and first["certainty"] == "confirmed", diagnosis
    says = cause.says.format(serial=admin.agent.api.profile("demo")["credential"]["serial"])
    assert re.fullmatch("AWS: " + says, first["for"][-1]), first
    assert diagnosis["summary"].startswith(first["sentence"] + " ("), diagnosis["summary"]
    confirmed = {name for name, one in suspects.items() if one["certainty"] == "confirmed"}
    assert confirmed == {cause.name, *cause.also}, suspects
    for name in cause.excluded:
        assert suspects[name]["certainty"] == "excluded", suspects[name]
        assert suspects[name]["against"][-1].startswith("AWS: "), suspects[name]
    if cause.advice:
        assert diagnosis["action"].startswith("`" + cause.advice), diagnosis["action"]
        admin.follow(diagnosis["action"], cause.more.format(pki=admin.pki))
        admin.agent.ctl("connect", "demo", "--wait", "--timeout", "40s")


def test_a_person_reads_the_cause_in_the_first_line_and_without_aws_only_guesses(admin):
    the_group_is_closed(admin)
    admin.agent.api.wait_finding("demo", "port-filtered", 40)
    text = admin.memdbctl("doctor", check=False).stdout
    first = text.splitlines()[0]
    assert first.startswith("✗ demo: port-filtered: the cluster's security group lets nobody in"), text
    for words in ("lets nobody in on its port (6 of 6 nodes silent on TCP 6379", "the cause, as AWS says",
                  "→ `aws ec2 authorize-security-group-ingress --group-id sg-",
                  "1 confirmed: the cluster's security group", "for: AWS: no rule of the cluster's groups lets sg-",
                  "excluded: the endpoint is associated with no subnet"):
        assert words in " ".join(text.split()), (words, text)

    admin.endpoint.clear_calls()
    alone, complaint = admin.doctor("--no-aws")
    assert complaint == "" and admin.endpoint.calls == [] and "AWS: " not in json.dumps(alone), alone
    assert [one["certainty"] for one in alone["suspects"][:2]] == ["likely", "likely"], "the wire does not know it"


# --- AWS refuses ---

REFUSED = {
    "ec2:DescribeSecurityGroupRules": (the_group_is_closed, "port-filtered", (CLOSED, RANGE), (RULE, ROUTE, NETWORK)),
    "ec2:ExportClientVpnClientCertificateRevocationList":
        (the_list_ends, "handshake-rejected", ("crl-expired", "client-revoked"), ("server-cert-expired",)),
}


def is_unsettled(diagnosis):
    """The first line says what is seen, and no more."""
    return not any(diagnosis["summary"].startswith(one["sentence"]) for one in diagnosis["suspects"])


@pytest.mark.parametrize("right", REFUSED)
def test_what_aws_does_not_tell_is_said_and_the_rest_counts(admin, right):
    happens, finding, unsettled, excluded = REFUSED[right]
    happens(admin)
    admin.agent.api.wait_finding("demo", finding, 40)
    alone, _ = admin.doctor("--no-aws")
    told, complaint = admin.doctor(policy=policy_without(right))
    line, = complaint.splitlines()
    assert line.startswith(f"memdbctl: warning: access denied: {right} ") and "scripts/aws/policy.json" in line, line
    before, after = ({one["cause"]: one for one in each["suspects"]} for each in (alone, told))
    for name in unsettled:
        assert after[name] == before[name] and after[name]["certainty"] in ("likely", "possible"), after[name]
    for name in excluded:
        assert after[name]["certainty"] == "excluded", after[name]
        assert after[name]["against"][-1].startswith("AWS: "), after[name]
    assert told["suspects"][0]["cause"] in unsettled and is_unsettled(told), told

    told, complaint = admin.doctor(policy=NOTHING)
    assert told["suspects"] == alone["suspects"] and is_unsettled(told), told
    denied = re.findall(r"^memdbctl: warning: access denied: (\S+)", complaint, re.M)
    assert denied == ["ec2:DescribeClientVpnEndpoints", "memorydb:DescribeClusters"], complaint


def test_the_options_that_a_complaint_names_are_options_of_doctor(admin):
    the_group_is_closed(admin)
    admin.agent.api.wait_finding("demo", "port-filtered", 40)
    _, complaint = admin.doctor(policy=NOTHING)
    known = admin.memdbctl("doctor", "--help").stdout
    assert [one for one in re.findall(r"--[a-z][a-z-]+", complaint) if one not in known] == [], complaint


def test_an_aws_that_hangs_costs_some_seconds_and_nothing_else(admin):
    the_group_is_closed(admin)
    admin.agent.api.wait_finding("demo", "port-filtered", 40)
    alone, _ = admin.doctor("--no-aws")
    program = admin.folder / "hangs" / "aws"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 300\n")
    program.chmod(0o755)
    began = time.monotonic()
    done = admin.run("env", f"PATH={program.parent}:{os.environ['PATH']}", MEMDBCTL, "doctor", "demo", "--json", check=False)
    took = time.monotonic() - began
    assert 10 <= took < 10 + LIMIT + 10, f"{took:.1f} s"
    assert "aws did not end within 10 s and was stopped" in done.stderr, done.stderr
    assert json.loads(done.stdout)["diagnosis"]["suspects"] == alone["suspects"]
