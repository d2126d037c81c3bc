"""How a clock comes to its due time, and who is told when: `explain(book, workflow, cycle)`.

Nothing is judged anew here: the due is that of `judge`, the stages are those of `stage_times`.
What explains them is asked of the same functions with one thing changed: the due that each part of
the rule gives alone (a clock of that part, without fair notice), and where a stage would lie if
nobody minded the hours (the stage alone, at all hours).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from schemas.policy import Clock, Duration, Rule, Stage, Unit
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.deadlines import Verdict, judge
from streams.core.explain_intervals import Interval, intervals
from streams.core.fold import Cycle
from streams.core.ladder import stage_times

ANCHOR_MISSING = "anchor_missing"
"""No part of the rule gives a due, for want of an anchor."""
WAITING = "paused"
"""A pause that lasts hides the due."""
PARTS = ("within", "by", "before")

_NO_LEAD = Duration(Unit.OPEN, 0, "0 minutes")


class Part(NamedTuple):
    """One part of the rule, and the due that it gives alone, before fair notice."""

    name: str
    """`within`, `by` or `before`."""
    due: int | None
    """Microseconds; None if it gives none."""
    elapsed: bool


class Rung(NamedTuple):
    """One stage of the ladder; instants in microseconds."""

    stage: Stage
    at: int
    """After T7."""
    asked: int
    """Where it would lie if its hours and the stages before it did not matter, not before the start."""
    useful: int
    """Where it would lie if the stages before it did not matter."""
    recipients: list[str]


class Explanation(NamedTuple):
    """How one clock judges a cycle; instants in microseconds."""

    clock: Clock
    cycle: Cycle
    position: int
    """Index of the matching rule."""
    rule: Rule
    calendar: Calendar
    due: int | None
    """None: `error` says why."""
    error: str | None
    """None, ANCHOR_MISSING or WAITING."""
    short: bool
    """Fair notice (T11) moved the due."""
    elapsed: bool
    """Elapsed time counts, not the calendar's open time."""
    floor: int | None
    """`not_before`."""
    parts: list[Part]
    stages: list[Rung]
    intervals: list[Interval]
    """From the start to the due; if a pause that lasts hides the due, to that pause."""

    @property
    def asked(self) -> int | None:
        """The due that the rule gives before fair notice: the earliest of its parts."""
        return min((part.due for part in self.parts if part.due is not None), default=None)

    @property
    def part(self) -> Part | None:
        """The part that gives it; at a tie the first."""
        return next((part for part in self.parts if part.due is not None and part.due == self.asked), None)


def explain(book: Book, workflow: str, cycle: Cycle) -> list[Explanation]:
    """One explanation for each clock of the workflow that judges the cycle, in the order of the file.

    Raises CalendarRangeError where an answer lies outside 2000 to 2099.
    """
    plain = _without_lead(book)
    found = ((clock, judge(book, clock, cycle)) for clock in book.clocks[workflow])
    return [_explained(book, plain, clock, verdict, cycle) for clock, verdict in found if verdict.rule is not None]


def _without_lead(book: Book) -> Book:
    """The same book without T11; it shares the calendars, which are dear to build."""
    settings = replace(book.settings, lead=_NO_LEAD)
    plain = Book(replace(book.policy, calendars={}, settings=settings))
    plain.calendars = book.calendars
    return plain


def _explained(book: Book, plain: Book, clock: Clock, verdict: Verdict, cycle: Cycle) -> Explanation:
    assert verdict.position is not None
    assert verdict.rule is not None
    assert verdict.calendar is not None
    until, error = _until(verdict, cycle)
    return Explanation(
        clock=clock, cycle=cycle, position=verdict.position, rule=verdict.rule, calendar=verdict.calendar,
        due=verdict.due, error=error, short=verdict.short and verdict.due is not None, elapsed=verdict.elapsed,
        floor=verdict.floor, parts=list(_parts(plain, clock, verdict.rule, cycle)),
        stages=[] if verdict.due is None else list(_rungs(book, clock, verdict, cycle)),
        intervals=intervals(verdict.calendar, cycle.start, until, cycle.pauses, elapsed=verdict.elapsed),
    )  # fmt: skip


def _until(verdict: Verdict, cycle: Cycle) -> tuple[int, str | None]:
    """Where the intervals end, and why there is no due."""
    if verdict.due is not None:
        return verdict.due, None
    if verdict.missing:
        return cycle.start, ANCHOR_MISSING
    return cycle.pauses[-1][0], WAITING


def _parts(plain: Book, clock: Clock, rule: Rule, cycle: Cycle) -> Iterator[Part]:
    """Each part judged alone; the names keep what the book remembers of matches apart."""
    for name in PARTS:
        if getattr(rule, name) is None:
            continue
        others = {other: None for other in PARTS if other != name}
        alone = replace(rule, when={}, not_before=None, **others)
        verdict = judge(plain, replace(clock, name=f"{clock.name}:{name}", rules=(alone,)), cycle)
        yield Part(name, verdict.due, verdict.elapsed)


def _rungs(book: Book, clock: Clock, verdict: Verdict, cycle: Cycle) -> Iterator[Rung]:
    for stage, at in zip(clock.stages, stage_times(clock, verdict, cycle), strict=True):
        useful = stage_times(replace(clock, stages=(stage,)), verdict, cycle)[0]
        asked = stage_times(replace(clock, stages=(replace(stage, always=True),)), verdict, cycle)[0]
        yield Rung(stage, at, asked, useful, book.recipients([stage.notify], cycle.routing))
