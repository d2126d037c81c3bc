"""For those that look on: when a step is confirmed, and whether a lane is still ours."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import CommitFailedError, KafkaConnectionError

from streams.runtime import App, Batch
from streams.runtime.batch import Lost
from tests.runtime.standins import House


async def test_a_step_is_confirmed_when_all_of_it_stands() -> None:
    async def agent(batch: Batch) -> None:
        house.open.put(b"k", b"x")
        house.a.put(b"k", b"1")
        batch.send("said", b"e", b"")
        batch.confirmed += [lambda: house.producer.log.append("first"), lambda: house.producer.log.append("second")]

    house = House(agent)
    assert (await house.step(4))[-3:] == [("ok", "a"), "first", "second"]


@pytest.mark.parametrize("fails", ["agent", "group"])
async def test_a_step_that_fails_is_not_confirmed(fails: str) -> None:
    called: list[str] = []

    async def agent(batch: Batch) -> None:
        batch.send("said", b"e", b"")
        batch.confirmed.append(lambda: called.append("confirmed"))
        if fails == "agent":
            raise RuntimeError("no")

    house = House(agent)
    house.crew.refuses = True
    house.lane.member_at = 0.0
    with pytest.raises(RuntimeError if fails == "agent" else Lost):
        await house.step(4)
    assert called == []


class Group:
    """A group that gives this answer to a commit; None: none at all."""

    def __init__(self, answer: Exception | str | None) -> None:
        self.answer = answer
        self._coordinator = SimpleNamespace(generation=1)

    async def commit(self, _: object) -> None:
        if self.answer is None:
            await asyncio.sleep(60)
        if isinstance(self.answer, Exception):
            raise self.answer


@pytest.mark.parametrize(
    ("answer", "lost", "newer"),
    [
        ("taken", False, True),
        (CommitFailedError("rebalanced"), True, False),
        (KafkaConnectionError("away"), False, False),
        (None, False, False),
    ],
)
async def test_asking_whether_a_lane_is_ours_harms_nobody(
    answer: Exception | str | None, lost: bool, newer: bool
) -> None:
    async def agent(batch: Batch) -> None:
        """Is not called."""

    lane, lanes = House(agent).lane, App("unit", broker="kafka://127.0.0.1:1").lanes
    lanes._group = cast(Any, Group(answer))
    before = lane.member_at = time.monotonic() - 100
    await lanes.ask([lane], 0.05)
    assert (lane.lost is not None, lane.member_at > before, lanes._failed) == (lost, newer, None)
