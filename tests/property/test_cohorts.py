"""Cohorts and what is pending: kept step by step, they are what a count from scratch gives (contract section 7, 8).

Late events, moves between departments, crashes at any moment and new policies on the way.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Event, from_json
from schemas.policy import DAY
from streams.core.accounts import Accounts
from streams.core.book import Book
from streams.core.cohorts import BOUNDS, Cohort
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.firing import Firing
from streams.core.ladder import stage_times
from streams.core.pending import STATES
from streams.core.policy_check import load
from streams.core.shares import OUTCOMES
from streams.core.shelf import DictShelf
from streams.core.steps import steps
from tests.contract.build import running
from tests.model.generate import FLAVOURS, generate
from tests.property.recount import CountingModel, Counts
from tests.property.test_rebuild import SPEAKER, again

BUCKETS = [f"upto {bound // 60_000_000}" for bound in BOUNDS] + ["upto more"]


def counts_of(engine: Engine) -> Counts:
    """The engine's rows, in the recount's form; a row from which all went is none."""
    return {(*key[:3], key.window): found for key, row in engine.accounts.cohorts if (found := words(row))}


def words(row: Cohort) -> Counter[str]:
    sums = {name: row.count(number) for number, name in enumerate(OUTCOMES)}
    sums |= {"short_notice": row.short_notice, "responses": row.responses, "response": row.response_sum}
    sums |= dict(zip(BUCKETS, row.buckets, strict=True))
    return Counter({name: count for name, count in sums.items() if count})


def pending_of(accounts: Accounts, now: int) -> dict[tuple[str, str], tuple[tuple[int, ...], int | None]]:
    return {(w, d): (g.counts, g.oldest) for w, d, g in accounts.pending.at(now) if any(g.counts)}


def counted_pending(engine: Engine, now: int) -> dict[tuple[str, str], Counter[str]]:
    """From the histories, as the contract words it: of several clocks the most urgent counts."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for workflow, _, cycle in running(engine):
        group = found.setdefault((workflow, engine.book.label(cycle.routing)), Counter())
        group["paused" if cycle.paused else state_of(engine, workflow, cycle, now)] += 1
    return found


def state_of(engine: Engine, workflow: str, cycle: Any, now: int) -> str:
    urgency = 0
    for clock in engine.chain.of(cycle.start).clocks[workflow]:
        verdict = judge(engine.chain.of(cycle.start), clock, cycle)
        if verdict.due is not None:
            times = zip(clock.stages, stage_times(clock, verdict, cycle), strict=True)
            soon = any(at <= now for stage, at in times if stage.early)
            urgency = max(urgency, 2 if verdict.due <= now else int(soon))
    return ("on_time", "due_soon", "missed")[urgency]


def log_of(flavour: str, seed: int) -> tuple[Book, list[Any], str]:
    text, events = generate(seed, flavour)
    lines = [json.dumps(event) for event in events]
    read = [(event, line) for line in lines if isinstance(event := from_json(line), Event)]
    return Book(load(text), text.encode()), list(steps(read, 0)), text


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 200), data=st.data())
def test_cohorts_equal_a_recount_by_the_model(flavour: str, seed: int, data: st.DataObject) -> None:
    book, log, text = log_of(flavour, seed)
    looks = data.draw(st.sets(st.integers(0, len(log) - 1), max_size=4)) | {len(log) - 1}
    crashes = data.draw(st.sets(st.integers(0, len(log) - 1), max_size=3))
    engine, model = Engine(book, SPEAKER, DictShelf(), DictShelf()), CountingModel(text)
    for number, step in enumerate(log):
        engine = again(book, engine) if number in crashes else engine
        engine.advance(max(engine.now, step[0][0].entry.time - 1))
        engine.step(step)
        model.apply(line for _, line in step)
        if number in looks:
            engine.advance(engine.now)
            assert counts_of(engine) == model.recount()
    model.advance(model.now + 5 * DAY)
    engine.advance(engine.now + 5 * DAY)
    assert counts_of(engine) == model.recount()


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 200), data=st.data())
def test_through_new_policies_all_numbers_equal_a_count_from_scratch(
    flavour: str, seed: int, data: st.DataObject
) -> None:
    book, log, _ = log_of(flavour, seed)
    others = [book, *(log_of(flavour, seed + more)[0] for more in (1, 2))]
    decrees = data.draw(st.dictionaries(st.integers(0, len(log) - 1), st.sampled_from(others), max_size=3))
    engine = Engine(book, SPEAKER, DictShelf(), DictShelf())
    for number, step in enumerate(log):
        if number in decrees:
            engine.decree(decrees[number], engine.now, number + 1)
            engine.adopt(data.draw(st.integers(0, 5)))
        engine.advance(max(engine.now, step[0][0].entry.time - 1))
        engine.step(step)
    while engine.adopting:
        engine.adopt(7)
    fresh = Accounts(engine.items, Firing(engine.open))
    fresh.rebuild(engine.latest)
    rows = {key: row for key, row in engine.accounts.cohorts if row}
    assert rows == {key: row for key, row in fresh.cohorts if row}
    assert engine.accounts.firing.counts == fresh.firing.counts
    assert sum(fresh.firing.counts.values()) == len(list(engine.open))
    for later in (0, 1, 3):
        now = engine.now + later * DAY // 2
        assert pending_of(engine.accounts, now) == pending_of(fresh, now)
        told = {
            group: Counter(dict(zip(STATES, counts, strict=True)))
            for group, (counts, _) in pending_of(fresh, now).items()
        }
        assert {group: +counts for group, counts in told.items()} == counted_pending(engine, now)
