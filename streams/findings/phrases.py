"""How a policy's parts are called in a sentence: days, hours, dates, durations, rules, stages, targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from schemas import instants
from schemas.policy import DAY, HOUR, MINUTE, Attempts, Duration, Point, Rule, Stage, Window
from schemas.policy_days import clock
from schemas.policy_place import listed
from streams.core.calendars import Calendar

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TARGETS: Final = {
    "owner": "its owner, else its pool",
    "pool": "its pool",
    "on_call": "the one on call",
    "champion": "the champion",
}
"""Whom `notify` calls."""
ANCHORS: Final = {"appointment": "the requested slot", "result": "the promised date", "questionnaire": "the visit"}
"""What an anchor is, by workflow."""
BUSINESS_DAY: Final = "business day"


def ors(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`, sorted."""
    return listed(sorted(words), "or")


def ands(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`, in their order."""
    return listed(list(words), "and")


def days(weekdays: Iterable[int]) -> str:
    """`Mon-Fri`, `Mon, Wed`, `every day`; Monday is 0."""
    runs: list[list[int]] = []
    for day in sorted(weekdays):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if runs == [list(range(7))]:
        return "every day"
    said = [f"{DAYS[run[0]]}-{DAYS[run[-1]]}" if len(run) > 2 else ", ".join(DAYS[day] for day in run) for run in runs]
    return ", ".join(said) or "no day"


def windows(day: Sequence[Window]) -> str:
    """`08:00-12:00 12:30-17:00`, as the file has it; `closed`."""
    return " ".join(clock(window) for window in day) or "closed"


def week(hours: Sequence[Sequence[Window]]) -> str:
    """`Mon-Fri 08:00-12:00 12:30-17:00; Sat 09:00-12:00`: the days with windows, those alike together."""
    alike: dict[tuple[Window, ...], list[int]] = {}
    for day, found in enumerate(hours):
        if found:
            alike.setdefault(tuple(found), []).append(day)
    return "; ".join(f"{days(named)} {windows(found)}" for found, named in alike.items())


def day(given: date) -> str:
    """`Thu 26 Nov 2026`."""
    return f"{DAYS[given.weekday()]} {given.day} {MONTHS[given.month - 1]} {given.year}"


def moment(calendar: Calendar, at: int) -> str:
    """`Thu 26 Nov 2026 08:00`, in the calendar's local time."""
    local: datetime = (instants.EPOCH + timedelta(microseconds=at)).astimezone(calendar.zone)
    return f"{day(local.date())} {local:%H:%M}"


def elapsed(micros: int) -> str:
    """`7 days`, `90 minutes`: an elapsed amount in the largest unit that it is a whole number of."""
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if micros % size == 0:
            return f"{micros // size} {unit}{'' if micros == size else 's'}"
    return f"{micros / MINUTE:.10g} minutes"


def within(given: Duration) -> str:
    """`within 2 business days`."""
    return f"within {given.text}"


def by(count: int) -> str:
    """`by the end of 3 business days`, `by the end of its day`."""
    if count == 0:
        return "by the end of the day on which it begins"
    return f"by the end of {count} {BUSINESS_DAY}{'' if count == 1 else 's'}"


def target(rule: Rule, workflow: str) -> str:
    """What a rule asks: `within 1 business day, or 4 hours before the requested slot, whichever comes first`."""
    parts = [within(rule.within)] if rule.within is not None else []
    parts += [by(rule.by)] if rule.by is not None else []
    if rule.before is not None:
        parts.append(f"{rule.before.text} before {ANCHORS.get(workflow, 'the anchor')}")
    said = parts[0] if len(parts) == 1 else f"{listed(parts, 'or')}, whichever comes first"
    return said if rule.not_before is None else f"{said}, and no sooner than {rule.not_before.text} after the start"


def when(given: dict[str, frozenset[str]]) -> str:
    """`priority urgent and department cardiology or oncology`; `every item` where nothing is asked."""
    return " and ".join(f"{key} {ors(values)}" for key, values in given.items()) or "every item"


def point(stage: Stage) -> str:
    """When a stage comes: `at 75% of the time`, `1 business hour before the due`, `at the due`."""
    if stage.point is Point.DUE:
        return "at the due"
    if stage.point is Point.PERCENT:
        return f"at {stage.percent / 100:g}% of the time"
    assert stage.offset is not None
    return f"{stage.offset.text} {'before' if stage.point is Point.BEFORE else 'after'} the due"


def call(given: Stage | Attempts) -> str:
    """Who is told and how: `its pool (warning)`, `the champion (critical), at any hour`."""
    return f"{TARGETS[given.notify]} ({given.severity}){', at any hour' if given.always else ''}"


def attempts(given: Attempts) -> str:
    """`once the patient has looked 3 times within 3 days and found nothing`."""
    return f"once the patient has looked {given.count} times within {elapsed(given.within)} and found nothing"


def turned(old: str, new: str) -> str:
    """`old → new`."""
    return f"{old} → {new}"
