"""What a crash of memdbd, of openvpn or of both leaves on the laptop: exactly that is undone, and nothing else."""
import os
import signal
import time

import pytest
from memdb import MEMDBD, wait_for


def routes(lab):
    return [sorted(lab.run("ip", family, "route", "show", "table", "all").stdout.splitlines()) for family in ("-4", "-6")]


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"


def alive(pid):
    return state_of(pid) not in "ZX"


def threads_of(pid):
    """A process is a zombie for all to see while its other threads still end; and only with the last of them is it really over."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def ending(pid):
    return alive(pid) or threads_of(pid) > 1


def kill_both(agent):
    """openvpn is stopped first, so that it cannot tidy up while memdbd dies."""
    openvpn, memdbd = agent.api.profile("demo")["tunnel"]["openvpn_pid"], agent.pid
    os.kill(openvpn, signal.SIGSTOP)
    for pid in (memdbd, openvpn):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not ending(memdbd) and not ending(openvpn), 5, "both are dead")


@pytest.fixture
def captured(agent, lab, request):
    """The profile demo on an endpoint that takes the default route; with the routes of before. No other route comes or goes."""
    agent.import_demo()
    before = routes(lab)
    lab("fault", "default-route-captured", *request.param)
    agent.ctl("connect", "demo", "--wait", "--timeout", "20s")
    assert agent.api.wait_finding("demo", "default-route-captured")
    agent.before = before
    return agent


CAPTURES = pytest.mark.parametrize("captured", [[], ["block-local"]], indirect=True, ids=["def1", "block-local"])


@CAPTURES
def test_cleanup_removes_what_both_have_left(captured, lab):
    kill_both(captured)
    server_route = [line for line in routes(lab)[0] if line not in captured.before[0]]
    assert len(server_route) == 1 and "dev eth0" in server_route[0], server_route
    done = lab("agent", "cleanup", str(MEMDBD))
    address = server_route[0].split()[0]
    assert address in done.stdout, done.stdout
    assert routes(lab) == captured.before
    assert lab("agent", "cleanup", str(MEMDBD)).stdout == "", "the second time there is nothing to undo"


@CAPTURES
def test_the_next_start_removes_what_both_have_left(captured, lab):
    kill_both(captured)
    captured.start()
    captured.api.wait_verdict("demo", "degraded", 15)
    captured.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    assert routes(lab) == captured.before
    assert "left over by an earlier run: demo: removed the route" in captured.log.read_text()


@CAPTURES
def test_an_openvpn_killed_alone_leaves_nothing_to_its_successor(captured, lab):
    first = captured.api.profile("demo")["tunnel"]["openvpn_pid"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: captured.api.profile("demo")["tunnel"].get("openvpn_pid") not in (None, first), 10, "another openvpn")
    captured.api.wait_verdict("demo", "degraded", 15)
    captured.ctl("disconnect", "demo", "--wait", "--timeout", "10s")
    assert routes(lab) == captured.before


def left_frozen(demo):
    """Kills memdbd alone; the pid of its openvpn, which is stopped."""
    openvpn, memdbd = demo.api.profile("demo")["tunnel"]["openvpn_pid"], demo.pid
    os.kill(memdbd, signal.SIGKILL)
    # The kernel wakes a stopped process that becomes an orphan, so it is stopped until its parent is really gone.
    while ending(memdbd):
        os.kill(openvpn, signal.SIGSTOP)
    os.kill(openvpn, signal.SIGSTOP)
    wait_for(lambda: state_of(openvpn) == "T", 2, "openvpn is stopped")
    return openvpn


def test_a_stopped_openvpn_that_was_left_behind_is_ended(demo):
    openvpn = left_frozen(demo)
    demo.start()
    demo.api.wait_verdict("demo", "reachable", 15)
    assert "left over by an earlier run" in demo.log.read_text()
    assert not alive(openvpn)


def test_cleanup_by_hand_does_nothing_while_openvpn_lives(demo, lab):
    openvpn = left_frozen(demo)
    refused = lab("agent", "cleanup", str(MEMDBD), check=False)
    assert refused.returncode == 1 and f"its openvpn (pid {openvpn}) runs" in refused.stderr and refused.stderr.count("\n") == 1
    assert alive(openvpn)
    os.kill(openvpn, signal.SIGCONT)  # its management connection is closed: it ends
    wait_for(lambda: not alive(openvpn), 10, "openvpn has ended")
    lab("agent", "cleanup", str(MEMDBD))
    assert "tun" not in lab.run("ip", "link").stdout


def test_a_killed_agent_is_replaced_and_leaves_nothing(demo, lab):
    openvpn = demo.api.profile("demo")["tunnel"]["openvpn_pid"]
    start = time.monotonic()
    lab("fault", "agent-killed")
    demo.start()
    demo.api.wait_verdict("demo", "reachable", 15)
    assert time.monotonic() - start < 15 and not alive(openvpn)
    assert len([line for line in lab.run("ip", "-o", "link").stdout.splitlines() if ": tun" in line]) == 1
