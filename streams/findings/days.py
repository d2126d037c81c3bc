"""What is odd about the days of a calendar: holidays that are worked, windows that reach into them, dates in vain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from schemas.policy import CalendarSpec, Policy
from schemas.policy_days import MIDNIGHT, clock
from schemas.policy_tree import Problem
from streams.findings import phrases, year

EVENTUAL = " ("
"""What stands between a holiday's name and its kind: `Independence Day (observed)`."""


def find(policy: Policy, start: date) -> Iterator[Problem]:
    """Findings about the calendars, for the twelve months from `start` on."""
    used = _used(policy)
    for name, spec in policy.calendars.items():
        path = f"calendars.{name}"
        closed = year.off(spec, start)
        if name not in used:
            yield _at(policy, path, "no department, default or rule goes by it; name it where meant, or take it out")
        yield from _holidays(policy, spec, path, start)
        yield from _observed(policy, spec, path, closed, start)
        yield from _vain(policy, spec, path, start)
        yield from _overnight(policy, spec, path, closed, start)


def _at(policy: Policy, path: str, message: str) -> Problem:
    return Problem(policy.lines[path], path, message)


def _used(policy: Policy) -> set[str | None]:
    rules = {rule.calendar for clock in policy.clocks for rule in clock.rules}
    return rules | {each.calendar for each in (*policy.departments.values(), policy.defaults)}


def _holidays(policy: Policy, spec: CalendarSpec, path: str, start: date) -> Iterator[Problem]:
    """A calendar that closes at a week's end, and keeps no holiday; one that is open daily may well mean it."""
    if spec.holidays is not None:
        if not any(next(year.in_each_language(spec.holidays, start), {})):
            message = (
                f"the holidays package has none of {spec.holidays} for the year from {phrases.day(start)}; close dates"
            )
            yield _at(policy, f"{path}.holidays", message)
        return
    ahead = set(year.following(start))
    if all(spec.hours) or spec.closed & ahead:
        return
    right = "give `holidays`, such as `holidays: US-WI`, or list dates in `closed`"
    worked = next(_worked(policy, spec, start), None)
    example = f": {worked}" if worked else ""
    yield _at(policy, path, f"keeps no holidays, so its hours are open on all of them{example}; {right}")


def _worked(policy: Policy, spec: CalendarSpec, start: date) -> Iterator[str]:
    """Holidays that another calendar of the zone keeps, and this one works."""
    for other in policy.calendars.values():
        if other.timezone != spec.timezone or other.holidays is None:
            continue
        for day, why in year.off(other, start).items():
            if year.windows(spec, day, {}):
                yield f"{phrases.day(day)} is {why} for `{other.name}`, and open here"


def _observed(policy: Policy, spec: CalendarSpec, path: str, closed: dict[date, str], start: date) -> Iterator[Problem]:
    """A holiday that is worked, but not when another day is taken for it."""
    if spec.holidays is None or not spec.not_holidays:
        return
    for names in year.in_each_language(spec.holidays, start):
        for day in sorted(names.keys() & closed.keys()):
            for name in names[day]:
                plain, bracket, _ = name.partition(EVENTUAL)
                if bracket and plain in spec.not_holidays and name not in spec.not_holidays:
                    message = f"works on `{plain}`, but is closed on `{name}`, {phrases.day(day)}; list that name too"
                    yield _at(policy, f"{path}.not_holidays", message)


def _vain(policy: Policy, spec: CalendarSpec, path: str, start: date) -> Iterator[Problem]:
    """Dates that contradict each other, and closed dates on which nothing would be open."""
    for day in sorted(spec.closed):
        if day in spec.open:
            message = f"`closed` has the date too, and `open` wins: {phrases.windows(spec.open[day])}; keep one of them"
            yield _at(policy, f"{path}.open.{day.isoformat()}", message)
        elif day >= start and not spec.hours[day.weekday()]:
            message = f"{phrases.day(day)} has no hours anyway, so closing it changes nothing; was another date meant?"
            yield _at(policy, f"{path}.closed", message)


def _overnight(
    policy: Policy, spec: CalendarSpec, path: str, closed: dict[date, str], start: date
) -> Iterator[Problem]:
    """A window that passes midnight into a day that is off: it belongs to the day on which it opens (T1)."""
    found: list[date] = []
    for day in year.following(start):
        own = year.windows(spec, day, closed)
        if own and own[-1][1] > MIDNIGHT and day not in spec.open and day + timedelta(days=1) in closed:
            found.append(day)
    if not found:
        return
    first, (opens, closes) = found[0], spec.hours[found[0].weekday()][-1]
    after = first + timedelta(days=1)
    more = f" (and on {len(found) - 1} more such days)" if len(found) > 1 else ""
    right = f"`open: {{{first.isoformat()}: {clock((opens, MIDNIGHT))}}}`"
    message = (
        f"`{clock((opens, closes))}` of {phrases.day(first)} runs on into {phrases.day(after)}, which is closed "
        f"({closed[after]}){more}, for a window belongs to the day on which it opens; say what is meant, as in {right}"
    )
    yield _at(policy, f"{path}.hours", message)
