"""Runs that nobody ran: what a worker would have left of random scripts, for the tests of the checks."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import groupby

from schemas import alerts, instants
from schemas.alerts import Alert
from tests.chaos import checks
from tests.chaos.findings import Item
from tests.chaos.found import Found, Said
from tests.chaos.judging import deal, item_in, judge
from tests.chaos.load import Sent
from tests.chaos.plan import SECOND, Planned, micros, script
from tests.chaos.replay import Arrival, Caught, Played, in_order, play
from tests.chaos.windows import Window

START = instants.parse("2026-11-10T09:00:00Z")
UNTIL = START + micros(200)
STOP = Window(UNTIL, UNTIL)
SHUT = Window(START + micros(20), START + micros(40))
LONG_SHUT = Window(START + micros(20), START + micros(95))
QUIET = START + micros(60)
"""From here on no window, if it is `SHUT`."""
NOTHING = Found({}, set(), {}, [], [])


def planned(count: int = 150) -> list[Planned]:
    """The events of so many items."""
    rnd = random.Random(11)
    scripts = [script(rnd, n, START + micros(rnd.uniform(0, 60))) for n in range(count)]
    return sorted((event for each in scripts for event in each if event.at < UNTIL), key=lambda e: e.at)


def sent(count: int = 150) -> list[Sent]:
    """The same, as they were sent."""
    return [Sent(event, False, event.at / SECOND + 0.01, 0) for event in planned(count)]


def items_of(log: list[Sent]) -> list[Item]:
    """The items of what was sent."""
    dealt = deal(log, NOTHING)
    return [item_in(portion, key, dealt.latest) for portion in dealt.portions for key in portion.sent]


def in_time(item: Item) -> Played:
    """As of a worker of which nothing was asked."""
    return play(in_order(item.events), UNTIL)


def held(item: Item) -> Played:
    """As of a worker whose gate was shut: what came in the window was folded before anything in it was looked at."""
    inside = [SHUT.start <= came.time <= SHUT.end for came in item.events]
    limits = [SHUT.start if shut else came.time - 1 for came, shut in zip(item.events, inside, strict=True)]
    return play([Arrival(came.event, limit) for came, limit in zip(item.events, limits, strict=True)], UNTIL)


def caught_up(item: Item) -> Played:
    """As of a worker whose gate was shut for more than a minute (R11)."""
    before, inside, after = (
        [came for came in item.events if (came.time > LONG_SHUT.start) + (came.time > LONG_SHUT.end) == part]
        for part in range(3)
    )
    played = play(in_order(before))
    for _, step in groupby(inside, key=lambda came: came.event.type.startswith("portal.command")):
        played.advance(LONG_SHUT.start)
        played.fold([came.event for came in step])
    played.advance(LONG_SHUT.start)
    coming = played.engine.next_moment()
    if coming is not None and coming < LONG_SHUT.end - micros(60):
        played.catch_up(Caught(coming, LONG_SHUT.end))
    for came in after:
        played.advance(came.time - 1)
        played.fold([came.event])
    played.advance(UNTIL)
    return played


def said(alert: Alert, at: float = 0.0) -> Said:
    """An alert as it stands in the topic."""
    return Said(alerts.encode(alert), 0, at)


def found(log: list[Sent], worker: Callable[[Item], Played] = in_time, shut: Window = SHUT) -> Found:
    """What a worker would have left; what it did not say in time (`LONG_SHUT`) it said when the gate opened."""
    there = Found({}, set(), {}, [], [])
    for item in items_of(log):
        played = worker(item)
        for alert in played.alerts:
            at = instants.parse(alert.time)
            late = shut is LONG_SHUT and shut.start < at <= shut.end
            there.said[alert.id] = [said(alert, (shut.end if late else at) / SECOND + 0.1)]
        there.open.update(key.decode() for key in played.engine.open)
        played.move(item.latest)
        value = played.engine.items.get(item.key.encode())
        if value is not None:
            there.items[item.key] = value
    return there


def wrong(log: list[Sent], there: Found, windows: list[Window]) -> set[str]:
    """The kinds of what is found."""
    findings = judge(log, there, windows, STOP).findings + checks.no_orphans(there)
    return {each.what for each in findings}


def fired(there: Found, start: int, end: int) -> list[Alert]:
    """What fired from `start` to `end`."""
    first = (each[0].alert for each in there.said.values())
    return [a for a in first if a.type == alerts.FIRED and start <= instants.parse(a.time) <= end]
