"""Under the real systemd: how exposed the service is, and what every process of it may do."""
import json

LIMIT = 1.7  # of 10; on systemd 252. Lower is better, a rise is a decision: facts I lists what it is made of
NET_ADMIN = 1 << 12


def test_exposure_of_the_live_unit_does_not_rise(demo, table):
    rows = json.loads(demo.machine.run("systemd-analyze", "security", "--json=short", "--no-pager", "memdbd.service").stdout)
    overall = demo.machine.run("systemd-analyze", "security", "--no-pager", "memdbd.service").stdout.strip().splitlines()[-1]
    score = float(overall.split(":")[1].split()[0])
    version = demo.machine.run("systemctl", "--version").stdout.split()[1]
    table("exposure", f"systemd {version}: {score}")
    for row in rows:
        if row.get("exposure"):
            table("exposure", f"  {row['exposure']:>4}  {row['name']}: {row['description']}")
    assert 0 < score <= LIMIT, overall


def test_every_process_is_memdbds_and_has_one_capability(demo, table):
    processes = demo.unit_processes()
    assert {p["command"] for p in processes} == {"memdbd", "openvpn"}, processes
    for p in processes:
        table("process", f"{p['user']:<8} {p['command']:<8} CapEff={p['effective']:#x} CapBnd={p['bounding']:#x} NoNewPrivs={p['no_new_privileges']}")
        assert p["user"] == "memdbd" and "0" not in p["uids"], p
        assert p["effective"] == p["bounding"] == NET_ADMIN and p["no_new_privileges"], p


def test_the_sandbox_holds_while_everything_works(demo):
    """It sees no home, writes nowhere but to its own folders, and the journal has no refusal."""
    pid = demo.main_pid
    homes = demo.machine.run("nsenter", "-t", pid, "-m", "ls", "/home", "/root", check=False)
    assert "alice" not in homes.stdout and "demo" not in homes.stdout, homes
    for place in ("/etc", "/usr", "/var", "/run", "/run/memdbd"):
        done = demo.machine.run("nsenter", "-t", pid, "-m", "setpriv", "--reuid=memdbd", "--regid=memdbd", "--clear-groups", "touch",
                                f"{place}/x", check=False)
        assert done.returncode != 0, f"it can write to {place}"
    said = demo.machine.journal("-b", "-u", "memdbd.service", "-p", "warning")
    assert "Operation not permitted" not in said and "Permission denied" not in said, said
