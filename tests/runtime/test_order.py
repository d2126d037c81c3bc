"""The order of a step, seen by a producer that writes down what it is given and a group that takes or refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from streams.runtime import Batch
from streams.runtime.ledger import MARK
from streams.runtime.settings import Settings
from tests.runtime.standins import Group, House, Record


async def test_leading_puts_then_effects_then_tombstones_and_tables_with_the_mark_last() -> None:
    async def agent(batch: Batch) -> None:
        house.a.put(b"k", b"1")
        house.b.put(b"l", b"2")
        house.open.put(b"new", b"x")
        house.open.pop(b"old")
        batch.send("said", b"e", b"")

    house = House(agent)
    house.open.data[b"old"] = b"y"
    assert await house.step(4) == [
        ("open", [(b"new", b"x")]),
        ("ok", "open"),
        ("effects", [b"e"]),
        ("ok", "effects"),
        ("open", [(b"old", None)]),
        ("ok", "open"),
        ("b", [(b"l", b"2")]),
        ("ok", "b"),
        ("a", [(b"k", b"1"), (MARK, b"*")]),
        ("ok", "a"),
    ]
    assert house.lane.safe == {house.tp: 5}
    assert house.lane.ledger.marks == {"in": 5}


async def test_what_comes_and_goes_in_one_step_is_said_on_both_sides_of_the_effects() -> None:
    async def agent(batch: Batch) -> None:
        house.open.put(b"flash", b"x")
        house.open.pop(b"flash")
        batch.send("said", b"e", b"")

    house = House(agent)
    sent = [entry for entry in await house.step(0) if entry[0] != "ok"]
    assert sent == [
        ("open", [(b"flash", b"x")]),
        ("effects", [b"e"]),
        ("open", [(b"flash", None)]),
        ("a", [(MARK, b"*")]),
    ]


async def test_effects_alone_write_a_mark_and_a_step_without_any_does_not() -> None:
    async def agent(batch: Batch) -> None:
        if batch.records[0].offset == 1:
            batch.send("said", b"e", b"")

    house = House(agent)
    assert await house.step(0) == []
    assert await house.step(1) == [("effects", [b"e"]), ("ok", "effects"), ("a", [(MARK, b"*")]), ("ok", "a")]


async def test_the_mark_is_sent_only_when_the_batches_before_it_are_confirmed() -> None:
    async def agent(batch: Batch) -> None:
        for n in range(5):
            house.a.put(b"%d" % n, b"")

    house = House(agent, size=2)
    sent = await house.step(0)
    assert sent[-2:] == [("a", [(b"4", b""), (MARK, b"*")]), ("ok", "a")]
    assert sent[:-2] == [("a", [(b"0", b""), (b"1", b"")]), ("a", [(b"2", b""), (b"3", b"")]), ("ok", "a"), ("ok", "a")]


async def test_an_agents_error_lets_nothing_out() -> None:
    async def agent(batch: Batch) -> None:
        house.a.put(b"k", b"1")
        batch.send("said", b"e", b"")
        raise RuntimeError("boom")

    house = House(agent)
    with pytest.raises(RuntimeError, match="boom"):
        await house.step(4)
    assert house.producer.log == []
    assert house.lane.safe == {house.tp: 0}
    assert not house.lane.clean


async def test_an_old_word_is_renewed_before_anything_is_said_and_a_refusal_ends_the_lane() -> None:
    async def agent(batch: Batch) -> None:
        house.open.put(b"new", b"x")
        batch.send("said", b"e", b"")

    house = House(agent)
    house.lane.member_at = time.monotonic() - 6
    assert (await house.step(0))[0] == "commit"
    house.lane.member_at = time.monotonic() - 6
    house.crew.refuses = True
    with pytest.raises(Exception, match="rebalanced"):
        await house.step(1)
    assert house.producer.log[-1] == "commit"
    assert house.lane.safe == {house.tp: 1}


async def test_a_lane_that_closes_lets_its_step_end_and_commits_it() -> None:
    async def agent(batch: Batch) -> None:
        await asyncio.sleep(0.05)
        house.a.put(b"k", b"1")

    house = House(agent)
    step = asyncio.ensure_future(house.step(4))
    await asyncio.sleep(0.01)
    await house.lane.close(5.0)
    await step
    assert house.producer.log[-1] == "commit"
    assert house.lane.committed == {house.tp: 5}
    assert house.lane.clean


async def test_a_lane_whose_step_does_not_end_is_not_clean() -> None:
    async def agent(batch: Batch) -> None:
        await asyncio.sleep(60)

    house = House(agent)
    step = asyncio.ensure_future(house.step(4))
    await asyncio.sleep(0.01)
    await house.lane.close(0.05)
    assert not house.lane.clean
    assert house.producer.log == []
    step.cancel()


async def test_a_wish_to_be_woken_lasts_until_a_tick_has_served_it() -> None:
    wishes = iter([None, 50.0])

    async def agent(batch: Batch) -> None:
        batch.wake_at = next(wishes, None)

    house = House(agent)
    seen = []
    for topic, known in (("in", 10.0), ("in", 10.0), (None, 49.0), (None, 50.0)):
        batch = Batch(0, topic, [Record(0)] if topic else [], known)
        await house.lane._step(house.lane.inputs[house.tp], batch)
        seen.append(house.lane.wake_at)
    assert seen == [None, 50.0, 50.0, None]


@pytest.mark.parametrize(("mark", "rewind", "start"), [(7, False, 7), (7, True, 3), (2, False, 3)])
async def test_a_state_that_is_ahead_of_the_commit_repeats_nothing_unless_told_to(
    mark: int, rewind: bool, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def agent(batch: Batch) -> None:
        """Is not called."""

    async def recover(beat: Callable[[int, int], None]) -> tuple[int, list[Record]]:
        return 0, []

    house = House(agent)
    house.lane.group, house.lane.ledger.marks = Group(), {"in": mark}
    house.lane.settings = Settings(rewind=rewind)
    monkeypatch.setattr(house.lane.ledger, "recover", recover)
    await house.lane._recover()
    assert house.lane.group.at == start
    assert house.lane.offsets == house.lane.safe == {house.tp: start}
    assert house.lane.recovered
    assert house.producer.log == [("claimed", 0), ("recovered", 0)]
