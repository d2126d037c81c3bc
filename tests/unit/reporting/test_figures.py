"""Each figure of a report by hand, from events; and what of it scorecards tell."""

from __future__ import annotations

import pytest

from schemas.policy import HOUR
from streams.core import shares
from streams.core.cohorts import Cohort
from streams.reporting.centiles import Centile
from streams.reporting.figures import Hour, Kept, LookedUp, NeverConfirmed, figures, kept
from streams.reporting.sums import Sums
from tests.contract.build import book, clock, event
from tests.unit.reporting.made import DEPARTMENTS, REPLY, answered, in_order, many, only, report

NOON = "2026-11-10T12:00"
SENT = event("1", "message.sent", NOON, department="eye")
APPOINTMENT = book(
    f"[{clock('{within: 4 hours}', workflow='appointment')}]", settings="{max_age: 5 days, lead: 0 minutes}"
)
RESULT = book(f"[{clock('{within: 4 hours}', workflow='result')}]")


@pytest.mark.parametrize(
    ("life", "outcome", "judged"),
    [
        ([], "pending", Kept(met=0, judged=0, share=None)),
        ([("message.awaiting_patient", "2026-11-10T12:30")], "paused", Kept(met=0, judged=0, share=None)),
        ([("message.replied", "2026-11-10T16:00")], "met", Kept(met=1, judged=1, share=None)),
        ([("message.replied", "2026-11-10T16:00:01")], "missed", Kept(met=0, judged=1, share=None)),
    ],
)
def test_outcomes(life: list[tuple[str, str]], outcome: str, judged: Kept) -> None:
    found = only(report(REPLY, [SENT, *(event(str(n), verb, time) for n, (verb, time) in enumerate(life, 2))]))
    assert (getattr(found, outcome), found.opened, found.kept) == (1, 1, judged)
    counts = ("pending", "paused", "met", "missed", "cancelled", "expired")
    assert sum(getattr(found, name) for name in counts) == 1


@pytest.mark.parametrize(
    ("met", "judged", "share"),
    [(0, 0, None), (4, 4, None), (5, 5, 1.0), (4, 5, 0.8), (0, 5, 0.0), (2, 3, None), (200, 300, 0.666667)],
)
def test_a_share_needs_five(met: int, judged: int, share: float | None) -> None:
    assert kept(met, judged).share == share


def test_cancelled_paused_and_pending_are_in_no_share() -> None:
    lives = [
        [event(f"{item}-1", "appointment.requested", NOON, item), *rest]
        for item, rest in {
            "a": [event("a-2", "appointment.cancelled", "2026-11-10T13:00", "a")],
            "b": [event("b-2", "appointment.offered", "2026-11-10T13:00", "b")],
            "c": [],
        }.items()
    ]
    met = [answered(f"m{n}", NOON, "2026-11-10T13:00", workflow="appointment") for n in range(5)]
    missed = [answered("x", NOON, "2026-11-10T17:00", workflow="appointment")]
    found = report(APPOINTMENT, in_order(*lives, *met, *missed))
    assert found.kept == Kept(met=5, judged=6, share=0.833333)
    rows = found.benchmarks[0].departments
    assert sum(row.now.opened for row in rows) == 9


@pytest.mark.parametrize(
    ("until", "past"),
    [("2026-11-10T16:00", 0), ("2026-11-10T16:00:01", 1)],
    ids=["at-its-due", "past-its-due"],
)
def test_open_past_due(until: str, past: int) -> None:
    found = report(REPLY, [SENT], until=until)
    assert (only(found).pending, only(found).open_past_due, found.open_past_due) == (1, past, past)
    assert sum(each.count for each in only(found).miss_hours or ()) == past


def test_a_pause_holds_a_due_back() -> None:
    paused = event("2", "message.awaiting_patient", "2026-11-10T13:00")
    found = only(report(REPLY, [SENT, paused], until="2026-11-20T00:00"))
    assert (found.paused, found.open_past_due) == (1, 0)


def test_what_never_had_a_due_is_met_and_told() -> None:
    judge = book(f"[{clock('{before: 1 hour}', workflow='questionnaire')}]")
    log = [
        event("1", "questionnaire.submitted", NOON),
        event("2", "questionnaire.reviewed", "2026-11-12T12:00"),
        event("3", "questionnaire.submitted", NOON, "p-2", anchor="2026-11-10T14:00"),
        event("4", "questionnaire.reviewed", "2026-11-10T12:30", "p-2"),
        event("5", "questionnaire.submitted", NOON, "p-3"),
    ]
    found = only(report(judge, log))
    assert (found.met, found.met_without_due, found.pending) == (2, 1, 1)


def test_short_notice() -> None:
    judge = book(f"[{clock('{before: 1 hour}', workflow='questionnaire')}]", settings="{lead: 1 business hour}")
    found = only(report(judge, [event("1", "questionnaire.submitted", NOON, anchor="2026-11-10T13:30")]))
    assert (found.opened, found.short_notice) == (1, 1)


def test_responses_count_open_time_of_what_stopped() -> None:
    """Of eleven, answered after 1, 2... 10 and 30 elapsed hours; a tenth of a day is open."""
    hours = "{timezone: UTC, hours: {daily: 08:00-18:00}}"
    judge = book(f"[{clock('{within: 4 hours}')}]", hours, departments=DEPARTMENTS)
    times = [f"2026-11-10T{8 + n:02}:00" for n in range(1, 11)] + ["2026-11-11T14:00"]
    log = in_order(*(answered(f"m-{n}", "2026-11-10T08:00", took) for n, took in enumerate(times)), [SENT])
    found = only(report(judge, log))
    assert (found.responses, found.median, found.ninetieth) == (11, Centile(6.0), Centile(10.0))
    assert found.buckets == [0, 0, 1, 1, 2, 4, 3, 0, 0, 0, 0]


