"""TAB in the real shells: memdbctl's commands, options, values, files, and the names of the agent's profiles."""
import os
import re
import subprocess

import pytest
from memdb import MEMDBCTL, wait_for
from shell_terminal import ShellTerminal

LINES = {  # what was typed -> what may come
    "memdbctl pro": {"profile"},
    "memdbctl profile ": {"import", "add", "list", "show", "set", "remove"},
    "memdbctl wait --for ": {"reachable", "up", "stopped"},
    "memdbctl key crl ./cr": {"./crl.pem"},
    "memdbctl pki list --pki ./a": {"./a folder/", "./another/"},
    "memdbctl --socket ./run/memdbd.sock key rollback ": {"demo", "direct"},
    "memdbctl --socket ./run/memdbd.sock status di": {"direct"},
    "memdbctl --socket ./run/memdbd.sock ping --node no": {"node.test"},
    "memdbctl --socket ./nobody status ": set(),
    "memdbctl --socket ./nobody ping --node ": set(),
}


@pytest.fixture(scope="module")
def here(place, tmp_path_factory):
    """A folder with a program called memdbctl on PATH, the scripts, some files, and an agent that has profiles."""
    from sandbox import SystemAgent

    folder = tmp_path_factory.mktemp("shell")
    (folder / "bin").mkdir()
    (folder / "bin/memdbctl").symlink_to(MEMDBCTL)
    for name in ("a folder", "another"):
        (folder / name).mkdir()
    (folder / "crl.pem").touch()
    for shell in ("bash", "zsh", "fish"):
        script = subprocess.run([MEMDBCTL, "completion", shell], capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
        (folder / f"script.{shell}").write_bytes(script)
    (folder / "functions").mkdir()
    (folder / "functions/_memdbctl").symlink_to("../script.zsh")
    agent = SystemAgent(place).start()
    for name in ("demo", "direct"):
        subprocess.run([MEMDBCTL, "--socket", agent.socket, "profile", "add", "--direct", "--name", name, "--cluster", "node.test"],
                       check=True, stdin=subprocess.DEVNULL)
    agent.ctl("connect", "direct")  # a profile that nobody wants has no nodes
    wait_for(lambda: agent.api.profile("direct")["clusters"][0]["nodes"], 10, "a node that is known")
    (folder / "run").symlink_to(agent.runtime)
    yield folder
    agent.end(limit=30)  # how fast it ends is not what is tested here
    agent.close()


def environment(folder):
    return {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "PS1": "READY>", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def bash(here):
    terminal = ShellTerminal(["bash", "--norc", "--noprofile", "-i"], environment(here))
    terminal.run(f"cd {here}; source ./script.bash")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("line", LINES)
def test_bash(bash, line):
    # Escape and * puts every word that fits into the line; then the line is printed instead of run.
    bash.type(f"{line}\x1b*\x01printf '<%s>\\n' \x05 :END\n")
    shown = re.findall(r"^<(.*)>$", bash.until(r"\n<:END>\n"), re.M)
    typed = line.split()[: len(line.split()) - (not line.endswith(" "))]
    if not LINES[line] and not line.endswith(" "):
        typed = line.split()
    assert shown[: len(typed)] == typed
    assert set(shown[len(typed):]) == {word.rstrip("/") if word.endswith("/") and word not in shown else word for word in LINES[line]} | {":END"}


def test_bash_understands_an_equals_sign(bash):
    bash.type("memdbctl wait --for=re\t\x01printf '<%s>\\n' \x05 :END\n")
    assert "<--for=reachable>" in bash.until(r"\n<:END>\n")


@pytest.fixture(scope="module")
def zsh(here):
    terminal = ShellTerminal(["zsh", "-f", "-i"], environment(here))
    terminal.run(f"cd {here}; unsetopt zle_bracketed_paste; fpath=({here}/functions $fpath); autoload -U compinit; compinit -D -u; LISTMAX=1000")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("line", LINES)
def test_zsh(zsh, line):
    want = LINES[line]
    # The second and third TAB list what fits; a single word is put into the line at once.
    zsh.type(f"{line}\t\t\x01printf '<%s>\\n' \x05 :END\n")
    shown = zsh.until(r"\n<:END>\n")
    if len(want) == 1:
        assert f"<{next(iter(want))}>" in shown
    for word in want:
        assert word.removeprefix("./").replace(" ", "\\ ") in shown or word.removeprefix("./") in shown, f"{word} not in {shown!r}"
    if not want:
        assert "demo" not in shown


def test_zsh_may_also_source_the_script(here):
    done = subprocess.run(["zsh", "-fc", "autoload -U compinit; compinit -D -u; source ./script.zsh; print $_comps[memdbctl]"], cwd=here,
                          env=environment(here), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    assert done.stdout == "_memdbctl\n", done


@pytest.mark.parametrize("line", LINES)
def test_fish(here, line):
    done = subprocess.run(["fish", "--private", "-c", f"source ./script.fish; complete -C {line!r}"], cwd=here, env=environment(here), text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, check=True)
    assert {word.split("\t")[0] for word in done.stdout.splitlines()} == LINES[line], done


@pytest.mark.parametrize("words", ("csh", "bash zsh", ""))
def test_another_shell_is_a_usage_error(words):
    done = subprocess.run([MEMDBCTL, "completion", *words.split()], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


@pytest.mark.parametrize("shell", ("bash", "zsh", "fish"))
def test_shells_can_read_their_script(here, shell):
    subprocess.run([shell, "-n", here / f"script.{shell}"], check=True, stdin=subprocess.DEVNULL)


def test_shellcheck_has_nothing_against_the_script_for_bash(here):
    done = subprocess.run(["shellcheck", "--shell=bash", here / "script.bash"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
