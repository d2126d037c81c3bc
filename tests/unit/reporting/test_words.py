"""How figures are shown: none is rounded into something that it is not."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from streams.harmless import plain
from streams.reporting import span, words
from streams.reporting.centiles import Centile
from streams.reporting.figures import kept
from streams.reporting.form import days_of


@pytest.mark.parametrize(
    ("met", "judged", "shown", "counted"),
    [
        (0, 0, words.NOTHING, "0 of 0"),
        (3, 4, "3 of 4", "3 of 4"),
        (4, 5, "80.0%", "80.0% (4 of 5)"),
        (5, 5, "100%", "100% (5 of 5)"),
        (9999, 10000, "99.9%", "99.9% (9,999 of 10,000)"),
        (1, 10000, "0.0%", "0.0% (1 of 10,000)"),
    ],
)
def test_shares(met: int, judged: int, shown: str, counted: str) -> None:
    assert (words.share(kept(met, judged)), words.counted(kept(met, judged))) == (shown, counted)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, words.NOTHING),
        (Centile(0.125), "0.12"),
        (Centile(9.994), "9.99"),
        (Centile(9.996), "10.0"),
        (Centile(102.0), "102.0"),
        (Centile(80.0, at_least=True), "over 80"),
    ],
)
def test_hours(given: Centile | None, shown: str) -> None:
    assert words.hours(given) == shown


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        ((50, 100), (40, 100), "+10.0"),
        ((40, 100), (50, 100), "\u221210.0"),
        ((5000, 10000), (5001, 10000), "±0.0"),
        ((1, 4), (50, 100), words.NOTHING),
        ((50, 100), (0, 0), words.NOTHING),
    ],
)
def test_changes(now: tuple[int, int], before: tuple[int, int], shown: str) -> None:
    assert words.points(kept(*now), kept(*before)) == shown


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-10-01", "2026-11-01", "in October 2026"),
        ("2026-10-01", "2026-10-08", "from 1 October to 7 October 2026"),
        ("2026-10-01", "2026-10-02", "on 1 October 2026"),
    ],
)
def test_during(start: str, end: str, said: str) -> None:
    assert words.during(days_of(span.days(start, end, ZoneInfo("UTC")), "", "")) == said


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cardiology", "cardiology"),
        ("Kardiológia <1>", "Kardiológia <1>"),
        ("a\nb\x00c", "a\ufffdb\ufffdc"),
        ("a\u202egpj", "a\ufffdgpj"),
        ("\u2067x\u2069", "\ufffdx\ufffd"),
    ],
)
def test_names_steer_nothing(name: str, shown: str) -> None:
    assert plain(name) == shown
