"""A simulated patient portal: an endless stream of CloudEvents (contract section 2), in the order in which they arrive.

Theory of operation. Day by day, patients begin work by the hour's custom (much in the morning, less at noon, some in
the evening and at weekends); each piece of work has its story (`stories`), and a heap puts the steps of all stories in
order of time. A portal is never perfect: a few events come twice, and now and then one is malformed, so that dead
letters are seen. Heartbeats come every hour. The stream opens with a backlog: work begun before `start`, not settled
then, for which nobody had to be called before: what a clinic that keeps up finds in the morning.

Pure and seeded: the same book, start and seed give the same stream, byte for byte.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, Final, NamedTuple

from schemas import instants
from schemas.events import HEARTBEAT
from schemas.policy import HOUR, MINUTE, WORKFLOWS
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.demo.stories import Step, Work, story, work

SOURCE: Final = "/portal/simulated"
VOLUME: Final = {"message": 84, "appointment": 34, "result": 26, "questionnaire": 18}
"""New work on an ordinary weekday."""
BY_WEEKDAY: Final = (1.15, 1.05, 1.0, 1.0, 0.95, 0.35, 0.25)
"""Monday first; Mondays are the busiest."""
BY_HOUR: Final = (1, 1, 1, 1, 1, 2, 6, 16, 40, 46, 44, 36, 20, 34, 38, 34, 28, 20, 16, 14, 14, 10, 6, 3)
BACKLOG_DAYS: Final = 7
TWICE, MALFORMED = 0.008, 0.003
"""Chances of an event to be sent twice, and to be followed by one that is malformed."""
PREFIX: Final = {"message": "m", "appointment": "a", "result": "r", "questionnaire": "q"}


class Record(NamedTuple):
    """One event: when the portal sends it (microseconds), which workflow's topic it goes to, and the CloudEvent."""

    at: int
    workflow: str
    event: dict[str, Any]

    @property
    def key(self) -> str:
        """The record key: the item, so that its events share a partition."""
        return str(self.event.get("subject", self.workflow))


@dataclass(slots=True)
class _Portal:
    """The stream in the making: what will be sent, in a heap by time."""

    book: Book
    rng: Random
    heap: list[tuple[int, int, Record]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORKFLOWS, 1000))

    def push(self, at: int, workflow: str, event: dict[str, Any]) -> None:
        heapq.heappush(self.heap, (at, next(self.order), Record(at, workflow, event)))

    def before(self, until: int) -> Iterator[Record]:
        while self.heap and self.heap[0][0] < until:
            yield heapq.heappop(self.heap)[2]


def records(book: Book, start: int, seed: int) -> Iterator[Record]:
    """Everything that the portal sends, for ever: the backlog, then what happens from `start` (microseconds) on.

    Raises `streams.core.calendars.CalendarRangeError` when it reaches the end of what calendars answer for.
    """
    portal = _Portal(book, Random(seed))  # noqa: S311 - a simulation, no secret
    calendar = book.calendar_of()
    today = _date(calendar, start)
    for day in range(today - BACKLOG_DAYS, today + 1):
        _tell_backlog(portal, calendar, day, start)
    for day in count(today):
        begins = max(start, calendar.instant(day, 0))
        ends = calendar.instant(day + 1, 0)
        for opened, workflow in _openings(portal.rng, calendar, day):
            if opened >= begins:
                _tell(portal, work(book, portal.rng, workflow, opened))
        _beat(portal, begins, ends)
        yield from portal.before(ends)


def _date(calendar: Calendar, at: int) -> int:
    """The ordinal of the local date."""
    local = (instants.EPOCH + timedelta(microseconds=at)).astimezone(calendar.zone)
    return local.date().toordinal()


def _openings(rng: Random, calendar: Calendar, day: int) -> list[tuple[int, str]]:
    """When new work begins on a date, and of which workflow; results are promised in open hours alone."""
    open_day = bool(calendar.windows_of(day))
    share = BY_WEEKDAY[(day + 6) % 7] * (1.0 if open_day else 0.4)
    found = []
    for workflow, volume in VOLUME.items():
        for _ in range(round(volume * share * rng.uniform(0.9, 1.1))):
            hour = rng.choices(range(24), BY_HOUR)[0]
            at = calendar.instant(day, hour * HOUR + int(rng.random() * HOUR) // 1000 * 1000)
            if workflow != "result" or calendar.is_open(at):
                found.append((at, workflow))
    return sorted(found)


def _tell_backlog(portal: _Portal, calendar: Calendar, day: int, start: int) -> None:
    """Work that was begun before `start`, is unsettled then, and had nobody called before."""
    for opened, workflow in _openings(portal.rng, calendar, day):
        given = work(portal.book, portal.rng, workflow, opened)
        if opened < start and given.called >= start:
            _tell(portal, given, unsettled_at=start)


def _tell(portal: _Portal, given: Work, unsettled_at: int = 0) -> None:
    """Put a story on the heap; none that is over at `unsettled_at`."""
    steps = story(given, portal.rng)
    if steps[-1].at < unsettled_at:
        return
    portal.numbers[given.workflow] += 1
    item = f"{PREFIX[given.workflow]}-{portal.numbers[given.workflow]}"
    for index, step in enumerate(steps, 1):
        event = _event(given.workflow, item, index, step)
        portal.push(step.at, given.workflow, event)
        if portal.rng.random() < TWICE:
            portal.push(step.at + portal.rng.randint(1, 20) * MINUTE, given.workflow, event)
        if portal.rng.random() < MALFORMED:
            portal.push(step.at, given.workflow, _malformed(portal.rng, event))


def _event(workflow: str, item: str, index: int, step: Step) -> dict[str, Any]:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{item}-{index}",
        "source": SOURCE,
        "type": f"portal.{workflow}.{step.verb}",
        "subject": item,
        "time": instants.text(step.at),
    }
    return {**event, "data": step.data} if step.data else event


def _malformed(rng: Random, event: dict[str, Any]) -> dict[str, Any]:
    """The same, as a careless sender would write it: a local time, a type that nobody knows, or no item."""
    spoiled = {**event, "id": f"{event['id']}-malformed"}
    drawn = rng.randrange(3)
    if drawn == 0:
        return {**spoiled, "time": str(event["time"]).rstrip("Z")}
    if drawn == 1:
        return {**spoiled, "type": f"{event['type']}_again"}
    return {name: value for name, value in spoiled.items() if name != "subject"}


def _beat(portal: _Portal, begins: int, ends: int) -> None:
    """A heartbeat of each feed on every full hour."""
    for at in range(-(-begins // HOUR) * HOUR, ends, HOUR):
        for workflow in WORKFLOWS:
            beat = {
                "specversion": "1.0",
                "id": f"heartbeat-{workflow}-{instants.compact(at)}",
                "source": SOURCE,
                "type": HEARTBEAT,
                "subject": workflow,
                "time": instants.text(at),
            }
            portal.push(at, workflow, beat)
