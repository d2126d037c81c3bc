"""When stages come and when somebody may be called: T6, T7 and R9's moment, as tables.

All is in UTC. LUNCH is open on weekdays from 08:00 to 12:00 and 13:00 to 17:00: its lunch is shorter than two hours, so
it is a moment like any other; its nights are not. The 10th of November is a Tuesday, the 13th a Friday.
"""

from __future__ import annotations

import pytest

from schemas.events import Action, Entry
from schemas.instants import text
from schemas.policy import Attempts
from streams.core.deadlines import judge
from streams.core.ladder import allowed, attempts_time, stage_times
from tests.contract.build import ALL_HOURS, DAY_HOURS, at, book, calendar, clock, cycles, entry, shown

A = Action

LUNCH = "{timezone: UTC, hours: {mon-fri: 08:00-12:00 13:00-17:00}}"
SIESTA = "{timezone: UTC, hours: {mon-fri: 08:00-12:00 14:00-18:00}}"
EIGHT = "2026-11-10T08:00"
DAY = 86_400_000_000


def times(rule: str, stages: str, history: list[Entry], hours: str, settings: str = "{lead: 0 minutes}") -> list[str]:
    judge_by = book(f"[{clock(rule, stages)}]", hours, settings)
    ladder, cycle = judge_by.clocks["message"][0], cycles(history)[0]
    return [shown(text(when)) for when in stage_times(ladder, judge(judge_by, ladder, cycle), cycle)]


def stage(point: str, name: str = "s", more: str = "") -> str:
    return f"{{name: {name}, {point}{more}}}"


@pytest.mark.parametrize(
    ("rule", "point", "expected"),
    [
        pytest.param("{within: 4 business hours}", "at: 75%", "11-10T11:00", id="T6-percent-of-open-time"),
        pytest.param("{within: 16 hours}", "at: 25%", "11-10T12:00", id="T6-percent-of-elapsed-time"),
        pytest.param("{within: 6 business hours}", "at: 75%", "11-10T13:30", id="T6-percent-over-lunch"),
        pytest.param("{within: 4 business hours}", "at: 33.33%", "11-10T09:19:59.52", id="T6-two-decimals"),
        pytest.param("{within: 1 business minute}", "at: 33.33%", "11-10T08:00:19.998", id="T6-of-a-minute"),
        pytest.param("{by: end of 0 business days}", "at: 50%", "11-10T12:00", id="T6-percent-of-a-by"),
        pytest.param("{within: 3 business hours}", "at: due", "11-10T11:00", id="T6-due"),
        pytest.param("{within: 3 business hours}", "before: 30 business minutes", "11-10T10:30",
                     id="T6-before-the-due"),
        pytest.param("{within: 3 business hours}", "after: 2 business hours", "11-10T14:00", id="T6-after-open-time"),
        pytest.param("{within: 3 business hours}", "after: 90 minutes", "11-10T12:30", id="T6-after-elapsed"),
        pytest.param("{within: 3 business hours}", "after: 1 business day", "11-11T11:00",
                     id="T6-after-a-business-day"),
        pytest.param("{by: end of 0 business days}", "after: 1 business day", "11-12T08:00",
                     id="T6-a-closing-counts-in-the-day-it-closes"),
        pytest.param("{by: end of 0 business days}", "after: 1 business day, hours: always", "11-11T17:00",
                     id="T6-a-closing-counts-in-the-day-it-closes-always"),
        pytest.param("{within: 3 business hours}", "before: 5 hours", "11-10T08:00", id="T6-never-before-the-start"),
        pytest.param("{within: 3 business hours}", "before: 1 business day", "11-10T08:00",
                     id="T6-a-day-before-is-the-start"),
    ],
)  # fmt: skip
def test_stage_of_its_due(rule: str, point: str, expected: str) -> None:
    assert times(rule, stage(point), [entry(A.OPEN, EIGHT)], LUNCH) == [expected]


