"""A report put together: the lines of a span by benchmark and department, with the span before beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from schemas import instants
from schemas.policy import HOUR, UNASSIGNED
from streams.core.book import OTHER, Book
from streams.core.cohorts import BOUNDS, Cohort
from streams.findings import phrases
from streams.reporting import centiles
from streams.reporting.figures import Figures, Kept, figures, kept_of, none, together
from streams.reporting.form import Benchmark, Days, Fall, Period, Report, Row, days_of
from streams.reporting.span import Span, moment
from streams.reporting.sums import Exact, Gathered, Line, Lines, Sums, by_week, zones_of

COMPARABLE: Final = 20
"""So many cycles have to be judged in both spans, before a department's fall is named."""


class Origin(NamedTuple):
    """Where the sums come from."""

    source: str
    """`events` or `scorecards`."""
    as_of: int
    """Microseconds."""
    policies: list[str]
    knows_before: bool
    """Whether all of the span before is in the sums."""
    complete: bool
    notes: list[str]


class Before(NamedTuple):
    """The figures of the span before, from the sums or from a report that was made of it."""

    span: Days
    kept: Kept
    rows: Mapping[Line, Figures]
    totals: Mapping[tuple[str, str], Figures]
    """By workflow and clock."""


class Mismatch(ValueError):
    """A report is not of the span before; the message says of which it is."""


def build(found: Gathered, span: Span, book: Book, origin: Origin, earlier: Report | None = None) -> Report:
    """The report.

    Args:
        found: if `origin` does not know the span before, without its lines.
        earlier: the report of the span before, in place of what is known of it.

    Raises:
        Mismatch: `earlier` is of another span.
    """
    exact = origin.source == "events"
    before = _summed(found, span, exact=exact) if origin.knows_before else None
    if earlier is not None:
        before = _read(earlier, span)
    first = (span.before() if origin.knows_before else span).first
    benchmarks = list(_benchmarks(found, before, book, (first, span), exact=exact))
    compared, slipped = _slipped(benchmarks)
    names = {each.clock for each in benchmarks}
    return Report(
        source="events" if exact else "scorecards",
        complete=origin.complete,
        as_of=instants.text(origin.as_of),
        policies=origin.policies,
        span=_days(span),
        before=before and before.span,
        step="week" if by_week(span) else "month",
        zones=_zones(book, benchmarks),
        kept=together(each.now.kept for each in benchmarks),
        kept_before=before and before.kept,
        open_past_due=sum(each.now.open_past_due or 0 for each in benchmarks) if exact else None,
        compared=compared,
        slipped=slipped,
        bounds=[bound / HOUR for bound in BOUNDS],
        benchmarks=benchmarks,
        silent=[clock.name for clock in book.policy.clocks if clock.name not in names],
        notes=origin.notes + ([] if earlier is None else [_told(earlier, span)]),
    )


def _zones(book: Book, benchmarks: Iterable[Benchmark]) -> list[str]:
    zones = zones_of(book)
    found = {zones.of(row.department).key for each in benchmarks for row in each.departments}
    return sorted(found) or [zones.default.key]


def _days(span: Span) -> Days:
    return days_of(span, instants.text(span.start), instants.text(span.end))


def _summed(found: Gathered, span: Span, *, exact: bool) -> Before:
    rows = {line: figures(line.workflow, sums) for line, sums in found.before.items()}
    totals = {line[:2]: _total(found.before, line.workflow, line.clock, exact=exact) for line in rows}
    return Before(_days(span.before()), together(each.kept for each in rows.values()), rows, totals)


def _read(earlier: Report, span: Span) -> Before:
    wanted = _days(span.before())
    if (earlier.span.start, earlier.span.end) != (wanted.start, wanted.end):
        raise Mismatch(f"is the report of {earlier.span.title} ({earlier.span.timezone}), not of {wanted.title}")
    rows = {
        Line(each.workflow, each.clock, row.department): row.now
        for each in earlier.benchmarks
        for row in each.departments
    }
    totals = {(each.workflow, each.clock): each.now for each in earlier.benchmarks}
    return Before(earlier.span, earlier.kept, rows, totals)


