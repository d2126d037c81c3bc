"""What is odd about a clock's times: stages at one instant, stages at the opening, dues that fair notice moves.

Nothing here is derived from the text of the rules: example items are judged by `streams.core`, one opened at each open
hour of the fortnight from the given date on, for each rule and each calendar that it may go by.  An anchor is given far
enough ahead not to hurry.  What happens on half of the starts or more is how the clock works, and is told; what happens
at the odd hour (a due at the close of a day) is how any clock works, and is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from schemas.policy import DAY, HOUR, UNASSIGNED, Clock, Duration, Policy, Rule, Unit
from schemas.policy_place import listed
from schemas.policy_tree import Problem
from streams.core.book import Book
from streams.core.calendars import Calendar, CalendarRangeError
from streams.core.deadlines import Verdict, judge
from streams.core.fold import ROUTINE, Cycle, Step
from streams.core.ladder import stage_times
from streams.core.routing import Routing
from streams.findings import phrases

FORTNIGHT = 14
AHEAD = 3
"""So many business days more than a rule's `before` takes lies an example's anchor after its start."""
OTHER = "another"
"""A priority that no rule is thought to name."""


class Sample(NamedTuple):
    """An example item and how it is judged; instants in microseconds."""

    rule: int
    calendar: Calendar
    start: int
    verdict: Verdict
    times: list[int]
    """Of the clock's stages."""


class _Seen(NamedTuple):
    """The samples of one rule by one calendar on which something happens, and how many there are."""

    happens: list[Sample]
    tried: int

    @property
    def usual(self) -> bool:
        return bool(self.happens) and 2 * len(self.happens) >= self.tried


def find(book: Book, start: date) -> Iterator[Problem]:
    """Findings about each clock; CalendarRangeError is told as one."""
    for number, clock in enumerate(book.policy.clocks):
        path = f"clocks[{number}]"
        try:
            groups = [group for index in range(len(clock.rules)) for group in samples(book, clock, index, start)]
        except CalendarRangeError as error:
            yield Problem(book.policy.lines[path], path, f"its times are out of reach: {error}; shorten them")
            continue
        yield from _together(book.policy, path, clock, groups)
        yield from _at_once(book.policy, path, clock, groups)
        yield from _put_off(book.policy, path, clock, groups)


def samples(book: Book, clock: Clock, index: int, start: date) -> Iterator[list[Sample]]:
    """For each calendar that the rule may go by, examples that it judges, with their stages."""
    rule, seen = clock.rules[index], set[str]()
    for routing, priority in _routings(book, clock, index):
        calendar = book.calendar(rule, routing)
        if calendar.name in seen:
            continue
        seen.add(calendar.name)
        found = []
        for at in _starts(calendar, start):
            cycle = _cycle(calendar, rule, at, routing, priority)
            verdict = judge(book, clock, cycle)
            if verdict.due is not None:
                found.append(Sample(index, calendar, at, verdict, stage_times(clock, verdict, cycle)))
        yield found


def _routings(book: Book, clock: Clock, index: int) -> Iterator[tuple[Routing, str]]:
    """Routings that reach the rule: one of the values that it asks for, of any department if it asks for none."""
    when = clock.rules[index].when
    one = {key: min(values) for key, values in when.items()}
    everywhere = when.get("department", frozenset({*book.policy.departments, UNASSIGNED}))
    for department in sorted(everywhere):
        routing = Routing(department, one.get("site"), one.get("pool"), None, one.get("kind"))
        for priority in (one.get("priority", ROUTINE), one.get("priority", OTHER)):
            if book.match(clock, routing, priority) == index:
                yield routing, priority
                break


def _starts(calendar: Calendar, start: date) -> Iterator[int]:
    """Each hour from the opening of each window of the fortnight."""
    for day in range(start.toordinal(), start.toordinal() + FORTNIGHT):
        for opens, closes in calendar.windows_of(day):
            yield from range(opens, closes, HOUR)