def test_percent_is_rounded_up_to_the_microsecond() -> None:
    """T6: the first microsecond at which the share is reached: 33.33 % of 60.000003 s is 19.9980009999 s."""
    rule = "{before: 1 hour}"
    history = [entry(A.OPEN, EIGHT, anchor="2026-11-10T09:01:00.000003")]
    assert times(rule, stage("at: 33.33%"), history, ALL_HOURS) == ["11-10T08:00:19.998001"]


def test_percent_leaves_pauses_out() -> None:
    """T6: four hours, of which two are a pause after the due was moved to 14:00: half of four hours runs at 12:00."""
    history = [
        entry(A.OPEN, EIGHT, "e1"),
        entry(A.PAUSE, "2026-11-10T09:00", "e2"),
        entry(A.RESUME, "2026-11-10T11:00", "e3"),
    ]
    assert times("{within: 4 hours}", stage("at: 50%"), history, ALL_HOURS) == ["11-10T12:00"]


def test_a_short_notice_due_counts_as_open_time() -> None:
    """T11: 30 minutes from 16:50 become ten to the closing and twenty of the next morning; half of them is 08:05."""
    history = [entry(A.OPEN, "2026-11-10T16:50")]
    found = times("{within: 30 minutes}", stage("at: 50%"), history, LUNCH, "{lead: 1 business hour}")
    assert found == ["11-11T08:05"]


@pytest.mark.parametrize(
    ("hours", "rule", "point", "start", "expected"),
    [
        pytest.param(LUNCH, "{within: 4 business hours}", "at: due", EIGHT, "11-10T12:00",
                     id="T7-a-short-gap-is-no-gap"),
        pytest.param(SIESTA, "{within: 4 business hours}", "at: due", EIGHT, "11-10T14:00",
                     id="T7-two-hours-are-a-gap"),
        pytest.param(LUNCH, "{by: end of 0 business days}", "at: due", EIGHT, "11-11T08:00",
                     id="T7-a-closing-is-no-moment"),
        pytest.param(LUNCH, "{within: 12 hours}", "at: due", EIGHT, "11-11T08:00", id="T7-waits-for-the-next-opening"),
        pytest.param(LUNCH, "{within: 12 hours}", "at: due, hours: always", EIGHT, "11-10T20:00", id="T7-always-stays"),
        pytest.param(LUNCH, "{within: 12 hours}", "after: 1 hour", EIGHT, "11-11T08:00", id="T7-after-waits"),
        pytest.param(LUNCH, "{within: 24 hours}", "before: 1 hour", EIGHT, "11-10T16:00",
                     id="T7-an-early-stage-moves-back-an-open-hour"),
        pytest.param(LUNCH, "{within: 20 hours}", "at: 75%", EIGHT, "11-10T16:00", id="T7-a-percentage-moves-back"),
        pytest.param(LUNCH, "{within: 24 hours}", "before: 1 hour, hours: always", EIGHT, "11-11T07:00",
                     id="T7-an-early-stage-always-stays"),
        pytest.param(LUNCH, "{within: 15.5 hours}", "before: 1 hour", "2026-11-10T16:30", "11-11T08:00",
                     id="T7-back-would-be-before-the-start"),
        pytest.param(LUNCH, "{within: 15.5 hours}", "before: 1 hour", "2026-11-10T16:00", "11-10T16:00",
                     id="T7-back-to-the-start"),
        pytest.param(LUNCH, "{within: 70 hours}", "before: 1 hour", "2026-11-13T10:00", "11-13T16:00",
                     id="T7-back-over-the-weekend"),
        pytest.param(SIESTA, "{within: 5.5 hours}", "before: 30 minutes", EIGHT, "11-10T11:00",
                     id="T7-back-before-the-siesta"),
        pytest.param("{timezone: UTC, hours: {daily: 08:00-08:30 10:30-11:00 22:00-23:00}}", "{within: 9 hours}",
                     "before: 1 hour", EIGHT, "11-10T08:00", id="T7-an-open-hour-over-a-gap"),
    ],
)  # fmt: skip
def test_useful_moments(hours: str, rule: str, point: str, start: str, expected: str) -> None:
    assert times(rule, stage(point), [entry(A.OPEN, start)], hours) == [expected]


