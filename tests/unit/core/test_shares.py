"""What one cycle adds, and the sums (contract section 7)."""

from __future__ import annotations

import msgspec
import pytest

from schemas.policy import DAY, HOUR, MINUTE
from streams.core import shares, state
from streams.core.cohorts import BOUNDS, Cohort, Cohorts, Key
from streams.core.engine import Engine
from streams.core.shares import KEPT, OUTCOMES, Share
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from tests.contract.build import CLINIC, DAY_HOURS, at, book, clock, event, read

LADDER = "{name: soon, at: 50%}, {name: missed, at: due, severity: critical}"
DEPARTMENTS = "{eye: {pool: eye-desk}, ear: {pool: ear-desk}}"
NOON = "2026-11-10T12:00"
HOUR_OF = at(NOON)


def engine(rules: str = "{within: 2 hours}", hours: str = DAY_HOURS, settings: str = "{lead: 0 minutes}") -> Engine:
    judge = book(f"[{clock(rules, LADDER)}]", hours, settings, DEPARTMENTS)
    return Engine(judge, Speaker("/t", 0), DictShelf(), DictShelf())


def tell(judge: Engine, *lines: bytes) -> None:
    for line in lines:
        found = read(line)
        judge.advance(max(judge.now, found.entry.time - 1))
        judge.step([(found, None)])


def rows(judge: Engine) -> dict[tuple[str, int], dict[str, int]]:
    """By department and hour of the day, the outcomes that are not 0."""
    return {
        (key.department, key.window // HOUR % 24): {
            name: row.count(number) for number, name in enumerate(OUTCOMES) if row.count(number)
        }
        for key, row in judge.accounts.cohorts
        if row
    }


LIVES: list[tuple[list[tuple[str, str, dict[str, str]]], dict[str, int]]] = [
    ([], {"pending": 1}),
    ([("message.awaiting_patient", "2026-11-10T12:30", {})], {"paused": 1}),
    ([("message.replied", "2026-11-10T14:00", {})], {"met": 1}),
    ([("message.replied", "2026-11-10T14:00:00.000001", {})], {"missed": 1}),
    ([("message.closed", "2026-11-10T12:00:01", {})], {"met": 1}),
]


@pytest.mark.parametrize(("life", "outcome"), LIVES, ids=lambda each: "-".join(each) if isinstance(each, dict) else "")
def test_each_outcome(life: list[tuple[str, str, dict[str, str]]], outcome: dict[str, int]) -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON, department="eye"))
    tell(judge, *(event(str(n), verb, time, **data) for n, (verb, time, data) in enumerate(life, 2)))
    assert rows(judge) == {("eye", 12): outcome}
    (row,) = (row for _, row in judge.accounts.cohorts)
    assert row.opened == 1


def test_cancelled_and_expired_are_outcomes_of_their_own() -> None:
    stages = f"[{clock('{within: 2 hours}', LADDER, workflow='appointment')}]"
    judge = Engine(
        book(stages, settings="{lead: 0 minutes, max_age: 1 days}"), Speaker("/t", 0), DictShelf(), DictShelf()
    )
    tell(judge, event("1", "appointment.requested", NOON, "a-1"), event("2", "appointment.requested", NOON, "a-2"))
    tell(judge, event("3", "appointment.cancelled", "2026-11-10T13:00", "a-1"))
    judge.advance(at(NOON) + 2 * DAY)
    assert rows(judge) == {("unassigned", 12): {"cancelled": 1, "expired": 1}}


@pytest.mark.parametrize(
    ("rules", "end", "overdue"),
    [
        ("{within: 2 hours}", "2026-11-10T14:00", False),
        ("{within: 2 hours}", "2026-11-10T14:00:00.000001", True),
        ("{before: 2 hours}", "2026-11-10T18:00", False),
    ],
    ids=["at-its-due", "past-its-due", "without-a-due"],
)
def test_a_cancelled_cycle_tells_whether_its_due_had_passed(rules: str, end: str, overdue: bool) -> None:
    judge = Engine(
        book(f"[{clock(rules, LADDER, workflow='appointment')}]"), Speaker("/t", 0), DictShelf(), DictShelf()
    )
    tell(judge, event("1", "appointment.requested", NOON, "a-1"), event("2", "appointment.cancelled", end, "a-1"))
    (share,) = state.shares(judge.items.get(b"appointment:a-1") or b"")
    assert (share.outcome, share.overdue) == (shares.CANCELLED, overdue)


