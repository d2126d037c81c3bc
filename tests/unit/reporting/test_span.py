"""Which days a report is about, in which zone, and which stand beside them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from schemas import instants
from streams.reporting import span
from streams.reporting.span import Span

CHICAGO, ROME, HAVANA = ZoneInfo("America/Chicago"), ZoneInfo("Europe/Rome"), ZoneInfo("America/Havana")


def edges(given: Span) -> tuple[str, str]:
    return instants.text(given.start), instants.text(given.end)


@pytest.mark.parametrize(
    ("given", "title", "expected"),
    [
        (span.month("2026-10", ROME), "October 2026", ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")),
        (span.month("2026-12", CHICAGO), "December 2026", ("2026-12-01T06:00:00Z", "2027-01-01T06:00:00Z")),
        (span.month("2028-02", CHICAGO), "February 2028", ("2028-02-01T06:00:00Z", "2028-03-01T06:00:00Z")),
        (
            span.days("2026-10-01", "2026-10-15", ROME),
            "1 October to 14 October 2026",
            ("2026-09-30T22:00:00Z", "2026-10-14T22:00:00Z"),
        ),
        (span.days("2026-10-01", "2026-11-01", ROME), "October 2026", ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")),
        (
            span.days("2026-12-31", "2027-01-02", ROME),
            "31 December 2026 to 1 January 2027",
            ("2026-12-30T23:00:00Z", "2027-01-01T23:00:00Z"),
        ),
        (
            span.days("2026-03-29", "2026-03-30", ROME),
            "29 March 2026",
            ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ),
        (
            span.days("2026-03-08", "2026-03-09", HAVANA),  # its midnight is skipped (T8)
            "8 March 2026",
            ("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_its_days(given: Span, title: str, expected: tuple[str, str]) -> None:
    assert (given.title, edges(given)) == (title, expected)


def test_half_open() -> None:
    given = span.month("2026-10", ROME)
    assert [given.holds(at) for at in (given.start - 1, given.start, given.end - 1, given.end)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "before"),
    [
        (span.month("2026-10", ROME), "September 2026"),
        (span.month("2027-01", ROME), "December 2026"),
        (span.month("2028-03", ROME), "February 2028"),
        (span.days("2026-10-08", "2026-10-15", ROME), "1 October to 7 October 2026"),
        (span.days("2026-10-08", "2026-10-09", ROME), "7 October 2026"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.title,
)
def test_the_span_before_ends_where_it_begins(given: Span, before: str) -> None:
    assert given.before().title == before
    assert given.before().end == given.start


@pytest.mark.parametrize(
    ("now", "title"), [("2026-11-01T04:59:59Z", "September 2026"), ("2026-11-01T05:00:00Z", "October 2026")]
)
def test_the_last_month_that_was_over(now: str, title: str) -> None:
    assert span.last_month(instants.parse(now), CHICAGO).title == title


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "October", "2026-10-01", "", "26-10"])
def test_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="as in 2026-10"):
        span.month(text, ROME)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-10-01", "2026-10-01", "is not after --from"),
        ("2026-10-02", "2026-10-01", "is not after --from"),
        ("2026-10-1", "2026-10-02", "is no date"),
        ("20261001", "2026-10-02", "is no date"),
        ("2026-02-29", "2026-03-02", "does not exist"),
        ("1999-12-31", "2026-03-02", "2000 to 2099"),
        ("2026-02-28", "2100-01-02", "2000 to 2099"),
    ],
)
def test_no_days(start: str, end: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        span.days(start, end, ROME)