def test_no_stage_earlier_than_the_one_listed_before_it() -> None:
    """T7, last: `b` would wait until 08:00, so `missed`, due at 07:50 and always allowed, waits with it."""
    stages = ", ".join([stage("before: 20 minutes", "b"), stage("at: due", "missed", ", hours: always")])
    history = [entry(A.OPEN, "2026-11-10T16:50")]
    assert times("{within: 15 hours}", stages, history, LUNCH) == ["11-11T08:00", "11-11T08:00"]


@pytest.mark.parametrize(
    ("hours", "when", "always", "expected"),
    [
        pytest.param(LUNCH, "2026-11-10T10:00", False, "2026-11-10T10:00", id="T7-open"),
        pytest.param(LUNCH, "2026-11-10T12:30", False, "2026-11-10T12:30", id="T7-a-short-gap"),
        pytest.param(SIESTA, "2026-11-10T12:30", False, "2026-11-10T14:00", id="T7-a-gap-of-two-hours"),
        pytest.param(LUNCH, "2026-11-13T17:00", False, "2026-11-16T08:00", id="T7-the-weekend"),
        pytest.param(LUNCH, "2026-11-13T17:00", True, "2026-11-13T17:00", id="T7-always"),
        pytest.param(ALL_HOURS, "2026-11-13T00:00", False, "2026-11-13T00:00", id="T7-midnight-of-24-hours"),
    ],
)
def test_when_a_stage_may_fire(hours: str, when: str, always: bool, expected: str) -> None:
    assert allowed(calendar(hours), at(when), always=always) == at(expected)


@pytest.mark.parametrize(
    ("tries", "more", "always", "expected"),
    [
        pytest.param(["10T09:00", "10T10:00"], [], False, None, id="R9-too-few"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], [], False, "11-10T11:00", id="R9-the-completing-attempt"),
        pytest.param(["10T09:00", "11T09:00", "13T09:00"], [], False, None, id="R9-further-apart-than-the-window"),
        pytest.param(["10T09:00", "11T09:00", "12T09:00"], [], False, "11-12T09:00", id="R9-exactly-the-window"),
        pytest.param(["10T09:00", "13T09:00", "13T10:00", "13T11:00"], [], False, "11-13T11:00",
                     id="R9-the-last-three"),
        pytest.param(["10T09:00", "10T10:00", "10T19:00"], [], False, "11-11T08:00", id="R9-waits-for-its-hours"),
        pytest.param(["10T09:00", "10T10:00", "10T19:00"], [], True, "11-10T19:00", id="R9-hours-always"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T10:30", "10T14:00"], False, "11-10T14:00",
                     id="R9-a-pause-delays"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T10:30", "10T19:00"], False, "11-11T08:00",
                     id="R9-a-pause-and-then-its-hours"),
        pytest.param(["10T09:00", "10T10:00", "10T19:00"], ["10T20:00", "11T10:00"], False, "11-11T10:00",
                     id="R9-its-hours-and-then-a-pause"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T10:30"], False, None, id="R9-a-pause-that-lasts"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T12:00"], False, "11-10T11:00",
                     id="R9-before-the-pause"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T11:00"], False, None, id="R9-as-the-pause-begins"),
        pytest.param(["10T09:00", "10T10:00", "10T11:00"], ["10T11:00", "10T12:00"], False, "11-10T12:00",
                     id="R9-as-a-pause-begins-that-ends"),
    ],
)  # fmt: skip
def test_attempts(tries: list[str], more: list[str], always: bool, expected: str | None) -> None:
    """R9: the first instant from the completing attempt on that is in no pause and allowed."""
    history = [entry(A.OPEN, EIGHT, "e0")]
    history += [entry(A.ATTEMPT, f"2026-11-{when}", f"a{n}") for n, when in enumerate(tries)]
    history += [entry((A.PAUSE, A.RESUME)[n], f"2026-11-{when}", f"p{n}") for n, when in enumerate(more)]
    found = attempts_time(Attempts(3, 2 * DAY, always=always), calendar(DAY_HOURS), cycles(history)[0])
    assert (None if found is None else shown(text(found))) == expected
