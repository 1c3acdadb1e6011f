"""What scripts/bench and scripts/counts judge by: no measurement, only their words about one."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "bench"))
import budgets  # noqa: E402
import counts  # noqa: E402
from budgets import Measured, rows_of  # noqa: E402


def row(key, *measured, **more):
    return rows_of({key: Measured(*measured, **more)})[0]


@pytest.mark.parametrize("key, ours, beside, verdict", [
    ("idle-cpu", [0.1, 0.15, 0.2], [], "yes"),
    ("idle-cpu", [0.1, 0.15, 0.3], [], "luck: 1/3"),
    ("idle-cpu", [0.3, 0.25, 0.1], [], "NO"),
    ("silence", [1.0, 2.0, 5.1], [19.0], "NO"),  # the worst has a limit of its own
    ("silence", [1.0, 2.0, 4.9], [19.0], "luck: 1/3"),
    ("recovery", [100, 110, 120], [60, 70], "yes"),
    ("recovery", [100, 110, 200], [60, 70], "luck: 1/3"),
    ("recovery", [100, 131, 200], [60, 70], "NO"),
    ("recovery", [100], [], "NO"),  # a ratio to nothing is none
    ("restart", [0, 0, 0], [], "yes"),
    ("restart", [0, 1, 1], [], "NO"),
])
def test_a_budget_is_met_by_the_median_and_by_luck_where_runs_are_over(key, ours, beside, verdict):
    assert row(key, ours, beside).verdict() == verdict


def test_the_table_has_the_order_of_the_design_and_fits_a_terminal():
    measured = {budget.key: Measured([1.25, 1.5, 2.0], [100.0, 120.0], "redis-cli") for budget in reversed(budgets.BUDGETS)}
    measured["rotation"].note = "a word more"
    lines = budgets.lines_of(rows_of(measured))
    assert [budget.what for budget in budgets.BUDGETS] == [line[:len(budget.what)] for line, budget in zip(lines[1:], budgets.BUDGETS)]
    assert lines[-1] == "  rotation, next PING: a word more"
    assert max(map(len, lines)) <= 100 and budgets.missing({"silence": None})[0] == budgets.BUDGETS[0].what


def test_what_stands_beside_it_is_in_the_json():
    said = row("status", [10.0, 11.0, 12.0], [40.0, 44.0], "redis-cli").as_json()
    assert (said["median"], said["beside"], said["ratio"], said["met"], said["over"]) == (11.0, 42.0, 11.0 / 42.0, True, 0)


@pytest.mark.parametrize("now, before, worse", [
    ({"instructions": 1099, "allocations": 2}, {"instructions": 1000, "allocations": 2}, []),
    ({"instructions": 1101, "allocations": 2}, {"instructions": 1000, "allocations": 2}, ["ping"]),
    ({"instructions": 500, "allocations": 3}, {"instructions": 1000, "allocations": 2}, ["ping"]),
    ({"instructions": 500, "allocations": 0}, None, ["ping"]),
])
def test_a_path_is_worse_from_a_tenth_on(now, before, worse, capsys):
    found = {"compiler": "gcc 12.2.0 x86_64", "paths": {"ping": now}}
    known = {"compiler": "gcc 12.2.0 x86_64", "paths": {"ping": before} if before else {}}
    assert counts.judge(found, known) == worse
    assert ("scripts/counts --accept" in capsys.readouterr().out) == bool(worse)
    assert counts.judge(found, {**known, "compiler": "gcc 14.2.0 x86_64"}) == []
    assert "not judged" in capsys.readouterr().out


def test_every_path_of_the_figures_is_one_of_the_program():
    source = (ROOT / "tests" / "bench" / "hot_paths.cpp").read_text()
    for path in counts.figures()["paths"]:
        assert f'{{"{path}", make<' in source


def test_the_bench_knows_what_it_offers():
    text = subprocess.run([str(ROOT / "scripts" / "bench"), "--help"], check=True, capture_output=True, text=True).stdout
    for name in ("budgets", "farm", "dead-az", "warm-ping", "restart", "counts"):
        assert f"\n  {name}" in text or f"bench {name}" in text, name
    wrong = subprocess.run([str(ROOT / "scripts" / "bench"), "nonsense"], capture_output=True, text=True)
    assert wrong.returncode == 1 and "nothing is called nonsense" in wrong.stderr
