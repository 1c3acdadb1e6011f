#!/usr/bin/env python3
"""Which sources can be compiled as one: most of a compiler's time goes into headers, and a pack of them reads each once.

For clang-tidy (scripts/tidy) and for builds with MEMDB_UNITY: scripts/source_packs.py FILE… prints "PACK FILE" lines.
"""
import pathlib
import re
import sys

LINES = 1600  # of a pack: more would leave one core without work at the end
# What stands at the beginning of a line, where names of a file's own are made.
NAME = re.compile(r"^(?!using |namespace |return |#|//|template|extern)[A-Za-z_][^;={(]*?(?<![:\w])([A-Za-z_]\w*)\s*(?:[\[({=;]|:(?!:)|$)")
NO_CODE = re.compile(r'//.*|"(?:[^"\\\n]|\\.)*"')
USING = re.compile(r"^using namespace (?!memdb;|std::chrono_literals;)([\w:]+);", re.MULTILINE)
WORD = re.compile(r"(?<![.>\w])[A-Za-z_]\w*")  # members are out of the way of what stands outside


def own_names(text):
    """What a source defines for itself alone: in namespaces without a name."""
    names, own = set(), False
    for line in text.splitlines():
        if line == "namespace {":
            own = True
        elif line.startswith("}  // namespace"):
            own = False
        elif own and (found := NAME.match(line)):
            names.add(found[1])
    return names


def packs_of(files):
    """Of (name, text) pairs: lists of those that can be compiled as one, as few as come easily. No file may even mention a name
    that another one makes for itself: it means one of a header, which the other's would hide."""
    packs = []
    for name, text in files:
        names, words, usings = own_names(text), set(WORD.findall(NO_CODE.sub("", text))), set(USING.findall(text))
        lines = text.count("\n")
        for pack in packs:
            clash = pack["names"] & words or pack["words"] & names or pack["usings"] != usings
            if not clash and pack["lines"] + lines <= LINES:
                break
        else:
            pack = {"names": set(), "words": set(), "usings": usings, "lines": 0, "files": []}
            packs.append(pack)
        pack["names"] |= names
        pack["words"] |= words
        pack["lines"] += lines
        pack["files"].append((name, text))
    return [pack["files"] for pack in packs]


def main():
    files = [(name, pathlib.Path(name).read_text()) for name in sorted(sys.argv[1:])]
    for number, pack in enumerate(packs_of(files)):
        for name, _ in pack:
            print(number, name)


if __name__ == "__main__":
    main()
