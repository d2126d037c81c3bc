"""`portalwatch why`: the answer, case by case."""

from __future__ import annotations

import json

import msgspec
import pytest

from schemas.events import Event, from_json
from schemas.policy_file import parse
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from streams.why.text import text
from tests.unit.why.case import ITEM, OPENED, POLICY, Case, Record, event, micros, sent, stage

SOON, DUE = "2026-11-11T15:15:00Z", "2026-11-11T17:30:00Z"
ACKNOWLEDGED = event("acknowledged", "2026-11-11T15:00:00Z", by="n-17")
FIRED = f"message:{ITEM}:reply:20261110T173000Z"


@pytest.mark.parametrize(
    ("events", "at", "said"),
    [
        pytest.param(
            [], "2026-11-11T17:31:00Z",
            "cardiology-oncall was told Wed 11 Nov 11:30 (missed), because the message of Tue 10 Nov 11:30 was not "
            "answered by Wed 11 Nov 11:30.",
            id="told",
        ),
        pytest.param(
            [], "2026-11-10T18:00:00Z",
            "Nobody has been told: the next stage, due-soon, comes Wed 11 Nov 09:15 and tells cardiology-nurses.",
            id="to-come",
        ),
        pytest.param(
            [ACKNOWLEDGED], "2026-11-11T16:00:00Z",
            "Nobody has been told: acknowledged by n-17 until Wed 11 Nov 11:00.",
            id="acknowledged",
        ),
        pytest.param(
            [ACKNOWLEDGED], "2026-11-11T15:05:00Z",
            "Nobody has been told: acknowledged by n-17 until Wed 11 Nov 11:00, so due-soon (Wed 11 Nov 09:15) waits.",
            id="acknowledged-before-its-time",
        ),
        pytest.param(
            [event("snoozed", "2026-11-11T15:00:00Z", by="n-17", until="2026-11-11T17:00:00Z")], "2026-11-11T16:00:00Z",
            "Nobody has been told: snoozed by n-17 until Wed 11 Nov 11:00.",
            id="snoozed",
        ),
        pytest.param(
            [event("awaiting_patient", "2026-11-10T18:00:00Z")], "2026-11-12T16:00:00Z",
            "Nobody has been told: it waits for the patient since Tue 10 Nov 12:00.",
            id="paused",
        ),
        pytest.param(
            [event("replied", "2026-11-10T18:00:00Z")], "2026-11-12T16:00:00Z",
            "Nobody was told: it was answered Tue 10 Nov 12:00, before anybody was to be (due-soon, Wed 11 Nov 09:15).",
            id="answered",
        ),
        pytest.param(
            [ACKNOWLEDGED, event("replied", "2026-11-11T16:00:00Z")], "2026-11-12T16:00:00Z",
            "Nobody was told: acknowledged by n-17 until Wed 11 Nov 11:00.",
            id="held-then-answered",
        ),
        pytest.param(
            [event("assigned", "2026-11-10T18:00:00Z", department="oncology")], "2026-11-12T16:00:00Z",
            "Nobody has been told: no rule of the policy matches it.",
            id="no-rule",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_answer(events: list[dict[str, object]], at: str, said: str) -> None:
    why = Case(sent(), *events).why(at)
    assert why.findings == []
    assert text(why).splitlines()[0] == why.answer == said


def test_a_stage_that_the_hours_move_says_where_it_was_asked_for() -> None:
    """A `missed` at a closing comes at the next opening (T7)."""
    policy = POLICY.replace("1 business day}", "9 business hours}")
    opened = event("sent", "2026-11-10T08:00:00-06:00", department="cardiology")
    why = Case(opened, policy=policy).why("2026-11-10T23:30:00Z")
    missed = stage(why, "missed")
    assert (missed.outcome, missed.at, missed.asked) == ("to_come", "2026-11-11T14:00:00Z", "2026-11-10T23:00:00Z")
    assert "to come; Tue 10 Nov 17:00 is no time to call" in text(why)


def test_a_hold_that_ends_at_night_waits_for_the_hours() -> None:
    policy = POLICY.replace("1 business day}", "3 business days}")
    snoozed = event("snoozed", "2026-11-12T19:00:00Z", by="n-17", until="2026-11-13T01:00:00Z")
    why = Case(sent(), snoozed, policy=policy).why("2026-11-13T02:00:00Z")
    soon = stage(why, "due-soon")
    assert (soon.outcome, soon.at, soon.until) == ("hours", "2026-11-12T19:45:00Z", "2026-11-13T14:00:00Z")
    assert why.answer == "Nobody has been told: due-soon waits for opening hours, Fri 13 Nov 08:00."


def test_a_stage_to_come_that_is_held_says_until_when() -> None:
    why = Case(sent(), ACKNOWLEDGED).why("2026-11-11T15:05:00Z")
    soon, missed = stage(why, "due-soon"), stage(why, "missed")
    assert (soon.outcome, soon.by, soon.until) == ("to_come", "n-17", "2026-11-11T17:00:00Z")
    assert (missed.outcome, missed.by, missed.until) == ("to_come", None, None)
    assert "to come, held back by n-17 until Wed 11 Nov 11:00" in text(why)


def test_a_stage_that_a_later_one_covers_is_named_with_who_held_it() -> None:
    why = Case(sent(), event("snoozed", "2026-11-11T15:00:00Z", by="n-17", until="2026-11-11T18:00:00Z")).why(DUE)
    soon, missed = stage(why, "due-soon"), stage(why, "missed")
    assert (soon.outcome, soon.by, missed.outcome) == ("covered", "missed", "told")
    assert "held back (snoozed by n-17), then said by missed" in text(why)
    (told,) = why.works[0].cycles[0].clocks[0].told
    assert told.recipients == ["cardiology-nurses", "cardiology-oncall"]


def test_the_answer_is_as_of_the_instant_that_is_asked_for() -> None:
    case = Case(sent(), event("replied", "2026-11-11T16:00:00Z"))
    before, after = case.why("2026-11-11T15:30:00Z", "2026-11-12T00:00:00Z"), case.why("2026-11-12T00:00:00Z")
    assert [each.outcome for each in before.works[0].cycles[0].clocks[0].stages] == ["told", "to_come", "to_come"]
    assert [each.outcome for each in after.works[0].cycles[0].clocks[0].stages] == ["told", "over", "over"]
    assert after.works[0].cycles[0].clocks[0].told[0].reason == "met"
    assert before.works[0].cycles[0].clocks[0].told[0].resolved_at is None
    assert before.findings == after.findings == []


def test_what_was_not_said_and_what_should_not_be_are_findings() -> None:
    case = Case(sent())
    case.said = [each for each in case.judged(DUE) if each.data.stage != "missed"]
    why = case.why("2026-11-11T18:00:00Z")
    assert [(each.kind, each.alert) for each in why.findings] == [("unsaid", f"{FIRED}:missed")]
    assert stage(why, "missed").outcome == "unsaid"
    assert "findings" in text(why)

    case = Case(sent(), event("replied", "2026-11-10T18:00:00Z"))
    case.said = [each for each in Case(sent()).judged(DUE) if each.data.stage == "missed"]
    why = case.why("2026-11-11T18:00:00Z")
    assert [(each.kind, each.alert) for each in why.findings] == [("unexpected", f"{FIRED}:missed")]


def test_an_alert_that_was_never_resolved_is_a_finding() -> None:
    case = Case(sent(), event("replied", "2026-11-11T18:00:00Z"))
    case.said = [each for each in case.judged("2026-11-11T19:00:00Z") if each.id != f"{FIRED}:missed:resolved"]
    why = case.why("2026-11-11T19:00:00Z")
    assert [(each.kind, each.alert) for each in why.findings] == [("unsaid", f"{FIRED}:missed:resolved")]


def test_what_the_gate_held_is_caught_up_and_no_finding() -> None:
    """R11: both came while the gate was shut; the last spoke in the name of both, late."""
    case = Case(sent())
    kept = []
    for each in case.judged(DUE):
        if each.data.stage == "missed":
            data = msgspec.structs.replace(
                each.data, catch_up=True, notify=["pool", "on_call"], recipients=["cardiology-nurses", "dr"]
            )
            kept.append(msgspec.structs.replace(each, time="2026-11-11T18:00:00Z", data=data))
    case.said = kept
    why = case.why("2026-11-11T19:00:00Z")
    assert why.findings == []
    assert (stage(why, "due-soon").outcome, stage(why, "missed").outcome) == ("gate", "told")
    assert "late: workers had not read so far before" in why.answer


def test_so_near_to_an_event_either_order_is_right() -> None:
    """A reply within a second of the due: a worker may have said `missed` first, or not."""
    near = event("replied", "2026-11-11T17:30:01Z")
    with_it = Case(sent(), near)
    assert [each.id for each in with_it.judged("2026-11-11T18:00:00Z")][-2:] == [
        f"{FIRED}:due-soon:resolved", f"{FIRED}:missed:resolved",
    ]  # fmt: skip
    assert with_it.why("2026-11-11T18:00:00Z").findings == []
    without = Case(sent(), near)
    without.said = [each for each in with_it.judged("2026-11-11T18:00:00Z") if "missed" not in each.id]
    assert without.why("2026-11-11T18:00:00Z").findings == []


def test_a_late_reply_counts_when_it_came() -> None:
    """It was sent before the due and came after it: `missed` was said, and taken back."""
    case = Case(sent(), event("replied", "2026-11-11T17:00:00Z"))
    case.came[1] += 3_600_000_000
    case.said = list(Case(sent()).judged(DUE))
    before = case.why("2026-11-11T17:45:00Z", "2026-11-11T17:45:00Z")
    assert (before.findings, stage(before, "missed").outcome) == ([], "told")
    after = case.why("2026-11-11T19:00:00Z")
    assert {each.alert for each in after.findings} == {f"{FIRED}:due-soon:resolved", f"{FIRED}:missed:resolved"}


def test_a_dead_letter_of_the_item_is_named_and_does_not_count() -> None:
    case = Case(sent(), event("replied", "2026-11-10T18:00:00Z"))
    ours = {"reason": "late", "detail": "time: too old", "topic": "portal.messages", "partition": "2", "offset": "1"}
    case.letters = [
        Record(
            "portal.deadletters", 1, 7, 0, b"k", b"v",
            [(f"portalwatch.{name}", value.encode()) for name, value in ours.items()]
            + [("portalwatch.received_at", b"2026-11-10T18:00:01Z")],
        ),
        Record(
            "portal.deadletters", 1, 8, 0, b"k", b"another's",
            [(f"portalwatch.{name}", value.encode()) for name, value in (ours | {"offset": "99"}).items()]
            + [("portalwatch.received_at", b"2026-11-10T18:00:01Z")],
        ),
    ]  # fmt: skip
    case.said = Case(sent()).judged(DUE)
    why = case.why("2026-11-11T17:31:00Z")
    assert [(each.reason, each.letter) for each in why.refused] == [("late", "1:7")]
    assert why.findings == []
    assert stage(why, "missed").outcome == "told"
    assert "1:7  late: time: too old" in text(why)


def test_without_its_first_events_nothing_is_compared() -> None:
    case = Case(event("replied", "2026-11-11T16:00:00Z"))
    case.first = 17
    case.said = Case(sent()).judged("2026-11-11T15:30:00Z")
    why = case.why("2026-11-11T18:00:00Z")
    (work,) = why.works
    assert (work.compared, why.findings) == (False, [])
    assert [each.stage for each in work.told] == ["due-soon"]
    assert why.answer == "cardiology-nurses told Wed 11 Nov 15:15 UTC (due-soon); its events are gone."


def test_each_policy_counts_from_when_it_came() -> None:
    """R13: the new one gives four business hours; what the old one had said of it is over."""
    stricter = POLICY.replace("1 business day}", "4 business hours}").replace("version: why", "version: stricter")
    case = Case(sent())
    case.later = [("2026-11-10T18:00:00Z", stricter)]
    engine = Engine(Book(parse(POLICY.encode())), Speaker("/x", 2), DictShelf(), DictShelf())
    event_ = from_json(json.dumps(sent()))
    assert isinstance(event_, Event)
    said = engine.step([(event_, None)]).alerts
    engine.advance(micros("2026-11-10T18:00:00Z") - 1)
    engine.decree(Book(parse(stricter.encode())), micros("2026-11-10T18:00:00Z"), 1)
    said += engine.adopt(9).alerts
    case.said = said + engine.advance(micros("2026-11-10T22:00:00Z")).alerts
    why = case.why("2026-11-10T22:00:00Z")
    assert why.findings == []
    assert [each.stage for each in why.works[0].cycles[0].clocks[0].told] == ["due-soon", "missed"]
    without = Case(sent())
    without.said = case.said
    assert {each.kind for each in without.why("2026-11-10T22:00:00Z").findings} == {"unexpected"}


def test_another_items_records_are_not_looked_at() -> None:
    case = Case(sent(), event("sent", OPENED, item="m-48211", department="cardiology"))
    case.events.append(event("sent", OPENED, item="x", department=ITEM))
    case.came.append(case.came[0])
    case.said = list(Case(sent()).judged(DUE))
    why = case.why("2026-11-11T17:31:00Z")
    assert (len(why.works), why.works[0].events, why.findings) == (1, 1, [])
