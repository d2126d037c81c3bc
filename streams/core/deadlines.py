"""When a benchmark is due: `judge(cycle, clock)` (contract T3 to T5, T10, T11).

Each part of the rule gives a due; the earliest wins.  Then fair notice (T11): a due that comes
before the clinic had `lead` of open time since it could know of it is put off to that instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.policy import Clock, Duration, Rule, Unit
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.fold import Cycle, Pause, Step
from streams.core.running import reach

ELAPSED: Final = Unit.ELAPSED
OPEN: Final = Unit.OPEN
BUSINESS_DAYS: Final = Unit.BUSINESS_DAYS
"""To name a member of an enumeration is slow, and this is asked for every event."""


class Verdict:
    """How a clock judges a cycle; instants in microseconds.

    Args:
        position: index of the matching rule; None: the clock does not judge it.
        due: None if not known: no anchor, or a pause that lasts.
        short: T11 moved it.
        elapsed: the due comes from an elapsed part.
        missing: no part of the rule gives a due: an anchor is missing.
        floor: `not_before`, as an instant.
    """

    __slots__ = ("calendar", "due", "elapsed", "floor", "missing", "position", "rule", "short")

    def __init__(
        self,
        position: int | None = None,
        rule: Rule | None = None,
        calendar: Calendar | None = None,
        due: int | None = None,
        short: bool = False,
        elapsed: bool = False,
        missing: bool = False,
        floor: int | None = None,
    ) -> None:
        self.position, self.rule, self.calendar, self.due = position, rule, calendar, due
        self.short, self.elapsed, self.missing, self.floor = short, elapsed, missing, floor


UNJUDGED = Verdict()


def judge(book: Book, clock: Clock, cycle: Cycle) -> Verdict:
    """Judge a cycle by the first rule that matches its routing."""
    index = book.match(clock, cycle.routing, cycle.priority)
    if index is None:
        return UNJUDGED
    rule = clock.rules[index]
    calendar, notice = book.calendar(rule, cycle.routing), _notice(book, clock, cycle)
    return verdict(book, calendar, rule, index, cycle.start, cycle.anchor, cycle.pauses, notice)


def verdict(
    book: Book, calendar: Calendar, rule: Rule, index: int, start: int, anchor: int | None, pauses: Sequence[Pause],
    notice: int,
) -> Verdict:  # fmt: skip
    """What a rule says, at place `index`, of a cycle of which the clinic could know since `notice` (T11)."""
    floor = None if rule.not_before is None else nominal(calendar, start, rule.not_before)
    due, elapsed, missing = _earliest(calendar, rule, start, anchor, pauses)
    lead = book.settings.lead.amount
    if due is None or lead == 0:
        return Verdict(index, rule, calendar, due, False, elapsed, missing, floor)
    base = notice if floor is None else max(notice, floor)
    fair = reach(calendar, base, pauses, _lead(calendar, rule, base, lead))
    if fair is not None and due >= fair:
        return Verdict(index, rule, calendar, due, False, elapsed, missing, floor)
    if rule.before is not None and anchor is not None and due <= anchor and (fair is None or anchor < fair):
        fair = anchor
    return Verdict(index, rule, calendar, fair, True, False, False, floor)


def _lead(calendar: Calendar, rule: Rule, base: int, lead: int) -> int:
    """`lead`, or the rule's `within` if that is shorter, in open time."""
    within = rule.within
    if within is None:
        return lead
    if within.unit is BUSINESS_DAYS:
        return min(lead, calendar.between(base, calendar.later(base, within.amount)))
    return min(lead, within.amount)


def _earliest(
    calendar: Calendar, rule: Rule, start: int, anchor: int | None, pauses: Sequence[Pause]
) -> tuple[int | None, bool, bool]:
    """(due, comes from an elapsed part, no part gives one); the first of equals wins."""
    best: tuple[int | None, bool] = (None, False)
    known = False
    if rule.within is not None:
        known, elapsed = True, rule.within.unit is ELAPSED
        end = nominal(calendar, start, rule.within)
        best = _paused(None if elapsed else calendar, start, end, pauses), elapsed
    if rule.by is not None:
        known, end = True, calendar.end_of(start, rule.by)
        best = _sooner(best, (_paused(calendar, start, end, pauses), False))
    if rule.before is not None and anchor is not None:
        known = True
        best = _sooner(best, (ahead(calendar, anchor, rule.before), rule.before.unit is ELAPSED))
    return *best, not known


