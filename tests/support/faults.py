"""Every fault of the lab and what memdbd must make of it: one row each, for the tests and for scripts/bench alike.

`scripts/lab faults` prints the same faults and findings (tests/lab/test_lab.py proves it). Times are limits for the ASan
build on two busy cores; scripts/bench measures what they really are.
"""
import dataclasses
import re

from memdb import ROOT


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    argument: str = ""  # of `lab fault`; SERVER: the endpoint's address in use
    first: str = ""  # the first finding that people must see; "": none that lasts
    then: tuple = ()  # findings that replace it, or join it, while the fault stands
    passing: tuple = ()  # findings that may show on the way, and must be gone at the end
    layer: str = ""  # of `first`
    words: tuple = ()  # that its sentence must have
    provoke: str = ""  # what makes it matter: "reconnect", "kill" (a new openvpn is needed), "start" (memdbd is gone) or "restart" (another memdbd)
    shown: float = 8  # so many seconds until `first` is seen
    verdict: str = ""  # what the verdict must become while the fault stands
    itself: bool = False  # comes back while the fault stands, or there is nothing to heal
    cure: str = ""  # what a person does after healing, for the finding's advice says so; "restart": of memdbd
    back: float = 12  # so many seconds until reachable, with nothing left to say
    restarts: int = 0  # so many tunnels may be lost; 0: neither openvpn nor its connection is touched
    stand: float = 0  # so long it must stand, for something happens late; or until `then` is seen
    settings: str = ""  # for the tests: looks that are rare by default, made often

    @property
    def label(self):
        return f"{self.name} {self.argument}".strip()


SERVER = "SERVER"

