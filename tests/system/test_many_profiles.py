"""Twenty profiles at once, ten of them with a tunnel: all reachable, one that is broken is the only one blamed, all can go again."""
import collections
import contextlib
import os
import pathlib
import signal

from memdb import wait_for
from sandbox import layers_of

DIRECT = [f"direct{i:02}" for i in range(10)]
TUNNELS = [f"tunnel{i:02}" for i in range(10)]


def verdicts(agent):
    return {view["name"]: view["verdict"] for view in agent.api.get("/v1/status")["profiles"]}


def open_files(pid):
    """What its descriptors are, without the numbers; one that is closed meanwhile is not."""
    found = []
    for path in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(path).split("[")[0].rstrip(":"))
    return collections.Counter(found)


def test_twenty_profiles_are_reachable_one_is_blamed_alone_and_all_go(agents, nodes, pki):
    agent = agents()
    pid = agent.api.get("/v1/status")["agent"]["pid"]
    node, other = nodes("healthy"), nodes("healthy")
    for name in DIRECT:
        agent.add_direct(name, other if name == DIRECT[3] else node, pki)
    for name in TUNNELS:
        agent.import_tunnel(name, pki, "normal", cluster=f"node.test:{node.port}")
    wait_for(lambda: any(name.endswith("/history.db-shm") for name in open_files(pid)), 20, "the history is open")
    at_rest = open_files(pid)
    for name in DIRECT + TUNNELS:
        agent.ctl("connect", name)
    wait_for(lambda: set(verdicts(agent).values()) == {"reachable"}, 30, "all are reachable")
    assert len(verdicts(agent)) == 20 and len(agent.openvpns()) == 10
    shown = agent.ctl("status").stdout
    assert all(name in shown for name in DIRECT + TUNNELS), shown
    assert agent.ctl("check", DIRECT[4]).stdout.startswith("MEMDB OK")

    other.close()
    agent.api.wait_verdict(DIRECT[3], "unreachable", 15)
    openvpn = agent.tunnel(TUNNELS[5])["openvpn_pid"]
    os.kill(openvpn, signal.SIGKILL)
    wait_for(lambda: agent.tunnel(TUNNELS[5]).get("openvpn_pid", openvpn) != openvpn, 10, "another openvpn is there")
    wait_for(lambda: [name for name, verdict in verdicts(agent).items() if verdict != "reachable"] == [DIRECT[3]], 10,
             "the dead node is one profile's trouble, and a lost tunnel no other's")
    assert agent.ctl("check", DIRECT[3], check=False).returncode == 2
    for name in TUNNELS:
        assert agent.tunnel(name)["restarts"] == (name == TUNNELS[5]) and agent.starts(name) == 1 + (name == TUNNELS[5])
        wait_for(lambda name=name: set(layers_of(agent.api.profile(name)).values()) == {"ok"}, 10, f"all of {name} is well")

    for name in DIRECT + TUNNELS:
        agent.ctl("disconnect", name)
    wait_for(lambda: set(verdicts(agent).values()) == {"stopped"} and not agent.openvpns(), 10, "all are stopped")
    wait_for(lambda: not open_files(pid) - at_rest, 10, "and no connection is left open, nor what waits for a process")
    for name in DIRECT + TUNNELS:
        agent.ctl("profile", "remove", name, "--yes")
    assert verdicts(agent) == {}
