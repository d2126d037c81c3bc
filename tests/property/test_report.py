"""A report from scorecards tells what one from the shares of the same cycles tells, as far as scorecards go."""

from __future__ import annotations

import zlib
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import instants
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.steps import Step, steps
from streams.core.voice import Speaker
from streams.reporting import live
from streams.reporting.build import Origin, build
from streams.reporting.figures import Figures
from streams.reporting.form import Report
from streams.reporting.span import Span, local
from streams.reporting.sums import Zones, of_cohorts, of_shares, shares_of, zones_of
from streams.scorecards import Cards, Partials
from tests.model.generate import FLAVOURS
from tests.property.test_rebuild import cut

PARTITIONS = 3
UTC = ZoneInfo("UTC")
TOLD = (
    "opened", "pending", "paused", "met", "missed", "cancelled", "expired", "kept", "short_notice", "alerted",
    "responses", "buckets", "missed_began_hours",
)  # fmt: skip


def engines(book: Book, log: list[Step]) -> list[Engine]:
    """The log dealt out to partitions by item, each judged by itself."""
    made = []
    for partition in range(PARTITIONS):
        engine = Engine(book, Speaker("/t", partition), DictShelf(), DictShelf(), windows=None)
        mine = [each for step in log for each in step if zlib.crc32(each[0].subject.encode()) % PARTITIONS == partition]
        for step in steps(mine, 0):
            engine.advance(max(engine.now, step[0][0].entry.time - 1))
            engine.step(step)
        made.append(engine)
    end = max(engine.now for engine in made)
    for engine in made:
        engine.advance(end)
    return made


def published(made: list[Engine], now: int) -> live.Cards:
    """What a reader of the topic has of them."""
    partials = Partials()
    for partition, engine in enumerate(made):
        shelf = DictShelf()
        cards = Cards(engine.accounts.cohorts, shelf, "/t", partition)
        for tick in range(100):
            if not cards.publish(now + tick, "v"):
                break
        for key, value in shelf.items():
            partials.take(key, value)
    return live.summed(partials)


def told(figures: Figures | None) -> dict[str, object]:
    return {name: getattr(figures, name, None) for name in TOLD}


def common(report: Report) -> object:
    """What both sources tell."""
    return [
        report.kept, report.kept_before, report.compared, report.slipped, report.silent,
        [
            (each.workflow, each.clock, told(each.now), told(each.before), each.periods)
            for each in report.benchmarks
        ],
        [
            (row.department, told(row.now), told(row.before))
            for each in report.benchmarks
            for row in each.departments
        ],
    ]  # fmt: skip


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 200), length=st.integers(1, 40), place=st.floats(0, 1))
def test_scorecards_tell_what_shares_tell(flavour: str, seed: int, length: int, place: float) -> None:
    book, log = cut(flavour, seed)
    made = engines(book, log)
    now = max(engine.now for engine in made)
    shares = [share for engine in made for share in shares_of(engine.items)]
    starts = sorted(share.start for _, share in shares) or [now]
    first = local(starts[round(place * (len(starts) - 1))], UTC).date()
    days, zones = Span(first, first + timedelta(length - 1), UTC), Zones(UTC, zones_of(book).own)
    found = published(made, now)
    exact = build(
        of_shares(shares, days, zones, now), days, book,
        Origin("events", now, ["v"], knows_before=True, complete=True, notes=[]),
    )  # fmt: skip
    cards = build(
        of_cohorts(found.rows.items(), days, zones), days, book,
        Origin("scorecards", now, ["v"], knows_before=True, complete=True, notes=[]),
    )  # fmt: skip
    assert common(cards) == common(exact)
    assert sum(each.now.opened for each in exact.benchmarks) == sum(days.holds(share.start) for _, share in shares)
    for one, other in zip(exact.benchmarks, cards.benchmarks, strict=True):
        for mine, its in ((one.now.median, other.now.median), (one.now.ninetieth, other.now.ninetieth)):
            assert (mine is None) == (its is None)


@pytest.mark.parametrize(
    ("now", "knows_before", "complete"),
    [
        ("2026-11-30T00:00:00Z", True, True),
        ("2026-12-06T00:55:00Z", True, True),  # November's first hour is kept until then, with 5 minutes of skew
        ("2026-12-06T00:55:00.000001Z", False, True),
        ("2026-12-13T00:55:00Z", False, True),
        ("2026-12-13T00:55:00.000001Z", False, False),
    ],
)
def test_what_is_kept_no_longer_is_not_counted_on(now: str, knows_before: bool, complete: bool) -> None:
    """The report of 8 to 14 November; the week before begins on the first."""
    book, log = cut("plain", 1)
    made = engines(book, log)
    found = published(made, made[0].now)
    key, row = next(iter(found.rows.items()))
    monday = instants.parse("2026-11-01T00:00:00Z")
    rows = {key._replace(window=monday + day * DAY): row for day in range(14)}
    days = Span(local(monday + 7 * DAY, UTC).date(), local(monday + 13 * DAY, UTC).date(), UTC)
    sums, origin = live.live(found._replace(rows=rows), book, days, instants.parse(now))
    assert (origin.knows_before, origin.complete) == (knows_before, complete)
    assert sum(each.cohort.opened for each in sums.now.values()) == 7 * row.opened
    assert sum(each.cohort.opened for each in sums.before.values()) == (7 * row.opened if knows_before else 0)
    assert any("kept for 35 days" in note for note in origin.notes) is not (knows_before and complete)


def test_nothing_is_known_of_the_time_before_the_first_scorecard() -> None:
    book, log = cut("plain", 1)
    made = engines(book, log)
    found = published(made, made[0].now)
    first = local(min(key.window for key in found.rows), UTC).date()
    days = Span(first, first, UTC)
    _, origin = live.live(found, book, days, instants.of(local(days.end, UTC)))
    assert (origin.knows_before, origin.complete) == (False, True)
    assert any(note.startswith("Nothing is known of") for note in origin.notes)
