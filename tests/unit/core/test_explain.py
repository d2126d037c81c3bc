"""How a clock comes to its due time: hand-checked cases over the contract's example policy."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import instants
from schemas.events import Action, Entry
from schemas.policy import HOUR, MINUTE
from streams.core.book import Book
from streams.core.explain import ANCHOR_MISSING, WAITING, Explanation, explain
from streams.core.explain_intervals import counted
from streams.core.fold import Cycle, fold
from streams.core.policy_check import load
from streams.core.routing import Routing
from tests.unit.schemas.policies import POLICY

BOOK = Book(load(POLICY))


def entry(action: Action, time: str, number: int = 0, **given: Any) -> Entry:
    anchor = given.pop("anchor", None)
    at = None if anchor is None else instants.parse(anchor)
    return Entry(instants.parse(time), f"e{number}", "test", action, anchor=at, **given)


def cycle(*history: Entry) -> Cycle:
    now = max(each.time for each in history)
    return fold(Routing(), history, enforce_from=0, max_age=BOOK.settings.max_age, now=now).cycles[-1]


def explained(workflow: str, opened: str, book: Book = BOOK, **given: Any) -> Explanation:
    found = explain(book, workflow, cycle(entry(Action.OPEN, opened, **given)))
    assert len(found) == 1
    return found[0]


def changed(*changes: tuple[str, str]) -> Book:
    """The example policy with the first of each old text replaced."""
    text = POLICY
    for old, new in changes:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new, 1)
    return Book(load(text))


def times(found: Explanation) -> dict[str, str]:
    return {rung.stage.name: instants.text(rung.at) for rung in found.stages}


@pytest.mark.parametrize(
    ("workflow", "opened", "given", "position", "due", "open_minutes"),
    [
        # 1 h on Tuesday, Veterans Day off, all of Thursday, Friday to 16:00
        ("message", "2026-11-10T16:00:00-06:00", {}, 2, "2026-11-13T22:00:00Z", 60 + 510 + 450),
        ("message", "2026-11-10T16:00:00-06:00", {"department": "oncology"}, 1, "2026-11-12T22:00:00Z", 60 + 450),
        # 1 h on Tuesday, 3 h on Thursday
        ("message", "2026-11-10T16:00:00-06:00", {"priority": "urgent"}, 0, "2026-11-12T17:00:00Z", 240),
        # over the lunch: 11:30 to 12:00, 12:30 to 16:00
        ("message", "2026-11-10T11:30:00-06:00", {"priority": "urgent"}, 0, "2026-11-10T22:00:00Z", 240),
        # over the change of 1 November: Friday 16:00 to 17:00, Saturday 09:00 to 12:00
        ("message", "2026-10-30T16:00:00-05:00", {"priority": "urgent"}, 0, "2026-10-31T17:00:00Z", 240),
        # Saturday evening: counts from Monday 08:00, which is in standard time by then
        ("message", "2026-10-31T18:00:00-05:00", {"priority": "urgent"}, 0, "2026-11-02T18:00:00Z", 240),
        # Wed 23 is the first, Thu 24 and Fri 25 are off, Sat 26 is open but none, Mon 28 the second, Tue 29 the third
        ("result", "2026-12-22T16:30:00-06:00", {}, 0, "2026-12-29T23:00:00Z", 30 + 510 + 180 + 510 + 510),
        # a business day before the visit on Thursday 09:00, over Veterans Day: Tuesday 09:00
        ("questionnaire", "2026-11-09T09:00:00-06:00", {"anchor": "2026-11-12T09:00:00-06:00"}, 0,
         "2026-11-10T15:00:00Z", 510),
        # the next day, but four hours before the slot is earlier, in closed time
        ("appointment", "2026-11-09T15:00:00-06:00", {"anchor": "2026-11-10T10:00:00-06:00"}, 0,
         "2026-11-10T12:00:00Z", 15 * 60),
    ],
)  # fmt: skip
def test_the_due_and_the_time_that_counts(
    workflow: str, opened: str, given: dict[str, Any], position: int, due: str, open_minutes: int
) -> None:
    found = explained(workflow, opened, **given)
    assert found.due is not None
    assert (found.position, instants.text(found.due), found.short, found.error) == (position, due, False, None)
    assert counted(found.intervals) == open_minutes * MINUTE
    assert (found.intervals[0].start, found.intervals[-1].end) == (found.cycle.start, found.due)


def test_elapsed_time_if_the_due_comes_from_an_elapsed_part() -> None:
    found = explained("appointment", "2026-11-09T15:00:00-06:00", anchor="2026-11-10T10:00:00-06:00")
    assert found.elapsed
    assert [(each.counted, each.why) for each in found.intervals] == [(True, "elapsed")]
    assert [(part.name, part.due is not None, part.elapsed) for part in found.parts] == [
        ("within", True, False),
        ("before", True, True),
    ]
    assert found.part == found.parts[1]


def test_the_stages_after_the_useful_moments() -> None:
    """75 % of 17 h is Friday 11:45 less the lunch; the ladder's last rung is a business day on, over the weekend."""
    found = explained("message", "2026-11-10T16:00:00-06:00")
    assert times(found) == {
        "due-soon": "2026-11-13T17:15:00Z",
        "imminent": "2026-11-13T21:00:00Z",
        "missed": "2026-11-13T22:00:00Z",
        "escalated": "2026-11-16T22:00:00Z",
    }
    assert [rung.recipients for rung in found.stages] == [
        ["portal-desk"], ["portal-oncall"], ["portal-oncall"], ["portal-committee"]
    ]  # fmt: skip
    assert all(rung.at == rung.asked == rung.useful for rung in found.stages)


