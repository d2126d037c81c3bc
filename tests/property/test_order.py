"""An item's state is a fold of the set of its events, not of the order in which they came (R1, R3, R4)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import alerts
from schemas.events import Entry
from streams.core import state as states
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.fold import Cycle, fold
from streams.core.keeping import folded
from streams.core.routing import Routing
from streams.core.speech import outcome
from streams.core.steps import steps
from tests.contract.build import ITEM
from tests.property.histories import AFTER, HISTORIES, JUDGE, events, fresh

KEY = f"message:{ITEM}".encode()


def stands(running: Engine) -> tuple[list[Cycle], list[list[str]], Routing]:
    """The item's cycles, their outcome by each clock, and its lasting routing."""
    value = running.items.get(KEY)
    assert value is not None
    found = folded(states.decode(value), JUDGE.settings, running.now)
    verdicts = [[judge(JUDGE, clock, cycle) for clock in JUDGE.clocks["message"]] for cycle in found.cycles]
    told = [
        ["pending" if cycle.running else outcome(cycle, verdict) for verdict in judged if verdict.rule is not None]
        for cycle, judged in zip(found.cycles, verdicts, strict=True)
    ]
    return found.cycles, told, found.routing


def played(arrivals: list[Entry]) -> Engine:
    """Step by step in order of arrival, all moments in between."""
    running = fresh()
    for step in steps(events(arrivals), 0):
        running.advance(max(running.now, step[0][0].entry.time - 1))
        running.step(step)
    running.advance(AFTER)
    return running


@given(st.data(), HISTORIES)
def test_any_order_and_duplicates_give_the_same_cycles(data: st.DataObject, history: list[Entry]) -> None:
    """R3, R4: cycles, outcomes and routing are those of the events in order, each once."""
    shuffled = data.draw(st.permutations(history))
    twice = data.draw(st.lists(st.sampled_from(history), max_size=4))
    arrivals = data.draw(st.permutations([*shuffled, *twice]))
    assert stands(played(arrivals)) == stands(played(sorted(history, key=lambda entry: entry.time)))


@given(st.data(), HISTORIES)
def test_the_fold_takes_a_set(data: st.DataObject, history: list[Entry]) -> None:
    """R1: `fold` sorts what stands at one time by itself; ids and sources decide only between equals."""

    def cycles(given: list[Entry]) -> Any:
        ordered = sorted(given, key=lambda entry: entry.time)
        return fold(Routing(), ordered, enforce_from=0, max_age=JUDGE.settings.max_age, now=AFTER)

    assert cycles(data.draw(st.permutations(history))) == cycles(history)


@given(st.data(), HISTORIES)
def test_within_a_step_the_order_does_not_matter(data: st.DataObject, history: list[Entry]) -> None:
    """Section 9: what a step changes is decided once, so it says the same in any order, and so does what follows."""

    def said(arrivals: list[Entry]) -> tuple[list[alerts.Alert], set[object]]:
        running = fresh()
        effects = running.step(events(arrivals))
        return [*effects.alerts, *running.advance(AFTER).alerts], {(dead.ref, dead.reason) for dead in effects.dead}

    assert said(data.draw(st.permutations(history))) == said(history)


@given(HISTORIES)
def test_an_item_is_kept_as_the_bytes_that_it_decodes_to(history: list[Entry]) -> None:
    value = played(history).items.get(KEY)
    assert value is not None
    assert states.encode(states.decode(value)) == value
