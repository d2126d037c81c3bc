"""Running time, with the pauses left out: T5 and T6 (amounts and instants in plain units, an hour is 60)."""

from __future__ import annotations

import pytest

from streams.core.fold import Pause
from streams.core.running import reach, run
from tests.contract.build import DAY_HOURS, at, calendar

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("pauses", "amount", "expected"),
    [
        pytest.param([], 15, 15, id="T5-no-pause"),
        pytest.param([], 0, 0, id="T5-nothing-to-run"),
        pytest.param([(10, 20)], 15, 25, id="T5-a-pause-is-left-out"),
        pytest.param([(10, 20)], 10, 10, id="T5-reached-as-the-pause-begins"),
        pytest.param([(10, 20)], 11, 21, id="T5-just-after-it"),
        pytest.param([(10, 20), (25, 30)], 16, 31, id="T5-two-pauses"),
        pytest.param([(0, 5)], 3, 8, id="T5-paused-from-the-start"),
        pytest.param([(-9, 5)], 3, 8, id="T5-a-pause-that-began-before"),
        pytest.param([(-9, -5)], 3, 3, id="T5-a-pause-that-was-over"),
        pytest.param([(10, None)], 10, 10, id="T5-reached-before-a-pause-that-lasts"),
        pytest.param([(10, None)], 11, None, id="T5-a-pause-that-lasts-is-endless"),
        pytest.param([(2, 4), (10, None)], 9, None, id="T5-the-last-pause-lasts"),
    ],
)
def test_elapsed_time(pauses: list[Pause], amount: int, expected: int | None) -> None:
    assert reach(None, 0, pauses, amount) == expected


@pytest.mark.parametrize(
    ("pauses", "hours", "expected"),
    [
        pytest.param([], 4, "2026-11-11T10:00", id="T5-over-night"),
        pytest.param([("2026-11-10T17:00", "2026-11-10T17:30")], 4, "2026-11-11T10:30", id="T5-in-open-time"),
        pytest.param([("2026-11-10T19:00", "2026-11-11T07:00")], 4, "2026-11-11T10:00", id="T5-in-closed-time"),
        pytest.param([("2026-11-10T17:00", "2026-11-11T09:00")], 4, "2026-11-11T12:00", id="T5-over-a-closing"),
        pytest.param([("2026-11-10T19:00", None)], 2, "2026-11-10T18:00", id="T5-reached-at-the-closing-before"),
        pytest.param([("2026-11-10T17:00", None)], 2, None, id="T5-never"),
    ],
)
def test_open_time(pauses: list[tuple[str, str | None]], hours: int, expected: str | None) -> None:
    start = at("2026-11-10T16:00")
    spans: list[Pause] = [(at(begin), None if end is None else at(end)) for begin, end in pauses]
    assert reach(calendar(DAY_HOURS), start, spans, hours * HOUR) == (None if expected is None else at(expected))


@pytest.mark.parametrize(
    ("start", "end", "pauses", "expected"),
    [
        pytest.param(0, 100, [], 100, id="T6-no-pause"),
        pytest.param(0, 100, [(10, 20), (50, 60)], 80, id="T6-pauses-left-out"),
        pytest.param(0, 100, [(90, 120)], 90, id="T6-a-pause-over-the-end"),
        pytest.param(0, 100, [(-5, 5)], 95, id="T6-a-pause-over-the-start"),
        pytest.param(0, 100, [(60, None)], 60, id="T6-a-pause-that-lasts"),
        pytest.param(0, 100, [(120, 130)], 100, id="T6-a-pause-after"),
        pytest.param(100, 0, [], 0, id="T6-backwards"),
    ],
)
def test_what_has_run(start: int, end: int, pauses: list[Pause], expected: int) -> None:
    assert run(None, start, end, pauses) == expected


def test_open_time_that_has_run() -> None:
    """T6: 16:00 to 11:00 of the next day has 2 + 3 open hours; a pause from 17:00 to 09:00 takes 1 + 1 of them."""
    pause: Pause = (at("2026-11-10T17:00"), at("2026-11-11T09:00"))
    assert run(calendar(DAY_HOURS), at("2026-11-10T16:00"), at("2026-11-11T11:00"), [pause]) == 3 * HOUR
