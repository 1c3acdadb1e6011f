"""Hands out the lab's own OpenVPN servers as the Client VPN endpoint: `scripts/lab endpoint` does the work.

The first endpoint of the account is the lab's, with the name that the lab's resolver knows; others lead nowhere. Security groups
and authorization rules count: while they would keep clients from the cluster's nodes, the lab has its fault port-filtered, as such
packets are lost on AWS. It runs wherever scripts/lab can run: on the host, or as root inside the laptop's namespace.
"""
import datetime
import hashlib
import os
import pathlib
import subprocess
import tempfile

from .client_vpn_objects import Connection
from .reach import lets_through
from .world import NoHook

LAB_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "lab"
ENDPOINT_ID = "cvpn-endpoint-0123456789abcdef0"


class LabVpn(NoHook):
    def __init__(self, name):
        self._env = {**os.environ, "LAB": name}
        self._places = {}  # connection id -> (server, client)
        self._open, self._served = True, False

    def _lab(self, *words, check=True):
        return self._scripts_lab("endpoint", *words, check=check)

    def _scripts_lab(self, *words, check=True):
        done = subprocess.run([str(LAB_PROGRAM), *map(str, words)], env=self._env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
        assert not check or done.returncode == 0, f"lab {words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def close(self):
        """The lab has its own certificates again."""
        if self._served:
            self._lab("own")
        self._set_open(True)

    def endpoint_id(self, region):
        taken = ENDPOINT_ID in region.endpoints or region is not region.world.home
        return super().endpoint_id(region) if taken else ENDPOINT_ID

    def endpoint_name(self, region, endpoint_id):
        if endpoint_id != ENDPOINT_ID:
            return super().endpoint_name(region, endpoint_id)
        return f"{ENDPOINT_ID}.prod.clientvpn.lab.test"

    def serving(self, region, endpoint):
        if endpoint.id != ENDPOINT_ID:
            return
        server = region.certificates[endpoint.settings["ServerCertificateArn"]]
        roots = [region.certificates[one["MutualAuthentication"]["ClientRootCertificateChainArn"]] for one in endpoint.settings["AuthenticationOptions"]]
        with tempfile.TemporaryDirectory() as folder:
            words = []
            for name, text in (("cert", server.body), ("key", server.key), ("chain", server.chain or server.body), ("ca", roots[0].chain or roots[0].body)):
                words.append(pathlib.Path(folder) / f"{name}.pem")
                words[-1].write_text(text, encoding="ascii")
            self._served = True
            self._lab("serve", *words, endpoint.settings["ClientCidrBlock"])
        if endpoint.crl:
            self.crl_changed(region, endpoint)

    def closed(self, region, endpoint):
        if endpoint.id == ENDPOINT_ID:
            self._lab("own")

    def settled(self, region):
        endpoint = region.endpoints.get(ENDPOINT_ID)
        if region is region.world.home:
            self._set_open(not endpoint or not endpoint.announced or lets_through(region, endpoint))

    def _set_open(self, wanted):
        if wanted != self._open:
            self._open = wanted
            self._scripts_lab("heal" if wanted else "fault", "port-filtered")

    def crl_changed(self, region, endpoint):
        """A list that comes before the first network is taken along by serving()."""
        if endpoint.id != ENDPOINT_ID or not endpoint.announced:
            return
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
            file.write(endpoint.crl)
            file.flush()
            self._lab("crl", file.name)

    def client_configuration(self, region, endpoint):
        return self._lab("config") if endpoint.id == ENDPOINT_ID and endpoint.announced else None

    def connections(self, region, endpoint):
        """The id is made of what the servers know of a session, so that the same session has the same id."""
        if endpoint.id != ENDPOINT_ID or not endpoint.announced:
            return None
        found = []
        for line in self._lab("clients").splitlines():
            server, client, name, address, since, received, sent = line.split("\t")
            made = "cvpn-connection-0" + hashlib.sha256(f"{server} {client} {since} {name}".encode()).hexdigest()[:16]
            self._places[made] = (server, client)
            found.append(Connection(made, name, address, datetime.datetime.fromtimestamp(int(since), datetime.timezone.utc), int(received), int(sent)))
        return found

    def terminate(self, region, endpoint, connection):
        if connection.id in self._places:
            self._lab("cut", *self._places[connection.id], check=False)  # it may have left by itself
