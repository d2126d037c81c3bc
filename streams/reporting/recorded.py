"""Sums from recorded events: the shares of a backtest, which are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from schemas.policy import WORKFLOWS
from streams import backtest
from streams.core.book import Book
from streams.reporting.build import Origin
from streams.reporting.span import Span, local, moment
from streams.reporting.sums import Gathered, of_shares, shares_of, zones_of


class NoEvents(ValueError):
    """There is nothing to report on; the message says why."""


def recorded(book: Book, lines: Iterable[bytes], span: Span, until: int | None = None) -> tuple[Gathered, Origin]:
    """Judge NDJSON events in arrival order, and add up what began in the span and in the one before.

    Args:
        until: run on to this instant, in microseconds; None: to the last event.

    Raises:
        NoEvents: none could be taken.
    """
    result, engine = backtest.judge(book, lines, until or 0, windows=None)
    refused = Counter(dead.reason for dead in result.dead)
    if not result.events:
        raise NoEvents(f"no event could be taken{_refused(refused, ': all were refused as ')}")
    begin = min((share.start for _, share in shares_of(engine.items)), default=None)
    notes = list(_notes(book, span, result.events, engine.latest, engine.now))
    notes += coverage(span, begin)
    if refused:
        notes.append(f"Events that were refused are not counted{_refused(refused, ': ')}.")
    found = of_shares(shares_of(engine.items), span, zones_of(book), engine.now)
    known = begin is not None and begin < span.start
    return found, Origin("events", engine.now, [book.version], knows_before=known, complete=True, notes=notes)


def coverage(span: Span, begin: int | None) -> Iterator[str]:
    """What of the span before may not be known; `begin`: the start of the first cycle that is known (microseconds)."""
    before = span.before()
    if begin is None or begin >= span.start:
        yield f"Nothing is known of {before.title}: no cycle is known that began before these days."
    elif local(begin, span.zone).date() > before.first:
        yield f"The first cycle that is known began on {moment(begin, span.zone)}: {before.title} may not be whole."


def _notes(book: Book, span: Span, events: int, latest: int, as_of: int) -> Iterator[str]:
    zone = span.zone
    stood = "so it stood then" if as_of == latest else f"so it stood on {moment(as_of, zone)}"
    yield (
        f"From {events:,} recorded events, judged by the policy {book.version}, whatever policy was in force then. "
        f"The last event is of {moment(latest, zone)}; {stood}."
    )
    if as_of < span.end:
        yield "The record ends before these days do: what began or was answered later is not in it."
    if book.settings.enforce_from > span.before().start:
        since = moment(book.settings.enforce_from, zone)
        yield f"The policy is enforced from {since} on: what opened earlier is not counted."
    if missing := [workflow for workflow in WORKFLOWS if not book.clocks[workflow]]:
        yield f"The policy has no benchmark for {', '.join(missing)}: that work is not counted."


def _refused(reasons: Counter[str], before: str) -> str:
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"{before}{said}" if said else ""
