"""`memdbctl pki` against the real easy-rsa: MEMDB_TEST_EASYRSA names another one than Debian's. As an ordinary caller; no agent."""
import hashlib
import json
import os
import pathlib
import stat

import pytest
from authority import EASYRSA, Authority
from aws.endpoint import AwsEndpoint
from memdb import MEMDBCTL
from sandbox import run


def digest(folder):
    """Every path with its mode and content."""
    return {str(path): (path.lstat().st_mode, path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(pathlib.Path(folder).rglob("*"))}


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("authority"))
    said = made.ctl("init")
    assert str(made.folder / "private/ca.key") in said
    return made


def test_init_leaves_an_existing_pki_as_it_is(ca):
    before = digest(ca.folder)
    assert "nothing was changed" in ca.ctl("init", exit=1)
    assert digest(ca.folder) == before


def test_init_leaves_what_is_no_pki_as_it_is(tmp_path):
    other = Authority(tmp_path)
    other.folder.mkdir()
    (other.folder / "thesis.txt").write_text("mine")
    before = digest(tmp_path)
    assert "no PKI" in other.ctl("init", exit=1)
    assert digest(tmp_path) == before


def test_init_goes_on_where_only_the_ca_is_missing(tmp_path):
    other = Authority(tmp_path)
    run(EASYRSA, "init-pki", env={"PATH": os.environ["PATH"], "EASYRSA_PKI": str(other.folder), "EASYRSA_BATCH": "1"})
    (other.folder / "reqs/waiting.req").write_text("keep me")
    other.ctl("init")
    assert (other.folder / "ca.crt").exists() and (other.folder / "reqs/waiting.req").read_text() == "keep me"


def test_no_vars_file_is_sourced(tmp_path):
    other = Authority(tmp_path)
    other.ctl("init")
    evil = f'touch {tmp_path}/sourced\nset_var EASYRSA_ALGO ec\n'
    for place in (other.folder / "vars", tmp_path / "vars"):
        place.write_text(evil)
    other.ctl("client", "c1", env={"EASYRSA_ALGO": "ec", "EASYRSA_VARS_FILE": str(tmp_path / "vars"), "EASYRSA_KEY_SIZE": "1024"})
    assert not (tmp_path / "sourced").exists()
    assert "2048 bit" in other.text("c1")


def test_server_has_its_names(ca):
    ca.ctl("server", "vpn.test", "--san", "other.test")
    text = ca.text("vpn.test")
    assert "DNS:vpn.test" in text and "DNS:other.test" in text and "TLS Web Server Authentication" in text


def test_bundle_has_certificate_key_and_ca_and_is_accepted(ca, pki, tmp_path):
    bundle = tmp_path / "laptop.pem"
    ca.ctl("client", "laptop", "--bundle", bundle)
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    heads = [line for line in bundle.read_text().splitlines() if line.startswith("-----BEGIN")]
    assert [head.strip("-").split()[-1] for head in heads] == ["CERTIFICATE", "KEY", "CERTIFICATE"]
    assert run("openssl", "verify", "-purpose", "sslclient", "-CAfile", ca.folder / "ca.crt", bundle)
    checked = run(MEMDBCTL, "profile", "import", "--check", "--json", pki.downloaded(), "--cert", bundle)
    assert "laptop" in json.loads(checked.stdout)["certificate"]["subject"]
    before = bundle.read_bytes()
    assert "is there already" in ca.ctl("client", "laptop2", "--bundle", bundle, exit=1)
    assert bundle.read_bytes() == before and not (ca.folder / "issued/laptop2.crt").exists()


def test_ovpn_bundle_is_a_configuration_with_both_inside(ca, pki, tmp_path):
    bundle = tmp_path / "phone.ovpn"
    ca.ctl("client", "phone", "--bundle", bundle, "--ovpn", pki.downloaded())
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    report = json.loads(run(MEMDBCTL, "profile", "import", "--check", "--json", bundle).stdout)
    assert report["accepted"] and "phone" in report["certificate"]["subject"]
    assert "--bundle" in ca.ctl("client", "other", "--ovpn", pki.downloaded(), exit=2)


