"""`memdbctl aws crl` and `status`: who is let in no longer, and what there is."""
import datetime
import json

import pytest
from aws_admin import CLIENT, FULLEST
from fake_key_agent import openssl


def list_of(admin):
    return openssl("crl", "-noout", "-text", given=admin.vpn.crl)


def serial_of(admin, name):
    return openssl("x509", "-noout", "-serial", "-in", admin.pki / f"issued/{name}.crt").split("=")[1].strip()


def test_a_client_is_revoked_and_its_connections_are_ended(admins, applied):
    admin = admins(like=applied())
    serial = serial_of(admin, CLIENT)
    theirs, other = admin.endpoint.connect(admin.vpn.id, CLIENT), admin.endpoint.connect(admin.vpn.id, "desk", client_ip="10.200.0.9")
    assert "say --yes; nothing was changed" in admin.run("crl", "--revoke", CLIENT).line and admin.endpoint.mutating() == []
    said = admin.good("crl", "--revoke", CLIENT, "--reason", "keyCompromise", "--disconnect", "--yes", "--days", "30")
    assert f"Serial Number: {serial}" in list_of(admin) and "Key Compromise" in list_of(admin)
    assert admin.changes() == ["ImportClientVpnClientCertificateRevocationList", "TerminateClientVpnConnections"]
    assert [one[3]["ConnectionId"] for one in admin.endpoint.of("TerminateClientVpnConnections")] == [theirs] and other
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)).date()
    for words in (f"revoked {CLIENT}, serial {serial}", "AWS resets every connection", "clients come back by themselves", "up to 4 hours",
                  f"ends on {ends}", "EVERY new connection is refused", f"1 connection of {CLIENT} ended"):
        assert words in said, (words, said)
    again = admin.good("crl", "--revoke", CLIENT, "--yes")
    assert f"{CLIENT} was revoked on " in again and list_of(admin).count("Serial Number") == 1
    assert "client certificate" in dict(admin.open_steps())["make-client"], "this laptop needs another one"


def test_the_list_is_renewed(admins, applied):
    admin = admins(like=applied())
    said = admin.good("crl")
    assert "No Revoked Certificates" in list_of(admin) and "revocation list: " in said and "imported into " + admin.vpn.id in said
    assert admin.changes() == ["ImportClientVpnClientCertificateRevocationList"]


@pytest.mark.parametrize("words, wanted", [(("--revoke", "nobody"), "nobody"), (("--disconnect",), "--disconnect needs --revoke")])
def test_what_cannot_be_revoked(admins, applied, words, wanted):
    admin = admins(like=applied())
    assert wanted in admin.run("crl", *words, "--yes").line and admin.endpoint.mutating() == []


def test_more_than_an_endpoint_takes(admins, applied):
    admin = admins(like=applied())
    with open(admin.pki / "index.txt", "a", encoding="ascii") as index:
        index.writelines(f"R\t490101000000Z\t250101000000Z\t{number:016X}\tunknown\t/CN=old{number}\n" for number in range(1, 20_002))
    line = admin.run("crl").line
    assert "20000 entries at most" in line and admin.endpoint.mutating() == []


def test_what_aws_does_not_take_is_made_all_the_same(admins, applied):
    admin = admins(like=applied())
    serial = serial_of(admin, CLIENT)
    admin.endpoint.inject("ImportClientVpnClientCertificateRevocationList", "UnauthorizedOperation", "You are not authorized to perform this operation.")
    done = admin.run("crl", "--revoke", CLIENT, "--yes")
    assert "access denied: ec2:ImportClientVpnClientCertificateRevocationList" in done.line and "the same command goes on" in done.line
    assert f"{admin.pki}/crl.pem is made" in done.line and serial in openssl("crl", "-noout", "-text", "-in", admin.pki / "crl.pem")
    admin.good("crl", "--revoke", CLIENT, "--yes")
    assert serial in list_of(admin)


def test_there_is_no_endpoint(admin):
    assert "no endpoint carries the tag memdbd:cluster=demo: memdbctl aws apply makes one" in admin.run("crl").line
    assert "no endpoint carries the tag: memdbctl aws apply makes it" in admin.good("status")


def record(**more):
    return json.dumps({"connection-log-type": "connection-attempt", "connection-attempt-status": "successful", "connection-attempt-failure-reason": "NA",
                       "common-name": CLIENT, "client-ip": "10.200.0.2", "device-ip": "198.51.100.7", "connection-end-time": "NA", **more})


def test_status_shows_every_object(admins, applied):
    admin = admins(like=applied(*FULLEST))
    admin.good("crl", "--days", "20")
    admin.endpoint.connect(admin.vpn.id, CLIENT, client_ip="10.200.0.2")
    now = int(datetime.datetime.now().timestamp() * 1000)
    admin.endpoint.add_log_event("/vpn/demo", "s", now - 60_000, record())
    admin.endpoint.add_log_event("/vpn/demo", "s", now - 30_000, record(**{"common-name": "desk", "connection-attempt-status": "failed", "connection-attempt-failure-reason": "client-connect-failed"}))
    said = admin.good("status", "--price-association", "0.15", "--price-connection", "0.05")
    flat = " ".join(said.split())
    for words in ("is there", "demo.vpn.internal, until ", "available", "split tunnel, sessions of 24 h, log /vpn/demo", "10.20.1.0/24", "0.0.0.0/0 through subnet-",
                  "0 certificates revoked, ends ", "then every new connection is refused", "1 connection now", CLIENT, "10.200.0.2", "client-connect-failed", "$328.50 a month"):
        assert words in flat, (words, said)
    assert all(len(line) <= 80 for line in said.splitlines()), said
    told = json.loads(admin.good("status", "--json", "--price-association", "0.15"))
    vpn = told["endpoint"]
    assert (vpn["id"], vpn["state"], vpn["log_group"], len(vpn["associations"]), len(vpn["authorization_rules"]), len(vpn["routes"])) == (
        admin.vpn.id, "available", "/vpn/demo", 3, 3, 6)
    assert vpn["crl"]["revoked"] == 0 and vpn["crl"]["next_update"].startswith("20")
    assert [(one["common_name"], one["client_address"]) for one in told["connections"]] == [(CLIENT, "10.200.0.2")]
    assert round(told["cost"]["associations_month"], 2) == 328.5 and told["cost"]["currency"] == "USD"
    assert len([one for one in admin.endpoint.mutating() if one.outcome == "ok"]) == 1, "only the list was imported"


def test_a_list_that_ends_soon_is_remarked(admins, applied):
    admin = admins(like=applied())
    admin.good("crl", "--days", "5")
    assert any("revocation list ends on" in one and "memdbctl aws crl --cluster demo" in one for one in admin.remarks())


def test_whom_the_pki_has_revoked_a_new_endpoint_does_not_let_in(admin):
    """Also the later keys of that client; the list goes to the endpoint before anybody can go anywhere."""
    admin.apply()
    admin.good("crl", "--revoke", CLIENT, "--yes")
    admin.destroy()
    admin.endpoint.clear_calls()
    admin.apply("--client-name", "other", "--bundle", str(admin.bundle) + "2")
    changes = admin.changes()
    assert changes.index("ImportClientVpnClientCertificateRevocationList") < changes.index("AuthorizeClientVpnIngress")
    assert "1 certificate revoked" in admin.good("status")
