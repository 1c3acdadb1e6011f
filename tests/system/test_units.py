"""The units and what gets installed, without a running systemd: they agree with each other, and systemd understands them."""
import configparser
import os
import pathlib
import re
import shutil

import pytest
from memdb import BUILD, MEMDBD, ROOT
from sandbox import run

UNITS = ["memdbd.service", "memdbd.socket"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Where `cmake --install` put everything, as scripts/install and packages call it."""
    folder = tmp_path_factory.mktemp("root")
    run("cmake", "--install", BUILD, "--prefix", "/usr", env=os.environ | {"DESTDIR": str(folder)})
    (folder / "bin").symlink_to("usr/bin")
    return folder


def unit(name):
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters="=")
    parser.optionxform = str
    parser.read(ROOT / "systemd" / name)
    return parser


def installed(root):
    return {f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file() and not path.is_symlink()}


def test_uninstall_knows_everything_that_is_installed(root):
    listed = re.search(r"^FILES=\((.*?)\)", (ROOT / "scripts/install").read_text(), re.S | re.M)[1].split()
    assert installed(root) == {*listed, "/etc/memdbd/memdbd.toml"}
    programs = ["usr/sbin/memdbd", "usr/bin/memdbctl"]
    assert all((root / program).stat().st_mode & 0o777 == 0o755 for program in programs)


def test_settings_of_the_administrator_survive_another_install(root):
    settings = root / "etc/memdbd/memdbd.toml"
    assert settings.read_text() == (ROOT / "config/memdbd.toml").read_text()
    settings.write_text("# mine\n")
    run("cmake", "--install", BUILD, "--prefix", "/usr", env=os.environ | {"DESTDIR": str(root)})
    assert settings.read_text() == "# mine\n"


def test_paths_of_the_units_are_those_of_the_program(root):
    service, sock = unit("memdbd.service")["Service"], unit("memdbd.socket")["Socket"]
    program, *arguments = service["ExecStart"].split()
    assert program in installed(root) and arguments[arguments.index("--config") + 1] in installed(root)
    assert arguments[arguments.index("--state-dir") + 1] == f"/var/lib/{service['StateDirectory']}"
    runtime = arguments[arguments.index("--runtime-dir") + 1]
    assert sock["ListenStream"] == f"{runtime}/memdbd.sock"  # what memdbctl asks unless told otherwise
    assert f"/run/{service['RuntimeDirectory']}" == f"{runtime}/private"  # never /run/memdbd: it would take the socket away
    help_text = run(MEMDBD, "--help").stdout
    assert all(default in help_text for default in arguments[1::2])


def test_users_of_the_units_are_made_by_sysusers():
    lines = [line.split() for line in (ROOT / "systemd/memdbd.sysusers").read_text().splitlines() if not line.startswith("#")]
    service, sock = unit("memdbd.service")["Service"], unit("memdbd.socket")["Socket"]
    made = {(line[0], line[1]) for line in lines}
    assert ("u", service["User"]) in made and service["Group"] == service["User"] and ("g", sock["SocketGroup"]) in made
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_ADMIN"


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands(root, name):
    units = root / "usr/lib/systemd/system"
    # It looks for the programs and for the targets below the root, so lend it this machine's.
    for path in pathlib.Path("/usr/lib/systemd/system").glob("*.target"):
        if not (units / path.name).exists():
            shutil.copy(path, units)
    kill = unit("memdbd.service")["Service"]["ExecReload"].split()[0]
    if not (root / kill[1:]).exists():
        shutil.copy(kill, root / kill[1:])
    done = run("systemd-analyze", f"--root={root}", "--man=no", "verify", name, check=False)
    said = [line for line in done.stderr.splitlines() if "memdbd" in line]
    assert done.returncode == 0 and said == [], done.stderr


def test_exposure_does_not_rise():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=17", ROOT / "systemd/memdbd.service", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
