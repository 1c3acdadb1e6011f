"""Security groups, ACM and MemoryDB as another project imitates them: moto's server, where it is installed (not in Debian). It has no
Client VPN, so those calls go to the stand-in, which refuses to make an endpoint in a VPC that it does not know: there apply ends, and the
next one finds all that was made so far. Each call starts the aws program anew."""
import json
import os
import pathlib
import shutil
import subprocess

from aws.model_files import AWS
from aws_admin import SERVER
from fake_key_agent import openssl
from memdb import wait_for

MOTO = shutil.which("moto_server", path="/usr/local/bin:/usr/bin") or next(map(str, pathlib.Path("/root/.pyenv/versions").glob("*/bin/moto_server")), None)


def moto_server(folder):
    """A running one and its address."""
    log = folder / "moto.log"
    with open(log, "wb") as out:
        server = subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", "0"], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    line = wait_for(lambda: next((one for one in log.read_text(encoding="utf-8").splitlines() if "Running on http" in one), None), 60, "moto listens")
    return server, line[line.index("http"):].strip()


def filled(admin, ask):
    """The account of the stand-in, in moto. The cluster's group."""
    vpc = ask("ec2", "create-vpc", "--cidr-block", "10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [ask("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", f"10.20.{number}.0/24", "--availability-zone", f"us-east-1{zone}")["Subnet"]["SubnetId"]
               for number, zone in ((1, "a"), (2, "b"))]
    group = ask("ec2", "create-security-group", "--group-name", "memorydb-demo", "--description", "d", "--vpc-id", vpc)["GroupId"]
    ask("memorydb", "create-subnet-group", "--subnet-group-name", "demo-subnets", "--subnet-ids", *subnets)
    ask("memorydb", "create-cluster", "--cluster-name", "demo", "--node-type", "db.r6g.large", "--acl-name", "open-access", "--subnet-group-name", "demo-subnets",
        "--security-group-ids", group, "--num-shards", "2")
    admin.region.endpoints.clear()
    return group


if MOTO and os.environ.get("MEMDB_SLOW"):
    def test_against_moto(admins, tmp_path):
        admin = admins(warm=None)
        server, address = moto_server(tmp_path)
        try:
            ours = admin.endpoint.folder / "client-vpn"
            admin.endpoint.program.rename(ours)
            admin.endpoint.program.write_text(f'#!/bin/sh\ncase "$2" in *client-vpn*) exec {ours} "$@" ;; esac\nexec {AWS} --endpoint-url {address} "$@"\n', encoding="ascii")
            admin.endpoint.program.chmod(0o755)

            def ask(*words):
                done = admin.aws(*words)
                assert done.code == 0, done
                return json.loads(done.out or "null")

            group = filled(admin, ask)
            admin.apply("--direct", "--source", "10.40.0.0/16")
            assert "0 to do" in admin.apply("--direct", "--source", "10.40.0.0/16")
            for _ in range(2):
                assert "CreateClientVpnEndpoint" in admin.run("apply", "--yes").line
            tagged = ask("ec2", "describe-security-groups", "--filters", "Name=tag:memdbd:cluster,Values=demo")["SecurityGroups"]
            assert [one["GroupName"] for one in tagged] == ["memdbd-vpn-demo"], "not two of them"
            inbound = [one for one in ask("ec2", "describe-security-group-rules", "--filters", f"Name=group-id,Values={group}")["SecurityGroupRules"] if not one["IsEgress"]]
            assert sorted(one.get("CidrIpv4") or one["ReferencedGroupInfo"]["GroupId"] for one in inbound) == ["10.40.0.0/16", tagged[0]["GroupId"]]
            (certificate,) = ask("acm", "list-certificates")["CertificateSummaryList"]
            body = ask("acm", "get-certificate", "--certificate-arn", certificate["CertificateArn"])["Certificate"]
            assert openssl("x509", "-noout", "-serial", given=body) == openssl("x509", "-noout", "-serial", "-in", admin.pki / f"issued/{SERVER}.crt")
            admin.destroy()
            assert ask("acm", "list-certificates")["CertificateSummaryList"] == []
            assert ask("ec2", "describe-security-groups", "--filters", "Name=tag:memdbd:cluster,Values=demo")["SecurityGroups"] == []
        finally:
            server.terminate()
            server.wait(10)
