"""What becomes of a partition's state when the partition is given up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.runtime import App, Batch, Slice, Table


class Parting:
    """An app with one lane, on stand-ins."""

    def __init__(self, **state: Any) -> None:
        self.app = App("unit", broker="kafka://127.0.0.1:1")
        table = self.app.Table("items")
        assert isinstance(table, Table)
        self.table = table
        self.seen: list[Any] = []
        self.app.lanes._tables = [table]
        self.app.lanes.inputs["in"] = self.app.channel()
        self.app.lanes.released(self.told)
        self.ledger = SimpleNamespace(dirty=state.pop("dirty", False), slices={})
        lane = {"clean": True, "recovered": True, "ledger": self.ledger, "close": self.close} | state
        self.app.lanes.lanes[0] = SimpleNamespace(**lane)  # type: ignore[assignment]
        table.slices[0] = Slice(0)

    async def close(self, patience: float) -> None:
        self.seen.append(("closed", list(self.table.slices)))

    def told(self, partition: int) -> None:
        self.seen.append(("released", partition, list(self.table.slices)))

    async def revoke(self) -> Any:
        await self.app.lanes.on_partitions_revoked([TopicPartition("in", 0)])
        return self.app.lanes._parked


async def test_it_is_out_of_sight_before_the_group_goes_on() -> None:
    one = Parting()
    parked = await one.revoke()
    assert one.seen == [("closed", [0]), ("released", 0, [])]
    assert parked == {0: one.ledger}, "it may come back with the next assignment"
    assert one.app.lanes.lanes == {}
    await one.app.lanes.on_partitions_assigned([])
    assert parked == {}, "and is forgotten if it does not"


async def test_a_worker_that_is_stopping_takes_no_partitions() -> None:
    one = Parting()
    await one.revoke()
    one.app.lanes._stopped.set()
    await one.app.lanes.on_partitions_assigned([TopicPartition("in", 0)])
    assert one.app.lanes.lanes == {}


async def test_a_batch_whose_partition_was_given_up_is_left_be() -> None:
    batch = Batch(0, "in")
    seen = [batch.is_over]
    batch.done.cancel()
    seen.append(batch.is_over)
    assert seen == [False, True]
    async with batch:
        """An agent that comes to it late."""


@pytest.mark.parametrize("state", [{"clean": False}, {"recovered": False}, {"dirty": True}])
async def test_a_state_that_its_changelog_does_not_hold_is_not_kept(state: dict[str, Any]) -> None:
    assert await Parting(**state).revoke() == {0: None}


@pytest.mark.parametrize(("generation", "asked"), [(-1, 0), (3, 1)])
async def test_who_is_no_member_commits_nothing(generation: int, asked: int) -> None:
    """A commit that fails while the group is joined would cost the worker its new member id."""
    app, seen = App("unit", broker="kafka://127.0.0.1:1"), list[Any]()

    async def commit(offsets: Any) -> None:
        seen.append(offsets)

    group: Any = SimpleNamespace(_coordinator=SimpleNamespace(generation=generation), commit=commit)
    lane: Any = SimpleNamespace(safe={TopicPartition("in", 0): 7}, lost=None, accepted=lambda offsets, at: None)
    app.lanes._group = group
    await app.lanes.commit([lane])
    assert len(seen) == asked
    assert (lane.lost is None) == bool(asked)
