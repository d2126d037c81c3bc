"""Sums from a live system: the scorecards on `portal.scorecards`, which tell counts and buckets by the hour.

Workers keep an hour for 35 days after its end, by event time, so nothing older may be counted on. The span before is
left out unless all of it is kept, for half a month beside a whole one would mislead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas import instants, topics
from schemas.policy import DAY, HOUR
from streams import letters, policies
from streams.core.book import Book
from streams.core.cohorts import Cohort, Key
from streams.core.shares import KEPT
from streams.reporting.build import Origin
from streams.reporting.recorded import coverage
from streams.reporting.span import Span, moment
from streams.reporting.sums import Gathered, of_cohorts, zones_of
from streams.scorecards import Partials


class Cards(NamedTuple):
    """What the topic holds."""

    rows: Mapping[Key, Cohort]
    """Summed over partitions."""
    newest: int | None
    """When the last of them was published, in microseconds; None if there is none."""
    policies: Mapping[int, frozenset[str]]
    """By the start of an hour: the policies in force when its rows were last published."""
    strangers: int
    """Records that are no scorecards."""


async def cards(client: Mapping[str, Any], prefix: str) -> Cards:
    """Read the topic up to its end of now; nothing if it is not there."""
    partials, strangers = Partials(), 0
    async for some in letters.records(client, topics.SCORECARDS.name(prefix)):
        for record in some:
            try:
                partials.take(record.key or b"", record.value)
            except msgspec.MsgspecError:
                strangers += 1
    return summed(partials, strangers)


def summed(partials: Partials, strangers: int = 0) -> Cards:
    """What a reader of the whole topic has."""
    newest: int | None = None
    versions: dict[int, frozenset[str]] = {}
    for card in partials.cards():
        newest = max(newest or 0, instants.parse(card.time))
        window = instants.parse(card.data.window_start)
        versions[window] = versions.get(window, frozenset()) | {card.data.policy}
    return Cards(partials.summed(), newest, versions, strangers)


async def in_force(client: Mapping[str, Any], prefix: str) -> Book | None:
    """The policy in force; None if there is none, or no topic.

    Raises:
        PolicyError: this version of the program refuses it.
    """
    topic = topics.POLICY.name(prefix)
    if topic not in await letters.counts(client, [topic]):
        return None  # a reader would make the topic on a broker that creates what it is asked about
    consumer, found = await policies.open_at_end(client, topic)
    await consumer.stop()
    return None if found is None else Book(found.policy, found.text)


def live(found: Cards, book: Book, span: Span, now: int) -> tuple[Gathered, Origin]:
    """Add up what began in the span and, if all of it is kept, in the one before.

    Args:
        now: by the clock of the workers, in microseconds.
    """
    reach = now + book.settings.max_skew - KEPT - HOUR  # no worker's greatest event time lies past now and the skew
    begin = min((key.window for key in found.rows), default=None)
    known = begin is not None and begin < span.start and span.before().start >= reach
    first = span.before().start if known else span.start
    sums = of_cohorts(((key, row) for key, row in found.rows.items() if key.window >= first), span, zones_of(book))
    versions = {name for window, names in found.policies.items() if span.holds(window) for name in names}
    notes = [*_notes(found, span, now, reach), *(coverage(span, begin) if span.before().start >= reach else ())]
    return sums, Origin(
        "scorecards",
        found.newest or now,
        sorted(versions),
        knows_before=known,
        complete=span.start >= reach,
        notes=notes,
    )


def _notes(found: Cards, span: Span, now: int, reach: int) -> Iterator[str]:
    zone, days = span.zone, KEPT // DAY
    yield f"From the scorecards of a live system, the last of them published on {moment(found.newest or now, zone)}."
    if now < span.end:
        yield "These days are not over: what begins or is answered later is not in it."
    if span.start < reach:
        yield f"Scorecards are kept for {days} days: what began before {moment(reach, zone)} may be missing."
    elif span.before().start < reach:
        yield f"Scorecards are kept for {days} days: {span.before().title} is no longer whole in them."
    if span.start % HOUR or span.end % HOUR:
        yield "Scorecards count by whole hours of UTC: an hour that lies across midnight counts by its beginning."
    if found.strangers:
        yield f"{found.strangers} records in their topic are no scorecards, and are not counted."
