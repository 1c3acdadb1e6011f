"""The stand-in for AWS hands out the lab's OpenVPN servers: what is imported, exported, revoked and terminated there is real here."""
import json
import os
import subprocess

import pytest
from authority import EASYRSA
from aws.endpoint import AwsEndpoint
from aws.lab_vpn import LabVpn
from aws.remote import RemoteAwsEndpoint
from aws.scenario import demo_world
from fake_key_agent import openssl
from memdb import wait_for


class Person:
    """Somebody at the laptop, with an easy-rsa of his own, the real aws program and the real openvpn."""

    def __init__(self, lab, folder, endpoint):
        self.lab, self.folder, self.endpoint, self.pki = lab, folder, endpoint, folder / "pki"

    def easyrsa(self, *words, **more):
        subprocess.run([EASYRSA, *words], env={"PATH": os.environ["PATH"], "EASYRSA_PKI": str(self.pki), "EASYRSA_BATCH": "1", "EASYRSA_NO_VARS": "1", **more},
                       capture_output=True, check=True, stdin=subprocess.DEVNULL)

    def make_pki(self):
        self.easyrsa("init-pki")
        self.easyrsa("build-ca", "nopass", EASYRSA_REQ_CN="My CA")
        self.easyrsa("build-server-full", "vpn.example", "nopass")
        for client in ("me", "you"):
            self.easyrsa("build-client-full", client, "nopass")
        (self.folder / "leaf.pem").write_text(openssl("x509", "-in", self.pki / "issued/vpn.example.crt"), encoding="ascii")

    def aws(self, *words):
        done = subprocess.run(["ip", "netns", "exec", self.lab.laptop, str(self.endpoint.program), *map(str, words), "--output", "json"],
                              env={**os.environ, **self.endpoint.env}, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (words, done)
        return json.loads(done.stdout or "null")

    def import_server(self, *more):
        return self.aws("acm", "import-certificate", "--certificate", f"fileb://{self.folder}/leaf.pem", "--private-key",
                        f"fileb://{self.pki}/private/vpn.example.key", "--certificate-chain", f"fileb://{self.pki}/ca.crt", *more)["CertificateArn"]

    def make_endpoint(self):
        arn = self.import_server()
        subnet = self.aws("ec2", "describe-subnets")["Subnets"][0]["SubnetId"]
        vpn = self.aws("ec2", "create-client-vpn-endpoint", "--client-cidr-block", "10.100.0.0/22", "--server-certificate-arn", arn, "--authentication-options",
                       f"Type=certificate-authentication,MutualAuthentication={{ClientRootCertificateChainArn={arn}}}", "--connection-log-options", "Enabled=false")
        vpn = vpn["ClientVpnEndpointId"]
        self.aws("ec2", "associate-client-vpn-target-network", "--client-vpn-endpoint-id", vpn, "--subnet-id", subnet)
        wait_for(lambda: self.aws("ec2", "describe-client-vpn-endpoints")["ClientVpnEndpoints"][0]["Status"]["Code"] == "available", 10, "available")
        return arn, vpn

    def open_the_way(self, vpn):
        groups = {one["GroupName"]: one["GroupId"] for one in self.aws("ec2", "describe-security-groups")["SecurityGroups"]}
        self.aws("ec2", "authorize-security-group-ingress", "--group-id", groups["memorydb-demo"], "--protocol", "tcp", "--port", "6379",
                 "--source-group", groups["default"])
        self.aws("ec2", "authorize-client-vpn-ingress", "--client-vpn-endpoint-id", vpn, "--target-network-cidr", "10.20.0.0/16", "--authorize-all-groups")
        wait_for(lambda: self.aws("ec2", "describe-client-vpn-authorization-rules", "--client-vpn-endpoint-id", vpn)["AuthorizationRules"][0]["Status"]["Code"]
                 == "active", 10, "active")

    def configuration(self, vpn):
        return self.aws("ec2", "export-client-vpn-client-configuration", "--client-vpn-endpoint-id", vpn)["ClientConfiguration"]

    def connections(self, vpn):
        return self.aws("ec2", "describe-client-vpn-connections", "--client-vpn-endpoint-id", vpn)["Connections"]


class Openvpn:
    """On the laptop, until closed."""

    def __init__(self, person, text, client):
        config, self.log = person.folder / f"{client}.ovpn", person.folder / f"{client}.log"
        config.write_text(f"{text}\ncert {person.pki}/issued/{client}.crt\nkey {person.pki}/private/{client}.key\nconnect-retry 1 1\n", encoding="ascii")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", person.lab.laptop, "openvpn", "--config", str(config), "--verb", "3"], stdout=log,
                                            stdin=subprocess.DEVNULL)

    def times(self, words):
        return self.log.read_text(errors="replace").count(words)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def person(lab, tmp_path):
    endpoint = AwsEndpoint(tmp_path / "aws", world=demo_world(hook=LabVpn(lab.name)), namespace=lab.laptop)
    made = Person(lab, tmp_path, endpoint)
    yield made
    endpoint.close()


