"""The plots: what they show, where they leave a gap, and that to draw them changes nothing else."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from streams.reporting import plots
from tests.unit.reporting.made import REPLY, many, report
from tests.unit.reporting.test_build import TWO_MONTHS


def described(svg: str) -> str:
    found = re.search(r"<desc.*?>(.*?)</desc>", svg)
    assert found is not None
    return found[1]


def test_a_week_of_too_few_is_a_gap() -> None:
    made = report(REPLY, many(4, 1, "2026-11-03") + many(10, 5, "2026-11-10") + many(10, 1, "2026-11-17"))
    svg = plots.kept(made, made.benchmarks[0], "x")
    assert svg.count("<circle") == 2, "two weeks of which a share can be told"
    assert described(svg) == "By the week that begins on: 2 Nov: 3 of 4; 9 Nov: 50.0%; 16 Nov: 90.0%."


def test_both_months_meet() -> None:
    made = report(REPLY, TWO_MONTHS)
    svg = plots.kept(made, made.benchmarks[0], "x")
    assert described(svg) == "By the week that begins on: 5 Oct: 86.0%; 9 Nov: 63.3%."
    assert ">November 2026</text>" in svg
    assert ">October 2026</text>" in svg
    alone = report(REPLY, TWO_MONTHS[100:])
    assert "2026</text>" not in plots.kept(alone, alone.benchmarks[0], "x")


def test_bars_are_percent_of_the_answers() -> None:
    made = report(REPLY, TWO_MONTHS)
    told = described(plots.responses(made, made.benchmarks[0], "x"))
    assert "November 2026: ≤ ¼ 0%, ½ 0%, 1 63%, 2 0%, 4 0%, 8 37%, 16 0%" in told
    assert "October 2026: ≤ ¼ 0%, ½ 0%, 1 86%, 2 0%, 4 0%, 8 14%" in told


@pytest.mark.parametrize("draw", [plots.kept, plots.responses])
def test_the_same_figures_give_the_same_picture_and_none_is_a_picture_too(draw: object) -> None:
    assert callable(draw)
    made, empty = report(REPLY, TWO_MONTHS), report(REPLY, many(1, 0, "2026-10-10"))
    assert draw(made, made.benchmarks[0], "x") == draw(made, made.benchmarks[0], "x")
    assert draw(empty, empty.benchmarks[0], "x").startswith("<svg ")


def test_the_import_system_stays_whole() -> None:
    program = (
        "import sys, streams.reporting.plots; assert all(hasattr(each, 'find_spec') for each in sys.meta_path); "
        "print('well')"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "well\n"
    )


@pytest.mark.parametrize(
    ("day", "step", "said"),
    [("2026-02-09", "week", "9 Feb"), ("2026-12-28", "week", "28 Dec"), ("2026-05-01", "month", "May 2026")],
)
def test_dates(day: str, step: str, said: str) -> None:
    assert plots.when(day, step) == said
