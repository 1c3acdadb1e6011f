"""What `key show`, `key crl` and the findings say of certificates and revocation lists, with the real programs."""
import json
import subprocess

import pytest
from memdb import wait_for
from sandbox import run


class Lists:
    """Revocation lists by the openssl program, of the run's CA or another one."""

    def __init__(self, pki, folder):
        self.pki, self.folder, self._count = pki, folder, 0

    def make(self, *revoked, issuer="ca", days=180, reason="keyCompromise", form="PEM", last=None):
        self._count += 1
        work = self.folder / f"crl{self._count}"
        work.mkdir()
        (work / "index").touch()
        (work / "number").write_text("01\n")
        (work / "cnf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={work}/index\ncrlnumber={work}/number\ndefault_md=sha256\n")
        words = ["openssl", "ca", "-config", work / "cnf", "-cert", self.pki.dir / f"{issuer}.crt", "-keyfile", self.pki.dir / f"{issuer}.key"]
        for certificate in revoked:
            run(*words, "-revoke", certificate, "-crl_reason", reason)
        dates = ["-crl_lastupdate", last, "-crl_nextupdate", "20990101000000Z"] if last else ["-crldays", days]
        run(*words, "-gencrl", *dates, "-out", work / "crl.pem")
        if form == "PEM":
            return work / "crl.pem"
        run("openssl", "crl", "-in", work / "crl.pem", "-outform", form, "-out", work / "crl.der")
        return work / "crl.der"


@pytest.fixture
def lists(place, pki):
    return Lists(pki, place.folder("lists"))


def openssl_says(certificate, *words):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-noout", *words], capture_output=True, text=True, check=True).stdout.strip()


def codes(agent, name="demo"):
    return [finding["code"] for finding in agent.api.profile(name)["findings"]]


def test_key_show_says_what_openssl_says(agents, pki):
    agent = agents()
    agent.import_tunnel("demo", pki)
    cert, _ = pki.client()
    shown = json.loads(agent.ctl("key", "show", "--json").stdout)
    credential = shown["credential"]
    assert shown["profile"] == "demo" and credential == agent.api.profile("demo")["credential"]
    assert credential["fingerprint"] == openssl_says(cert, "-fingerprint", "-sha256").partition("=")[2].replace(":", "")
    assert credential["serial"].lstrip("0") == openssl_says(cert, "-serial").partition("=")[2].lstrip("0")
    assert (credential["generation"], credential["key_type"], credential["key_bits"]) == (1, "rsa", 2048)
    assert credential["key_usage"] == ["digitalSignature"] and credential["extended_key_usage"] == ["clientAuth"]
    assert credential["chain"] == {"verified": True, "authority": "CN=ca"}
    assert [a["subject"] for a in credential["authorities"]] == ["CN=ca"] and "server" not in credential and "crl" not in credential
    text = agent.ctl("key", "show", "demo").stdout
    assert all(len(line) <= 80 for line in text.splitlines()), text
    for words in (credential["fingerprint"], "generation 1, valid", "RSA, 2048 bits", "verified, to CN=ca", "no list known"):
        assert words in text, text


def test_key_show_needs_a_certificate(agents, pki, nodes):
    agent = agents()
    assert "no profile yet" in agent.fails("key", "show")
    agent.add_direct("inside", nodes("healthy"), pki)
    assert "is a direct profile: it has no certificate" in agent.fails("key", "show", "inside")


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_revoked_certificate_is_named_and_not_tried(agents, pki, lists, form):
    agent = agents()
    agent.import_tunnel("demo", pki)
    cert, _ = pki.client()
    said = agent.ctl("key", "crl", lists.make(cert, form=form), "demo").stdout
    assert "REVOKED" in said and "keyCompromise" in said
    assert (agent.state / "profiles/demo/crl.pem").stat().st_mode & 0o777 == 0o600
    agent.ctl("connect", "demo")
    finding = agent.api.wait_finding("demo", "client-cert-unusable")
    assert finding["summary"].startswith("the certificate client was revoked on 20") and finding["summary"].endswith("(keyCompromise)")
    assert "memdbctl rotate" in finding["advice"] and finding["severity"] == "error"
    view = agent.api.profile("demo")
    assert view["tunnel"]["phase"] == "blocked" and view["tunnel"]["blocked_cause"] == "client-cert-unusable" and view["verdict"] == "unreachable"
    assert agent.starts("demo") == 0, "openvpn was started with a revoked certificate"
    assert "cannot connect: client-cert-unusable" in agent.fails("connect", "demo", "--wait")
    assert agent.starts("demo") == 0
    agent.end()
    agent.start()  # what was handed in is remembered
    assert agent.api.wait_finding("demo", "client-cert-unusable")["summary"] == finding["summary"]
    assert agent.starts("demo") == 0
    assert view["credential"]["crl"]["revoked"]["reason"] == "keyCompromise"


