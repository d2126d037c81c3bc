"""After a crash between saying and remembering: R12. What is open and unknown to an item counts as fired.

The order is: open alert, alert, state. So the open alerts may be ahead of the items, and never behind them; a crash is
played by taking the open alerts of a later moment and the items of an earlier one.
"""

from __future__ import annotations

import pytest

from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf, Shelf
from streams.core.voice import Speaker
from tests.contract.build import ITEM, at, book, clock, engine, event, lines, step
from tests.contract.build import running as running_cycles

LADDER = (
    "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}, {name: late, after: 1 hour}"
)
FOUR = f"[{clock('{within: 4 hours}', LADDER)}]"


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def copied(shelf: Shelf) -> DictShelf:
    copy = DictShelf()
    for key, value in list(shelf.items()):
        copy.put(key, value)
    return copy


def crashed(judge: Book, before: list[bytes], until: str, then: str, *after: bytes) -> tuple[Engine, list[str]]:
    """An engine that said what came after `until` and lost its memory of it; what it says again on its return."""
    lost = engine(judge)
    step(lost, *before)
    lost.advance(at(on(until)))
    items = copied(lost.items)
    if after:
        step(lost, *after)
    lost.advance(at(on(then)))
    back = Engine(judge, Speaker("/t", 0), items, copied(lost.open))
    return back, lines(back.rebuild().alerts)


OPENED = [event("e1", "message.sent", on("08:00"))]


@pytest.mark.parametrize(
    ("then", "again", "after"),
    [
        pytest.param("10:30", ["11-10T10:00 soon"], ["11-10T12:00 missed", "11-10T13:00 late"], id="R12-one"),
        pytest.param("12:30", ["11-10T10:00 soon", "11-10T12:00 missed"], ["11-10T13:00 late"], id="R12-two"),
        pytest.param("09:30", [], ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T13:00 late"], id="R12-none"),
    ],
)
def test_what_was_said_is_sent_again_under_its_id_and_not_said_anew(
    then: str, again: list[str], after: list[str]
) -> None:
    back, said = crashed(book(FOUR), OPENED, "09:00", then)
    assert said == again
    assert lines(back.advance(at(on("20:00"))).alerts) == after


def test_what_fired_in_the_name_of_others_speaks_for_them_r12() -> None:
    """R12, R5: at 12:30 only `missed` fired, for `soon` too; after the crash `soon` does not fire on its own."""
    moved = "{when: {priority: urgent}, within: 4 hours}, {within: 9 days}"
    urgent = event("e2", "message.assigned", on("12:30"), priority="urgent")
    judge = book(f"[{clock(moved, LADDER)}]")
    lost = engine(judge)
    step(lost, *OPENED)
    step(lost, urgent)
    items = copied(lost.items)
    assert lines(lost.advance(at(on("12:30"))).alerts) == ["11-10T12:30 missed"]
    back = Engine(judge, Speaker("/t", 0), items, copied(lost.open))
    assert lines(back.rebuild().alerts) == ["11-10T12:30 missed"]
    assert lines(back.advance(at(on("20:00"))).alerts) == ["11-10T13:00 late"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, [], id="R12-R6c-the-same-recipients"),
        pytest.param({"pool": "night"}, ["11-10T12:40 missed:resolved moved", "11-10T12:40 missed:20261110T124000Z"],
                     id="R12-R6c-other-recipients"),
    ],
)  # fmt: skip
def test_what_is_read_back_knows_in_whose_name_it_fired(fields: dict[str, str], expected: list[str]) -> None:
    """R12, R6 (c): `missed` fired for the pool's stage too, so it is that stage's recipients that must have changed."""
    judge = book(f"[{clock('{when: {priority: urgent}, within: 4 hours}, {within: 9 days}', LADDER)}]")
    lost = engine(judge)
    step(lost, *OPENED)
    step(lost, event("e2", "message.assigned", on("12:30"), priority="urgent"))
    items = copied(lost.items)
    (alert,) = lost.advance(at(on("12:30"))).alerts
    assert alert.data.recipients == ["desk", "first"]
    back = Engine(judge, Speaker("/t", 0), items, copied(lost.open))
    back.rebuild()
    found = step(back, event("e3", "message.assigned", on("12:40"), **fields)).alerts
    assert lines([*found, *back.advance(at(on("12:50"))).alerts]) == expected


def test_an_end_resolves_what_only_the_open_alerts_knew_r12() -> None:
    back, _ = crashed(book(FOUR), OPENED, "09:00", "12:30")
    found = step(back, event("e2", "message.replied", on("12:45"))).alerts
    assert lines(found) == ["11-10T12:45 soon:resolved missed", "11-10T12:45 missed:resolved missed"]
    assert dict(back.open.items()) == {}


def test_an_arming_is_read_back_from_the_id_r12() -> None:
    """R12, R6: after the crash an armed stage that fired is not said again, and a later arming comes after it."""
    night = event("e2", "message.assigned", on("10:30"), pool="night")
    judge = book(FOUR)
    lost = engine(judge)
    step(lost, *OPENED)
    lost.advance(at(on("10:00")))
    step(lost, night)
    items = copied(lost.items)
    assert lines(lost.advance(at(on("10:30"))).alerts) == ["11-10T10:30 soon:20261110T103000Z"]
    back = Engine(judge, Speaker("/t", 0), items, copied(lost.open))
    assert lines(back.rebuild().alerts) == ["11-10T10:30 soon:20261110T103000Z"]
    again = step(back, event("e3", "message.assigned", on("10:30"), pool="dawn")).alerts
    again += back.advance(at(on("11:00"))).alerts
    assert lines(again) == [
        "11-10T10:30 soon:20261110T103000Z:resolved moved",
        "11-10T10:30 soon:20261110T103000.000001Z",
    ]


