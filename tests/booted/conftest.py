"""One lab and one machine for a worker; for each test the machine as it was after the installation, freshly booted.

LAB names the lab (default `test`), MEMDB_DEB the package; without it scripts/package makes one of build/release as it is. A machine without the means skips everything here and says so; with CI=true it fails.
"""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from booted import means  # noqa: E402
from booted.agent import BootedAgent  # noqa: E402
from booted.logind import Logind  # noqa: E402
from booted.machine import Machine  # noqa: E402
from booted.package import package_of  # noqa: E402
from booted.root import root_of  # noqa: E402
from memdb import Lab, own_name  # noqa: E402

# Started in the background of a script, we inherit SIGINT as ignored, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
collect_ignore = [] if os.environ.get("MEMDB_SLOW") else ["test_debian13.py"]
TABLES = {"gap": "longest gap of a kept connection, PING every 10 ms", "wake": "time from wake to PING answered",
          "exposure": "systemd-analyze security", "process": "processes of the service"}


def pytest_configure(config):
    del config
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: take everything down first


@pytest.fixture(scope="session")
def able():
    """suite -> its root; ends the test where this machine cannot boot one."""
    def of(suite):
        try:
            means.check()
            return root_of(suite)
        except means.Unable as reason:
            return means.give_up(reason)

    return of


@pytest.fixture(scope="session")
def root(able):
    return able("bookworm")


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    return package_of(os.environ.get("MEMDB_DEB"), tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def lab(root):
    del root  # first: without it there is nothing to do
    the_lab = Lab(own_name(os.environ.get("LAB", "test")))
    the_lab("down")  # whatever an interrupted run left
    try:
        the_lab("up", timeout=180)
        yield the_lab
    finally:
        the_lab("down")


@pytest.fixture(scope="session")
def computer(lab, root):
    """The machine, off, with nothing installed."""
    the_machine = Machine(lab, root)
    yield the_machine
    the_machine.close()


@pytest.fixture(scope="session")
def furnished(computer, package):
    """The machine, off, with the package installed and the profile demo imported; nobody has asked for a tunnel."""
    computer.boot()
    package.install(computer)
    BootedAgent(computer).import_demo()
    computer.power_off()
    computer.keep()
    return computer


def forget(lab, machine, to_root=False):
    machine.reset(to_root)
    lab("heal", "all")


@pytest.fixture
def bare(lab, furnished):
    """The machine, booted, without a trace of memdbd."""
    forget(lab, furnished, to_root=True)
    furnished.boot()
    yield furnished
    forget(lab, furnished)


@pytest.fixture
def machine(lab, furnished):
    """The machine, booted, with the package and the profile demo."""
    forget(lab, furnished)
    furnished.boot()
    yield furnished
    forget(lab, furnished)


@pytest.fixture
def agent(machine):
    """memdbd as it comes up at boot."""
    return BootedAgent(machine)


@pytest.fixture
def demo(agent):
    """The same with the profile demo, reachable."""
    agent.connect_demo()
    return agent


@pytest.fixture
def logind(machine):
    """In place of the real one; memdbd notices the change by itself."""
    stand_in = Logind(machine)
    yield stand_in
    stand_in.close()


@pytest.fixture
def table(request):
    """table(kind, row): a line for the end of the run."""
    return lambda kind, row: request.node.user_properties.append((kind, row))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    del call
    report = (yield).get_result()
    machine = getattr(item, "funcargs", {}).get("machine") or getattr(item, "funcargs", {}).get("bare")
    if report.failed and report.when == "call" and machine is not None and machine.pid is not None:
        try:
            report.sections.append(("the machine", BootedAgent(machine).report()))
        except (AssertionError, OSError, TimeoutError) as error:
            report.sections.append(("the machine", f"cannot be asked: {error}"))


def pytest_terminal_summary(terminalreporter):
    rows = [row for key in ("passed", "failed") for report in terminalreporter.stats.get(key, []) for row in report.user_properties]
    for kind, title in TABLES.items():
        of_kind = [text for name, text in rows if name == kind]
        if of_kind:
            terminalreporter.section(title)
            for text in of_kind:
                terminalreporter.write_line(text)