def _cycle(calendar: Calendar, rule: Rule, at: int, routing: Routing, priority: str) -> Cycle:
    anchor = None if rule.before is None else calendar.later(at, _days(rule.before) + AHEAD)
    cycle = Cycle(at, routing, priority, anchor, last=at)
    cycle.steps.append(Step(at, routing, priority, anchor, ()))
    return cycle


def _days(amount: Duration) -> int:
    """At least as many business days as an amount takes, a business day being four hours or more."""
    if amount.unit is Unit.BUSINESS_DAYS:
        return amount.amount
    return -(-amount.amount // (4 * HOUR if amount.unit is Unit.OPEN else DAY))


def _together(policy: Policy, path: str, clock: Clock, groups: list[list[Sample]]) -> Iterator[Problem]:
    """Two stages at one instant: the lower one is never seen (R5)."""
    for first, (one, other) in enumerate(pairwise(clock.stages)):
        seen = [_Seen([s for s in group if s.times[first] == s.times[first + 1]], len(group)) for group in groups]
        if usual := [each for each in seen if each.usual]:
            sample = usual[0].happens[0]
            at = phrases.moment(sample.calendar, sample.times[first])
            yield _told(
                policy, f"{path}.stages[{first + 1}]", path,
                f"`{one.name}` and `{other.name}` come at one instant by {_which(clock, usual)}: {_opened(sample)}, "
                f"both at {at}, and only `{other.name}` is said; move one of them",
            )  # fmt: skip


def _at_once(policy: Policy, path: str, clock: Clock, groups: list[list[Sample]]) -> Iterator[Problem]:
    """A stage before the due that comes with the opening: it warns of nothing."""
    for number, stage in enumerate(clock.stages):
        seen = [_Seen([s for s in group if s.times[number] == s.start], len(group)) for group in groups]
        if stage.early and (usual := [each for each in seen if each.usual]):
            sample = usual[0].happens[0]
            yield _told(
                policy, f"{path}.stages[{number}]", path,
                f"`{stage.name}` comes with the opening itself by {_which(clock, usual)}: {_opened(sample)}; "
                f"bring it nearer to the due",
            )  # fmt: skip
            return


def _put_off(policy: Policy, path: str, clock: Clock, groups: list[list[Sample]]) -> Iterator[Problem]:
    """A due that T11 moves on most starts: the rule promises what it never asks."""
    told: Counter[int] = Counter()
    for group in groups:
        seen = _Seen([sample for sample in group if sample.verdict.short], len(group))
        if not seen.usual or told[seen.happens[0].rule]:
            continue
        sample = seen.happens[0]
        told[sample.rule] += 1
        rule = clock.rules[sample.rule]
        cause = f"its floor, `{rule.not_before.text}`, and `settings.lead`" if rule.not_before else "`settings.lead`"
        yield _told(
            policy, f"{path}.rules[{sample.rule}]", path,
            f"on {len(seen.happens)} of {seen.tried} starts tried the due comes too soon for {cause} and is put off "
            f"(T11): {_opened(sample)}; give it more time",
        )  # fmt: skip


def _told(policy: Policy, path: str, clock_path: str, message: str) -> Problem:
    """A finding at its own place, or at the clock's if the file leaves the place to the usual ladder."""
    where = path if path in policy.lines else clock_path
    return Problem(policy.lines[where], where, message)


def _which(clock: Clock, usual: list[_Seen]) -> str:
    numbers = sorted({each.happens[0].rule for each in usual})
    target = phrases.target(clock.rules[numbers[0]], clock.workflow)
    if len(numbers) == 1:
        return f"rule {numbers[0] + 1} ({target})"
    return f"the rules {listed([str(number + 1) for number in numbers], 'and')}"


def _opened(sample: Sample) -> str:
    assert sample.verdict.due is not None
    opened, due = (phrases.moment(sample.calendar, at) for at in (sample.start, sample.verdict.due))
    return f"opened on {opened} ({sample.calendar.name}) it is due {due}"
