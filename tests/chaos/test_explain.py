"""What a shut gate may have brought about is explained word for word, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from schemas import alerts, instants
from schemas.events import Event, from_json
from tests.chaos import gates
from tests.chaos.explain import TooManyWays, explain
from tests.chaos.judging import judge
from tests.chaos.made import LONG_SHUT, SHUT, START, STOP, UNTIL, caught_up, found, sent, wrong
from tests.chaos.plan import encode, micros
from tests.chaos.positions import Positions
from tests.chaos.replay import Arrival, Came, Caught, Played, play
from tests.chaos.windows import Window

URGENT = {"department": "a", "priority": "urgent"}
DESK = {"workflow": "message", "by": "desk"}


def came(verb: str, seconds: float, data: dict[str, str], travel: float = 0.01) -> Came:
    """An event of the item `1`, so long after the start, and how long it took to the broker."""
    at = START + micros(seconds)
    event = from_json(encode(f"1-{verb}-{seconds}", "1", verb, at, data))
    assert isinstance(event, Event)
    return Came(event, at + micros(travel))


def window(start: float, end: float) -> Window:
    return Window(START + micros(start), START + micros(end))


def explained(events: list[Came], windows: Iterable[Window], played: Played) -> bool:
    """Whether what was said follows, with what is kept."""
    key = f"{events[0].event.workflow}:1"
    times = {alert.id: instants.parse(alert.time) for alert in played.alerts}
    positions, kept = Positions(played.said(), times), played.kept(key, events[-1].time)
    way = explain(events, list(windows), STOP, positions, lambda p: p.kept(key, events[-1].time) == kept)
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
    whole, unasked = held.alerts, as_folded([events[0], *events[2:]]).alerts
    held_back = next(alert for alert in unasked if alert.id not in held.said() and alert.data.stage == "due-soon")
    held.alerts = [*whole, held_back]
    assert not explained(events, [window(17, 26)], held), "it is false: the acknowledge holds it back"
    for alert in whole:
        held.alerts = [each for each in whole if each is not alert]
        assert not explained(events, [window(17, 26)], held), f"{alert.id} is lost, acknowledged or not"


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


def test_a_stage_of_an_event_that_came_in_the_window_is_held_back_with_it() -> None:
    """The second attempt completes the stage before the window, but came in it: the third is folded in first."""
    looks = [
        came("result.looked_up", 10.8, {}),
        came("result.looked_up", 17, {}, 0.76),
        came("result.looked_up", 21, {}),
    ]
    events = [came("result.promised", 0, {"department": "b"}), *looks, came("result.released", 60, {})]
    held = as_folded(events, Arrival(looks[2].event, looks[1].time - 1))
    assert held.said() != as_folded(events).said()
    assert explained(events, [window(17.3, 24)], held)
    assert not explained(events, [window(17.8, 24)], held), "when it came the gate was open"


def test_a_stage_of_before_the_window_is_lost_though_an_event_that_came_before_it_was_held_back() -> None:
    """What the item had to say without the event was looked at: the gate was open."""
    events = [
        came("message.sent", 0, {"department": "b"}),
        came("message.assigned", 14.8, {"owner": "owner-1"}, 0.76),
        came("message.replied", 19, {}),
    ]
    held = as_folded(events, Arrival(events[2].event, events[1].time - 1))
    assert "due-soon" in {alert.data.stage for alert in as_folded(events).alerts}
    assert not held.alerts
    assert not explained(events, [window(15.3, 24)], held)
    assert explained(events, [window(14.9, 24)], held)


def test_events_of_one_fetch_may_be_one_step_if_the_first_came_in_the_window() -> None:
    """It calls for somebody else, and the second pauses: of one step, nobody else is called."""
    events = [
        came("appointment.requested", 0, {"department": "c", "priority": "urgent"}),
        came("appointment.assigned", 19.6, {"owner": "owner-2"}, 0.74),
        came("appointment.offered", 25, {}),
    ]
    limit = events[1].time - 1
    held = as_folded(events, Arrival(events[1].event, limit), Arrival(events[2].event, limit, joins=True))
    lost = as_folded(events).said().keys() - held.said().keys()
    assert any(":imminent:" in each for each in lost)
    assert explained(events, [window(19.9, 28)], held)
    assert not explained(events, [window(20.4, 28)], held), "when the first came the gate was open"
    del held.alerts[-1]
    assert not explained(events, [window(19.9, 28)], held), "what it said before is resolved at the pause"


def absent(until: float) -> list[Came]:
    """What happens to an item while the broker is away, and comes when it is back at `until`."""
    told = [("message.assigned", 14, {"department": "b"}), ("command.acknowledged", 21, DESK),
            ("message.awaiting_patient", 25, {}), ("message.sent", 29, {}), ("message.replied", 44, {}),
            ("message.sent", 47, {"department": "c"})]  # fmt: skip
    return [
        came("message.sent", 8, {"department": "a"}),
        *(came(v, at, data, max(0.01, until - at)) for v, at, data in told),
    ]


def test_of_a_backlog_commands_may_be_read_before_what_came_before_them() -> None:
    """The acknowledge is answered by both clocks of department `a`, though `first-look` has none for `b`."""

    def commands_first(events: list[Came]) -> Played:
        first, command, rest = events[0], events[2], [events[1], *events[3:]]
        shut = START + micros(12.5)
        step = [Arrival(each.event, shut, joins=each is not rest[0]) for each in rest]
        return play([Arrival(first.event, first.time - 1), Arrival(command.event, shut), *step], UNTIL)

    events = absent(0)
    held = commands_first(events)
    notices = [alert for alert in held.alerts if alert.data.stage == "acknowledged"]
    assert [notice.data.clock for notice in notices] == ["reply", "first-look"]
    assert explained(events, [window(12, 59)], held)
    assert not explained(events, [window(12, 13)], held), "the gate was open when they came"
    late = absent(50)
    assert explained(late, [window(12, 59)], commands_first(late)), "before there are too many ways"
    held.alerts[held.alerts.index(notices[1])] = replace(notices[1], data=replace(notices[1].data, department="c"))
    assert not explained(events, [window(12, 59)], held), "it was never of that department then"


def test_what_was_held_back_for_a_minute_or_less_is_not_caught_up() -> None:
    """Of stages that came one after the other each is said; more than a minute late, the last in the name of all."""
    events = [came("message.sent", 10, {"department": "a"}), came("message.replied", 130, {})]
    arrivals = [Arrival(each.event, each.time - 1) for each in events[:1]]

    def caught_up(as_of: float) -> Played:
        """From the first stage on."""
        played = play(arrivals, None, [Caught(START + micros(31), START + micros(as_of))])
        played.advance(events[1].time - 1)
        played.fold([events[1].event])
        return played

    assert explained(events, [window(25, 93)], caught_up(91.5))
    assert not explained(events, [window(25, 93)], caught_up(90)), "it was held back for 59 s"
    assert not explained(events, [window(32, 93)], caught_up(91.5)), "the gate was open when the first stage came"
    late = caught_up(91.5)
    late.alerts = [replace(a, data=replace(a.data, catch_up=None)) if a.data.catch_up else a for a in late.alerts]
    assert not explained(events, [window(25, 93)], late), "it does not say that it was held back"


def test_two_gates_after_one_another_are_caught_up_with_twice() -> None:
    """The first held back what was due soon at 21 s, the second what a champion is told at 90 s; no event comes."""
    events = [came("message.sent", 0, {"department": "a"})]
    twice = [Caught(START + micros(at), START + micros(as_of)) for at, as_of in ((21, 83), (90, 152))]
    held = play([Arrival(events[0].event, START - 1)], UNTIL, twice)
    fired = [alert for alert in held.alerts if alert.type == alerts.FIRED]
    assert [bool(alert.data.catch_up) for alert in fired] == [True] * 3
    assert explained(events, [window(15, 84), window(86, 155)], held)
    assert not explained(events, [window(15, 84)], held), "the second was open"
    held.alerts.remove(fired[-1])
    assert not explained(events, [window(15, 84), window(86, 155)], held), "it is lost"


def test_an_event_that_came_late_out_of_a_fault_may_overtake_a_stage_of_just_after_it() -> None:
    """It calls for somebody else, and is read before a look at the due: that alone fires, in the name of both."""

    def script(travel: float) -> list[Came]:
        opened = {"department": "b", "anchor": "2026-11-10T09:00:34.557Z"}  # due 12 s before that
        moved = came("questionnaire.moved", 16.7, {"department": "a"}, travel)
        return [came("questionnaire.submitted", 0, opened), moved, came("questionnaire.reviewed", 36.2, {})]

    def overtaken(events: list[Came]) -> Played:
        return as_folded(events, Arrival(events[1].event, START + micros(22.4), now=START + micros(22.6)))

    fault, events = window(14.8, 22.14), script(5.93)
    held = overtaken(events)
    lost = as_folded(events).said().keys() - held.said().keys()
    assert any(":due-soon:" in each for each in lost)
    assert explained(events, [fault], held)
    assert not explained(script(0.01), [fault], overtaken(script(0.01))), "the gate was open, and it had come"
    assert not explained(script(4.2), [fault], overtaken(script(4.2))), "it came, and was read, well before the due"
    missed = next(a for a in held.alerts if a.data.stage == "missed")
    assert missed.data.notify == ["owner", "on_call"]
    held.alerts[held.alerts.index(missed)] = replace(missed, data=replace(missed.data, notify=["on_call"]))
    assert not explained(events, [fault], held), "it does not speak for what was due soon"
    held.alerts = [alert for alert in held.alerts if alert.data.stage != "missed"]
    assert not explained(events, [fault], held), "it is lost"


@pytest.mark.parametrize(("opens", "is_shut"), [(13.3, False), (13.62, True), (16, True)])
def test_a_gate_is_not_proved_open_where_an_event_may_have_overtaken_a_stage(opens: float, *, is_shut: bool) -> None:
    """Of what others had to say meanwhile, all comes when the gate opens; the last of it is in time."""
    shut, every = 11.97, 0.02
    stages = [n * every for n in range(1000)]
    prompt = [at for at in stages if not shut < at <= opens or opens - at <= gates.PROMPT]
    windows = gates.narrowed([window(5, 20)], [START + micros(at) for at in prompt])
    assert len(windows) == is_shut
    assert all(window(shut - 0.25, 0).start <= w.start and w.end <= window(0, opens + 0.25).end for w in windows)
    events = [came("message.sent", 0, URGENT), came("message.replied", 13.6, {})]
    held = as_folded(events, Arrival(events[1].event, START + micros(shut)))
    assert as_folded(events).said().keys() - held.said().keys(), "what is missed at 12 s"
    assert explained(events, windows, held) == is_shut
    held.alerts = [alert for alert in held.alerts if alert.data.stage != "imminent"]
    assert not explained(events, windows, held), "it was to be said before the gate shut"
