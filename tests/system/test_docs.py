"""The pages say what is true: links lead somewhere, tests that are named exist, and each example of the API works as it stands."""
import os
import pathlib
import re
import subprocess

import pytest
from memdb import ROOT

SOCKET = "/run/memdbd/memdbd.sock"  # as the pages have it
SKIPPED = {".git", "build", "__pycache__"}


def pages():
    found = []
    for folder, below, names in os.walk(ROOT):
        below[:] = sorted(set(below) - SKIPPED)
        found += [pathlib.Path(folder) / name for name in names if name.endswith(".md")]
    return sorted(found)


def prose(text):
    """Without what stands in fences and in `code`, where a bracket is no link."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def links(text):
    return re.findall(r"\[[^][]*\]\(([^()\s]+)\)", prose(text))


def anchors(text):
    """What GitHub makes of the headings: small letters, digits, _ and -, a blank is a -; the second of a kind gets -1."""
    made, count = set(), {}
    for heading in re.findall(r"^#+ +(.+?) *#*$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count[slug] = count.get(slug, -1) + 1
        made.add(slug if count[slug] == 0 else f"{slug}-{count[slug]}")
    return made


def faults(page, text):
    """Each link of the text that leads nowhere. Other hosts are not asked."""
    wrong = []
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            wrong.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(text if target == page else target.read_text(encoding="utf-8")):
            wrong.append(f"{link}: no such heading")
    return wrong


def test_a_broken_link_would_be_seen():
    page = ROOT / "README.md"
    text = "# One `two`, three!\n\n[a](#one-two-three) [b](#nothing) [c](docs/none.md) [d](https://example.com/x) `[e](f.md)`\n"
    assert faults(page, text) == ["#nothing: no such heading", "docs/none.md: no such file"]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert faults(page, page.read_text(encoding="utf-8")) == []


def test_every_page_can_be_reached_from_the_readme():
    known, to_do = set(), [ROOT / "README.md"]
    while to_do:
        page = to_do.pop()
        if page in known or page.suffix != ".md":
            continue
        known.add(page)
        to_do += [(page.parent / link.partition("#")[0]).resolve() for link in links(page.read_text(encoding="utf-8")) if not re.match(r"[a-z]+:|#", link)]
    assert {page for page in pages() if page.is_relative_to(ROOT / "docs")} <= known



def test_commands_that_are_named_are_commands():
    known = set(re.findall(r'Command\{\s*\{"([a-z ]+)"', (ROOT / "client/commands.cpp").read_text(encoding="utf-8")))
    groups, named = {name.split()[0] for name in known if " " in name}, 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"^```.*?^```|`[^`\n]+`", text, re.M | re.S):
            for first, more in re.findall(r"\bmemdbctl ([a-z]+)(?: ([a-z]+(?:\\?\|[a-z]+)*))?", code):
                words = [f"{first} {word}" for word in re.split(r"\\?\|", more)] if first in groups and more else [first]
                named += len(words)
                for word in words:
                    assert word in known | groups, f"{page}: memdbctl {word}"
    assert named > 80


def named_tests(text):
    """(file, test) of each test that a page names, and (file, "") of a file without one: `tests/FILE` `NAME`, `NAME`."""
    path, count = None, 0
    for word in [*re.findall(r"`([^`\n]+)`", text), "tests/end.py"]:
        if re.match(r"tests/.+\.(py|cpp)$", word):
            if path and not count:
                yield path, ""
            path, count = word, 0
        elif path and word.startswith("test_") or path and path.endswith(".cpp") and re.fullmatch(r"[a-z]\w+", word) and word.count("_") > 1:
            count += 1
            yield path, word


def untrue(text):
    """What is claimed of tests and does not hold."""
    for path, name in named_tests(text):
        source = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""
        if not name or not re.search(rf"^def {name}\(" if path.endswith(".py") else rf"^TEST\w*\(\w+, {name}\)", source, re.M):
            yield f"{path} has no {name or 'test that is named behind it'}"


def test_a_claim_without_its_test_would_be_seen():
    text = ("`tests/system/test_docs.py` `test_never_was` `tests/none.py` `test_a` `tests/unit/secret_test.cpp` | `tests/unit/finding_test.cpp` `no_such_test`\n"
            "`tests/system/test_docs.py` `test_a_claim_without_its_test_would_be_seen`")
    assert [line.split()[0] for line in untrue(text)] == ["tests/system/test_docs.py", "tests/none.py", "tests/unit/secret_test.cpp",
                                                          "tests/unit/finding_test.cpp"]


@pytest.mark.parametrize("page, claims", [("docs/security.md", 10), ("docs/threat-model.md", 90)])
def test_each_claim_on_security_names_a_test_that_there_is(page, claims):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not list(untrue(text)) and len(list(named_tests(text))) >= claims


def examples():
    """Request -> its command, in an order in which they can be run: what makes the profile first, what ends it last."""
    found = {}
    for section in (ROOT / "docs/api.md").read_text(encoding="utf-8").split("\n### ")[1:]:
        block = re.search(r"^```sh\n(.*?)\n```$", section, re.M | re.S)
        if block:
            found[section.splitlines()[0]] = block[1]
    last = ["POST /v1/profiles/{p}/disconnect", "DELETE /v1/profiles/{p}"]
    return dict(sorted(found.items(), key=lambda item: (last.index(item[0]) if item[0] in last else -1, item[0] != "POST /v1/profiles")))


ANSWERS = {  # of those whose answer is known beforehand
    "POST /v1/profiles": r'"name":"demo"',
    "GET /v1/status": r'"verdict"',
    "GET /v1/profiles": r"^demo$",
    "PATCH /v1/profiles/{p}": r'"signer":"manual"',
    "DELETE /v1/profiles/{p}": r"^$",
    "POST /v1/profiles/{p}/connect": r"^connected$",
    "POST /v1/profiles/{p}/disconnect": r"^disconnected$",
    "POST /v1/profiles/{p}/ping": r'"nodes":\[',
    "POST /v1/profiles/{p}/key/request": r"^-----BEGIN CERTIFICATE REQUEST-----$",
    "GET /v1/events": r'"snapshot"',
    "GET /healthz": r"^\d{3}$",
}


def test_each_example_of_the_api_works_as_it_stands(agent, pki, tmp_path):
    cert, key = pki.client()
    for name, file in (("downloaded-client-config.ovpn", pki.downloaded()), ("client.crt", cert), ("client.key", key)):
        (tmp_path / name).symlink_to(file)
    found = examples()
    assert set(ANSWERS) <= set(found)
    for request, command in found.items():
        assert SOCKET in command, request
        if request.endswith("/ping"):
            agent.wait_phase("demo", "up")
        done = subprocess.run(["sh", "-euc", command.replace(SOCKET, str(agent.socket))], cwd=tmp_path, capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL)
        assert done.returncode in (0, 28) and '"error":{' not in done.stdout and not done.stderr, f"{request}: {done}"
        assert re.search(ANSWERS.get(request, ""), done.stdout, re.M), f"{request}: {done.stdout}"
