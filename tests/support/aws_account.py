"""Fixtures for tests of the stand-in for AWS: `account` is one with the lab's cluster, `files` what a person sends to it."""
import os
import subprocess

import pytest
from authority import EASYRSA
from aws.endpoint import AwsEndpoint
from aws.scenario import demo_world
from aws_client import client_of
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
