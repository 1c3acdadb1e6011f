"""One namespace and one set of certificates for the whole run, one fresh agent for each test."""
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from aws.model_files import AWS  # noqa: E402
from aws.warm_program import WarmProgram  # noqa: E402
from aws_admin import Admin, template_pki  # noqa: E402
from sandbox import FakeNode, Pki, Place, SystemAgent  # noqa: E402


def pytest_configure(config):
    del config
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: take everything down first

# Started in the background of a script, we inherit SIGINT as ignored, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def place():
    the_place = Place()
    yield the_place
    the_place.close()


@pytest.fixture(scope="session")
def pki(place):
    return Pki(place.folder("pki"))


@pytest.fixture
def agents(place):
    """Makes agents, started or not; all are ended and looked over after the test."""
    made = []

    def make(settings=None, start=True, **more):
        made.append(SystemAgent(place, settings, **more))
        return made[-1].start() if start else made[-1]

    yield make
    for agent in made:
        agent.close()


@pytest.fixture
def agent(agents):
    return agents()


@pytest.fixture
def nodes(place, pki):
    """Makes fake nodes: nodes(mode) has a good certificate for node.test, nodes(mode, tls=None) no TLS."""
    made = []

    def make(mode, *more, tls="good"):
        made.append(FakeNode(place, mode, pki.node("node") if tls == "good" else tls, *more))
        return made[-1]

    yield make
    for node in made:
        node.close()


@pytest.fixture(scope="session")
def warm_aws(tmp_path_factory):
    """The aws program of the whole run."""
    program = WarmProgram(tmp_path_factory.mktemp("warm"), AWS)
    yield program
    program.close()


@pytest.fixture(scope="session")
def aws_pki(tmp_path_factory):
    return template_pki(tmp_path_factory.mktemp("aws-pki"))


@pytest.fixture
def admins(warm_aws, aws_pki, tmp_path):
    """Makes admins, each with an account of AWS of their own; what goes wrong inside the stand-in fails the test."""
    made = []

    def make(**options):
        made.append(Admin(tmp_path / f"admin{len(made)}", **{"warm": warm_aws, "pki": aws_pki, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def admin(admins):
    return admins()


@pytest.fixture(scope="session")
def applied(warm_aws, aws_pki, tmp_path_factory):
    """wish -> an admin who has applied it, to begin with a likeness of: admins(like=applied(*wish)). Nobody changes that one."""
    known = {}

    def of(*wish):
        if wish not in known:
            known[wish] = Admin(tmp_path_factory.mktemp("applied"), warm=warm_aws, pki=aws_pki)
            known[wish].apply(*wish)
        return known[wish]

    yield of
    for one in known.values():
        one.close()
