"""Passwords that memdbd.toml names: in use, followed when they change, the last good one kept, and the tunnel left alone."""
import os
import pwd
import shutil
import signal
import struct

import pytest
from memdb import wait_for

CANARY = "canary-in-a-password-file-4712"


def put(path, password, mode=0o400, owner="memdbd"):
    """By a rename, as one should."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(password + "\n")
    fresh.chmod(mode)
    shutil.chown(fresh, owner)
    fresh.rename(path)


@pytest.fixture
def folder(place):
    return place.folder("passwords")


def node_state(agent, name="demo"):
    nodes = agent.api.profile(name)["clusters"][0]["nodes"]
    return nodes[0]["state"] if nodes else "none"


def finding(agent, name="demo"):
    return next((f for f in agent.api.profile(name)["findings"] if f["code"] == "password-unusable"), None)


def named(agents, folder, value=None, **more):
    return agents({"passwords": {"demo": value or str(folder / "demo")}}, **more)


def import_demo(agent, nodes, pki, right, stored="the-stored-one"):
    """A node that takes only `right`, a tunnel to it, and a password that lies with the profile."""
    node = nodes("healthy", "--password", right)
    (agent.dir / "stored").write_text(stored + "\n")
    agent.import_tunnel("demo", pki, cluster=f"node.test:{node.port}",
                        more=("--user", "app", "--password-file", agent.dir / "stored"))
    agent.ctl("connect", "demo")
    agent.wait_phase("demo", "up")


def test_a_named_file_wins_over_the_stored_password_also_after_a_restart(agents, nodes, pki, folder):
    put(folder / "demo", "named")
    agent = named(agents, folder)
    import_demo(agent, nodes, pki, "named")
    wait_for(lambda: node_state(agent) == "ok", 15, "the named password is accepted")
    agent.ctl("profile", "set", "demo", "--password-file", agent.dir / "stored")
    agent.end()
    agent.start()
    wait_for(lambda: node_state(agent) == "ok", 15, "and still is")


def test_a_change_by_rename_is_used_within_a_second_and_the_tunnel_stays(agents, nodes, pki, folder):
    put(folder / "demo", "old")
    agent = named(agents, folder)
    import_demo(agent, nodes, pki, "new")
    wait_for(lambda: node_state(agent) == "failed", 15, "the old password is rejected")
    before = agent.tunnel("demo")
    put(folder / "demo", "new")
    wait_for(lambda: node_state(agent) == "ok", 1, "the new password is in use")
    put(folder / "demo", "old")
    wait_for(lambda: node_state(agent) == "failed", 2, "and another one, although a connection stood")
    put(folder / "demo", "new")
    wait_for(lambda: node_state(agent) == "ok", 1, "and the good one again")
    after = agent.tunnel("demo")
    for field in ("openvpn_pid", "restarts", "since", "attempt"):
        assert after.get(field) == before.get(field), field
    assert agent.starts("demo") == 1


def test_a_profile_whose_password_is_named_needs_no_stored_one(agents, nodes, pki, folder):
    put(folder / "demo", "named")
    agent = named(agents, folder)
    node = nodes("healthy", "--password", "named")
    agent.import_tunnel("demo", pki, cluster=f"node.test:{node.port}")
    agent.ctl("profile", "set", "demo", "--user", "app")
    agent.import_tunnel("other", pki, cluster=f"node.test:{node.port}")
    assert "[passwords]" in agent.fails("profile", "set", "other", "--user", "app")
    agent.ctl("profile", "remove", "demo", "--yes")
    agent.import_tunnel("demo", pki, cluster=f"node.test:{node.port}", more=("--user", "app"))
    agent.ctl("connect", "demo")
    wait_for(lambda: node_state(agent) == "ok", 15, "the named password is accepted")
    agent.ctl("profile", "set", "demo", "--cluster", f"node.test:{node.port}", "--user", "app2")
    agent.end()
    agent.start()
    wait_for(lambda: node_state(agent) == "ok", 15, "and still is")


def spoil_mode(path):
    path.chmod(0o644)


def spoil_owner(path):
    shutil.chown(path, "nobody", "memdbd")
    path.chmod(0o440)  # memdbd could read it


def spoil_by_removal(path):
    path.unlink()


def spoil_by_fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)
    shutil.chown(path, "memdbd")


def spoil_by_nothing_in_it(path):
    put(path, "")


SPOILT = {
    spoil_mode: "everybody may read it", spoil_owner: "it must belong to memdbd", spoil_by_removal: "does not exist",
    spoil_by_fifo: "is no regular file", spoil_by_nothing_in_it: "is empty",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda f: f.__name__)
def test_with_an_unusable_file_the_last_good_password_stays_in_use(agents, nodes, pki, folder, spoil):
    file = folder / "demo"
    put(file, "good")
    agent = named(agents, folder)
    import_demo(agent, nodes, pki, "good")
    wait_for(lambda: node_state(agent) == "ok", 15, "the named password is accepted")
    spoil(file)
    said = wait_for(lambda: finding(agent), 5, "the finding comes")
    assert (said["severity"], said["layer"]) == ("warning", "auth"), said
    assert str(file) in said["evidence"] and SPOILT[spoil] in said["evidence"] and said["advice"], said
    agent.send(signal.SIGHUP)
    wait_for(lambda: "read the settings again" in agent.text(), 5, "reloaded")
    view = agent.api.wait_verdict("demo", "degraded")
    assert view["clusters"][0]["nodes"][0]["state"] == "ok" and finding(agent)
    put(file, "good")
    wait_for(lambda: not finding(agent), 2, "the finding goes")
    assert node_state(agent) == "ok"


def test_without_any_good_password_the_finding_is_an_error_and_a_file_cures_it(agents, nodes, pki, folder):
    file = folder / "demo"
    agent = named(agents, folder)
    import_demo(agent, nodes, pki, "right", stored="right")  # which would do, but another one is named
    view = agent.api.wait_verdict("demo", "unreachable")
    said = wait_for(lambda: finding(agent), 5, "the finding comes")
    assert said["severity"] == "error" and "does not exist" in said["evidence"], said
    wait_for(lambda: node_state(agent) == "failed", 10, "no password, no way")
    assert [f["code"] for f in agent.api.profile("demo")["findings"]] == ["password-unusable"], view
    put(file, "right", owner="root", mode=0o400)  # root's own, which memdbd may not read
    wait_for(lambda: "cannot open" in (finding(agent) or said)["evidence"], 2, "the reason is another one")
    put(file, "right")
    wait_for(lambda: node_state(agent) == "ok" and not finding(agent), 2, "cured")


def test_a_link_swapped_as_kubernetes_does_it(agents, nodes, pki, folder):
    for version, password in (("..1", "old"), ("..2", "new")):
        (folder / version).mkdir()
        (folder / version).chmod(0o755)
        put(folder / version / "demo", password)
    (folder / "..data").symlink_to("..1")
    (folder / "demo").symlink_to("..data/demo")
    agent = named(agents, folder)
    import_demo(agent, nodes, pki, "new")
    wait_for(lambda: node_state(agent) == "failed", 15, "the old password is rejected")
    (folder / "..tmp").symlink_to("..2")
    (folder / "..tmp").rename(folder / "..data")
    wait_for(lambda: node_state(agent) == "ok", 1, "the new password is in use")


def let_read(path, user):
    """An access list as systemd makes it for a credential: r-- for root and for `user`, nobody else."""
    nobody = 0xFFFFFFFF
    rows = ((1, 4, nobody), (2, 4, pwd.getpwnam(user).pw_uid), (4, 0, nobody), (16, 4, nobody), (32, 0, nobody))
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows))


def test_in_a_folder_that_memdbd_may_not_list_a_reload_takes_the_new_password(agents, nodes, pki, folder):
    put(folder / "demo", "old")
    folder.chmod(0o711)
    agent = named(agents, folder)
    assert f"only: {folder}: Permission denied" in agent.text(), "it says that it cannot watch"
    import_demo(agent, nodes, pki, "new")
    wait_for(lambda: node_state(agent) == "failed", 15, "the old password is rejected")
    put(folder / "demo", "new")
    agent.send(signal.SIGHUP)
    wait_for(lambda: node_state(agent) == "ok", 2, "the new password is in use")


def test_a_credential_of_systemd(agents, nodes, pki, folder):
    agent = named(agents, folder, "credential:db", start=False)
    agent.ENV = {**agent.ENV, "CREDENTIALS_DIRECTORY": str(folder)}
    put(folder / "db", "from-systemd", owner="root")
    let_read(folder / "db", "memdbd")
    assert (folder / "db").stat().st_mode & 0o777 == 0o440
    agent.start()
    import_demo(agent, nodes, pki, "from-systemd")
    wait_for(lambda: node_state(agent) == "ok", 15, "the credential is accepted")
    agent.end()
    del agent.ENV["CREDENTIALS_DIRECTORY"]
    agent.start()
    said = wait_for(lambda: finding(agent), 10, "the finding comes")
    assert said["evidence"].startswith("credential:db: ") and "LoadCredential=" in said["evidence"], said


def test_sighup_takes_up_and_lets_go_of_entries(agents, nodes, pki, folder):
    put(folder / "demo", "named")
    agent = agents()
    import_demo(agent, nodes, pki, "named")
    wait_for(lambda: node_state(agent) == "failed", 15, "the stored password is rejected")
    agent.configure({"passwords": {"demo": str(folder / "demo"), "nobody": "/nowhere"}})
    agent.send(signal.SIGHUP)
    wait_for(lambda: node_state(agent) == "ok", 2, "the named one is taken up")
    assert "names a password for nobody: there is no such profile" in agent.text()
    agent.configure({})
    agent.send(signal.SIGHUP)
    wait_for(lambda: node_state(agent) == "failed", 5, "the stored one counts again")


def test_a_profile_without_a_user_sends_none(agents, nodes, pki, folder):
    put(folder / "demo", "named")
    agent = named(agents, folder)
    node = nodes("healthy", "--password", "another")
    agent.add_direct("demo", node, pki)
    agent.ctl("connect", "demo")
    agent.api.wait_verdict("demo", "reachable")
    (folder / "demo").unlink()
    agent.send(signal.SIGHUP)
    wait_for(lambda: "read the settings again" in agent.text(), 5, "reloaded")
    assert not agent.api.profile("demo")["findings"]


BAD = {
    f'demo = "{CANARY}"': 'passwords.demo: must be "credential:NAME" or an absolute path',
    'demo = "credential:../x"': "passwords.demo: the name of a credential must be that of one file",
    'demo = "credential:."': "passwords.demo: the name of a credential must be that of one file",
    "demo = 1": "passwords.demo: must be a string, is an integer",
    'Demo = "/x"': "cannot be a profile's name",
}


@pytest.mark.parametrize("entry", BAD)
def test_a_bad_entry_is_one_line_at_the_start(agents, entry):
    agent = agents(start=False)
    agent.config.write_text(f"[passwords]\n{entry}\n")
    line = agent.refused()
    assert f"{agent.config}:2: " in line and BAD[entry] in line and CANARY not in line, line


def test_the_password_is_seen_nowhere(agents, nodes, pki, folder):
    file = folder / "demo"
    put(file, CANARY)
    agent = named(agents, folder, fast={"log": {"level": "trace"}})
    import_demo(agent, nodes, pki, CANARY)
    wait_for(lambda: node_state(agent) == "ok", 20, "accepted")
    put(file, CANARY + "-wrong")
    agent.api.wait_finding("demo", "auth-rejected", 20)
    file.write_text(CANARY + "\nsecond line\n")
    wait_for(lambda: finding(agent), 5, "the finding comes")
    file.write_text(CANARY + "x" * 2000)
    wait_for(lambda: "more than" in finding(agent)["evidence"], 5, "too large")
    agent.send(signal.SIGHUP)
    wait_for(lambda: "read the settings again" in agent.text(), 5, "reloaded")
    seen = [agent.text(), agent.ctl("status", "--json", check=False).stdout, agent.ctl("status", check=False).stdout,
            *(agent.api.request("GET", target)[1] for target in ("/v1/status", "/v1/profiles/demo", "/healthz"))]
    for pid in (agent.pid, *agent.openvpns()):
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as about:
                seen.append(about.read().decode(errors="replace"))
    assert all(seen) and not [text for text in seen if CANARY in text]
    for path in (*agent.state.rglob("*"), *agent.runtime.rglob("*")):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