def test_a_tunnel_that_is_up_stays_up_and_a_list_without_it_releases(agents, pki, lists, nodes):
    agent = agents()
    node = nodes("healthy")
    agent.import_tunnel("demo", pki, cluster=f"node.test:{node.port}")
    agent.ctl("connect", "demo", "--wait")
    cert, _ = pki.client()
    agent.ctl("key", "crl", lists.make(cert, last="20260101000000Z"))
    assert agent.api.wait_finding("demo", "client-cert-unusable")
    view = agent.api.wait_verdict("demo", "degraded")
    assert view["tunnel"]["phase"] == "up" and agent.starts("demo") == 1
    agent.ctl("disconnect", "demo", "--wait")
    agent.ctl("connect", "demo")
    agent.wait_phase("demo", "blocked")
    assert agent.starts("demo") == 1
    agent.ctl("key", "crl", lists.make(last="20260201000000Z"))
    agent.api.wait_verdict("demo", "reachable")
    assert codes(agent) == []


def replace_stored(agent, pki, cert, key):
    """Puts another pair into generation 1, as if an older memdbd had let it in."""
    folder = agent.state / "profiles/demo/credentials/1"
    (folder / "cert.pem").write_text(cert.read_text())
    (folder / "key.pem").write_text(key.read_text())
    meta = json.loads((folder / "meta.json").read_text())
    meta["fingerprint"] = openssl_says(cert, "-fingerprint", "-sha256").partition("=")[2].replace(":", "")
    (folder / "meta.json").write_text(json.dumps(meta))


def ec_pair(pki):
    key = pki.dir / "ec-client.key"
    if not key.exists():
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    pki._rsa["ec"] = key  # pylint: disable=protected-access
    return pki.client("ec-client", key="ec")


def large_pair(pki):
    key = pki.dir / "large.key"
    if not key.exists():
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096", "-out", key)
    pki._rsa["large"] = key  # pylint: disable=protected-access
    return pki.client("large", key="large")


