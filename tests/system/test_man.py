"""The man pages know what the programs and the settings know, no less and no more."""
import pathlib
import re
import subprocess
import tomllib

import pytest
from memdb import MEMDBCTL, MEMDBD, ROOT

PAGES = ["client/memdbctl.1.scd", "client/memdbctl-aws.1.scd", "daemon/memdbd.8.scd", "config/memdbd.toml.5.scd"]
NOT_A_COMMANDS_OWN = {"--help", "--help-all", "--version", "--socket"}


def page(path):
    return (ROOT / path).read_text(encoding="utf-8")


def help_of(*words):
    return subprocess.run([*words, "--help"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


def taken_by(*words):
    """The options at the beginning of a line of the help, but for those that every command takes."""
    return set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_of(*words), re.M)) - NOT_A_COMMANDS_OWN


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def all_commands():
    """The table's own words: "status", "profile import", …"""
    words = re.findall(r'Command\{\s*\{"([a-z ]+)"', page("client/commands.cpp"))
    assert len(words) > 30 and "profile import" in words and "status" in words
    return words


@pytest.mark.parametrize("command", ("plan", "apply", "status", "crl", "destroy"))
def test_every_option_of_aws_is_in_the_man_page(command):
    options = taken_by(MEMDBCTL, "aws", command)
    assert len(options) >= 3
    for option in options:
        assert f"*{option}*" in page("client/memdbctl-aws.1.scd"), f"{option} of aws {command} is not in the man page"


def entry_of(command):
    """What memdbctl(1) says of one command: its entry, and what its section says of all."""
    for section in re.split(r"^# ", page("client/memdbctl.1.scd"), flags=re.M):
        intro, *entries = re.split(r"^(?=\*memdbctl )", section, flags=re.M)
        for entry in entries:
            if f"*memdbctl {command}*" in entry.splitlines()[0]:
                own, *rest = re.split(r"\n\n(?!\t)", entry, maxsplit=1)
                login = "".join(rest) if "_login_" in own else ""
                if "_login_" in own and not login.startswith("_login_"):
                    login = re.search(r"^_login_ is:.*?\n\n", section, re.S | re.M)[0]
                return own, intro + login
    raise AssertionError(f"memdbctl {command} is not in the man page")


@pytest.mark.parametrize("command", [word for word in all_commands() if not word.startswith("aws ")])
def test_every_command_is_in_the_man_page_with_its_options(command):
    own, shared = entry_of(command)
    takes = taken_by(MEMDBCTL, *command.split())
    assert takes - options_in(own + shared) == set(), "in --help, not in the page"
    several = {option for other in all_commands() if f"*memdbctl {other}*" in own.splitlines()[0]
               for option in taken_by(MEMDBCTL, *other.split())}
    assert options_in(own) - takes - several - NOT_A_COMMANDS_OWN == set(), "in the page, not in --help"


def test_memdbctl_says_its_exit_codes_as_in_its_help():
    codes = re.search(r"^exit codes: (.*)$", help_of(MEMDBCTL), re.M)[1]
    assert codes.replace(", ", "; ") in page("client/memdbctl.1.scd")


def test_memdbd_has_its_options_and_defaults():
    text = page("daemon/memdbd.8.scd")
    assert taken_by(MEMDBD) == {option for option in options_in(text) if f"*{option}*" in text} - NOT_A_COMMANDS_OWN
    for default in re.findall(r"=(/\S+)", help_of(MEMDBD)):
        assert f"_{default}_" in text


def settings_of(text):
    """Section and key -> its default, as the example has it: behind a #."""
    plain = re.sub(r"^#(?=\w+ = )", "", text, flags=re.M)
    return {(section, key): value for section, keys in tomllib.loads(plain).items() for key, value in keys.items()}


def test_every_setting_is_in_the_man_page_with_type_default_and_range():
    example, text = page("config/memdbd.toml"), page("config/memdbd.toml.5.scd")
    told = {}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        for key, kind, limits, default in re.findall(r"^\*(\w+)\* = _(\w+)_(?:, ([^\n]*?))?, default ([^\n]+)$", section, re.M):
            told[re.match(r"\[(\w+)\]", section)[1], key] = kind, limits, default
    wanted = settings_of(example)
    assert list(told) == list(wanted)  # the same keys, in the same order
    for (section, key), (kind, limits, default) in told.items():
        value = wanted[section, key]
        assert kind == {str: "string", int: "integer", bool: "boolean", list: "array"}[type(value)], key
        assert tomllib.loads(f"x = {default}")["x"] == value, key
        line = re.search(rf"^#{key} = .*$", example, re.M)[0]
        assert limits == (re.search(r"\((\d+ to \d+[^)]*|at most \d+)\)", line) or [None, ""])[1], key


@pytest.mark.parametrize("path", PAGES)
def test_the_man_page_is_one(path):
    made = subprocess.run(["scdoc"], input=page(path), capture_output=True, text=True, check=True).stdout
    name, section = pathlib.Path(path).name.removesuffix(".scd").rsplit(".", 1)
    assert f'.TH "{name}" "{section}"' in made
    assert ".SH NAME" in made and ".SH SYNOPSIS" in made and ".SH SEE ALSO" in made
    assert "EXIT STATUS" in made or section == "5"


def test_pages_refer_to_pages_that_there_are():
    ours = {pathlib.Path(path).name.removesuffix(".scd") for path in PAGES}
    for path in PAGES:
        for name, section in re.findall(r"\*(memdb[\w.-]*)\*\((\d)\)", page(path)):
            assert f"{name}.{section}" in ours, f"{path}: {name}({section})"
