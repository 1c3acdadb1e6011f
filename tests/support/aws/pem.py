"""What the openssl program says of a certificate."""
import datetime
import functools
import pathlib
import re
import subprocess
import tempfile


def openssl(*words, given=None, check=True):
    done = subprocess.run(["openssl", *map(str, words)], input=given.encode() if isinstance(given, str) else given, capture_output=True, check=False, timeout=20)
    assert not check or done.returncode == 0, (words, done)
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def blocks(text):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)


class Pem:
    def __init__(self, text):
        self.text = text

    @functools.cached_property
    def _said(self):
        return openssl("x509", "-noout", "-serial", "-dates", "-subject", "-issuer", "-fingerprint", "-sha256", "-ext", "subjectAltName",
                       "-nameopt", "RFC2253", "-dateopt", "iso_8601", given=self.text, check=False)

    def _line(self, start):
        found = re.search(rf"^{start}(.*)$", self._said, re.MULTILINE)
        return found.group(1).strip() if found else ""

    @property
    def readable(self):
        return bool(self._said)

    @property
    def fingerprint(self):
        return self._line("sha256 Fingerprint=")

    @property
    def common_name(self):
        found = re.search(r"CN=([^,]*)", self._line("subject="))
        return found.group(1) if found else ""

    @property
    def issuer_name(self):
        found = re.search(r"CN=([^,]*)", self._line("issuer="))
        return found.group(1) if found else ""

    @property
    def is_self_signed(self):
        return self._line("subject=") == self._line("issuer=")

    @property
    def dns_names(self):
        return re.findall(r"DNS:([^,\s]+)", self._said)

    @property
    def serial(self):
        """As ACM writes it: pairs with colons."""
        return ":".join(re.findall("..", self._line("serial=").lower()))

    def _time(self, start):
        return datetime.datetime.fromisoformat(self._line(start).replace(" ", "T", 1).replace("Z", "+00:00"))

    @property
    def not_before(self):
        return self._time("notBefore=")

    @property
    def not_after(self):
        return self._time("notAfter=")

    @property
    def is_over(self):
        return self.not_after < datetime.datetime.now(datetime.timezone.utc)

    @functools.cached_property
    def public_key(self):
        return openssl("x509", "-noout", "-pubkey", given=self.text, check=False)

    @staticmethod
    def public_key_of(private_key):
        return openssl("pkey", "-pubout", "-passin", "pass:", given=private_key, check=False)

    @functools.cached_property
    def key_algorithm(self):
        said = openssl("pkey", "-pubin", "-noout", "-text", given=self.public_key, check=False)
        bits = re.search(r"\((\d+) bit\)", said)
        kind = re.search(r"ASN1 OID: (\S+)", said)
        return f"EC_{kind.group(1)}" if kind else f"RSA_{bits.group(1)}"

    def verifies_with(self, chain):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "chain.pem"
            path.write_text(chain, encoding="ascii")
            return "OK" in openssl("verify", "-no-CApath", "-no-CAstore", "-partial_chain", "-CAfile", path, given=self.text, check=False)