UNUSABLE = {  # what is stored: code, words of its summary
    "ec": (ec_pair, "client-cert-unusable", "has an EC key, AWS Client VPN takes RSA only"),
    "rsa 4096": (large_pair, "client-cert-unusable", "has an RSA key of 4096 bits, AWS Client VPN takes no larger one"),
    "for servers": (lambda pki: pki.client("server-use", usage="serverAuth"), "client-cert-unusable", "was not issued for client use"),
    "of the future": (lambda pki: pki.client("future", dates=("20980101000000Z", "20990101000000Z")), "client-cert-not-yet-valid",
                      "begins on 2098-01-01, and nothing says that this machine's clock is wrong"),
    "of the past": (lambda pki: pki.client("expired", dates=("20200101000000Z", "20210101000000Z")), "client-cert-expired", "ended on 2021-01-01"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_stored_certificate_that_cannot_serve_blocks_and_is_never_tried(agents, pki, case):
    make, code, words = UNUSABLE[case]
    agent = agents()
    agent.import_tunnel("demo", pki)
    agent.end()
    replace_stored(agent, pki, *make(pki))
    agent.start()
    line = agent.fails("connect", "demo", "--wait")
    assert f"cannot connect: {code}: " in line and words in line, line
    view = agent.api.profile("demo")
    assert view["tunnel"]["phase"] == "blocked" and view["tunnel"]["blocked_cause"] == code and view["verdict"] == "unreachable"
    assert agent.starts("demo") == 0
    assert "memdbctl rotate" in view["findings"][0]["advice"]


@pytest.mark.parametrize("pair, words", [(ec_pair, "has an EC key"), (large_pair, "of 4096 bits, AWS Client VPN takes no larger one than 2048")])
def test_such_a_certificate_is_not_imported(agents, pki, pair, words):
    agent = agents()
    cert, key = pair(pki)
    line = agent.fails("profile", "import", pki.downloaded(), "--name", "new", "--cert", cert, "--key", key, "--cluster", "node.test")
    assert words in line and "issue one with RSA 2048" in line
    assert agent.api.get("/v1/status")["profiles"] == []


def test_lists_that_must_be_refused(agents, pki, lists, place):
    agent = agents()
    agent.import_tunnel("demo", pki)
    agent.ctl("key", "crl", lists.make(last="20260101000000Z"))
    before = (agent.state / "profiles/demo/crl.pem").read_bytes()
    folder = place.folder("bad")

    def write(name, content):
        (folder / name).write_bytes(content)
        return folder / name

    cert, key = pki.client()
    refused = {
        lists.make(issuer="other-ca"): "give the list of that CA",
        lists.make(last="20250101000000Z"): "a newer list is here already: of 2026-01-01, this one is of 2025-01-01",
        cert: "no -----BEGIN X509 CRL----- line",
        key: "no -----BEGIN X509 CRL----- line",
        write("garbage", bytes(range(256)) * 9): "no -----BEGIN X509 CRL----- line",
        write("der", b"0\x82\x01\x00" + bytes(99)): "is no certificate revocation list",
        write("empty", b""): "is empty",
        write("2mib", b"x" * 2_000_000): "larger than 1024 KiB",
        folder / "missing": "No such file",
        folder: "is a directory",
    }
    for path, words in refused.items():
        line = agent.fails("key", "crl", path, "demo")
        assert words in line and "PRIVATE KEY" not in line, line
    good = lists.make(last="20260301000000Z").read_text()
    for body, status in (({}, 400), ({"crl": 7}, 400), ({"crl": ""}, 400), ({"crl": good, "more": 1}, 400), ({"crl": good[:200]}, 400),
                         ({"crl": good.replace("\n", "")}, 400), ({"crl": "x" * 1_100_000}, 413)):
        assert agent.api.request("POST", "/v1/profiles/demo/crl", body)[0] == status, str(body)[:80]
    assert agent.api.request("POST", "/v1/profiles/other/crl", {"crl": good})[0] == 404
    assert agent.api.request("GET", "/v1/profiles/demo/crl")[0] == 405
    assert (agent.state / "profiles/demo/crl.pem").read_bytes() == before
    assert agent.api.request("POST", "/v1/profiles/demo/crl", {"crl": good})[0] == 200


@pytest.mark.parametrize("days, want", [(15, None), (14, ("crl-expiring", "info")), (7, ("crl-expiring", "warning")), (1, ("crl-expiring", "error"))])
def test_a_list_that_ends_soon_is_told(agents, pki, lists, days, want):
    agent = agents()
    agent.import_tunnel("demo", pki)
    agent.ctl("key", "crl", lists.make(days=days))
    found = [(f["code"], f["severity"]) for f in agent.api.profile("demo")["findings"]]
    assert found == ([want] if want else [])
    if want:
        assert "memdbctl pki crl --publish" in agent.api.profile("demo")["findings"][0]["advice"]


def test_an_expired_list_is_an_error_that_stops_nothing(agents, pki, lists, nodes):
    agent = agents()
    agent.import_tunnel("demo", pki, cluster=f"node.test:{nodes('healthy').port}")
    path = lists.make(days=1)
    work = path.parent
    run("openssl", "ca", "-config", work / "cnf", "-cert", pki.dir / "ca.crt", "-keyfile", pki.dir / "ca.key", "-gencrl", "-crl_lastupdate",
        "20250101000000Z", "-crl_nextupdate", "20250701000000Z", "-out", path)
    agent.ctl("key", "crl", path)
    agent.ctl("connect", "demo", "--wait")  # degraded, but every node answers
    view = agent.api.wait_verdict("demo", "degraded")
    assert [(f["code"], f["severity"], f["layer"]) for f in view["findings"]] == [("crl-expired", "error", "agent")]
    assert "ended on 2025-07-01" in view["findings"][0]["summary"]


def test_a_damaged_list_on_disk_is_told_and_replaced(agents, pki, lists):
    agent = agents()
    agent.import_tunnel("demo", pki)
    agent.ctl("key", "crl", lists.make())
    agent.end()
    (agent.state / "profiles/demo/crl.pem").write_text("half a li")
    agent.start()
    finding = agent.api.wait_finding("demo", "state-unreadable")
    assert finding["severity"] == "warning" and "memdbctl key crl" in finding["evidence"] and "\n" not in finding["evidence"]
    agent.ctl("key", "crl", lists.make())
    wait_for(lambda: codes(agent) == [], 5, "the damage is gone")


def test_a_list_needs_the_right_to_control(agents, pki, lists):
    agent = agents()
    agent.import_tunnel("demo", pki)
    line = agent.fails("key", "crl", lists.make(), "demo", exit=4, by=["setpriv", "--reuid=memdbd", "--regid=memdbd", "--clear-groups", "--"])
    assert "needs root or membership" in line
    assert not (agent.state / "profiles/demo/crl.pem").exists()