def test_attempts_are_read_back_r12() -> None:
    judge = book(f"[{clock('{within: 90 hours}', more=', attempts: {count: 2, within: 1 hours}', workflow='result')}]")
    log = [event("e1", "result.promised", on("08:00"))]
    log += [event(f"a{n}", "result.looked_up", on(f"09:{n}0")) for n in range(2)]
    lost = engine(judge)
    step(lost, *log)
    items = copied(lost.items)
    assert lines(lost.advance(at(on("09:10"))).alerts) == ["11-10T09:10 attempts"]
    back = Engine(judge, Speaker("/t", 0), items, copied(lost.open))
    assert lines(back.rebuild().alerts) == ["11-10T09:10 attempts"]
    assert back.advance(at(on("20:00"))).alerts == []


def test_a_resolution_that_was_not_finished_is_said_again_r12() -> None:
    """R12: a resolution is sent before the tombstone, so a crash between them leaves it open, and it ends once more."""
    judge = book(FOUR)
    running = engine(judge)
    step(running, *OPENED)
    running.advance(at(on("10:00")))
    items, still_open = copied(running.items), copied(running.open)
    reply = event("e2", "message.replied", on("11:00"))
    first = step(running, reply).alerts
    back = Engine(judge, Speaker("/t", 0), items, still_open)
    assert back.rebuild().alerts == []
    assert step(back, reply).alerts == first


def test_nothing_is_said_again_when_all_is_remembered_r12() -> None:
    running = engine(book(FOUR))
    step(running, *OPENED)
    running.advance(at(on("12:30")))
    back = Engine(book(FOUR), Speaker("/t", 0), copied(running.items), copied(running.open))
    assert back.rebuild().alerts == []
    assert (back.latest, back.now) == (running.latest, running.now)
    assert [(workflow, item) for workflow, item, _ in running_cycles(back)] == [("message", ITEM)]


def test_an_open_alert_of_an_item_that_is_gone_is_sent_again_and_ended_r12() -> None:
    """R12: no alert is lost: whoever reads `portal.alerts` has to learn of what stands open."""
    running = engine(book(FOUR))
    step(running, *OPENED)
    running.advance(at(on("10:30")))
    back = Engine(book(FOUR), Speaker("/t", 0), DictShelf(), copied(running.open))
    said = lines(back.rebuild(stamp=at(on("10:40"))).alerts)
    assert said == ["11-10T10:00 soon", "11-10T10:40 soon:resolved moved"]
    assert list(back.open.items()) == []


def test_what_is_read_back_counts_as_alerted_r12() -> None:
    back, _ = crashed(book(FOUR), OPENED, "09:00", "10:30")
    assert [row.alerted for _, row in back.accounts.cohorts] == [1]
    assert sum(back.accounts.firing.counts.values()) == 1


NIGHT = event("e2", "message.assigned", on("12:30"), pool="night")
DESK = event("e3", "message.assigned", on("12:40"), pool="desk")
URGENT = event("e2", "message.assigned", on("10:30"), priority="urgent")
ROUTINE = event("e3", "message.assigned", on("10:40"), priority="routine")


def forgotten(judge: Book, until: str, lost: bytes) -> tuple[Engine, Engine]:
    """An engine that took an event in, and one that remembers nothing of it but what stands open since."""
    running = engine(judge)
    step(running, *OPENED)
    running.advance(at(on(until)))
    items = copied(running.items)
    step(running, lost)
    back = Engine(judge, Speaker("/t", 0), items, copied(running.open))
    assert back.rebuild().alerts == []
    return running, back


def test_a_resolution_that_was_finished_is_known_to_have_been_said_r12() -> None:
    """R12: its tombstone was the last that was written: it is not said again, and what is kept is what would be."""
    running, back = forgotten(book(FOUR), "12:30", NIGHT)
    assert step(back, NIGHT).alerts == []
    key = f"message:{ITEM}".encode()
    assert back.items.get(key) == running.items.get(key)
    assert lines(back.advance(at(on("12:30"))).alerts) == lines(running.advance(at(on("12:30"))).alerts) != []


@pytest.mark.parametrize(
    ("until", "lost", "undone", "expected"),
    [
        pytest.param("12:30", NIGHT, DESK, "11-10T12:40 soon:20261110T124000Z", id="R6c"),
        pytest.param("10:20", URGENT, ROUTINE, "11-10T10:40 soon:20261110T104000Z", id="R6b"),
    ],
)
def test_what_a_lost_step_resolved_does_not_count_as_firing_r12(
    until: str, lost: bytes, undone: bytes, expected: str
) -> None:
    """R12: the open alerts tell what fires. After the crash one step holds the event and what took it back."""
    rules = "{when: {priority: urgent}, within: 6 hours}, {within: 4 hours}"
    judge = book(f"[{clock(rules, LADDER)}]")
    _, back = forgotten(judge, until, lost)
    assert step(back, lost, undone).alerts == []
    assert expected in lines(back.advance(back.now).alerts)
