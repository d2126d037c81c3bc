"""What was deleted before it was read: from the fetch that fails to the counter on the page."""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.metrics import UnreadCollector
from streams.runtime import App
from tests.runtime.standins import Group, House
from tests.runtime.test_progress import nothing


class Deleted(Group):
    """The topic begins at 9; the group stands at 3."""

    async def getmany(self, *tps: TopicPartition, **options: Any) -> dict[TopicPartition, Any]:
        if self.at < 9:
            raise OffsetOutOfRangeError({tps[0]: self.at})
        return {}

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, 9)


async def test_a_lane_goes_on_at_the_first_record_and_its_gate_is_shut() -> None:
    house, group = House(nothing), Deleted()
    lane: Any = house.lane
    lane.group, lane.offsets = group, {house.tp: 3}
    for came in (900, 1000):
        lane.gate.observe(house.tp, came, 3, 3)
    assert lane.gate.known == 0.9
    assert await lane._fetch() == {}
    assert ("unread", "in", 6) in house.producer.log
    assert (group.at, lane.offsets, lane.safe) == (9, {house.tp: 9}, {house.tp: 9})
    assert lane.gate.known == 0.0
    assert await lane._fetch() == {}
    assert house.producer.log.count(("unread", "in", 6)) == 1


def test_the_counter_has_every_input() -> None:
    lanes: Any = App("unit", broker="kafka://127.0.0.1:1").lanes
    lanes.inputs = {"a": None, "b": None}
    lanes.unread("a", 6)
    lanes.unread("a", 1)
    (family,) = UnreadCollector(lanes.deleted_unread).collect()
    assert family.name == "portalwatch_deleted_unread"
    assert {sample.labels["topic"]: sample.value for sample in family.samples} == {"a": 7, "b": 0}
