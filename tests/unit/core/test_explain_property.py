"""For any calendar, rule and history: the intervals leave no gap, and what counts adds up to what had to run."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from schemas import instants
from schemas.events import Action, Entry
from schemas.policy import (
    DAY,
    HOUR,
    MINUTE,
    CalendarSpec,
    Clock,
    Department,
    Duration,
    Policy,
    Rule,
    Settings,
    Unit,
    Window,
)
from schemas.policy_clocks import DEFAULT_STAGES
from streams.core.book import Book
from streams.core.deadlines import judge
from streams.core.explain import WAITING, Explanation, explain
from streams.core.explain_intervals import CLOSED, ELAPSED, OPEN, PAUSED, counted
from streams.core.fold import Cycle, fold
from streams.core.ladder import stage_times
from streams.core.routing import Routing
from streams.core.running import run

Week = tuple[tuple[Window, ...], ...]

ZONES = (
    "UTC",
    "America/Chicago",
    "Europe/London",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)
DAYTIME: tuple[tuple[Window, ...], ...] = (
    (), ((480, 720), (750, 1020)), ((540, 720), (720, 900)), ((420, 1140),), ((480, 490), (491, 600), (1000, 1001)),
)  # fmt: skip
"""They leave the small hours to a night that runs on."""
NIGHT: tuple[Window, ...] = ((22 * 60, 30 * 60),)
ALL_DAY: tuple[Window, ...] = ((0, 24 * 60),)
SMALL_HOURS: tuple[Window, ...] = ((125, 150), (200, 1380))
FIRST_DAY = date(2006, 1, 1)
LENGTHS = st.integers(1, 200 * 60).map(lambda minutes: minutes * MINUTE)


@st.composite
def calendars(draw: st.DrawFn) -> CalendarSpec:
    kinds = draw(st.sampled_from([(*DAYTIME, NIGHT), (*DAYTIME, ALL_DAY, SMALL_HOURS)]))
    week: Week = (*(draw(st.sampled_from(kinds)) for _ in range(6)), draw(st.sampled_from(kinds[1:])))
    days = st.integers(0, 8000).map(lambda n: FIRST_DAY + timedelta(days=n))
    return CalendarSpec(
        name="any",
        timezone=draw(st.sampled_from(ZONES)),
        hours=week,
        business_days=draw(st.sampled_from([None, frozenset({6}), frozenset({0, 2, 6})])),
        holidays=draw(st.sampled_from([None, "US-WI", "GB-SCT"])),
        not_holidays=draw(st.sampled_from([frozenset(), frozenset({"Christmas Day"})])),
        closed=draw(st.frozensets(days, max_size=4)),
        open=draw(st.dictionaries(days, st.sampled_from(DAYTIME[1:]), max_size=4)),
    )


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    durations = st.one_of(
        st.builds(Duration, st.sampled_from([Unit.OPEN, Unit.ELAPSED]), LENGTHS, st.just("as drawn")),
        st.builds(Duration, st.just(Unit.BUSINESS_DAYS), st.integers(1, 6), st.just("as drawn")),
    )
    names = draw(st.sets(st.sampled_from(["within", "by", "before"]), min_size=1))
    return Rule(
        within=draw(durations) if "within" in names else None,
        by=draw(st.integers(0, 6)) if "by" in names else None,
        before=draw(durations) if "before" in names else None,
        not_before=draw(st.one_of(st.none(), durations)),
    )


@st.composite
def books(draw: st.DrawFn) -> Book:
    lead = draw(st.sampled_from([0, 1, 4])) * HOUR
    return Book(
        Policy(
            version="drawn",
            calendars={"any": draw(calendars())},
            departments={},
            defaults=Department("any", "desk", "on-call", "champion"),
            clocks=(Clock("clock", "message", (draw(rules()),), DEFAULT_STAGES),),
            settings=Settings(lead=Duration(Unit.OPEN, lead, "as drawn")),
        )
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """An open, and some pauses, resumes and new anchors after it."""
    start = draw(st.integers(0, 8000)) * DAY + draw(st.integers(0, 24 * 60)) * MINUTE + draw(st.integers(0, 2_000_000))
    start += instants.parse(f"{FIRST_DAY.isoformat()}T00:00:00Z")
    anchors = st.one_of(st.none(), st.integers(-5 * 24, 30 * 24).map(lambda hours: start + hours * HOUR))
    history = [Entry(start, "e0", "drawn", Action.OPEN, anchor=draw(anchors))]
    actions = st.sampled_from([Action.PAUSE, Action.RESUME, Action.ROUTE])
    time = start
    for number in range(draw(st.integers(0, 6))):
        time += draw(LENGTHS)
        history.append(Entry(time, f"e{number + 1}", "drawn", draw(actions), anchor=draw(anchors)))
    return history


def cycle(history: list[Entry]) -> Cycle:
    return fold(Routing(), history, enforce_from=0, max_age=90 * DAY, now=history[-1].time).cycles[0]


@given(books(), histories())
def test_the_explanation_is_that_of_the_judgement(book: Book, history: list[Entry]) -> None:
    drawn = cycle(history)
    clock = book.clocks["message"][0]
    verdict = judge(book, clock, drawn)
    [found] = explain(book, "message", drawn)
    assert (found.due, found.floor, found.elapsed, found.position) == (verdict.due, verdict.floor, verdict.elapsed, 0)
    if verdict.due is None:
        assert (found.error, found.stages, found.short) == ("anchor_missing" if verdict.missing else WAITING, [], False)
        return
    assert (found.error, found.short) == (None, verdict.short)
    assert [rung.at for rung in found.stages] == stage_times(clock, verdict, drawn)
    if not found.short:
        assert found.asked == found.due
        assert found.part is not None
        assert found.part.elapsed == found.elapsed


@given(books(), histories())
def test_the_intervals_leave_no_gap_and_add_up(book: Book, history: list[Entry]) -> None:
    [found] = explain(book, "message", cycle(history))
    end = found.due if found.due is not None else found.cycle.start
    if found.error == WAITING:
        end = found.cycle.pauses[-1][0]
    if end <= found.cycle.start:
        assert found.intervals == []
        return
    assert (found.intervals[0].start, found.intervals[-1].end) == (found.cycle.start, end)
    assert all(before.end == after.start and before[2:] != after[2:] for before, after in pairwise(found.intervals))
    counts = None if found.elapsed else found.calendar
    assert counted(found.intervals) == run(counts, found.cycle.start, end, found.cycle.pauses)
    _each_is_what_it_says(found)


def _each_is_what_it_says(found: Explanation) -> None:
    for each in found.intervals:
        assert each.start < each.end
        paused = any(begin <= each.start and (end is None or each.end <= end) for begin, end in found.cycle.pauses)
        opened = found.calendar.between(each.start, each.end)
        if each.why == PAUSED:
            assert paused
        elif each.why != ELAPSED:
            assert not paused
            assert opened == (each.end - each.start if each.why == OPEN else 0)
        assert each.counted == (each.why in {OPEN, ELAPSED})
        assert each.why in {OPEN, ELAPSED, CLOSED, PAUSED} or each.why.startswith(("holiday: ", "closed: 20"))
