"""openvpn as Debian's own service, openvpn-client@, on a machine of the lab that boots systemd: killed, and restarted.

As it is shipped it has no Restart=, so a killed openvpn stays away; with the drop-in that guides give it comes back.
"""
import contextlib
import statistics
import time

from booted import means
from booted.machine import Machine
from booted.root import root_of
from measure import ms, show
from memdb import wait_for
from pinger import pinging

RUNS = 8
AWAY = 30  # s, after which a tunnel that is not back is called away
UNIT = "openvpn-client@demo.service"
DROP_IN = "/run/systemd/system/openvpn-client@.service.d/restart.conf"


def openvpn_service(bench):
    """With the second certificate, and without memdbd: two clients of one certificate would take the address from each other."""
    bench.no_agent()
    means.check()
    with contextlib.closing(Machine(bench.lab, root_of("bookworm"))) as machine:
        machine.boot()
        configure(bench.lab, machine)
        machine.run("systemctl", "start", UNIT)
        with pinging(bench.lab) as pinger:
            shipped = as_shipped(machine, pinger)
        machine.write(DROP_IN, "[Service]\nRestart=always\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", UNIT)
        with pinging(bench.lab) as pinger:
            killed = gaps_of(bench, machine, pinger, "kill", "--kill-whom=main", "--signal=KILL")
            restarted = gaps_of(bench, machine, pinger, "restart")
        machine.power_off()
    show("openvpn-unit", f"openvpn-client@ as Debian ships it, kill -9 openvpn: {shipped}")
    show("", f"with Restart=always, kill -9 openvpn -> PING answered: {ms(killed)}")
    show("", f"systemctl restart -> PING answered: {ms(restarted)}")
    bench.found["openvpn_service"] = {"as_shipped": shipped, "killed_with_restart": killed, "restarted": restarted}
    add_note(bench, "recovery", f"openvpn-client@: {shipped}; with Restart=always {statistics.median(killed):.0f} ms")
    add_note(bench, "rotation", f"systemctl restart openvpn-client@: {statistics.median(restarted):.0f} ms")


def configure(lab, machine):
    """As the document says: the downloaded file, with the two lines for certificate and key."""
    text = (lab.dir / "downloaded-client-config.ovpn").read_text()
    machine.write("/etc/openvpn/client/demo.conf", f"{text}\ncert client2.crt\nkey client2.key\n", 0o600)
    for name in ("client2.crt", "client2.key"):
        machine.put(lab.dir / name, f"/etc/openvpn/client/{name}", 0o600)


def state(machine):
    return machine.run("systemctl", "is-active", UNIT, check=False).stdout.strip()


def as_shipped(machine, pinger):
    """What became of it, in words."""
    start = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", UNIT)
    try:
        pinger.wait_answered(start + 1, AWAY)
    except AssertionError:
        return f"not back within {AWAY} s ({state(machine)})"
    return f"back after {pinger.gap(start):.0f} ms"


def gaps_of(bench, machine, pinger, *words):
    """Longest time without a PONG, in ms, after each `systemctl WORDS UNIT`."""
    gaps = []
    for _ in range(bench.runs(RUNS)):
        machine.run("systemctl", "reset-failed", UNIT)  # systemd allows five starts in ten seconds
        wait_for(lambda: state(machine) == "active", 10, "the service is active")
        pinger.wait_answered(time.monotonic())
        start = time.monotonic()
        machine.run("systemctl", *words, UNIT)
        pinger.wait_answered(start + 0.5)
        gaps.append(pinger.gap(start))
    return gaps


def add_note(bench, key, text):
    if key in bench.measured:
        bench.measured[key].note += f"; {text}"


MEASUREMENTS = {"openvpn-unit": openvpn_service}