def test_misses_arise_when_their_due_passed_in_the_departments_own_time() -> None:
    """Due on Tuesday at 16:30 UTC, which is 10:30 in Chicago; what was answered in time arises nowhere.

    One is still open, due on Monday at 05:00 UTC, which is Sunday in Chicago.
    """
    always = "hours: {daily: 00:00-24:00}"
    text = f"{{timezone: UTC, {always}}}, chicago: {{timezone: America/Chicago, {always}}}"
    judge = book(f"[{clock('{within: 4 hours}')}]", text, departments="{eye: {calendar: chicago}, ear: {}}")
    lives = [
        answered(f"{department}-{n}", "2026-11-10T12:30", took, department)
        for department in ("eye", "ear")
        for n, took in enumerate(("2026-11-11T09:00", "2026-11-12T09:00", "2026-11-10T13:00"))
    ]
    made = report(
        judge,
        in_order(*lives, [event("o", "message.sent", "2026-11-16T01:00", "o", department="eye")]),
        until="2026-11-20T00:00",
    )
    (each,) = made.benchmarks
    found = {row.department: (row.now.miss_hours, row.now.missed_began_hours) for row in each.departments}
    assert found == {
        "ear": ([Hour(1, 16, 2)], [Hour(1, 12, 2)]),
        "eye": ([Hour(1, 10, 2), Hour(6, 23, 1)], [Hour(1, 6, 2)]),
    }
    assert made.zones == ["America/Chicago", "UTC"]


def test_results_looked_up_before_release() -> None:
    def looked(item: str, *times: str) -> list[bytes]:
        return [event(f"{item}-l{n}", "result.looked_up", f"2026-11-10T{time}", item) for n, time in enumerate(times)]

    log = in_order(
        answered("a", NOON, "2026-11-10T15:00", workflow="result"),
        looked("a", "12:30", "13:00", "15:00", "16:00"),  # the last two are no longer in vain
        answered("b", NOON, "2026-11-10T20:00", workflow="result"),
        answered("c", NOON, "2026-11-10T15:00", workflow="result"),
        looked("c", "14:59:59"),
        [event("d-1", "result.promised", NOON, "d"), *looked("d", "13:00")],
        [
            event("e-1", "result.promised", NOON, "e"),
            *looked("e", "13:00"),
            event("e-2", "result.cancelled", "2026-11-10T14:00", "e"),
        ],
    )
    found = only(report(RESULT, log))
    assert found.looked_up == LookedUp(released=3, released_looked_up=2, waiting_looked_up=1, look_ups=5)
    assert found.never_confirmed is None


def test_requests_never_confirmed() -> None:
    def request(item: str, *rest: tuple[str, str]) -> list[bytes]:
        first = event(f"{item}-0", "appointment.requested", NOON, item)
        return [
            first,
            *(
                event(f"{item}-{n}", f"appointment.{verb}", f"2026-11-{time}", item)
                for n, (verb, time) in enumerate(rest, 1)
            ),
        ]

    log = in_order(
        request("in-time", ("confirmed", "10T13:00")),
        request("late", ("confirmed", "12T13:00")),
        request("declined", ("declined", "12T13:00")),
        request("withdrawn-at-its-due", ("cancelled", "10T16:00")),
        request("withdrawn-past-it", ("cancelled", "10T16:00:01")),
        request("offered", ("offered", "10T13:00")),
        [event("n", "appointment.requested", "2026-11-16T06:00", "new")],
        [event("o", "appointment.requested", "2026-11-14T06:00", "open")],
        request("expired"),
    )
    found = only(report(APPOINTMENT, log, until="2026-11-16T08:00"))
    assert found.opened == 9
    assert found.expired == 2, "the one that was offered expired, too"
    assert found.kept == Kept(met=1, judged=1 + 2 + 2, share=0.2), "one kept, two missed, two expired"
    assert found.never_confirmed == NeverConfirmed(expired=2, cancelled_past_due=1, open_past_due=1, total=4)
    assert found.looked_up is None


def test_what_cohorts_do_not_tell_is_none() -> None:
    row = Cohort()
    row.add(shares.Share(0, "c", "d", shares.MET, response=HOUR))
    sums = Sums()
    sums.cohort.merge(row)
    for workflow in ("appointment", "result"):
        found = figures(workflow, sums)
        assert (found.met, found.responses) == (1, 1)
        told = (found.open_past_due, found.met_without_due, found.miss_hours, found.looked_up, found.never_confirmed)
        assert told == (None,) * 5


def test_an_item_that_is_opened_again_is_another_cycle_of_its_own_month() -> None:
    log = in_order(
        answered("a", "2026-10-31T23:00", "2026-11-01T00:30"), answered("a", "2026-11-03T10:00", "2026-11-03T11:00")
    )
    again = [line.replace(b'"a-1"', b'"a-3"').replace(b'"a-2"', b'"a-4"') if b"11-03" in line else line for line in log]
    made = report(REPLY, again)
    assert only(made).opened == 1
    assert made.benchmarks[0].before is not None
    assert made.benchmarks[0].before.opened == 1, "it belongs to the month in which it began"


def test_few_and_many() -> None:
    found = report(REPLY, many(4, 1, "2026-11-10") + many(20, 5, "2026-11-11", "ear"))
    rows = {row.department: row.now for row in found.benchmarks[0].departments}
    assert (rows["eye"].kept.share, rows["eye"].median, rows["eye"].ninetieth) == (None, None, None)
    assert rows["ear"].kept.share == 0.75
    assert (rows["ear"].median, rows["ear"].ninetieth) == (Centile(1.0), Centile(5.0))
