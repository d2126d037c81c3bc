"""Pages and counts equal a plain filter over all entries, for any question (contract section 10)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.pending import NEVER
from streams.web import listing as listings
from streams.web.entries import Entry
from streams.web.listing import Listing
from streams.web.questions import STATES, Place, Question, cursor, place
from streams.web.view import View
from tests.unit.web.site import HOUR, MINUTE, MONDAY, sent
from tests.unit.web.test_view import BOOK, fresh

NOW = MONDAY + 30 * HOUR
DAY_ENDS = {"cardiology": MONDAY + 40 * HOUR, "oncology": MONDAY + 34 * HOUR}
"""Tuesday's midnight in Chicago, where Monday began at 06:00 UTC, and in UTC."""


def stocked(seed: int, partitions: int = 2, items: int = 40) -> list[View]:
    """Views of some random work, opened over the last days."""
    rnd, made = random.Random(seed), []
    for partition in range(partitions):
        engine = fresh()
        engine.speaker = type(engine.speaker)("/unit", partition)
        for number in range(items):
            workflow = rnd.choice(["message.sent", "result.promised"])
            department = rnd.choice(["cardiology", "oncology", "zebra", "yak"])
            at = MONDAY + rnd.randrange(30 * 60) * MINUTE
            engine.step([(sent(f"{partition}-{number}", at, workflow, 0, department=department), None)])
            if workflow == "message.sent" and rnd.random() < 0.2:
                engine.step([(sent(f"{partition}-{number}", at + 1, "message.awaiting_patient"), None)])
        engine.advance(NOW)
        view = View(engine)
        view.build(1_000)
        made.append(view)
    return made


VIEWS = stocked(1)
ALL = sorted(entry for view in VIEWS for key in view.keys() if (entry := view.get(key)))  # noqa: SIM118


def state_names(entry: Entry) -> set[str]:
    """By the words of the document, one at a time."""
    if entry.paused:
        return {"paused"}
    if entry.due <= NOW:
        return {"missed"}
    found = {"due_soon" if entry.soon <= NOW else "on_time"}
    if entry.due <= NOW + HOUR:
        found.add("next_hour")
    if entry.due < DAY_ENDS.get(entry.department, DAY_ENDS["cardiology"]):
        found.add("today")
    return found


QUESTIONS = st.builds(
    Question,
    workflow=st.sampled_from([None, "message", "result", "appointment"]),
    department=st.sampled_from([None, "cardiology", "zebra", "nobody"]),
    states=st.frozensets(st.sampled_from([*STATES, "next_hour", "today"]), max_size=3),
    held=st.sampled_from([None, True, False]),
    q=st.sampled_from(["", "1-", "3"]),
    departments=st.sampled_from([None, frozenset({"cardiology", "zebra"}), frozenset[str]()]),
)


def expected(asked: Question, *, states: bool = True) -> list[Entry]:
    return [
        each
        for each in ALL
        if (asked.workflow is None or each.key.startswith(f"{asked.workflow}:".encode()))
        and asked.department in (None, each.department)
        and (asked.departments is None or each.department in asked.departments)
        and (not states or not asked.states or state_names(each) & asked.states)
        and (not states or asked.held is not True)
        and (not states or asked.q in each.key.decode().partition(":")[2])
    ]


@given(QUESTIONS, st.integers(1, 7))
async def test_a_page_is_a_filter(asked: Question, turn: int) -> None:
    before, listings.TURN = listings.TURN, turn  # type: ignore[misc]  # as many entries as there are turns
    try:
        found = Listing(VIEWS, asked, BOOK, NOW)
        assert [each async for each in found.entries()] == expected(asked)
        counts = await found.counts()
        totals = await found.totals(counts)
    finally:
        listings.TURN = before  # type: ignore[misc]
    assert sum(total or 0 for total in totals.values()) == len(expected(asked))
    wide = expected(asked, states=False)
    for name in ("missed", "next_hour", "today", "paused"):
        assert sum(getattr(each, name) for each in counts.values()) == sum(name in state_names(e) for e in wide), name
    assert sum(each.pending for each in counts.values()) == len(wide)


@given(QUESTIONS, st.data())
async def test_the_next_page_begins_behind_the_last(asked: Question, data: st.DataObject) -> None:
    whole = expected(asked)
    if not whole:
        return
    at = data.draw(st.integers(0, len(whole) - 1))
    after = listings.place_of(whole[at])
    found = Listing(
        VIEWS, Question(**{**{k: getattr(asked, k) for k in asked.__struct_fields__}, "after": after}), BOOK, NOW
    )
    assert [each async for each in found.entries()] == whole[at + 1 :]


def test_there_is_something_of_each_kind() -> None:
    names = {name for each in ALL for name in state_names(each)}
    assert names == {*STATES, "next_hour", "today"}
    assert any(each.due == NEVER for each in ALL)


@given(st.builds(Place, st.integers(-(1 << 62), 1 << 62), st.text(max_size=20), st.text(max_size=20)))
def test_a_cursor_is_read_back(where: Place) -> None:
    assert place(cursor(where)) == where


@pytest.mark.parametrize("text", ["", "x", "%", "W10", "WzEsMl0", "eyJ9", "é", "W" * 1000])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="give the `next`"):
        place(text)


async def test_too_many_to_count_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "TURN", 5)
    monkeypatch.setattr(listings, "COUNT_MOST", 10)
    found = Listing(VIEWS, Question(q="1-"), BOOK, NOW)
    assert set((await found.totals(await found.counts())).values()) == {None}