def _told(earlier: Report, span: Span) -> str:
    """Where the figures of the span before come from."""
    source = "recorded events" if earlier.source == "events" else "scorecards"
    stood = moment(instants.parse(earlier.as_of), span.zone)
    whole = "" if earlier.complete else ", which was not whole"
    return f"{earlier.span.title} stands here as its own report told it, from {source}, as of {stood}{whole}."


def _benchmarks(
    found: Gathered, before: Before | None, book: Book, days: tuple[date, Span], *, exact: bool
) -> Iterator[Benchmark]:
    """In the order of the policy; `days`: from which on periods are told, and the span."""
    order = {clock.name: place for place, clock in enumerate(book.policy.clocks)}
    names = {line[:2] for line in (*found.now, *(before.rows if before else ()))}
    for workflow, clock in sorted(names, key=lambda each: (order.get(each[1], len(order)), each)):
        periods = _periods(found.periods.get((workflow, clock), {}), *days)
        yield _benchmark(workflow, clock, found, before, _asks(book, workflow, clock), list(periods), exact=exact)


def _benchmark(
    workflow: str, clock: str, found: Gathered, before: Before | None, asks: list[str], periods: list[Period], *,
    exact: bool,
) -> Benchmark:  # fmt: skip
    name, empty = (workflow, clock), none(workflow, exact=exact)
    departments = {line.department for line in (*found.now, *(before.rows if before else ())) if line[:2] == name}
    rows = []
    for department in sorted(departments, key=lambda each: (each in (UNASSIGNED, OTHER), each)):
        line = Line(workflow, clock, department)
        now = figures(workflow, found.now[line]) if line in found.now else empty
        rows.append(Row(department=department, now=now, before=before and before.rows.get(line, empty)))
    return Benchmark(
        workflow=workflow,
        clock=clock,
        asks=asks,
        now=_total(found.now, workflow, clock, exact=exact),
        before=before and before.totals.get(name, empty),
        departments=rows,
        periods=periods,
    )


def _total(lines: Lines, workflow: str, clock: str, *, exact: bool) -> Figures:
    """Of all departments."""
    whole = Sums(Exact() if exact else None)
    for line, sums in lines.items():
        if line[:2] == (workflow, clock):
            whole.merge(sums)
    return figures(workflow, whole)


def _asks(book: Book, workflow: str, clock: str) -> list[str]:
    rules = next((each.rules for each in book.clocks.get(workflow, ()) if each.name == clock), ())
    return [phrases.target(rule, workflow) + (f" ({phrases.when(rule.when)})" if rule.when else "") for rule in rules]


def _periods(found: Mapping[date, Cohort], first: date, span: Span) -> Iterator[Period]:
    """One after the other, those without a cycle too."""
    weekly = by_week(span)
    at = first - timedelta(first.weekday()) if weekly else first.replace(day=1)
    while at <= span.last:
        following = at + timedelta(7) if weekly else (at + timedelta(31)).replace(day=1)
        last = following - timedelta(1)
        yield Period(
            first_day=at.isoformat(), last_day=last.isoformat(), kept=kept_of(found.get(at) or Cohort())
        )  # fmt: skip
        at = following


def _slipped(benchmarks: Iterable[Benchmark]) -> tuple[int, Fall | None]:
    """How many departments can be compared, and the one whose share fell most."""
    pairs = [
        (each, row.department, row.now.kept, row.before.kept)
        for each in benchmarks
        for row in each.departments
        if row.before and min(row.now.kept.judged, row.before.kept.judged) >= COMPARABLE
    ]
    if not pairs:
        return 0, None
    each, department, now, before = min(pairs, key=lambda pair: _share(pair[2]) - _share(pair[3]))
    points = 100 * (_share(before) - _share(now))
    if points <= 0:
        return len(pairs), None
    chance = not centiles.differ(now.met, now.judged, before.met, before.judged, len(pairs))
    return len(pairs), Fall(
        workflow=each.workflow, clock=each.clock, department=department, now=now, before=before,
        points=round(points, 4), chance=chance,
    )  # fmt: skip


def _share(kept: Kept) -> float:
    return kept.met / kept.judged
