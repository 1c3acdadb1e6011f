"""The lab's cluster under a name as AWS gives it, which tells doctor what AWS calls it, and in which region it is.

The lab's resolvers know the name and the nodes show a certificate that has it, until close().
"""
import contextlib
import os
import signal
import subprocess

from aws.scenario import DOMAIN, lab_nodes
from fake_key_agent import openssl
from memdb import wait_for

AWS_NAME = "clustercfg.demo.lab123.memorydb.us-east-1.amazonaws.com"


class AwsNamedCluster:
    def __init__(self, lab):
        self.lab, self.tls = lab, lab.dir / "tls"
        self._hosts = {where: (lab.dir / f"dns/{where}.hosts").read_text(encoding="ascii") for where in ("edge", "vpc")}
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self):
        self._certificate()
        for node in lab_nodes():
            self._show(node, "aws-name")
        addresses = set(lab_nodes().values())
        self._tell_resolvers("".join(f"{one} {AWS_NAME}\n" for one in addresses))
        for where in ("laptop", "vpc"):
            wait_for(lambda where=where: self._addresses(where) == addresses, 10, f"{AWS_NAME} resolves in {where}")

    def close(self):
        """Whatever fails, the rest is taken back, too: others use this lab."""
        with contextlib.ExitStack() as each:
            each.callback(self._tell_resolvers, "")
            for node in lab_nodes():
                each.callback(self._show, node, f"{node}.cluster")

    def _certificate(self):
        """One for all nodes. They are each other's clients, too."""
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "395",
                "-subj", "/CN=demo", "-CA", self.tls / "cluster-ca.pem", "-CAkey", self.tls / "cluster-ca.key",
                "-addext", f"subjectAltName=DNS:*.{DOMAIN},DNS:{AWS_NAME}",
                "-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=critical,CA:FALSE",
                "-keyout", self.tls / "aws-name.key", "-out", self.tls / "aws-name.pem")

    def _show(self, node, certificate):
        password = (self.lab.dir / "admin-password").read_text(encoding="ascii").strip()
        done = subprocess.run(
            ["redis-cli", "-s", self.lab.dir / "nodes" / node / "admin.sock", "--user", "admin", "--no-auth-warning",
             "CONFIG", "SET", "tls-cert-file", self.tls / f"{certificate}.pem",
             "tls-key-file", self.tls / f"{certificate}.key"],
            env={**self.lab.env, "REDISCLI_AUTH": password}, capture_output=True, text=True, timeout=10,
            stdin=subprocess.DEVNULL, check=True)
        assert done.stdout.strip() == "OK", (node, done)

    def _tell_resolvers(self, more):
        for where, text in self._hosts.items():
            (self.lab.dir / f"dns/{where}.hosts").write_text(text + more, encoding="ascii")
            pid = int((self.lab.dir / f"pids/dns-{where}").read_text(encoding="ascii").split()[0])
            assert os.readlink(f"/proc/{pid}/exe").endswith("/dnsmasq"), f"{pid} is no resolver of the lab"
            os.kill(pid, signal.SIGHUP)  # it reads its hosts again

    def _addresses(self, where):
        namespace = self.lab.laptop.removesuffix("laptop") + where
        done = subprocess.run(["ip", "netns", "exec", namespace, "getent", "ahostsv4", AWS_NAME], capture_output=True,
                              text=True, timeout=10, stdin=subprocess.DEVNULL, check=False)
        return {line.split()[0] for line in done.stdout.splitlines()}
