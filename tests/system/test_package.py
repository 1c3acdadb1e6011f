"""The packages: what is in them, what they say of themselves, and what their scripts do where no systemd runs."""
import re
import stat
import subprocess

import pytest
from memdb import ROOT
from made_packages import NEWER, package, packages, run
from package_root import ChangedRoot, FakeSystemd, base_root

SCRIPTS = ("postinst", "prerm", "postrm")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return packages(tmp_path_factory)


@pytest.fixture(scope="module")
def deb(made):
    return made[".deb"]


@pytest.fixture(scope="module")
def newer(made):
    return made["newer"]


@pytest.fixture(scope="module")
def control(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    run("dpkg-deb", "-e", deb, folder)
    return folder


@pytest.fixture(scope="module")
def tree(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    run("dpkg-deb", "-x", deb, folder)
    return folder


def field(deb, name):
    return run("dpkg-deb", "-f", deb, name).stdout.strip()


def files_in(folder):
    return {f"/{path.relative_to(folder)}" for path in folder.rglob("*") if not path.is_dir()}


ONLY_IN_PACKAGES = {"/usr/share/doc/memdbd/copyright", "/usr/share/doc/memdbd/changelog.Debian.gz", "/usr/share/lintian/overrides/memdbd"}


def test_deb_has_what_scripts_install_installs_and_a_packages_own(tree):
    listed = re.search(r"^FILES=\((.*?)\)", (ROOT / "scripts/uninstall").read_text(), re.S | re.M)[1].split()
    assert files_in(tree) == {*listed, "/etc/memdbd/memdbd.toml", *ONLY_IN_PACKAGES}


def test_everything_in_the_deb_is_roots_and_writable_for_nobody_else(deb):
    for line in run("dpkg-deb", "-c", deb).stdout.splitlines():
        mode, owner, *_, path = line.split()
        assert owner == "root/root" and mode[5] == mode[8] == "-" and "s" not in mode, line
        assert (mode == "-rwxr-xr-x") == (path in ("./usr/sbin/memdbd", "./usr/bin/memdbctl") and mode[0] == "-"), line


def test_deb_depends_on_what_its_programs_need(deb, tree):
    depends = field(deb, "Depends")
    for name in ("openvpn", "systemd", "libc6", "libssl3", "libhiredis", "libsystemd0", "libc-ares2", "libmnl0"):
        assert re.search(rf"(^|, ){re.escape(name)}[\w.+-]*( |,|$)", depends), f"{name} is not in {depends}"
    assert "boost" not in depends and "asan" not in depends and "gtest" not in depends
    assert field(deb, "Recommends").startswith("easy-rsa") and field(deb, "Suggests") == "awscli, polkitd, systemd-resolved"
    assert field(deb, "Section") == "net" and "@" in field(deb, "Maintainer")
    needed = run("readelf", "-d", tree / "usr/sbin/memdbd").stdout
    assert "libboost" not in needed and "RUNPATH" not in needed


def test_deb_version_is_older_than_the_release_it_leads_to(deb):
    version, project = field(deb, "Version"), re.search(r"project\(memdbd VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert version.startswith(project) and version.endswith("-1")
    assert version == f"{project}-1" or run("dpkg", "--compare-versions", version, "lt", f"{project}-1", check=False).returncode == 0


def test_another_version_needs_no_building(deb, newer, tmp_path):
    assert field(newer, "Version") == NEWER and newer.name == f"memdbd_{NEWER}_{field(deb, 'Architecture')}.deb"
    assert run("dpkg", "--compare-versions", field(deb, "Version"), "lt", NEWER, check=False).returncode == 0
    run("dpkg-deb", "-x", newer, tmp_path)
    assert NEWER in run("zcat", tmp_path / "usr/share/doc/memdbd/changelog.Debian.gz").stdout


def test_settings_are_a_conffile(control, tree):
    assert (control / "conffiles").read_text() == "/etc/memdbd/memdbd.toml\n"
    assert (tree / "etc/memdbd/memdbd.toml").read_text() == (ROOT / "config/memdbd.toml").read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_of_the_deb_are_posix_sh(control, name):
    script = control / name
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n") and "\nset -e\n" in text and "steps.sh\"" not in text
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    run("sh", "-n", script)
    done = run("shellcheck", "--shell=sh", script, check=False)
    assert done.returncode == 0, done.stdout


def test_lintian_has_nothing_to_say_but_what_is_argued_against(deb):
    done = run("lintian", "--allow-root", "--fail-on", "error,warning", deb, check=False)
    assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr


def test_every_override_has_its_argument():
    lines = (ROOT / "scripts/package.d/lintian-overrides").read_text().splitlines()
    assert lines
    for before, line in zip(["", *lines], lines):
        assert line.startswith("# ") or (before.startswith("# ") and line.startswith("memdbd: ")), f"no argument for {line}"


def test_rpm_has_the_content_of_the_deb(made, tree):
    rpm = made[".rpm"]
    entries = run("rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME}\n]", rpm).stdout.splitlines()
    files = {}
    for path, mode, user, group in (entry.split() for entry in entries):
        assert (user, group) == ("root", "root"), path
        if not mode.startswith("d"):
            files[path] = mode
    assert set(files) == files_in(tree) - {"/usr/share/lintian/overrides/memdbd"}
    for path, mode in files.items():
        assert mode == stat.filemode((tree / path[1:]).stat().st_mode), path
    assert run("rpm", "-qpc", rpm).stdout == "/etc/memdbd/memdbd.toml\n"
    folders = {entry.split()[0] for entry in entries} - set(files)
    assert folders == {"/etc/memdbd", "/usr/share/doc/memdbd", "/usr/share/memdbd"}  # no other package's


def test_rpm_asks_for_what_the_deb_asks_for(made):
    rpm = made[".rpm"]
    requires = run("rpm", "-qpR", rpm).stdout
    assert "openvpn >= 2.6" in requires and "libssl.so" in requires and "libboost" not in requires
    assert run("rpm", "-qp", "--recommends", rpm).stdout.startswith("easy-rsa")
    assert run("rpm", "-qp", "--suggests", rpm).stdout.split() == ["awscli", "polkit", "systemd-resolved"]


def test_scripts_of_the_rpm_are_posix_sh(made, tmp_path):
    for tag, name in (("POSTIN", "post"), ("PREUN", "preun"), ("POSTUN", "postun")):
        script = tmp_path / name
        script.write_text(run("rpm", "-qp", "--qf", f"%{{{tag}}}", made[".rpm"]).stdout.lstrip("\n"))
        run("sh", "-n", script)
        done = run("shellcheck", "--shell=sh", script, check=False)
        assert done.returncode == 0, done.stdout
        assert f"%{name}: " in script.read_text()


# In a Debian whose systemd does not run.


@pytest.fixture
def root(deb, newer, tmp_path):
    changed = ChangedRoot(base_root(deb), tmp_path)
    changed.put(deb, "/tmp/memdbd.deb")
    changed.put(newer, "/tmp/newer.deb")
    yield changed
    changed.close()


def test_life_of_the_package_without_systemd(root):
    before = root.listing()
    said = root.run("dpkg", "-i", "/tmp/memdbd.deb").stdout
    assert said.count("usermod -aG memdb") == 1
    assert "memdb:" in root.run("getent", "group", "memdb").stdout and root.run("getent", "group", "memdb").stdout.rstrip().endswith(":")  # nobody
    assert root.run("stat", "-c", "%U %G %a", "/var/lib/memdbd", "/run/memdbd").stdout == "memdbd memdbd 700\nroot root 755\n"
    assert root.run("systemctl", "is-enabled", "memdbd.socket", "memdbd.service").stdout == "enabled\nenabled\n"
    root.run("/usr/sbin/memdbd", "--check-config")

    root.run("sh", "-c", "echo '# mine' >>/etc/memdbd/memdbd.toml; touch /var/lib/memdbd/state")
    root.run("systemctl", "disable", "memdbd.service")
    said = root.run("dpkg", "-i", "/tmp/newer.deb").stdout
    assert "usermod" not in said
    assert root.run("dpkg-query", "-W", "-f", "${Version}", "memdbd").stdout == NEWER
    assert root.run("tail", "-n", "1", "/etc/memdbd/memdbd.toml").stdout == "# mine\n"
    assert root.run("systemctl", "is-enabled", "memdbd.service", check=False).stdout == "disabled\n"

    root.run("dpkg", "-r", "memdbd")
    assert root.run("ls", "/run").stdout.split().count("memdbd") == 0
    assert root.run("cat", "/etc/memdbd/memdbd.toml").stdout.endswith("# mine\n")
    root.run("test", "-e", "/var/lib/memdbd/state")

    said = root.run("dpkg", "-P", "memdbd").stdout
    for what in ("/var/lib/memdbd", "/etc/memdbd", "user memdbd", "group memdb"):
        assert what in said
    assert root.listing() == before


def test_removed_and_installed_again_it_is_as_before(root):
    root.run("dpkg", "-i", "/tmp/memdbd.deb")
    root.run("sh", "-c", "echo '# mine' >>/etc/memdbd/memdbd.toml")
    installed = root.listing()
    root.run("dpkg", "-r", "memdbd")
    root.run("dpkg", "-i", "/tmp/memdbd.deb")
    assert root.listing() == installed


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_may_run_again(root, control, script):
    """dpkg runs a script again when it was interrupted: no step may mind that an earlier run has done it."""
    root.run("dpkg", "-i", "/tmp/memdbd.deb")
    calls = {"postinst": ["configure"], "prerm": ["remove"], "postrm": ["purge"]}[script]
    root.put(control / script, f"/tmp/{script}")
    for _ in range(2):
        root.run("sh", f"/tmp/{script}", *calls)
        after = root.listing()
    root.run("sh", f"/tmp/{script}", *calls)
    assert root.listing() == after


def test_only_a_removal_stops_anything(root):
    systemd = FakeSystemd(root, active=False)
    assert systemd.calls("dpkg", "-i", "/tmp/memdbd.deb") == ["daemon-reload", "start memdbd.socket memdbd.service"]
    # One restart of the service: the connection to openvpn, which systemd keeps over it, would not survive a stop.
    assert systemd.calls("dpkg", "-i", "/tmp/newer.deb") == ["daemon-reload", "restart memdbd.service"]
    assert systemd.calls("dpkg", "-i", "/tmp/newer.deb") == ["daemon-reload", "restart memdbd.service"]
    assert systemd.calls("dpkg", "-r", "memdbd") == ["stop memdbd.socket", "stop memdbd.service", "daemon-reload"]
    assert systemd.calls("dpkg", "-i", "/tmp/memdbd.deb") == ["daemon-reload", "restart memdbd.service"]  # and with it the socket it needs
    assert systemd.calls("dpkg", "-P", "memdbd") == ["stop memdbd.socket", "stop memdbd.service", "daemon-reload", "daemon-reload"]


def test_what_scripts_install_had_started_is_restarted(root):
    systemd = FakeSystemd(root)  # whose memdbd.service is active, whatever is installed
    assert systemd.calls("dpkg", "-i", "/tmp/memdbd.deb") == ["daemon-reload", "restart memdbd.service"]


def test_policy_rc_d_is_asked(root):
    systemd = FakeSystemd(root, active=False)
    root.run("sh", "-c", "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d")
    assert systemd.calls("dpkg", "-i", "/tmp/memdbd.deb") == ["daemon-reload"]
    assert systemd.calls("dpkg", "-i", "/tmp/newer.deb") == ["daemon-reload"]


def test_an_upgrade_that_fails_leaves_the_old_one_running(root):
    systemd = FakeSystemd(root, active=False)
    root.run("dpkg", "-i", "/tmp/memdbd.deb")
    root.run("sh", "-c", "cp -a /usr/sbin/memdbd /tmp/old; dpkg-deb -R /tmp/newer.deb /tmp/x && printf '#!/bin/sh\\nexit 1\\n' >/tmp/x/DEBIAN/preinst && "
             "chmod 755 /tmp/x/DEBIAN/preinst && dpkg-deb -Znone -b /tmp/x /tmp/broken.deb")
    assert systemd.calls("sh", "-c", "dpkg -i /tmp/broken.deb || true") == []
    root.run("cmp", "/usr/sbin/memdbd", "/tmp/old")
    assert root.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "memdbd").stdout == "installed"


def test_scripts_of_the_rpm_do_the_same(root, made, tmp_path):
    """rpm itself is not here; its counts are."""
    systemd = FakeSystemd(root, active=False)
    root.run("dpkg", "-i", "/tmp/memdbd.deb")
    for tag, name in (("POSTIN", "post"), ("PREUN", "preun"), ("POSTUN", "postun")):
        (tmp_path / name).write_text(run("rpm", "-qp", "--qf", f"%{{{tag}}}", made[".rpm"]).stdout)
        root.put(tmp_path / name, f"/tmp/{name}")
    assert systemd.calls("sh", "/tmp/post", "1") == ["-q preset memdbd.socket memdbd.service", "daemon-reload",
                                                     "start memdbd.socket memdbd.service"]
    assert systemd.calls("sh", "/tmp/post", "2") == ["daemon-reload", "try-restart memdbd.service"]
    assert systemd.calls("sh", "/tmp/preun", "1") == systemd.calls("sh", "/tmp/postun", "1") == []
    assert systemd.calls("sh", "/tmp/preun", "0") == ["stop memdbd.socket", "stop memdbd.service",
                                                      "-q --no-reload disable memdbd.socket memdbd.service"]
    assert systemd.calls("sh", "/tmp/postun", "0") == ["daemon-reload"]


# scripts/package itself.


@pytest.mark.parametrize("words", [["--nonsense"], ["--version"], ["--version", "abc"], ["--version", "1 2"], ["--version", "1-2-3;x"]], ids=" ".join)
def test_what_it_does_not_understand_is_one_line(words):
    done = run(ROOT / "scripts/package", *words, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("package: ") and done.stdout == ""


def test_packing_again_gives_the_same_bytes(newer, tmp_path):
    again = package("--deb", "--no-build", "--version", NEWER, "--output", tmp_path)[0]
    assert again.read_bytes() == newer.read_bytes(), "they differ"  # with words, or pytest looks for minutes for what differs


def test_a_build_that_fails_makes_no_package(made, tmp_path):
    del made
    cmake = tmp_path / "cmake"
    cmake.write_text("#!/bin/sh\necho 'no compiler'\nexit 1\n")
    cmake.chmod(0o755)
    done = subprocess.run([ROOT / "scripts/package", "--output", tmp_path / "out"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={"PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 1 and done.stderr == "no compiler\npackage: the build failed, see above\n" and list((tmp_path / "out").iterdir()) == []


def test_killed_it_leaves_nothing(made, tmp_path):
    del made
    temporary, output = tmp_path / "tmp", tmp_path / "out"
    temporary.mkdir()
    with subprocess.Popen([ROOT / "scripts/package", "--deb", "--no-build", "--output", output], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                          "TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert "packing" in process.stdout.readline()
        process.terminate()
        process.stdout.read()
    assert process.returncode == 143 and list(temporary.iterdir()) == [] and list(output.iterdir()) == []
