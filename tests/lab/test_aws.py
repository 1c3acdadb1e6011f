"""From an AWS account to PONG with one command, and back: memdbctl aws with the real aws program, the stand-in for AWS on the
laptop's loopback, and the lab's OpenVPN servers as the endpoint that it hands out."""
import os
import subprocess

import pytest
from aws.endpoint import AwsEndpoint
from aws.lab_vpn import LabVpn
from aws.model_files import AWS
from aws.scenario import demo_world
from aws.warm_program import WarmProgram
from memdb import MEMDBCTL, wait_for


class Admin:
    """Who runs memdbctl on the laptop, with a PKI of their own that is not there yet."""

    def __init__(self, agent, endpoint, folder):
        self.agent, self.endpoint, self.pki = agent, endpoint, folder / "pki"

    def aws(self, *words, check=True, timeout=170):
        env = {**os.environ, **self.endpoint.env, "PATH": f"{self.endpoint.folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["ip", "netns", "exec", self.agent.lab.laptop, str(MEMDBCTL), "--socket", str(self.agent.socket), "aws", *map(str, words), "--cluster", "demo"],
            env=env, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False)
        assert not check or done.returncode == 0, f"aws {words}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.endpoint.calls[-3:]}"
        return done

    def apply(self, *words, **more):
        d = self.agent.lab.dir
        return self.aws("apply", "--yes", "--pki", self.pki, *(() if "--client-name" in words else ("--client-name", "laptop")), "--user", "app", "--password-file", d / "cluster-password",
                        "--ca", d / "cluster-ca.pem", *words, **more)


@pytest.fixture
def admin(agent, tmp_path):
    lab = agent.lab
    hook = LabVpn(lab.name)
    endpoint = AwsEndpoint(tmp_path / "aws", world=demo_world(hook=hook), namespace=lab.laptop)
    yield Admin(agent, endpoint, tmp_path)
    hook.close()
    endpoint.close()


@pytest.fixture
def quick_admin(admin, tmp_path):
    """The same with an aws program that has already started: each call of the cold one is most of a second of imports."""
    warm = WarmProgram(tmp_path, AWS, ["ip", "netns", "exec", admin.agent.lab.laptop])
    warm.take(admin.endpoint)
    yield admin
    warm.close()


def test_from_nothing_to_pong_with_one_command_and_back(admin):
    said = admin.apply().stdout
    print(said, admin.endpoint.count_by_action())
    assert admin.agent.api.profile("demo")["verdict"] == "reachable", "finished means reachable"
    assert "reachable" in said and "all of it is so" in said
    assert len(admin.endpoint.mutating()) == 8, admin.endpoint.mutating()

    admin.endpoint.clear_calls()
    again = admin.apply().stdout
    print(again, admin.endpoint.count_by_action())
    assert admin.endpoint.mutating() == [] and "0 to do" in again, again
    assert admin.agent.api.profile("demo")["verdict"] == "reachable"

    shown = admin.aws("status").stdout
    print(shown)
    assert "1 connection now" in shown and "laptop" in shown and "available" in shown and "revocation list: none" in shown

    gone = admin.aws("destroy", "--yes").stdout
    print(gone)
    assert admin.endpoint.leftovers() == [] and admin.endpoint.is_as_before()
    assert admin.agent.api.get("/v1/profiles")["profiles"] == []
    assert (admin.pki / "private" / "ca.key").stat().st_mode & 0o777 == 0o600, "the PKI stays, and its key is the user's alone"


def test_a_revoked_client_is_cut_off_by_aws_crl_and_rotation_is_not_needed_by_the_others(quick_admin):
    admin = quick_admin
    admin.apply()
    said = admin.aws("crl", "--pki", admin.pki, "--revoke", "laptop", "--reason", "keyCompromise", "--disconnect", "--profile", "demo", "--yes").stdout
    print(said)
    assert "revoked laptop" in said and "EVERY new connection is refused" in said and "REVOKED" in said
    finding = admin.agent.api.wait_finding("demo", "client-cert-unusable", 15)
    assert finding["summary"].startswith("the certificate laptop was revoked on 20")
    wait_for(lambda: admin.agent.api.profile("demo")["verdict"] == "unreachable", 30, "the revoked client is out")
    shown = admin.aws("status").stdout
    assert "1 certificate revoked" in shown and "0 connections now" in shown, shown
    # The way back in: another certificate. The profile of the old one has to go first; apply says so, and does the rest.
    admin.agent.ctl("profile", "remove", "demo", "--yes")
    admin.apply("--client-name", "laptop2")
    assert admin.agent.api.profile("demo")["verdict"] == "reachable"
