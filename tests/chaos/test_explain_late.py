"""What a worker that stood still, or events that came late, may have brought about is explained."""

from __future__ import annotations

from msgspec.structs import replace

from schemas import instants
from tests.chaos.made import START, UNTIL
from tests.chaos.plan import micros
from tests.chaos.replay import Arrival, Caught, play
from tests.chaos.test_explain import DESK, came, explained, window


def test_what_is_caught_up_with_is_decided_as_of_what_is_known_however_long_ago_that_was() -> None:
    """The worker stood still with what it had fetched: it looks at 95 s, and knows its inputs up to 50 s."""
    events = [came("message.sent", 10, {"department": "a"}), came("message.replied", 130, {})]
    played = play(
        [Arrival(events[0].event, events[0].time - 1)], None, [Caught(START + micros(31), START + micros(50))]
    )
    said_at = {alert.id: instants.text(START + micros(95)) for alert in played.alerts if alert.data.catch_up}
    assert said_at
    played.alerts = [replace(alert, time=said_at.get(alert.id, alert.time)) for alert in played.alerts]
    played.advance(events[1].time - 1)
    played.fold([events[1].event])
    assert explained(events, [window(25, 97)], played)
    assert not explained(events, [window(32, 97)], played), "the gate was open when the first stage came"


def test_an_event_may_find_its_item_held_back_for_a_minute_by_what_others_moved() -> None:
    """It keeps the moment that it had, and is caught up with; no stage of its own comes between 91 and 97 s."""
    events = [came("message.sent", 10, {"department": "a"}), came("command.acknowledged", 33, DESK)]
    shut, now = START + micros(25), START + micros(95.5)
    played = play([Arrival(events[0].event, events[0].time - 1), Arrival(events[1].event, shut, now=now)])
    coming = played.engine.next_moment()
    assert coming == START + micros(31)
    played.catch_up(Caught(coming, START + micros(96)))
    played.advance(UNTIL)
    assert any(alert.data.catch_up for alert in played.alerts)
    assert explained(events, [window(24, 97)], played)
    assert not explained(events, [window(24, 80)], played), "the gate was open again before the minute was over"


def test_of_two_events_that_came_late_one_may_have_come_between_the_other_and_the_next_stage() -> None:
    """The acknowledge came after what was due soon had been said, the assignment, of before that, just after it."""
    events = [
        came("message.sent", 10, {"department": "b"}, 11),
        came("command.acknowledged", 19.1, DESK, 13),
        came("message.assigned", 22.8, {"owner": "owner-0"}, 12.5),
    ]
    limits = [events[0].time - 1, START + micros(27.1), START + micros(32.45)]
    played = play([Arrival(each.event, limit) for each, limit in zip(events, limits, strict=True)], UNTIL)
    assert [alert.data.stage for alert in played.alerts][:5] == [
        "due-soon", "acknowledged", "due-soon", "due-soon", "imminent",
    ]  # fmt: skip
    assert explained(events, [], played)
    in_time = [each._replace(came=each.time + micros(0.01)) for each in events]
    assert not explained(in_time, [], played), "they came in time: it is a false page"