def test_an_item_written_before_shares_told_of_cancellations_is_read() -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON))
    value = msgspec.msgpack.decode(judge.items.get(b"message:p-4821") or b"")
    (share,) = value[1]
    share.pop()
    (read_back,) = state.shares(msgspec.msgpack.encode(value))
    assert read_back == state.shares(judge.items.get(b"message:p-4821") or b"")[0]


def test_a_running_cycle_past_its_due_is_pending_until_it_ends() -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON))
    judge.advance(at(NOON) + 5 * DAY)
    assert rows(judge) == {("unassigned", 12): {"pending": 1}}


def test_a_department_that_the_policy_does_not_know_is_other() -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON, department="SMITH^JOHN"))
    assert rows(judge) == {("other", 12): {"pending": 1}}


def test_a_move_takes_the_cycle_to_the_other_department() -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON, department="eye"))
    tell(judge, event("2", "message.assigned", "2026-11-10T12:10", department="ear"))
    assert rows(judge) == {("ear", 12): {"pending": 1}}
    assert set(judge.accounts.cohorts.changed) == {Key("message", "reply", d, HOUR_OF) for d in ("eye", "ear")}


def test_a_late_event_changes_the_past() -> None:
    judge = engine()
    tell(judge, event("1", "message.sent", NOON), event("2", "message.replied", "2026-11-10T15:00"))
    assert rows(judge) == {("unassigned", 12): {"missed": 1}}
    tell(judge, event("3", "message.replied", "2026-11-10T12:20"))
    assert rows(judge) == {("unassigned", 12): {"met": 1}}


def test_no_rule_no_count() -> None:
    judge = engine("{when: {priority: urgent}, within: 2 hours}")
    tell(judge, event("1", "message.sent", NOON))
    assert rows(judge) == {}
    ((_, _, group),) = judge.accounts.pending.at(judge.now)
    assert group.counts == (1, 0, 0, 0), "yet the item is pending"


def test_response_in_open_time_without_pauses() -> None:
    """12:00 to 13:00 Chicago has half an hour open; of the 90 minutes that follow 30 are a pause."""
    judge = engine("{within: 1 business day}", CLINIC)
    tell(judge, event("1", "message.sent", "2026-11-10T11:45-06:00"))
    tell(judge, event("2", "message.awaiting_patient", "2026-11-10T13:00-06:00"))
    tell(
        judge,
        event("3", "message.sent", "2026-11-10T13:30-06:00"),
        event("4", "message.replied", "2026-11-10T14:30-06:00"),
    )
    ((_, row),) = judge.accounts.cohorts
    assert row.response_sum == (15 + 30 + 60) * MINUTE
    assert (row.responses, row.buckets.index(1)) == (1, BOUNDS.index(2 * HOUR))


def test_alerted_and_short_notice() -> None:
    judge = engine("{within: 1 hours, before: 3 hours}", settings="{lead: 1 business hour}")
    tell(judge, event("1", "message.sent", NOON, anchor="2026-11-10T15:10"))
    judge.advance(at("2026-11-10T12:29"))
    ((_, row),) = judge.accounts.cohorts
    assert (row.short_notice, row.alerted) == (1, 0)
    judge.advance(at("2026-11-10T12:30"))
    ((_, row),) = judge.accounts.cohorts
    assert (row.short_notice, row.alerted) == (1, 1)


def test_a_bucket_holds_its_bound() -> None:
    row = Cohort()
    for response in (0, BOUNDS[0], BOUNDS[0] + 1, BOUNDS[-1], BOUNDS[-1] + 1):
        row.add(Share(0, "c", "d", shares.MET, response=response))
    assert row.buckets == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    row.add(Share(0, "c", "d", shares.MET, response=BOUNDS[-1] + 1), -1)
    assert (row.responses, row.buckets[-1]) == (4, 0)


