"""The man page knows what the program knows."""
import re
import subprocess

import pytest
from memdb import MEMDBCTL, ROOT

PAGE = ROOT / "client" / "memdbctl-aws.1.scd"


@pytest.mark.parametrize("command", ("plan", "apply", "status", "crl", "destroy"))
def test_every_option_of_aws_is_in_the_man_page(command):
    text = PAGE.read_text(encoding="utf-8")
    said = subprocess.run([str(MEMDBCTL), "aws", command, "--help"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    options = set(re.findall(r"--[a-z-]+", said.split("examples:")[0])) - {"--help", "--help-all", "--socket"}
    assert len(options) >= 3
    for option in options:
        assert f"*{option}*" in text, f"{option} of aws {command} is not in {PAGE.name}"


def test_the_man_page_is_one():
    page = subprocess.run(["scdoc"], input=PAGE.read_text(encoding="utf-8"), capture_output=True, text=True, check=True).stdout
    assert ".TH" in page and "EXIT STATUS" in page
