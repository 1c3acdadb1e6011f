"""Certificate Manager: imported certificates. What is imported is looked over by the openssl program, as ACM looks it over."""
import dataclasses
import datetime
import re
import uuid

from .failure import AwsError
from .paging import page
from .pem import Pem, blocks


@dataclasses.dataclass
class Certificate:
    arn: str
    body: str
    key: str
    chain: str
    imported: datetime.datetime

    def __post_init__(self):
        self.leaf = Pem(self.body)

    @property
    def domain(self):
        """ACM shows the common name, or without one the first name of the certificate."""
        return self.leaf.common_name or next(iter(self.leaf.dns_names), "")


def _refuse(words):
    raise AwsError("ValidationException", words)


def import_certificate(region, given):
    arn = given.get("CertificateArn")
    if arn and given.get("Tags"):
        _refuse("Tagging is not permitted on re-import.")
    if arn:
        _certificate(region, arn)
    body, key, chain = (given.get(name, b"") for name in ("Certificate", "PrivateKey", "CertificateChain"))
    _look_over(body, key, chain)
    if not arn:
        arn = region.arn("acm", f"certificate/{uuid.UUID(int=int(region.world.new_id('', 32), 16), version=4)}")
        region.set_tags(arn, given.get("Tags", []))
    before = region.certificates.get(arn)
    region.certificates[arn] = Certificate(arn, body.decode("ascii"), key.decode("ascii"), chain.decode("ascii"), region.world.now())
    if before:
        for endpoint in [one for one in region.endpoints.values() if arn in users_certificates(one) and one.announced]:
            region.world.hook.serving(region, endpoint)
    return {"CertificateArn": arn}


def _look_over(body, key, chain):
    for words, text, kind in (("certificate", body, "CERTIFICATE"), ("certificate chain", chain, "CERTIFICATE")):
        if text and not _is_pem_only(text, kind):
            _refuse(f"Unable to parse {words}. Please ensure the {words} is in PEM format.")
    if not re.fullmatch(rb"\s*-----BEGIN ((RSA |EC )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*", key):
        _refuse("The private key is not in PEM format, or it is encrypted with a password or passphrase.")
    if len(blocks(body.decode("ascii"))) != 1:
        _refuse("The certificate field contains more than one certificate. You can specify only one certificate in this field.")
    leaf = Pem(body.decode("ascii"))
    if not leaf.readable:
        _refuse("Unable to parse certificate. Please ensure the certificate is in PEM format.")
    if leaf.public_key != leaf.public_key_of(key):
        _refuse("The private key does not match the certificate's public key.")
    if leaf.is_over:
        _refuse("The certificate has expired.")
    if chain and leaf.fingerprint in [Pem(one).fingerprint for one in blocks(chain.decode("ascii"))]:
        _refuse("The certificate chain must not contain the certificate itself.")
    if chain and not leaf.verifies_with(chain.decode("ascii")):
        _refuse("Could not validate the certificate with the certificate chain.")
    if not chain and not leaf.is_self_signed:
        _refuse("Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or certificate chain.")


def _is_pem_only(text, kind):
    """Not the dump in words that easy-rsa writes in front."""
    block = rb"-----BEGIN KIND-----\s[A-Za-z0-9+/=\s]+-----END KIND-----".replace(b"KIND", kind.encode())
    return re.fullmatch(rb"\s*" + block + rb"(\s+" + block + rb")*\s*", text) is not None


def _certificate(region, arn) -> Certificate:
    if arn not in region.certificates:
        raise AwsError("ResourceNotFoundException", f"Could not find certificate {arn}.")
    return region.certificates[arn]


def users_certificates(endpoint):
    """The ARNs that a Client VPN endpoint stands on."""
    roots = [one["MutualAuthentication"]["ClientRootCertificateChainArn"] for one in endpoint.settings["AuthenticationOptions"]]
    return [endpoint.settings["ServerCertificateArn"], *roots]


def in_use_by(region, arn):
    return [region.arn("ec2", f"client-vpn-endpoint/{one.id}") for one in region.endpoints.values() if arn in users_certificates(one)]


def list_certificates(region, given):
    """Without a filter only RSA of 1024 and 2048 bits, as ACM does it: others seem not to be there."""
    types = given.get("Includes", {}).get("keyTypes", ["RSA_1024", "RSA_2048"])
    wanted = given.get("CertificateStatuses", ["ISSUED"])
    found = [{"CertificateArn": one.arn, "DomainName": one.domain} for one in region.certificates.values()
             if one.leaf.key_algorithm in types and "ISSUED" in wanted]
    return page(region.world, found, given, "CertificateSummaryList", size="MaxItems", code="InvalidArgsException")


def describe_certificate(region, given):
    one = _certificate(region, given["CertificateArn"])
    leaf = one.leaf
    return {"Certificate": {
        "CertificateArn": one.arn, "DomainName": one.domain, "SubjectAlternativeNames": leaf.dns_names or [one.domain], "Serial": leaf.serial,
        "Subject": f"CN={leaf.common_name}", "Issuer": leaf.issuer_name, "CreatedAt": one.imported, "ImportedAt": one.imported,
        "Status": "EXPIRED" if leaf.is_over else "ISSUED", "NotBefore": leaf.not_before, "NotAfter": leaf.not_after,
        "KeyAlgorithm": leaf.key_algorithm, "SignatureAlgorithm": "SHA256WITHRSA", "InUseBy": in_use_by(region, one.arn), "Type": "IMPORTED",
        "KeyUsages": [], "ExtendedKeyUsages": [], "RenewalEligibility": "INELIGIBLE", "Options": {"CertificateTransparencyLoggingPreference": "DISABLED"}}}


def get_certificate(region, given):
    one = _certificate(region, given["CertificateArn"])
    return {"Certificate": one.body, **({"CertificateChain": one.chain} if one.chain else {})}


def delete_certificate(region, given):
    one = _certificate(region, given["CertificateArn"])
    if in_use_by(region, one.arn):
        raise AwsError("ResourceInUseException", f"Certificate {one.arn} in account {region.account} is in use.")
    del region.certificates[one.arn]
    region.tags.pop(one.arn, None)
    return {}


def list_tags(region, given):
    return {"Tags": region.tag_list(_certificate(region, given["CertificateArn"]).arn)}


def add_tags(region, given):
    region.set_tags(_certificate(region, given["CertificateArn"]).arn, given["Tags"])
    return {}


def remove_tags(region, given):
    tags = region.tags.get(_certificate(region, given["CertificateArn"]).arn, {})
    for tag in given["Tags"]:
        if tag["Key"] in tags and tag.get("Value") in (None, tags[tag["Key"]]):
            del tags[tag["Key"]]
    return {}


ACTIONS = {"ImportCertificate": import_certificate, "ListCertificates": list_certificates, "DescribeCertificate": describe_certificate,
           "GetCertificate": get_certificate, "DeleteCertificate": delete_certificate, "ListTagsForCertificate": list_tags,
           "AddTagsToCertificate": add_tags, "RemoveTagsFromCertificate": remove_tags}