FAULTS = (
    # The tunnel's own process.
    Fault("openvpn-killed", passing=("openvpn-crashed",), itself=True, restarts=1),
    Fault("openvpn-hung", first="openvpn-hung", layer="process", itself=True, restarts=1),
    Fault("tun-missing", first="tun-device-unavailable", layer="process", provoke="kill", verdict="unreachable", cure="connect", passing=("openvpn-crashed",)),
    Fault("openvpn-missing", first="openvpn-missing", layer="process", provoke="kill", verdict="unreachable", cure="connect", passing=("openvpn-crashed",)),
    Fault("agent-killed", provoke="start", itself=True),
    # The host under it.
    Fault("network-changed", itself=True, restarts=1),
    Fault("network-down", first="network-offline", layer="handshake", verdict="unreachable", restarts=1),
    Fault("route-deleted", first="route-missing", layer="route", verdict="unreachable"),
    Fault("lan-overlap", first="route-shadowed", layer="route", words=("10.20.1.0/24 dev docker0",), verdict="degraded"),
    # The endpoint, and the way to it. A change of its route table resets its clients: one restart, at injection.
    Fault("session-cut", itself=True, restarts=1),
    Fault("session-cut", "halt", itself=True, restarts=1),
    Fault("vpn-route-missing", first="route-not-via-tunnel", layer="route", verdict="unreachable", restarts=1),
    Fault("default-route-captured", first="default-route-captured", layer="route", verdict="degraded", restarts=1),
    Fault("server-down", first="tunnel-silent", then=("endpoint-silent",), layer="tunnel", verdict="unreachable", restarts=1, stand=18),
    Fault("client-cert-revoked", first="handshake-rejected", layer="handshake", verdict="unreachable", shown=25, restarts=1, cure="connect"),
    Fault("crl-expired", first="handshake-rejected", layer="handshake", verdict="unreachable", shown=25, restarts=1, cure="connect"),
    Fault("server-cert-untrusted", first="server-cert-untrusted", layer="handshake", verdict="unreachable", shown=15, restarts=1, cure="connect"),
    Fault("server-name-mismatch", first="server-name-mismatch", layer="handshake", verdict="unreachable", shown=15, restarts=1, cure="connect"),
    Fault("server-cert-expired", first="server-cert-expired", layer="handshake", verdict="unreachable", shown=15, restarts=1, cure="connect"),
    Fault("captive-portal", first="tunnel-silent", then=("captive-portal",), layer="tunnel", verdict="unreachable", restarts=1, stand=20),
    Fault("udp-blocked", first="tunnel-silent", then=("endpoint-silent",), layer="tunnel", verdict="unreachable", restarts=1),
    Fault("asym-to-server", first="tunnel-silent", then=("endpoint-silent",), layer="tunnel", verdict="unreachable", restarts=1),
    Fault("asym-to-client", first="tunnel-silent", then=("endpoint-silent",), layer="tunnel", verdict="unreachable", restarts=1),
    Fault("first-endpoint-address-dead", SERVER, passing=("tunnel-silent",), itself=True, restarts=1),
    Fault("mtu-blackhole", first="path-mtu-too-small", layer="tunnel", verdict="degraded", shown=40, back=40,
          settings="[probe]\nbulk_interval_s = 2\n"),
    # Names.
    Fault("endpoint-name-unresolved", first="endpoint-name-unresolved", layer="handshake", provoke="kill", verdict="unreachable", passing=("openvpn-crashed",)),
    Fault("cluster-name-unresolved", first="cluster-name-unresolved", layer="dns", provoke="reconnect", verdict="unreachable"),
    Fault("cluster-name-unresolved", "lan", first="dns-not-applied", layer="dns", provoke="reconnect", verdict="unreachable"),
    Fault("cluster-address-outside-routes", first="cluster-address-outside-routes", layer="dns", provoke="reconnect", verdict="unreachable"),
    # The VPC and the cluster: never the tunnel's fault. Where nothing at all comes through, a second opinion, once.
    Fault("port-filtered", first="port-filtered", layer="tcp", words=("6 of 6 nodes", "silent on TCP 6379 while the "), verdict="unreachable", restarts=1, stand=20),
    Fault("authorization-missing", first="authorization-missing", layer="tunnel", words=("neither its resolver 10.20.0.2 nor any of 6 nodes",), verdict="unreachable", restarts=1),
    Fault("port-refused", first="port-refused", layer="tcp", verdict="unreachable"),
    Fault("all-nodes-down", first="port-filtered", layer="tcp", verdict="unreachable", restarts=1),
    Fault("node-down", "demo-0002-002", first="node-unreachable", layer="ping", words=("demo-0002-002", "shard 2"), verdict="degraded"),
    Fault("node-loading", first="node-loading", words=("demo-0002-002",), passing=("port-refused",), layer="ping", verdict="degraded"),
    Fault("node-slow", first="node-slow", words=("demo-0002-002",), passing=("node-unreachable",), layer="ping", verdict="degraded", shown=40),
    Fault("cluster-down", first="slots-uncovered", layer="cluster", verdict="degraded", shown=75, back=75,
          settings="[probe]\ntopology_interval_s = 2\n"),
    # port-refused: on a busy machine the old primary takes seconds until it listens again, as a replica
    Fault("failover", passing=("node-unreachable", "slots-uncovered", "shard-without-primary", "port-refused"), itself=True, back=20),
    Fault("auth-wrong", first="auth-rejected", layer="auth", verdict="unreachable", back=20),
    Fault("auth-no-permission", first="auth-no-permission", layer="auth", verdict="unreachable", back=20),
    Fault("tls-untrusted", first="tls-untrusted", layer="tls", verdict="unreachable", back=20),
    Fault("tls-not-offered", first="tls-not-offered", layer="tls", verdict="unreachable", back=20),
    Fault("tls-name-mismatch", first="tls-name-mismatch", layer="tls", verdict="unreachable", back=20),
    Fault("tls-expired", first="tls-expired", layer="tls", verdict="unreachable", back=20),
    # What the profile was imported with; another memdbd reads it.
    Fault("client-cert-expired", first="client-cert-expired", layer="handshake", provoke="restart", verdict="unreachable", cure="restart"),
    Fault("client-cert-not-yet-valid", first="client-cert-not-yet-valid", layer="handshake", provoke="restart", verdict="unreachable", cure="restart"),
    Fault("client-key-mismatch", first="client-key-mismatch", layer="handshake", provoke="restart", verdict="unreachable", cure="restart"),
    # The wire does not tell it from a revoked one: the evidence does.
    Fault("client-cert-wrong-issuer", first="handshake-rejected", layer="handshake", provoke="restart", verdict="unreachable", shown=30, cure="restart"),
    Fault("auth-required", first="auth-required", layer="auth", provoke="restart", verdict="unreachable", shown=15, cure="restart"),
)


def catalogue():
    """Every finding code that memdbd has, with its layer, from its own table."""
    text = (ROOT / "daemon" / "health" / "finding_catalog.cpp").read_text()
    return dict(re.findall(r'CatalogEntry\{"([a-z0-9-]+)", *(\w+),', text))


def listed(text):
    """What `lab faults` printed: each fault's name and the finding codes that it promises."""
    known, promises = catalogue(), {}
    for line in text.splitlines()[1:]:
        if line and not line.startswith("Break:"):
            name, rest = line.split(maxsplit=1)
            promises[name] = known.keys() & set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", rest))
    return promises


def promised():
    """The same, as the rows above have it."""
    out = {}
    for fault in FAULTS:
        out.setdefault(fault.name, set()).update(code for code in (fault.first, *fault.then) if code)
    return out