def test_a_window_goes_35_days_after_its_end_by_event_time() -> None:
    cohorts, share = Cohorts(), Share(HOUR_OF + 5, "c", "d", shares.PENDING)
    last = HOUR_OF + HOUR + KEPT
    cohorts.change("message", (), [share])
    cohorts.expire(last)
    assert len(cohorts.rows) == 1
    cohorts.changed.clear()
    cohorts.expire(last + 1)
    assert (cohorts.rows, list(cohorts.changed)) == ({}, [Key("message", "c", "d", HOUR_OF)])
    cohorts.change("message", [share], [Share(HOUR_OF + 5, "c", "d", shares.MET)])
    assert cohorts.rows == {}, "what still changes of it counts nowhere"


def test_what_is_given_up_still_counts_until_its_window_is_over() -> None:
    """Kept for 7 days, remembered for 8: the item is long forgotten when its window ends."""
    judge = engine(settings="{lead: 0 minutes, remember: 8 days}")
    tell(judge, event("1", "message.sent", NOON), event("2", "message.replied", "2026-11-10T12:20"))
    for day in range(11, 30):
        tell(judge, event(f"h{day}", "message.sent", f"2026-11-{day}T12:00", f"m-{day}"))
    kept = state.decode(judge.items.get(b"message:p-4821") or b"")
    assert (kept.history, kept.past, len(kept.settled)) == ([], None, 1)
    row = judge.accounts.cohorts.rows[Key("message", "reply", "unassigned", HOUR_OF)]
    assert (row.opened, row.count(shares.MET)) == (1, 1)
    again = Engine(judge.book, Speaker("/t", 0), judge.items, judge.open)
    again.rebuild()
    assert dict(again.accounts.cohorts.rows) == dict(judge.accounts.cohorts.rows)
    for day in range(1, 16):
        tell(judge, event(f"d{day}", "message.sent", f"2026-12-{day:02}T12:00", f"m-{day}"))
    tell(judge, event("last", "message.sent", "2026-12-15T13:00", "m-98"))
    assert judge.items.get(b"message:p-4821") is not None
    tell(judge, event("end", "message.sent", "2026-12-15T13:00:00.000001", "m-99"))
    assert judge.items.get(b"message:p-4821") is None


def test_what_ended_is_told_once_and_a_cycle_once() -> None:
    two = f"[{clock('{within: 2 hours}', LADDER)}, {clock('{within: 1 hours}', LADDER, name='quick')}]"
    judge = Engine(book(two), Speaker("/t", 0), DictShelf(), DictShelf())
    tell(judge, event("1", "message.sent", NOON))
    judge.advance(at("2026-11-10T13:29"))
    ended = judge.step([(read(event("2", "message.replied", "2026-11-10T13:30")), None)]).ended
    assert [(e.share.clock, OUTCOMES[e.share.outcome], e.first) for e in ended] == [
        ("reply", "met", True), ("quick", "missed", False),
    ]  # fmt: skip
    late = judge.step([(read(event("3", "message.replied", "2026-11-10T12:30")), None)]).ended
    assert [(e.share.clock, OUTCOMES[e.share.outcome], e.first) for e in late] == [("quick", "met", False)]


@pytest.mark.parametrize(("answered", "how"), [("2026-11-10T14:00", "met"), ("2026-11-10T14:00:00.000001", "missed")])
def test_one_clock_s_cycle_tells_its_end_at_once(answered: str, how: str) -> None:
    """R2: on the due is in time; what begins tells no end."""
    judge = Engine(book(f"[{clock('{within: 2 hours}', LADDER)}]"), Speaker("/t", 0), DictShelf(), DictShelf())
    assert judge.step([(read(event("1", "message.sent", NOON)), None)]).ended == []
    [end] = judge.step([(read(event("2", "message.replied", answered)), None)]).ended
    assert (end.workflow, end.share.clock, OUTCOMES[end.share.outcome], end.first) == ("message", "reply", how, True)