def test_the_way_from_an_import_to_a_revocation(lab, person):
    person.make_pki()
    arn, vpn = person.make_endpoint()
    text = person.configuration(vpn)
    assert openssl("x509", "-in", person.pki / "ca.crt").strip() in text and "verify-x509-name vpn.example name" in text and "clientvpn.lab.test 443" in text
    clients = [Openvpn(person, text, name) for name in ("me",)]
    try:
        (me,) = clients
        wait_for(lambda: me.times("Initialization Sequence Completed") == 1, 60, "connected")
        node = ["timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/10.20.1.1/6379"]
        assert lab.run(*node, check=False).returncode == 124, "neither an authorization rule nor a rule of the cluster's group: silence"
        person.open_the_way(vpn)
        lab.run(*node)
        (session,) = person.connections(vpn)
        assert (session["CommonName"], session["Status"]["Code"], session["ConnectionEndTime"]) == ("me", "active", "-") and int(session["IngressBytes"]) > 0
        assert session["ClientIp"].startswith(("10.100.0.", "10.100.1.")), "of the network that was asked for"

        done = person.aws("ec2", "terminate-client-vpn-connections", "--client-vpn-endpoint-id", vpn, "--connection-id", session["ConnectionId"])
        assert done["ConnectionStatuses"][0]["CurrentStatus"]["Code"] == "terminating"
        wait_for(lambda: me.times("Initialization Sequence Completed") == 2, 60, "it simply comes back")

        person.import_server("--certificate-arn", arn)  # as at a renewal
        wait_for(lambda: me.times("Initialization Sequence Completed") == 3, 60, "reset, and back")

        person.easyrsa("revoke", "me")
        person.easyrsa("gen-crl")
        person.aws("ec2", "import-client-vpn-client-certificate-revocation-list", "--client-vpn-endpoint-id", vpn, "--certificate-revocation-list",
                   f"file://{person.pki}/crl.pem")
        wait_for(lambda: not [one for one in person.connections(vpn) if one["Status"]["Code"] == "active"], 60, "the session is cut")
        clients.append(Openvpn(person, text, "you"))
        wait_for(lambda: clients[1].times("Initialization Sequence Completed") == 1, 60, "who is not revoked gets in")
        assert me.times("Initialization Sequence Completed") == 3
        wait_for(lambda: [one["CommonName"] for one in person.connections(vpn) if one["Status"]["Code"] == "active"] == ["you"], 60, "only you")
    finally:
        for one in clients:
            one.close()


def test_lab_endpoint_refuses_what_cannot_serve(lab):
    own = lab("endpoint", "config").stdout
    assert own == (lab.dir / "downloaded-client-config.ovpn").read_text(encoding="ascii")
    bad = lab.dir / "bad-credentials"
    wrong = lab("endpoint", "serve", str(lab.dir / "client.crt"), str(bad / "stranger.key"), str(lab.dir / "pki/ca.crt"), check=False)
    assert wrong.returncode == 1 and "is not the key of" in wrong.stderr
    for words in (["endpoint"], ["endpoint", "serve", "x"], ["endpoint", "fly"], ["endpoint", "cut", "9", "1"], ["endpoint", "serve", "/none", "/none", "/none"],
                  ["endpoint", "serve", *[str(bad / f"server-use.{kind}") for kind in ("crt", "key", "crt", "crt")], "10.0.0.0/24"]):
        refused = lab(*words, check=False)
        assert refused.returncode == 2 and len(refused.stderr.splitlines()) == 1, refused
    lab("endpoint", "serve", str(bad / "server-use.crt"), str(bad / "server-use.key"), str(lab.dir / "pki/ca.crt"))
    assert "verify-x509-name server-use name" in lab("endpoint", "config").stdout
    refused = lab("fault", "crl-expired", check=False)
    assert refused.returncode == 1 and "endpoint" in refused.stderr
    lab("endpoint", "own")
    assert lab("endpoint", "config").stdout == own and lab("status").returncode == 0


def test_the_stand_in_runs_inside_the_laptop(lab, tmp_path):
    endpoint = RemoteAwsEndpoint(tmp_path / "aws", {"world": "demo", "lab": lab.name, "delays": {"usual": 0.05}}, inside=["ip", "netns", "exec", lab.laptop])
    person = Person(lab, tmp_path, endpoint)
    try:
        person.make_pki()
        _, vpn = person.make_endpoint()
        assert "verify-x509-name vpn.example name" in person.configuration(vpn)
        assert person.connections(vpn) == [] and any(vpn in one for one in endpoint.leftovers())
    finally:
        endpoint.close()
    assert "already" in lab("endpoint", "own").stdout and lab("status").returncode == 0, "the lab is as it was"
