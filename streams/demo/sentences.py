"""What an alert says, in a sentence that a nurse reads. Pure: from an alert and the policy to text.

    due-soon → cardiology-nurses: message m-1042, due Thu 11:00, 75 % of 1 business day gone

The alert names its clock and stage; the policy tells what these are. A policy that meanwhile has neither (the alert is
older) leaves the reason out.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

from schemas import instants
from schemas.alerts import AlertData
from schemas.policy import Clock, Point, Rule, Stage
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.fold import ROUTINE
from streams.core.routing import Routing

ENDINGS: Final = {
    "met": "done in time",
    "missed": "done late",
    "cancelled": "cancelled",
    "paused": "waits for the patient",
    "moved": "no longer due then",
    "expired": "given up as too old",
    "policy": "the policy changed",
}
"""Reasons of a resolution, in words."""
UNSAID: Final = "its time"
"""Where a rule is more than one plain `within`."""
WEEK: Final = 6 * 86_400 * instants.SECOND


def headline(data: AlertData) -> str:
    """`due-soon → cardiology-nurses`: what, and who is told."""
    stage = data.stage or data.state
    return f"{stage} → {', '.join(data.recipients)}" if data.recipients else stage


def about(book: Book, data: AlertData, now: int) -> str:
    """`message m-1042, due Thu 11:00, 75 % of 1 business day gone`. `now`: microseconds."""
    parts = [f"{data.workflow} {data.item}" if data.item else f"the feed of {data.workflow}s"]
    if data.due_at is not None:
        due = instants.parse(data.due_at)
        parts.append(f"{'was due' if due < now else 'due'} {local(due, zone(book), now)}")
    parts += [reason(book, data)]
    if data.short_notice:
        parts.append("short notice")
    if data.follow_ups:
        parts.append("asked again")
    if data.catch_up:
        parts.append("late, because it was held back")
    return ", ".join(part for part in parts if part)


def sentence(book: Book, data: AlertData, now: int) -> str:
    """The whole, on one line."""
    return f"{headline(data)}: {about(book, data, now)}"


def ending(book: Book, data: AlertData, now: int) -> str:
    """How a resolved alert ended: `done in time Thu 10:40`."""
    said = ENDINGS.get(data.reason or "", data.reason or "ended")
    at = data.closed_at or data.resolved_at
    return said if at is None else f"{said} {local(instants.parse(at), zone(book), now)}"


def reason(book: Book, data: AlertData) -> str:
    """Why the stage came; empty if the policy does not know it."""
    if data.stage == "attempts":
        return f"the patient looked {data.attempts or 0} times and found nothing"
    if data.stage == "feed-silent":
        return "nothing has come for too long"
    if data.stage == "catch-up":
        return f"{data.count or 0} alerts had been held back"
    clock = next((each for each in book.policy.clocks if each.name == data.clock), None)
    stage = None if clock is None else next((each for each in clock.stages if each.name == data.stage), None)
    return "" if clock is None or stage is None else _reason(stage, benchmark(book, clock, data))


def _reason(stage: Stage, given: str) -> str:
    if stage.point is Point.PERCENT:
        return f"{stage.percent / 100:g} % of {given} gone"
    if stage.point is Point.DUE:
        return "not done yet" if given == UNSAID else f"{given} is over"
    offset = "" if stage.offset is None else stage.offset.text
    return f"{offset} left" if stage.point is Point.BEFORE else f"{offset} late"


def benchmark(book: Book, clock: Clock, data: AlertData) -> str:
    """The time that the matching rule gives: `1 business day`; `UNSAID` where it is not a plain `within`."""
    routing = Routing(data.department, data.site, data.pool, data.owner, data.kind)
    index = book.match(clock, routing, data.priority or ROUTINE)
    return UNSAID if index is None else _given(clock.rules[index])


def _given(rule: Rule) -> str:
    if rule.within is not None and rule.before is None and rule.by is None:
        return rule.within.text
    return UNSAID


def calendar(book: Book) -> Calendar:
    """The default calendar, by which the clinic's clock is read."""
    return book.calendar_of()


def zone(book: Book) -> tzinfo:
    """The time zone in which the clinic reads times: that of the default calendar."""
    return calendar(book).zone


def local(at: int, tz: tzinfo, now: int) -> str:
    """`Thu 11:00`; with the date if it lies a week off. Instants in microseconds."""
    moment = wall(at, tz)
    return f"{moment:%a %H:%M}" if abs(at - now) < WEEK else f"{moment:%a} {moment.day} {moment:%b %H:%M}"


def wall(at: int, tz: tzinfo) -> datetime:
    """The local time of an instant in microseconds."""
    return (instants.EPOCH + timedelta(microseconds=at)).astimezone(tz)


def span(micros: int) -> str:
    """An amount of time, to the minute: `1 h 18 min`, `45 min`."""
    hours, minutes = divmod(max(0, micros) // (60 * instants.SECOND), 60)
    if hours and minutes:
        return f"{hours} h {minutes} min"
    return f"{hours} h" if hours else f"{minutes} min"
