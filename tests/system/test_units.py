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
USER_UNITS = [f"memdbctl-{word}.{kind}" for word in ("auth", "rotate") for kind in ("service", "timer")] + ["memdbctl-notify.service"]


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
    listed = re.search(r"^FILES=\((.*?)\)", (ROOT / "scripts/uninstall").read_text(), re.S | re.M)[1].split()
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


@pytest.fixture(scope="module")
def lent(root):
    """The root with what the units need of a machine: systemd looks for programs and targets below the root."""
    units = root / "usr/lib/systemd/system"
    for path in pathlib.Path("/usr/lib/systemd/system").glob("*.target"):
        if not (units / path.name).exists():
            shutil.copy(path, units)
    kill = unit("memdbd.service")["Service"]["ExecReload"].split()[0]
    if not (root / kill[1:]).exists():
        shutil.copy(kill, root / kill[1:])
    return root


def verified(root, name):
    """What systemd-analyze says against a unit of the system; of other units on this machine it may say what it likes."""
    done = run("systemd-analyze", f"--root={root}", "--man=no", "verify", name, check=False)
    return [line for line in done.stderr.splitlines() if "memdbd" in line or done.returncode]


def verified_as_user(root, folder, change=lambda text: text):
    """The same of the user's units, after `change`. With --user it knows no --root: so ExecStart= is led to the installed program."""
    folder.mkdir()
    for name in USER_UNITS:
        text = (root / "usr/lib/systemd/user" / name).read_text()
        (folder / name).write_text(change(text).replace("=/usr/bin/", f"={root}/usr/bin/"))
    done = run("systemd-analyze", "--user", "--man=no", "verify", *(folder / name for name in USER_UNITS), check=False,
               env=os.environ | {"XDG_RUNTIME_DIR": str(folder)})
    return [line for line in done.stderr.splitlines() if "memdbctl" in line or done.returncode]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands(lent, name):
    assert verified(lent, name) == []


def test_systemd_understands_the_units_of_the_user(root, tmp_path):
    assert verified_as_user(root, tmp_path / "units") == []


SLIPS = {  # what a hand may slip on: words of systemd's complaint
    ("OnCalendar=daily", "OnCalendar=dialy"): "dialy",
    ("OnCalendar=*:0/6", "OnCalendar=*:0/sx"): "0/sx",
    ("Persistent=true", "Persistant=true"): "Persistant",
    ("[Timer]", "[Tmier]"): "Tmier",
    ("Type=oneshot", "Type=once"): "once",
    ("/usr/bin/memdbctl", "/usr/bin/memdbcltl"): "memdbcltl",
}


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip[1])
def test_a_slip_in_a_unit_of_the_user_would_be_seen(root, tmp_path, slip):
    assert any(SLIPS[slip] in line for line in verified_as_user(root, tmp_path / "units", lambda text: text.replace(*slip)))


@pytest.mark.parametrize("slip", [("After=", "Aftre="), ("Type=notify", "Type=notfiy"), ("/usr/sbin/memdbd", "/usr/sbin/mmdbd")], ids=lambda slip: slip[1])
def test_a_slip_in_the_service_would_be_seen(lent, slip):
    unit_file = lent / "usr/lib/systemd/system/memdbd.service"
    text = unit_file.read_text()
    assert slip[0] in text
    try:
        unit_file.write_text(text.replace(*slip))
        assert verified(lent, unit_file.name) != []
    finally:
        unit_file.write_text(text)


@pytest.mark.parametrize("name", [name for name in USER_UNITS if name.endswith(".service")])
def test_what_a_timer_of_the_user_runs_is_a_command_that_there_is(root, name):
    """As it is written, against no agent: the words are understood."""
    program, *words = unit(f"user/{name}")["Service"]["ExecStart"].split()
    done = run(f"{root}{program}", *words, "--socket", "/nonexistent", check=False)
    assert done.returncode == 3 and "agent" in done.stderr, done


def test_exposure_does_not_rise():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=17", ROOT / "systemd/memdbd.service", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
