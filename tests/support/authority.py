"""A certificate authority made by `memdbctl pki` on the real easy-rsa: MEMDB_TEST_EASYRSA names another one than Debian's."""
import json
import os
import subprocess

from memdb import MEMDBCTL
from sandbox import run

EASYRSA = os.environ.get("MEMDB_TEST_EASYRSA", "/usr/share/easy-rsa/easyrsa")


class Authority:
    """`folder`/pki, driven by `memdbctl pki`."""

    def __init__(self, folder):
        self.folder = folder / "pki"
        self.home = folder

    def ctl(self, *words, exit=0, env=None, easyrsa=EASYRSA):  # pylint: disable=redefined-builtin
        """stdout; of a call that must fail with `exit`, the one line on stderr."""
        options = ["--pki", self.folder] + (["--easyrsa", easyrsa] if easyrsa and words[0] != "list" else [])
        done = subprocess.run([str(word) for word in (MEMDBCTL, "pki", *words, *options)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False, env={**os.environ, **(env or {})}, cwd=self.home)
        assert done.returncode == exit, (words, done)
        if exit:
            assert done.stderr.count("\n") == 1 and done.stderr.startswith("memdbctl: "), done.stderr
        return done.stdout if exit == 0 else done.stderr

    def list(self):
        return {(one["name"], one["serial"]): one for one in json.loads(self.ctl("list", "--json"))["certificates"]}

    def text(self, name):
        return run("openssl", "x509", "-noout", "-text", "-in", self.folder / "issued" / f"{name}.crt").stdout
