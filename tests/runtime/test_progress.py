"""How a lane gets on: an input that stands still is not hidden by another, and a step takes no longer than it may."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.runtime import Batch
from streams.runtime.progress import FIRST, Portion, Progress
from streams.runtime.watchdog import Watchdog
from tests.runtime.standins import Group, House, Record

SILENT = TopicPartition("silent", 0)


class OneOfTwo(Group):
    """A group with records of the input `in` at any time; the fetches of the other are not answered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.heard: dict[TopicPartition, int] = {}

    async def getmany(self, *tps: TopicPartition, timeout_ms: int, max_records: int) -> dict[TopicPartition, Any]:
        self.asked.append(max_records)
        begin, self.at = self.at, self.at + max_records
        self.heard[tps[0]] = self.heard.get(tps[0], 0) + 100
        return {tps[0]: [Record(begin + n) for n in range(max_records)]}

    async def position(self, tp: TopicPartition) -> int:
        return self.at if tp != SILENT else 0

    def highwater(self, tp: TopicPartition) -> int:
        return self.at if tp != SILENT else 0

    def last_stable_offset(self, tp: TopicPartition) -> int:
        return self.highwater(tp)

    def last_poll_timestamp(self, tp: TopicPartition) -> int | None:
        return self.heard.get(tp)


def two_inputs(agent: Any) -> tuple[House, OneOfTwo]:
    house, group = House(agent), OneOfTwo()
    lane = house.lane
    lane.group, lane.offsets = group, {house.tp: 3, SILENT: 0}
    lane.inputs = {**lane.inputs, SILENT: lane.inputs[house.tp]}
    lane.gate = type(lane.gate)(lane.inputs)
    lane.progress = Progress(lane.inputs)
    return house, group


async def nothing(batch: Batch) -> None:
    """An agent that does nothing."""


async def test_an_input_that_stands_still_is_not_hidden_by_one_that_flows() -> None:
    house, group = two_inputs(nothing)
    lane = house.lane
    lane.progress.anew(time.monotonic() - 61)
    for _ in range(3):
        await lane._round()
    assert lane.offsets[house.tp] == 3 + sum(group.asked)
    dog = Watchdog({0: lane}, lane.settings)
    dog.joining = None
    why = dog.verdict(time.monotonic()) or ""
    assert why.startswith("partition 0 made no progress for 61 s; in at ")
    assert "silent at 0 of 0" in why
    for came in (1_000, 1_100):  # it is answered again, and has nothing new
        group.heard[SILENT] = came
        await lane._round()
    assert lane.gate.of(SILENT) == 1_000
    assert dog.verdict(time.monotonic()) is None


async def test_steps_become_smaller_where_each_record_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.progress.LONG", 0.05)
    monkeypatch.setattr("streams.runtime.progress.SHORT", 0.04)
    pace = 0.005

    async def agent(batch: Batch) -> None:
        time.sleep(pace * len(batch.records))  # noqa: ASYNC251 - as an agent that computes

    house, group = two_inputs(agent)
    house.lane.portion = Portion(40)
    for _ in range(2):
        await house.lane._round()
    assert group.asked[0] == 40
    assert 1 <= group.asked[1] <= 10
    pace = 0.0
    for _ in range(8):
        await house.lane._round()
    assert group.asked[-1] == 40, "as before, once they are quick again"


@pytest.mark.parametrize(
    ("count", "seconds", "then"),
    [
        (FIRST, 0.01, 2 * FIRST),
        (FIRST - 1, 0.01, FIRST),  # not full: it says nothing of a larger one
        (FIRST, 0.5, FIRST),
        (FIRST, 5.0, FIRST // 5),
        (FIRST, 4 * FIRST, 1),
        (1, 90.0, 1),
    ],
)
def test_the_size_of_a_step(count: int, seconds: float, then: int) -> None:
    portion = Portion(4000)
    portion.took(count, seconds)
    assert portion.size == then


def test_no_step_is_larger_than_it_may_be() -> None:
    assert Portion(100).size == 100
    portion = Portion(600)
    for _ in range(3):
        portion.took(portion.size, 0.0)
    assert portion.size == 600
