"""memdbctl profile import --check: the corpus of accepted and refused files, and files that were edited by hand. Needs no agent."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEMDBCTL = pathlib.Path(os.environ.get("MEMDB_BUILD", ROOT / "build/dev")) / "memdbctl"
CORPUS = ROOT / "tests/support/ovpn"
CA = re.search(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", (ROOT / "tests/support/easyrsa_pki.hpp").read_bytes(), re.S).group()

# name in refused/: words of the one line, beside the line's number
REFUSED = {
    "plugin": '',
    "http_proxy_file": '',
    "up": '',
    "up_quoted": '',
    "up_dashed": '',
    "setenv_opt": '',
    "script_security": '',
    "log": '',
    "config": '',
    "providers": '',
    "auth_user_pass": 'mutual certificates only',
    "auth_federate": 'mutual certificates only',
    "static_challenge": 'mutual certificates only',
    "pkcs12": 'openssl pkcs12',
    "tls_cipher": '',
    "cipher_none": '',
    "route": '',
    "management": '',
    "redirect_gateway": '',
    "connection": '',
    "socks": '',
    "dhcp_dns": '',
    "comp": '',
    "windows_key": 'backslash',
    "unknown": '',
    "smuggled": 'at most 254',
    "askpass": '',
    "ca_dir": '',
}


def check(path, *more):
    done = subprocess.run([MEMDBCTL, "profile", "import", "--check", path, *more], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode in (0, 1), done.stderr
    return done


def filled(source, folder):
    path = folder / source.name
    path.write_bytes(source.read_bytes().replace(b"@CA@\n", CA))
    return path


def test_the_table_has_every_file():
    assert {path.name for path in (CORPUS / "refused").iterdir()} == set(REFUSED)


@pytest.mark.parametrize("source", sorted((CORPUS / "accepted").iterdir()), ids=lambda path: path.name)
def test_accepted(source, tmp_path):
    done = check(filled(source, tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["remotes"][0].startswith("vpn.test:443")


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    done = check(filled(CORPUS / "refused" / name, tmp_path))
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert re.search(rf"{name}:\d+: ", done.stderr) and REFUSED[name] in done.stderr


@pytest.fixture(name="pair", scope="module")
def made_pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=client", "-addext",
                    "basicConstraints=critical,CA:FALSE", "-keyout", folder / "my key.pem", "-out", folder / "client.crt"], check=True, capture_output=True)
    return folder


def edited(folder, more):
    path = folder / "edited.ovpn"
    path.write_bytes((CORPUS / "accepted/aws_new").read_bytes().replace(b"@CA@\n", CA) + more.encode())
    return path


def test_files_edited_by_hand(pair):
    cert, key = ((pair / name).read_text() for name in ("client.crt", "my key.pem"))
    inline = f"<cert>\nCertificate:\n    Data:\n{cert}</cert>\n<key>\n{key}</key>\n"
    for more in (inline, inline.replace("\n", "\r\n"), "cert client.crt\nkey 'my key.pem'\n", f"cert {pair}/client.crt\nkey \"{pair}/my key.pem\"\n",
                 f"cert client.crt\n<key>\n{key}</key>\n"):
        done = check(edited(pair, more))
        assert done.returncode == 0 and "CN=client" in done.stdout, (more, done.stderr)
        assert key.splitlines()[1] not in done.stdout + done.stderr
    for more, words in (("cert client.crt\nkey missing\n", "key: "), ("cert \"C:\\\\a.crt\"\n", "path of Windows"),
                        ("cert client.crt\n" + inline, "was said before"), ("cert client.crt\n", "without its key")):
        done = check(edited(pair, more))
        assert done.returncode == 1 and words in done.stderr, (more, done)
    won = check(edited(pair, "cert missing\nkey missing\n"), "--cert", pair / "client.crt", "--key", pair / "my key.pem")
    assert won.returncode == 0 and won.stderr.count("is left out") == 2


def test_a_bundle_for_cert(pair):
    bundle = pair / "bundle.pem"
    bundle.write_bytes((pair / "my key.pem").read_bytes() + (pair / "client.crt").read_bytes() + CA)
    done = check(edited(pair, ""), "--cert", bundle)
    assert done.returncode == 0 and "CN=client" in done.stdout and "of a CA" in done.stderr, done


def test_a_named_ca(pair):
    (pair / "ca.crt").write_bytes(CA)
    path = edited(pair, "ca ca.crt\n")
    path.write_bytes(re.sub(rb"<ca>.*</ca>\n", b"", path.read_bytes(), flags=re.S))
    assert check(path).returncode == 0
