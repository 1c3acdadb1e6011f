"""`key show` on the lab's real easy-rsa certificates, and what the agent makes of the lab's real revocation list."""
import json
import subprocess


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=True).stdout


def test_key_show_on_a_certificate_of_easyrsa(demo, lab):
    text = demo.ctl("key", "show", "demo").stdout
    digits = openssl("x509", "-in", lab.dir / "client.crt", "-noout", "-fingerprint", "-sha256").strip().partition("=")[2].replace(":", "")
    for words in ("generation 1, valid", "CN=client\n", "issuer     CN=Lab VPN CA\n", "RSA, 2048 bits", "digitalSignature", "clientAuth", digits,
                  "verified, to CN=Lab VPN CA", "CA         CN=Lab VPN CA, until 20", "no list known"):
        assert words in text, text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_labs_list_is_taken_and_this_certificate_is_not_on_it(demo, lab):
    said = demo.ctl("key", "crl", lab.dir / "pki" / "crl.pem").stdout
    assert "1 revoked" in said and "this certificate is not on it" in said
    crl = json.loads(demo.ctl("key", "show", "--json").stdout)["credential"]["crl"]
    assert crl["verified"] and crl["entries"] == 1 and 170 <= crl["days_left"] <= 180, crl  # easy-rsa: 180 days
    assert demo.api.wait_verdict("demo", "reachable", 5)["findings"] == []


def test_the_revoked_certificate_is_named_before_a_connection_is_tried(agent, lab):
    bad = lab.dir / "bad-credentials"
    agent.import_demo(cert=bad / "revoked.crt", key=bad / "revoked.key")
    assert agent.api.profile("demo")["credential"]["state"] == "valid", "nothing in the certificate itself says so"
    agent.ctl("key", "crl", lab.dir / "pki" / "crl.pem", "demo")
    failed = agent.ctl("connect", "demo", "--wait", check=False)
    assert failed.returncode == 1 and "client-cert-unusable: the certificate revoked was revoked on 20" in failed.stderr, failed
    view = agent.api.profile("demo")
    assert view["tunnel"]["phase"] == "blocked" and "openvpn_pid" not in view["tunnel"]
    assert "was revoked on" in agent.ctl("status", "demo").stdout and "memdbctl rotate" in agent.ctl("status", "demo").stdout
