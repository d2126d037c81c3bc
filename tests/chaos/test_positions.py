"""A way that is tried step by step comes to what an engine comes to that plays it from the start."""

from __future__ import annotations

import random

import pytest

from tests.chaos.findings import Item
from tests.chaos.made import START, UNTIL, items_of, sent
from tests.chaos.plan import SECOND, micros
from tests.chaos.positions import Position, Positions
from tests.chaos.replay import Arrival, Caught, Played, decreed, essence, play

AGAIN = decreed(START + micros(47), START + micros(48))


def ways(count: int) -> list[list[Arrival]]:
    """Random ways in which the events of items may have come: held up, joined, moved, and a policy among them."""
    rnd = random.Random(3)
    made = []
    for item in items_of(sent(count)):
        way: list[Arrival] = []
        for came in sorted([*item.events, AGAIN], key=lambda came: came.time):
            late = rnd.choice([0, 0, micros(rnd.uniform(0, 9))])
            policy = came is AGAIN or not way or way[-1].event is AGAIN.event
            joins = not policy and rnd.random() < 0.3
            now = 0 if joins or rnd.random() < 0.7 else came.time + micros(rnd.uniform(0, 5))
            way.append(Arrival(came.event, came.time - 1 - late, joins, now))
        made.append(way)
    return made


def walked(positions: Positions, way: list[Arrival], until: int) -> Position:
    """As `play`, by positions."""
    at = before = positions.start
    step: list[Arrival] = []
    for arrival in way:
        if arrival.joins:
            step.append(arrival)
        else:
            before, step = positions.advance(at, arrival.limit), [arrival]
            before = positions.move(before, arrival.now) if arrival.now else before
        at = positions.fold(before, [each.event for each in step])
    return positions.advance(at, until)


def shelves(played: Played) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """What an engine keeps of its item, and what stands open."""
    return {k: v for k, v in played.engine.items.items() if k != b"@"}, dict(played.engine.open.items())


def test_step_by_step_or_at_once() -> None:
    for way in ways(60):
        played = play(way, UNTIL)
        positions = Positions(played.said())
        at = walked(positions, way, UNTIL)
        assert positions.says_all(at)
        snapshot = at.snapshot
        assert (dict(snapshot.items), dict(snapshot.open)) == shelves(played)
        assert (snapshot.latest, snapshot.now) == (played.engine.latest, played.engine.now)
        assert walked(positions, way, UNTIL) is at, "and equal ones are the same"


def test_what_should_not_have_been_said_leads_nowhere() -> None:
    way = next(each for each in ways(60) if len(play(each, UNTIL).alerts) > 3)
    played = play(way, UNTIL)
    first = played.alerts[0]
    for said in (
        {alert.id: essence(alert) for alert in played.alerts[1:]},
        {**played.said(), first.id: essence(first).replace("pool", "loop")},
    ):
        assert not walked(Positions(said), way, UNTIL).right


def item_with_moments() -> Item:
    """An item that is left alone while four of its moments come."""
    for item in items_of(sent()):
        positions = Positions({})
        at = positions.fold(positions.start, [item.events[0].event])
        if len(item.events) == 1 and len(positions.moments(at, 0, UNTIL)) > 3:
            return item
    pytest.fail("there is none")


def test_moments_come_in_order_and_only_in_their_span() -> None:
    item = item_with_moments()
    positions = Positions({})
    at = positions.fold(positions.start, [item.events[0].event])
    moments = positions.moments(at, 0, UNTIL)
    assert moments == sorted(moments, reverse=True)
    assert positions.moments(at, moments[-1] + 1, moments[0] - 1) == moments[1:-1]


def test_what_is_caught_up_with_is_decided_as_of_then() -> None:
    event = item_with_moments().events[0].event
    positions = Positions({})
    at = positions.fold(positions.start, [event])
    *_, second, first = positions.moments(at, 0, UNTIL)
    caught = Caught(first, second)
    played = play([Arrival(event, 0)], second, [caught])
    assert len(play([Arrival(event, 0)], second).alerts) > len(played.alerts) > 0
    assert all(alert.data.catch_up for alert in played.alerts if alert.data.stage_at)
    positions = Positions(played.said())
    at = positions.catch_up(positions.fold(positions.start, [event]), caught)
    assert positions.says_all(at)
    assert at.snapshot.now == second
    assert second - first < 60 * SECOND, "how long is too long is not the engine's to say"
