"""scripts/fuzz with targets that only seem to be fuzzers: what it makes of what libFuzzer says."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

FUZZER = """#!/bin/sh
for word in "$@"; do case $word in -artifact_prefix=*) prefix=${word#*=} ;; esac; done
echo '#2 INITED cov: 7 ft: 9 corp: 1/1b' >&2
%s
echo '#900 DONE cov: 12 ft: 34 corp: 3/9b' >&2
echo 'stat::number_of_executed_units: 900' >&2
exit %d
"""


def load(name, path):
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def fuzz(tmp_path, monkeypatch):
    """scripts/fuzz, in a folder where `fuzz.target(what, code)` makes the target resp_codec."""
    module = load("fuzz_script", ROOT / "scripts" / "fuzz")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "BUILD", tmp_path / "build")
    monkeypatch.setattr(module, "SEEDS", tmp_path / "seeds")
    monkeypatch.setattr(module, "known_targets", lambda: ["resp_codec"])
    (tmp_path / "build" / "tests").mkdir(parents=True)

    def target(what=":", code=0):
        program = tmp_path / "build" / "tests" / "resp_codec_fuzz"
        program.write_text(FUZZER % (what, code), encoding="utf-8")
        program.chmod(0o755)

    def main(*words):
        monkeypatch.setattr(sys, "argv", ["fuzz", "--no-build", "--json", str(tmp_path / "rows"), *words])
        return module.main(), json.loads((tmp_path / "rows").read_text(encoding="utf-8"))

    module.target, module.run_main = target, main
    return module


def test_a_quiet_run_is_a_row(fuzz, capsys):
    fuzz.target()
    code, (row,) = fuzz.run_main("resp_codec_fuzz")
    assert (code, row["executions"], row["edges"], row["features"], row["findings"]) == (0, 900, 12, 34, [])
    assert "resp_codec" in capsys.readouterr().out


def test_a_finding_is_kept_with_the_command_that_shows_it_again(fuzz, capsys):
    fuzz.target(': >"${prefix}crash-1"', 77)
    code, (row,) = fuzz.run_main()
    assert (code, row["findings"]) == (1, ["build/findings/resp_codec/crash-1"])
    assert "build/fuzz/tests/resp_codec_fuzz build/findings/resp_codec/crash-1" in capsys.readouterr().err


def test_a_fuzzer_that_dies_without_an_input_is_no_quiet_run(fuzz):
    fuzz.target(code=3)
    code, (row,) = fuzz.run_main()
    assert code == 1 and row["findings"][0].startswith("exit status 3")


def test_an_interrupt_ends_the_fuzzers_and_still_prints_the_table(fuzz, capsys):
    # It interrupts the script once it runs, and ends, as libFuzzer does, when it is interrupted itself.
    fuzz.target(f"trap 'kill $pid; echo stat::number_of_executed_units: 5 >&2; exit 0' INT; sleep 60 & pid=$!; kill -INT {os.getpid()}; wait")
    code, (row,) = fuzz.run_main()
    assert code == 130 and row["executions"] == 5 and row["wall_minutes"] < 0.5
    assert "resp_codec" in capsys.readouterr().out
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_unknown_names_and_missing_builds_are_named():
    done = subprocess.run([ROOT / "scripts" / "fuzz", "no_such"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no target is called no_such" in done.stderr


def test_a_corpus_keeps_the_smallest_that_reach_every_edge(tmp_path):
    minimise = load("minimise", ROOT / "tests" / "fuzz" / "minimise.py")
    sizes = {"named": 50, "a" * 40: 3, "b" * 40: 2, "c" * 40: 9, "d" * 40: 1}
    paths = {name: tmp_path / name for name in sizes}
    for name, size in sizes.items():
        paths[name].write_bytes(b"x" * size)
    reached = {paths["named"]: {1, 2}, paths["a" * 40]: {3, 4}, paths["b" * 40]: {3, 4}, paths["c" * 40]: {4, 5, 6}, paths["d" * 40]: {1}}
    assert not minimise.is_found(paths["named"]) and minimise.is_found(paths["a" * 40])
    assert minimise.choose(reached, [paths["named"]], most=60) == [paths["c" * 40], paths["b" * 40]]
    assert minimise.choose(reached, [paths["named"]], most=2) == [paths["c" * 40]]
