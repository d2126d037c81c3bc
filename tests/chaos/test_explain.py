"""What a shut gate may have brought about is explained word for word, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from schemas import alerts
from schemas.events import Event, from_json
from tests.chaos.explain import TooManyWays, Window, explain
from tests.chaos.judging import judge
from tests.chaos.made import LONG_SHUT, SHUT, START, STOP, UNTIL, caught_up, found, sent, wrong
from tests.chaos.plan import encode, micros
from tests.chaos.positions import Positions
from tests.chaos.replay import Arrival, Came, Played, play

URGENT = {"department": "a", "priority": "urgent"}
DESK = {"workflow": "message", "by": "desk"}


def came(verb: str, seconds: float, data: dict[str, str], travel: float = 0.01) -> Came:
    """An event of the item `m-1`, so long after the start, and how long it took to the broker."""
    at = START + micros(seconds)
    event = from_json(encode(f"m-1-{verb}-{seconds}", "m-1", verb, at, data))
    assert isinstance(event, Event)
    return Came(event, at + micros(travel))


def window(start: float, end: float) -> Window:
    return Window(START + micros(start), START + micros(end))


def explained(events: list[Came], windows: Iterable[Window], played: Played) -> bool:
    """Whether what was said follows, with what is kept."""
    positions, kept = Positions(played.said()), played.kept("message:m-1", events[-1].time)
    way = explain(events, list(windows), STOP, positions, lambda p: p.kept("message:m-1", events[-1].time) == kept)
    return way is not None


def as_folded(events: list[Came], *arrivals: Arrival) -> Played:
    """In order, each at its own time, but for these."""
    other = {arrival.event: arrival for arrival in arrivals}
    return play([other.get(e.event, Arrival(e.event, e.time - 1)) for e in events], UNTIL)


def test_a_gate_that_was_shut_for_more_than_a_minute() -> None:
    log = sent(400)
    whole = found(log, caught_up, LONG_SHUT)
    items = {said[0].alert.subject for said in whole.said.values() if said[0].alert.data.catch_up}
    assert len(items) > 3
    log = [each for each in log if each.event.key in items]
    there = found(log, caught_up, LONG_SHUT)
    judgement = judge(log, there, [LONG_SHUT], STOP, jobs=1)
    assert judgement.findings == []
    assert len(judgement.excused) > 10
    assert "lost" in wrong(log, there, [LONG_SHUT._replace(end=LONG_SHUT.start + micros(50))])
    late = (said[0].alert for said in there.said.values() if said[0].type == alerts.FIRED)
    del there.said[next(a.id for a in late if a.data.catch_up and len(a.data.notify or ()) > 1)]
    assert "lost" in wrong(log, there, [LONG_SHUT])


def test_an_event_that_came_when_the_gate_was_shut_already() -> None:
    """It opens a cycle, is folded in when others' events have moved now past two stages: the last alone fires."""
    events = [came("message.sent", 10, URGENT, travel=0.6), came("message.replied", 30, {})]
    held = as_folded(events, Arrival(events[0].event, events[0].time - 1, now=START + micros(17)))
    usual = as_folded(events)
    assert len(held.alerts) < len(usual.alerts)
    assert explained(events, [window(10.2, 18)], held)
    assert not explained(events, [window(10.7, 18)], held), "when it came the gate was open"


def test_a_stage_that_is_held_back_is_armed_anew_or_not_by_its_own_time() -> None:
    """What is due soon comes to lie ahead of now again, unless now has passed it when the event is folded in."""
    events = [
        came("message.sent", 0, URGENT),
        came("command.acknowledged", 13.6, DESK),
        came("message.assigned", 19.7, {"priority": "routine"}),
        came("message.replied", 33.65, {}),
    ]
    held = as_folded(events, Arrival(events[2].event, events[2].time - 1, now=START + micros(25)))
    assert held.said() != as_folded(events).said()
    assert explained(events, [window(17, 26)], held)
    assert not explained(events, [window(17, 20)], held), "the gate was open before the stage's time"


def test_a_search_that_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.explain.MAX_TRIES", 2)
    events = [came("message.sent", 21, URGENT), came("message.replied", 35, {})]
    with pytest.raises(TooManyWays):
        explained(events, [SHUT], as_folded(events, Arrival(events[1].event, SHUT.start)))


def test_what_is_said_must_follow_word_for_word() -> None:
    events = [came("message.sent", 21, URGENT), came("message.replied", 35, {})]
    held = as_folded(events, Arrival(events[1].event, START + micros(26)))
    assert explained(events, [SHUT], held)
    first = held.alerts[0]
    held.alerts[0] = replace(first, data=replace(first.data, recipients=["nobody"]))
    assert not explained(events, [SHUT], held)
    held.alerts[0] = replace(first, id=f"{first.id}:20261110T090101Z")
    assert not explained(events, [SHUT], held)
    del held.alerts[0]
    assert not explained(events, [SHUT], held)
