"""A partition that is given up is gone from memory at once, not when Python next looks for circles of references."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
from aiokafka import TopicPartition

from streams.app import Portalwatch, create
from streams.runtime.lane import Lane
from streams.runtime.ledger import Ledger
from streams.runtime.slices import Slice
from streams.settings import Settings
from tests.brokers import Broker
from tests.child import free_port
from tests.e2e.cluster import cluster
from tests.e2e.test_worker import POLICY, event

ITEMS = 200
GONE = {2, 3}
STATE = (Lane, Ledger, Slice)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Portalwatch]:
    app = create(settings)
    begun = asyncio.create_task(app.start())
    try:
        yield app
    finally:
        await app.stop()
        await begun


async def until(check: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


def alive(partitions: set[int], ids: set[int]) -> list[object]:
    found = (one for one in gc.get_objects() if isinstance(one, STATE) and id(one) in ids)
    return [one for one in found if one.partition in partitions]


async def test_what_was_given_up_is_gone(broker: Broker, prefix: str, tmp_path: Path) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        settings = Settings(
            broker=(broker.url,), prefix=prefix, app_id=prefix, policy=tmp_path / "policy.yaml",
            datadir=tmp_path / "data", web_port=free_port(), metrics_port=free_port(),
        )  # fmt: skip
        async with running(settings) as app:
            await until(lambda: len(app.lanes.lanes) == 4 and app.lanes.ready()[0], "ready")
            for n in range(ITEMS):
                under_test.publish("message", orjson.dumps(event(n, f"m-{n}", "sent", time.time())), f"m-{n}")
            under_test.flush()
            await until(lambda: sum(len(list(e.items)) for e in app.watch.held().values()) >= ITEMS, "all are kept")
            before = {id(one) for one in gc.get_objects() if isinstance(one, STATE)}
            assert len(alive(GONE, before)) >= len(GONE) * len(STATE)
            all_of = [TopicPartition(topic, partition) for topic in app.lanes.inputs for partition in range(4)]
            gc.collect()
            gc.disable()
            try:
                await app.lanes.on_partitions_revoked(all_of)
                await app.lanes.on_partitions_assigned([tp for tp in all_of if tp.partition not in GONE])
                await until(lambda: not alive(GONE, before), "the state of what was given up is gone")
            finally:
                gc.enable()
            assert sorted(app.lanes.lanes) == [0, 1]