def _sooner(a: tuple[int | None, bool], b: tuple[int | None, bool]) -> tuple[int | None, bool]:
    if b[0] is None or (a[0] is not None and a[0] <= b[0]):
        return a
    return b


def _paused(calendar: Calendar | None, start: int, end: int, pauses: Sequence[Pause]) -> int | None:
    """T5: the later of the nominal due and the instant at which as much time has run without the pauses."""
    if not pauses:
        return end
    amount = end - start if calendar is None else calendar.between(start, end)
    run = reach(calendar, start, pauses, amount)
    return None if run is None else max(end, run)


def nominal(calendar: Calendar, start: int, amount: Duration) -> int:
    """`amount` after `start`, pauses aside (T1 to T3)."""
    if amount.unit is ELAPSED:
        return start + amount.amount
    if amount.unit is OPEN:
        return calendar.add(start, amount.amount)
    return calendar.later(start, amount.amount)


def ahead(calendar: Calendar, anchor: int, amount: Duration) -> int:
    """`amount` before `anchor` (T4, T10)."""
    if amount.unit is ELAPSED:
        return anchor - amount.amount
    if amount.unit is OPEN:
        return calendar.sub(anchor, amount.amount)
    return calendar.earlier(anchor, amount.amount)


def _notice(book: Book, clock: Clock, cycle: Cycle) -> int:
    """T11's e: the last event that changed what the due hangs on, before a due in force was reached."""
    steps = cycle.steps
    if len(steps) == 1:
        return cycle.start
    keys = [_key(book, clock, step) for step in steps]
    if all(key == keys[0] for key in keys):
        return cycle.start
    notice = cycle.start
    for before, step, old, new in zip(steps, steps[1:], keys, keys[1:], strict=False):
        if old[0] is not None:
            rule = clock.rules[old[0]]
            calendar = book.calendar(rule, before.routing)
            due = verdict(book, calendar, rule, old[0], cycle.start, before.anchor, before.pauses, notice).due
            if due is not None and due <= step.time:
                return notice
        if old != new:
            notice = step.time
    return notice


def _key(book: Book, clock: Clock, step: Step) -> tuple[int | None, str | None, int | None]:
    """What T11 looks at: the matching rule, the calendar and, if the rule has a `before`, the anchor."""
    index = book.match(clock, step.routing, step.priority)
    if index is None:
        return None, None, None
    rule = clock.rules[index]
    return index, book.calendar(rule, step.routing).name, step.anchor if rule.before is not None else None


class Regained(NamedTuple):
    """When, in the cycle's history, a clock last had again what it had lost; None if never."""

    rule: int | None = None
    either: int | None = None
    """A rule or a due; a due that a pause hides is not lost."""
    lost: bool = False
    """It had a rule or a due, and has it no longer."""


def regained(book: Book, clock: Clock, cycle: Cycle) -> Regained:
    """When the clock last regained a rule, and when a rule or a due (R6, R8)."""
    if len(cycle.steps) == 1:
        return Regained()
    rule = either = None
    had_rule = had_due = lost_rule = lost_due = False
    for step in cycle.steps:
        index = book.match(clock, step.routing, step.priority)
        has_rule = index is not None
        has_due = index is not None and not _missing(clock.rules[index], step.anchor)
        if lost_rule and has_rule:
            rule = either = step.time
        if lost_due and has_due:
            either = step.time
        had_rule, had_due = had_rule or has_rule, had_due or has_due
        lost_rule, lost_due = had_rule and not has_rule, had_due and not has_due
    return Regained(rule, either, lost_rule or lost_due)


def _missing(rule: Rule, anchor: int | None) -> bool:
    return rule.within is None and rule.by is None and anchor is None
