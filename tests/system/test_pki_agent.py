"""`memdbctl pki revoke` and `pki crl` with --profile: the list is made, and the agent knows it at once. The real easy-rsa and memdbd."""
import itertools
import json

import pytest
from authority import Authority
from memdb import wait_for

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.ctl("init")
    return made


@pytest.fixture
def laptop(ca):
    """A client's name of its own for each test; its certificate and key are in the PKI."""
    name = f"laptop-{next(NUMBERS)}"
    ca.ctl("client", name)
    return name


@pytest.fixture
def demo(agent, ca, laptop, pki):
    """The profile demo of `agent`, with the laptop's certificate; its endpoint has the same CA."""
    config = pki.downloaded(name=f"{laptop}.ovpn")
    config.write_text(config.read_text().replace(pki.ca.read_text(), (ca.folder / "ca.crt").read_text()))
    agent.ctl("profile", "import", config, "--name", "demo", "--cert", ca.folder / f"issued/{laptop}.crt", "--key",
              ca.folder / f"private/{laptop}.key", "--cluster", "node.test", "--ca", pki.ca)
    plan = agent.state / "profiles/demo/fake_openvpn.json"
    plan.write_text('[{"scenario": "normal"}]')
    plan.chmod(0o644)
    return agent


def pki_words(ca, *words):
    return ("pki", *words, "--pki", ca.folder)


def crl_of(agent):
    return agent.api.profile("demo")["credential"].get("crl")


def test_a_revocation_is_known_to_the_agent_at_once_and_nothing_is_tried(demo, ca, laptop):
    said = demo.ctl(*pki_words(ca, "revoke", laptop, "--reason", "keyCompromise", "--profile", "demo", "--yes")).stdout
    assert f"revoked {laptop}" in said and "demo has a revocation list" in said and "REVOKED" in said, said
    assert crl_of(demo)["revoked"]["reason"] == "keyCompromise" and crl_of(demo)["verified"]
    demo.ctl("connect", "demo")
    assert f"the certificate {laptop} was revoked on 20" in demo.api.wait_finding("demo", "client-cert-unusable")["summary"]
    assert demo.tunnel("demo")["phase"] == "blocked" and demo.starts("demo") == 0


def test_without_profile_the_agent_is_not_asked(demo, ca, laptop):
    said = demo.ctl(*pki_words(ca, "crl")).stdout
    assert "demo" not in said and crl_of(demo) is None
    assert "demo" not in demo.ctl(*pki_words(ca, "revoke", laptop, "--yes")).stdout and crl_of(demo) is None


def test_a_renewed_list_tells_the_agent_its_new_end(demo, ca):
    said = demo.ctl(*pki_words(ca, "crl", "--days", "10", "--profile", "demo")).stdout
    assert "this certificate is not on it" in said
    assert crl_of(demo)["days_left"] in (9, 10)
    wait_for(lambda: "crl-expiring" in [f["code"] for f in demo.api.profile("demo")["findings"]], 10, "the agent warns of its end")
    demo.ctl(*pki_words(ca, "crl", "--days", "300", "--profile", "demo"))
    assert crl_of(demo)["days_left"] in (299, 300)
    wait_for(lambda: demo.api.profile("demo")["findings"] == [], 10, "nothing to warn of")


UNTOLD = {  # how: (profile, words, exit)
    "no such profile": ("none", "memdbctl profile list", 1),
    "no agent": ("demo", "the agent is not running", 3),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_what_is_done_stays_done_when_the_agent_is_not_told(demo, ca, laptop, case):
    profile, words, code = UNTOLD[case]
    if case == "no agent":
        demo.end()
    done = demo.ctl(*pki_words(ca, "revoke", laptop, "--profile", profile, "--yes"), check=False)
    assert done.returncode == code and done.stderr.count("\n") == 1, done
    assert f"{laptop} is revoked and the list made, but the agent was not told" in done.stderr and words in done.stderr, done.stderr
    repeat = f"memdbctl key crl {ca.folder}/crl.pem {profile}"
    assert done.stderr.endswith(repeat + "\n"), done.stderr
    assert [one["status"] for (name, _), one in ca.list().items() if name == laptop] == ["revoked"]
    again = demo.ctl(*pki_words(ca, "crl", "--profile", profile), check=False)
    assert again.returncode == code and "the list is made, but the agent was not told" in again.stderr, again
    if case == "no agent":
        demo.start()
    assert crl_of(demo) is None
    demo.ctl(*repeat.split()[1:-1], "demo")
    assert crl_of(demo)["revoked"]


def test_a_list_of_another_ca_is_not_taken_by_the_profile(agent, ca, pki):
    """A wrong --profile is the likely slip: the agent tells it, and keeps what it had."""
    agent.import_tunnel("demo", pki)
    done = agent.ctl(*pki_words(ca, "crl", "--profile", "demo"), check=False)
    assert done.returncode == 1 and "give the list of that CA" in done.stderr and done.stderr.count("\n") == 1, done
    assert crl_of(agent) is None


def test_the_list_goes_to_the_agent_even_if_aws_does_not_take_it(demo, ca, tmp_path):
    program = tmp_path / "aws"
    program.write_text("#!/bin/sh\necho denied >&2\nexit 3\n")
    program.chmod(0o755)
    done = demo.ctl(*pki_words(ca, "crl", "--profile", "demo", "--publish", "cvpn-endpoint-0123456789abcdef0"), check=False,
                    env={"PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 1 and "denied" in done.stderr and crl_of(demo), done
    assert json.loads(demo.ctl("key", "show", "--json").stdout)["credential"]["crl"] == crl_of(demo)
