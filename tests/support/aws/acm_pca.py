"""ACM Private CA: signs with the CA in a folder (ca.crt, ca.key). GetCertificate says "in progress" twice.

Modes, for what can go wrong: denied, garbage (an ARN that is none), stuck (in progress for ever), silent (GetCertificate is not
answered).
"""
import subprocess

from .failure import AwsError, Unchecked


class PrivateCa:
    def __init__(self, folder, mode, ended):
        self.folder, self.mode, self._ended = folder, mode, ended
        self._issued, self._asked = "", 0

    def issue(self, region, given):
        del region
        if self.mode == "denied":
            raise AwsError("AccessDeniedException", "User: x is not authorized to perform: acm-pca:IssueCertificate")
        if self.mode == "garbage":
            return Unchecked({"CertificateArn": "--endpoint-url"})
        self._issued = subprocess.run(["openssl", "x509", "-req", "-CA", self.folder / "ca.crt", "-CAkey", self.folder / "ca.key", "-days", "30"],
                                      input=given["Csr"], capture_output=True, check=True).stdout.decode()
        return {"CertificateArn": given["CertificateAuthorityArn"] + "/certificate/0123456789abcdef"}

    def get(self, region, given):
        del region, given
        self._asked += 1
        if self.mode == "silent":
            self._ended.wait(60)
        if self._asked <= 2 or self.mode == "stuck":
            raise AwsError("RequestInProgressException", "The request to issue certificate is still in progress.")
        return {"Certificate": self._issued.strip(), "CertificateChain": (self.folder / "ca.crt").read_text().strip()}

    def actions(self):
        return {"IssueCertificate": self.issue, "GetCertificate": self.get}
