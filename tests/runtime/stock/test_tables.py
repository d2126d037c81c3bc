"""Tables, windows and timers: what stock Faust's forget, keep or refuse, and ours next to them."""

from __future__ import annotations

import json
import signal
import time
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from faust.types import TP

from streams.runtime import App, Batch, Slice, Table
from tests.runtime.harness import Bench, is_ready, until
from tests.runtime.standins import House

HOUR = 3600.0
OLD = 1_600_000_000.0  # an event time in 2020, at the start of an hour: long past by the wall clock


@pytest.fixture
def stock() -> faust.App:
    return faust.App("stock", broker="kafka://127.0.0.1:1", store="memory://")


@pytest.fixture
def ours() -> App:
    return App("unit", broker="kafka://127.0.0.1:1")


def recovered(key: Any, value: Any, partition: int) -> Any:
    """A changelog event as recovery applies it."""
    raw = SimpleNamespace(value=json.dumps(value).encode(), partition=partition)
    return SimpleNamespace(key=key, value=value, message=raw)


async def test_stock_keeps_the_keys_of_a_partition_that_it_has_lost(stock: faust.App) -> None:
    """Only keys that came by recovery are known by partition; those that the worker wrote itself stay for ever."""
    table = stock.Table("items")
    table.apply_changelog_batch([recovered("came-by-recovery", 1, 0)])
    table.data["written-here"] = 2  # as on_key_set's caller does, while partition 0 was ours
    await table.on_recovery_completed({TP("stock-items-changelog", 1)}, set())
    assert dict(table.data.items()) == {"written-here": 2}


async def test_ours_a_partition_that_is_lost_leaves_nothing(ours: App) -> None:
    table = ours.Table("items")
    assert isinstance(table, Table)
    ours.lanes._tables = [table]
    for partition in (0, 1):
        table.slices[partition] = Slice(partition)
        async with Batch(partition):
            table[b"k%d" % partition] = b"v"

    async def close(patience: float) -> None:
        """The step at hand has ended."""

    lane: Any = SimpleNamespace(close=close, clean=False)
    ours.lanes.lanes[0] = lane
    await ours.lanes.on_partitions_revoked([TopicPartition("in", 0)])
    assert dict(table.items()) == {b"k1": b"v"}


def windowed(stock: faust.App, closed: list[Any]) -> Any:
    """A table of hours that are to be closed two hours later; what is closed goes to `closed`."""
    table = stock.Table("hours", on_window_close=lambda key, value: closed.append(key))
    return table.tumbling(HOUR, expires=2 * HOUR).table


def hour_of(moment: float) -> tuple[float, float]:
    start = moment - moment % HOUR
    return (start, start + HOUR - 0.1)


async def test_stock_a_window_that_was_recovered_is_never_closed(stock: faust.App) -> None:
    closed: list[Any] = []
    table = windowed(stock, closed)
    key = ("k", hour_of(OLD))
    table.apply_changelog_batch([recovered(["k", list(hour_of(OLD))], 1, 0)])
    await table._del_old_keys()
    assert (closed, list(table.data)) == ([], [key])


async def test_stock_closes_the_window_of_one_partition_of_three(stock: faust.App) -> None:
    closed: list[Any] = []
    table = windowed(stock, closed)
    for partition in range(3):
        key = (f"k{partition}", hour_of(OLD))
        table.data[key] = 1
        table._maybe_set_key_ttl(key, partition)
    await table._del_old_keys()
    assert closed == [("k0", hour_of(OLD))]
    assert list(table.data) == [], "and all three are gone"


async def test_stock_closes_windows_by_the_wall_clock(stock: faust.App) -> None:
    """A backlog of old events: their hour is closed while its events are still being read."""
    closed: list[Any] = []
    table = windowed(stock, closed)
    key = ("k", hour_of(OLD))
    table.data[key] = 1
    table._maybe_set_key_ttl(key, 0)
    assert table._partition_latest_timestamp[0] == hour_of(OLD)[1], "by event time it is the newest window there is"
    await table._del_old_keys()
    assert closed == [key]


async def test_stock_a_timer_may_not_write_a_table(stock: faust.App) -> None:
    """A key's partition is that of the event at hand, and a timer has none."""
    table = stock.Table("items")
    with pytest.raises(TypeError, match="Cannot modify table key from outside of stream iteration"):
        table["k"] = 1


async def test_ours_a_tick_writes_tables_and_says_things_as_a_batch_of_records_does() -> None:
    async def ticks(batch: Batch) -> None:
        house.a.put(b"k", b"late")
        batch.send("said", b"k", b"late")

    house = House(ticks)
    await house.lane._step(house.lane.inputs[house.tp], Batch(0, known=5.0))
    assert [entry for entry in house.producer.log if entry[0] != "ok"] == [
        ("effects", [b"k"]),
        ("a", [(b"k", b"late"), (b"\x00position", b"*")]),
    ]


@pytest.mark.brokers("kafka")
def test_ours_what_is_due_after_a_recovery_is_said_on_every_partition_at_the_time_that_is_read(one: Bench) -> None:
    """And a backlog of old items that ended long ago says nothing, though its due times are past at the first look."""
    old = [f"old{n}" for n in range(150)]
    one.put([{"t": "open", "id": item, "due": OLD} for item in old])
    one.put([{"t": "close", "id": item} for item in old])
    worker = one.worker("a", session=2, chunk=20)
    until(is_ready(worker), "ready")
    due = time.time() + 2
    for partition in range(2):
        one.put([{"t": "open", "id": f"new{partition}", "due": due}], partition=partition)
    until(lambda: (one.committed(), one.committed(partition=1)) == (301, 1), "all is worked off")
    worker.signal(signal.SIGKILL)
    worker.wait()
    one.worker("b", session=2)
    until(lambda: len(set(one.said())) == 2, "both are late")
    assert set(one.said()) == {"new0:late", "new1:late"}
    assert all(json.loads(message.value())["known"] >= due for message in one.read("said"))
    until(lambda: all(item["late"] for item in one.table("items").values()), "and the tick has kept it in the table")
    assert set(one.table("items")) == {"new0", "new1"}
