"""A rotation driven over the API, its certificate signed by the lab's own CA: what memdbctl does, without its waiting."""
import json
import subprocess
import tempfile
import pathlib

from memdb import wait_for

ENDED = ("confirmed", "failed", "reverted")


class LabCa:
    """Signs requests with a CA of the lab; by openssl alone, since easy-rsa takes half a second."""

    def __init__(self, cert, key):
        self.cert, self.key = pathlib.Path(cert), pathlib.Path(key)

    @classmethod
    def of_the_vpn(cls, lab):
        return cls(lab.dir / "pki" / "ca.crt", lab.dir / "pki" / "private" / "ca.key")

    def sign(self, csr, days=90, usage="clientAuth", subject=None):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "csr").write_text(csr)
            (path / "ext").write_text(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage={usage}\n")
            done = subprocess.run(
                ["openssl", "x509", "-req", "-in", path / "csr", "-CA", self.cert, "-CAkey", self.key, "-days", str(days),
                 "-set_serial", "0x" + path.name.encode().hex()[:30], "-extfile", path / "ext", "-sha256", *(["-subj", subject] if subject else [])],
                capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout


def post(agent, action, body=None, profile="demo"):
    status, text = agent.api.request("POST", f"/v1/profiles/{profile}/key/{action}", body or {}, timeout=30)
    return status, json.loads(text)


def request(agent, **body):
    status, answer = post(agent, "request", body)
    assert status == 200, answer
    return answer


def install(agent, certificate):
    return post(agent, "install", {"certificate": certificate})


def rotation_of(agent):
    return agent.api.profile("demo").get("rotation")


def wait_ended(agent, limit=60):
    return wait_for(lambda: (r := rotation_of(agent)) and r["phase"] in ENDED and r, limit, "the rotation ended")


def rotate(agent, ca, limit=60):
    """A whole rotation; its last view."""
    asked = request(agent, reason="test")
    status, answer = install(agent, ca.sign(asked["csr"]))
    assert status == 202, answer
    return wait_ended(agent, limit)