def test_a_revoked_client_is_in_the_list_and_its_name_is_free(ca):
    ca.ctl("client", "lost")
    serial = next(serial for name, serial in ca.list() if name == "lost")
    assert "--yes" in ca.ctl("revoke", "lost", exit=2)
    assert ca.list()["lost", serial]["status"] == "valid"
    assert "next update" in ca.ctl("revoke", "lost", "--reason", "keyCompromise", "--yes")
    listed = run("openssl", "crl", "-noout", "-text", "-in", ca.folder / "crl.pem").stdout
    assert f"Serial Number: {serial}" in listed and "Key Compromise" in listed
    row = ca.list()["lost", serial]
    assert (row["status"], row["reason"], row["kind"]) == ("revoked", "keyCompromise", "client") and row["revoked_at"]
    ca.ctl("client", "lost")
    again = [one for (name, _), one in ca.list().items() if name == "lost"]
    assert sorted(one["status"] for one in again) == ["revoked", "valid"]
    old_key = [path for path in (ca.folder / "revoked").rglob(f"{serial}.key")]
    assert len(old_key) == 1, "easy-rsa or we keep the old key in revoked/"


@pytest.mark.parametrize("words", [("client", "-x"), ("client", "../x"), ("client", ".x"), ("client", "a b"), ("client", "x" * 65),
                                   ("client", "a;b"), ("client", "ca"), ("client", ""), ("revoke", "lost", "--reason", "fun", "--yes"),
                                   ("crl", "--publish", "cvpn-endpoint-1;x"), ("crl", "--days", "0"), ("server", "a", "--san", "x,IP:1.2.3.4")])
def test_what_is_not_plain_is_refused(ca, words):
    before = digest(ca.folder)
    ca.ctl(*words, exit=2)
    assert digest(ca.folder) == before


def test_an_unknown_name_is_not_revoked(ca):
    assert "pki list" in ca.ctl("revoke", "nobody", "--yes", exit=1)


@pytest.mark.parametrize("mode", ["good", "denied"])
def test_the_list_is_published_by_aws(ca, tmp_path, mode):
    endpoint = AwsEndpoint(tmp_path / "bin", mode=mode)
    said = ca.ctl("crl", "--days", "30", "--publish", "cvpn-endpoint-0123456789abcdef0", "--region", "eu-central-1", "--aws-profile", "work",
                  exit=0 if mode == "good" else 1, env={**endpoint.env, "PATH": f"{endpoint.folder}:{os.environ['PATH']}"})
    endpoint.close()
    assert ("InvalidClientVpnEndpointId.NotFound" in said) == (mode == "denied")
    (asked,) = endpoint.of("ImportClientVpnClientCertificateRevocationList")
    assert asked[:3] == ("KEYWORK", "eu-central-1", "ec2") and asked[3]["ClientVpnEndpointId"] == "cvpn-endpoint-0123456789abcdef0"
    assert asked[3]["CertificateRevocationList"].strip() == (ca.folder / "crl.pem").read_text().strip()
    crl = json.loads(ca.ctl("list", "--json"))["crl"]
    assert crl["days_left"] in (29, 30)


def test_without_easyrsa_it_says_what_to_install(ca):
    assert "not a program" in ca.ctl("crl", exit=1, easyrsa="/nonexistent/easyrsa")


def test_a_broken_easyrsa_is_shown_by_its_last_line(ca, tmp_path):
    program = tmp_path / "easyrsa"
    program.write_text('#!/bin/sh\n[ "$1" = version ] && { echo "Version:     3.1.7"; exit 0; }\necho first; echo the disk is full >&2; exit 1\n')
    program.chmod(0o755)
    assert "the disk is full" in ca.ctl("crl", exit=1, easyrsa=program)