def test_a_stage_that_waits_for_the_opening_tells_where_it_would_lie() -> None:
    found = explained("result", "2026-12-22T16:30:00-06:00")
    missed = found.stages[2]
    assert (missed.stage.name, instants.text(missed.asked)) == ("missed", "2026-12-29T23:00:00Z")
    assert instants.text(missed.at) == instants.text(missed.useful) == "2026-12-30T14:00:00Z"


def test_a_stage_is_no_earlier_than_the_one_before_it() -> None:
    """An hour before the due comes before half of so long a time, but is listed after it."""
    book = changed(("before: 1 business hour", "before: 3 business hours"))
    found = explained("message", "2026-11-10T08:00:00-06:00", book, priority="urgent")
    assert times(found)["due-soon"] == times(found)["imminent"] == "2026-11-10T17:00:00Z"
    assert instants.text(found.stages[1].useful) == "2026-11-10T15:00:00Z"


@pytest.mark.parametrize(
    ("opened", "anchor", "due", "asked"),
    [
        # the afternoon before a visit at 09:00: an open hour is over at 08:30
        ("2026-11-09T16:30:00-06:00", "2026-11-10T09:00:00-06:00", "2026-11-10T14:30:00Z", "2026-11-09T15:00:00Z"),
        # a visit before that hour is over: due at the visit
        ("2026-11-09T16:30:00-06:00", "2026-11-10T08:10:00-06:00", "2026-11-10T14:10:00Z", "2026-11-09T14:10:00Z"),
    ],
)
def test_short_notice(opened: str, anchor: str, due: str, asked: str) -> None:
    found = explained("questionnaire", opened, anchor=anchor)
    assert found.short
    assert (found.due, found.asked) == (instants.parse(due), instants.parse(asked))


def test_a_due_before_the_start_has_no_intervals() -> None:
    book = changed(("lead: 1 business hour", "lead: 0 minutes"))
    found = explained("questionnaire", "2026-11-09T16:30:00-06:00", book, anchor="2026-11-10T09:00:00-06:00")
    assert (found.short, found.intervals) == (False, [])
    assert found.due is not None
    assert found.due < found.cycle.start
    assert set(times(found).values()) >= {"2026-11-09T22:30:00Z"}


def test_a_floor() -> None:
    book = changed(("by: end of 3 business days", "by: end of 3 business days, not_before: 72 hours"))
    found = explained("result", "2026-11-09T09:00:00-06:00", book)
    assert found.floor == instants.parse("2026-11-12T09:00:00-06:00")


def test_an_anchor_that_is_missing() -> None:
    found = explained("questionnaire", "2026-11-09T09:00:00-06:00")
    assert (found.due, found.error, found.stages, found.intervals) == (None, ANCHOR_MISSING, [], [])
    assert (found.asked, found.part) == (None, None)


def test_two_clocks_and_one_that_does_not_judge() -> None:
    clocks = """clocks:
  - {name: only-icu, workflow: message, rules: [{when: {kind: icu}, within: 1 hour}]}
  - {name: first-look, workflow: message, rules: [{within: 2 hours}]}
"""
    found = explain(changed(("clocks:\n", clocks)), "message", cycle(entry(Action.OPEN, "2026-11-09T09:00:00-06:00")))
    assert [(each.clock.name, each.position) for each in found] == [("first-look", 0), ("message-reply", 2)]


def test_pauses_do_not_count() -> None:
    """4 open hours from 08:00, with 09:00 to 10:30 paused: done at 14:00, for lunch is closed."""
    found = explain(BOOK, "message", cycle(
        entry(Action.OPEN, "2026-11-09T08:00:00-06:00", 1, priority="urgent"),
        entry(Action.PAUSE, "2026-11-09T09:00:00-06:00", 2),
        entry(Action.OPEN, "2026-11-09T10:30:00-06:00", 3),
    ))  # fmt: skip
    assert [(instants.text(each.end), each.counted, each.why) for each in found[0].intervals] == [
        ("2026-11-09T15:00:00Z", True, "open"),
        ("2026-11-09T16:30:00Z", False, "paused"),
        ("2026-11-09T18:00:00Z", True, "open"),
        ("2026-11-09T18:30:00Z", False, "closed"),
        ("2026-11-09T20:00:00Z", True, "open"),
    ]
    assert counted(found[0].intervals) == 4 * HOUR


def test_a_pause_that_lasts_hides_the_due() -> None:
    found = explain(BOOK, "message", cycle(
        entry(Action.OPEN, "2026-11-09T08:00:00-06:00", 1), entry(Action.PAUSE, "2026-11-09T09:00:00-06:00", 2)
    ))[0]  # fmt: skip
    assert (found.due, found.error, found.stages) == (None, WAITING, [])
    assert [(instants.text(each.end), each.why) for each in found.intervals] == [("2026-11-09T15:00:00Z", "open")]


def test_a_move_to_another_department_is_judged_by_its_rule_and_its_people() -> None:
    found = explain(BOOK, "message", cycle(
        entry(Action.OPEN, "2026-11-09T08:00:00-06:00", 1, department="oncology"),
        entry(Action.ROUTE, "2026-11-10T10:00:00-06:00", 2, department="cardiology"),
    ))[0]  # fmt: skip
    assert found.due == instants.parse("2026-11-10T08:00:00-06:00")
    assert not found.short
    assert found.stages[2].recipients == ["cardiology-oncall"]


def test_an_anchor_on_new_years_day_as_the_first_question_to_a_calendar() -> None:
    """The visit counts from the closing of New Year's Eve, which is worked here; a business day before is the 30th."""
    found = explained("questionnaire", "2026-12-20T09:00:00-06:00", changed(), anchor="2027-01-01T15:00:00-06:00")
    assert found.due == instants.parse("2026-12-30T17:00:00-06:00")
