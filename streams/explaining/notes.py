"""What is out of the ordinary about a due time and its stages, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from schemas.policy import DAY, Attempts, Duration, Settings
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.explain import Explanation
from streams.core.explain_intervals import counted, intervals, wall
from streams.explaining.words import (
    amount,
    clock,
    dated,
    day,
    few,
    in_business_days,
    listed,
    moment,
    part,
    plural,
    span,
)


def notes(found: Explanation, book: Book, anchor: str) -> list[str]:
    """Sentences; `anchor` is the word for the anchor."""
    settings = book.settings
    said = [*_department(found, book), *_start(found)]
    if found.due is not None:
        said += [
            *_parts(found, anchor),
            *_outside(found),
            *_back(found, anchor),
            *_notice(found, settings.lead, anchor),
        ]
        said += [*_special(found), *_together(found), *_expired(found, settings)]
    if found.floor is not None:
        said.append(
            f"Done before {dated(found.floor, found.calendar)}, it counts as too early: a notice goes to the pool."
        )
    if found.clock.attempts is not None:
        said.append(_attempts(found.clock.attempts))
    return said


def _department(found: Explanation, book: Book) -> Iterator[str]:
    """R17."""
    name = found.cycle.routing.department
    if name is not None and name not in book.policy.departments:
        yield f"The policy does not know the department {name}: the defaults apply."


def _start(found: Explanation) -> Iterator[str]:
    calendar, start = found.calendar, found.cycle.start
    if not found.elapsed and found.error is None and not calendar.is_open(start):
        opening = moment(calendar.opening(start), calendar)
        yield f"It came in while closed: time counts from the next opening, {opening}."
    if found.due == start:
        yield "It is due at the moment it comes in."


def _parts(found: Explanation, anchor: str) -> Iterator[str]:
    if len(found.parts) < 2:
        return
    for each in found.parts:
        if each.due is None:
            why = "no anchor is given" if each.name == "before" else "it is paused"
            yield f"{_capital(part(found.rule, each.name, anchor))}: not known, for {why}."
        else:
            earliest = ", the earliest" if each is found.part else ""
            yield f"{_capital(part(found.rule, each.name, anchor))}: {moment(each.due, found.calendar)}{earliest}."


def _outside(found: Explanation) -> Iterator[str]:
    """T3's last clause: the same local time is in no window of that day."""
    part_, calendar = found.part, found.calendar
    if part_ is None or part_.due is None or part_.name != "within" or not in_business_days(found.rule, "within"):
        return
    wanted, got = clock(calendar.opening(found.cycle.start), calendar), clock(part_.due, calendar)
    if wanted != got and not found.cycle.pauses:
        which = "the next opening" if got > wanted else "the last closing"
        yield f"{day(wall(part_.due, calendar))} is not open at {wanted}, so {which} of that day counts, {got}."


def _back(found: Explanation, anchor: str) -> Iterator[str]:
    """T2, T10: an anchor in closed time is counted back from as from the closing before it."""
    part_, calendar, at = found.part, found.calendar, found.cycle.anchor
    if part_ is None or part_.name != "before" or part_.elapsed or at is None or calendar.is_open(at):
        return
    if (closing := calendar.closing(at)) != at:
        before = moment(closing, calendar)
        yield f"{_capital(anchor)} is in closed time: counted back from the closing before, {before}."


def _notice(found: Explanation, lead: Duration, anchor: str) -> Iterator[str]:
    """T11."""
    asked, due, part_ = found.asked, found.due, found.part
    if not found.short or asked is None or due is None or part_ is None:
        return
    given, instead = _instead(found, lead, due, anchor)
    yield (
        f"Short notice: {part(found.rule, part_.name, anchor)} is {dated(asked, found.calendar)}, before the clinic "
        f"has had {given}. So it is due {instead}, {moment(due, found.calendar)}."
    )


def _instead(found: Explanation, lead: Duration, due: int, anchor: str) -> tuple[str, str]:
    """What the clinic should have had for it, and when it is due instead."""
    if found.rule.before is not None and due == found.cycle.anchor:
        return f"{lead.text} for it", f"at {anchor} itself, which comes before that"
    if len(found.cycle.steps) > 1:
        return f"{lead.text} for it since it last changed", "then"
    since = found.cycle.start if found.floor is None else max(found.cycle.start, found.floor)
    given = counted(intervals(found.calendar, since, due, found.cycle.pauses))
    return f"{amount(given)} of open time for it{'' if since == found.cycle.start else ' since the floor'}", "then"


def _special(found: Explanation) -> Iterator[str]:
    """Dates in between on which the clocks change, or which have hours of their own."""
    calendar, days = found.calendar, _days(found)
    changes = [f"{_date(on)} (a day of {amount(length)})" for on in days if (length := _length(calendar, on)) != DAY]
    if changes:
        yield f"The clocks change on {few(changes)}."
    own = [f"{_date(on)} ({_hours(calendar, on)})" for on in days if on in calendar.spec.open and not found.elapsed]
    if own:
        yield f"The policy gives hours of its own to {few(own)}."


def _days(found: Explanation) -> list[date]:
    """The dates from the start to the due, and on to the anchor if the due hangs on it."""
    assert found.due is not None, "asked only where there is a due"
    ends = [found.cycle.start, found.due]
    if found.part is not None and found.part.name == "before" and found.cycle.anchor is not None:
        ends.append(found.cycle.anchor)
    first, last = (wall(at, found.calendar).toordinal() for at in (min(ends), max(ends)))
    return [date.fromordinal(ordinal) for ordinal in range(first, last + 1)]


def _length(calendar: Calendar, on: date) -> int:
    return calendar.instant(on.toordinal() + 1, 0) - calendar.instant(on.toordinal(), 0)


def _hours(calendar: Calendar, on: date) -> str:
    return ", ".join(span(_minute(opens), _minute(closes)) for opens, closes in calendar.spec.open[on])


def _minute(minute: int) -> str:
    hours = minute // 60 if minute <= 24 * 60 else minute // 60 - 24
    return f"{hours:02}:{minute % 60:02}"


def _together(found: Explanation) -> Iterator[str]:
    """R5: of stages at one instant only the last fires."""
    for at, group in groupby(found.stages, key=lambda rung: rung.at):
        names = [rung.stage.name for rung in group]
        if len(names) > 1:
            when = moment(at, found.calendar)
            yield f"At {when} {listed(names)} come together: {names[-1]} alone is sent, to all whom they tell."


def _expired(found: Explanation, settings: Settings) -> Iterator[str]:
    """R15, R5: expiry comes before a stage at its instant."""
    end = found.cycle.expiry(settings.max_age)
    late = [rung.stage.name for rung in found.stages if rung.at >= end]
    if late:
        yield f"It is given up as too old {dated(end, found.calendar)}: {listed(late)} will not come."


def _attempts(attempts: Attempts) -> str:
    often = f"{plural(attempts.count, 'time')} within {_elapsed(attempts.within)}"
    return f"If the patient looks {often} and finds nothing, the {attempts.notify.replace('_', ' ')} is told too."


def _elapsed(micros: int) -> str:
    days, rest = divmod(micros, DAY)
    return amount(micros) if rest or not days else plural(days, "day")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _date(on: date) -> str:
    return f"{day(on)} {on.year}"
