"""What came to the broker when the gate was shut, or stood there unread, and what may follow from that."""

from __future__ import annotations

import pytest

from schemas import alerts
from tests.chaos.made import START, UNTIL
from tests.chaos.plan import micros
from tests.chaos.replay import Arrival, play
from tests.chaos.test_explain import DESK, as_folded, came, explained, window


def test_a_stage_that_an_event_armed_anew_is_held_back_if_the_event_came_in_the_window() -> None:
    """It calls for somebody else, and so does the next, in a step of its own: who came in between is not called."""
    events = [
        came("message.sent", 0, {"department": "c"}),
        came("message.assigned", 25, {"owner": "owner-1"}, 0.76),
        came("message.assigned", 28, {"owner": "owner-2"}),
    ]
    limit = START + micros(25.3)
    held = as_folded(events, Arrival(events[1].event, limit), Arrival(events[2].event, events[1].time - 1))
    anew = [alert for alert in held.alerts if ":due-soon:" in alert.id and alert.type == alerts.FIRED]
    assert [(alert.data.recipients, alert.id.rpartition(":")[2]) for alert in anew] == [
        (["owner-2"], "20261110T090025Z")
    ]
    assert explained(events, [window(25.3, 30)], held)
    assert not explained(events, [window(25.8, 30)], held), "when it came the gate was open"
    held.alerts.remove(anew[0])
    assert not explained(events, [window(25.3, 30)], held), "the second is not called"


def test_two_events_of_one_step_that_came_when_the_gate_was_shut() -> None:
    """The clock of the first department never judges it, and of the second's stages the last one fires for two."""
    events = [
        came("message.sent", 0, {"department": "a", "owner": "o"}),
        came("message.assigned", 10, {"department": "b"}),
        came("message.replied", 100, {}),
    ]
    opened = Arrival(events[0].event, events[0].time - 1, now=START + micros(23))
    moved = Arrival(events[1].event, events[1].time - 1, joins=True)
    held = play([opened, moved, Arrival(events[2].event, events[2].time - 1)], UNTIL)
    fired = [alert.data.notify for alert in held.alerts if alert.type == alerts.FIRED]
    assert fired[0] == ["owner", "on_call"]
    assert explained(events, [window(-5, 24)], held)
    assert not explained(events, [window(-5, 20)], held), "the gate opened before what is imminent came"


@pytest.mark.parametrize("ends", ["message.replied", "message.awaiting_patient"])
def test_what_stood_unread_at_the_broker_keeps_the_gate_shut(ends: str) -> None:
    """A later event of another topic may be read before it, but no stage may fire over it (R11, R6)."""
    events = [
        came("message.sent", 0, {"department": "b"}),
        came(ends, 20, {}),
        came("command.acknowledged", 45, DESK),
        came("message.sent", 70, {}),
        came("message.replied", 120, {}),
    ][: 3 if ends == "message.replied" else None]
    rest = [Arrival(each.event, each.time - 1) for each in events[3:]]
    last, commanded = events[1].event, Arrival(events[2].event, events[2].time - 1)
    leaking = play([Arrival(events[0].event, START - 1), commanded, Arrival(last, commanded.limit + 2), *rest], UNTIL)
    assert leaking.said().keys() - as_folded(events).said().keys(), "stages that came after it"
    assert not explained(events, [window(18, 60)], leaking)
    before = START + micros(18)
    shut = play(
        [Arrival(events[0].event, START - 1), commanded._replace(limit=before), Arrival(last, before), *rest], UNTIL
    )
    assert explained(events, [window(18, 60)], shut)
