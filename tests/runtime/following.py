"""Followers under test: in this process, or in one of their own that can be killed and stopped."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.runtime import App
from streams.runtime.follower import Follower, Portion, Tenure
from tests.brokers import Broker

ROOT = Path(__file__).parents[2]


class Keeper:
    """A holder that keeps what it was told, and marks at once unless `marks` is false."""

    def __init__(self, marks: bool = True) -> None:
        self.marks = marks
        self.got: list[tuple[int, str]] = []
        """Partition and key."""
        self.came: list[tuple[int, int, str]] = []
        """Of each tenure: partition, first offset and metadata."""
        self.gone: list[int] = []
        self.last_word: Callable[[Tenure], None] = lambda tenure: None
        self.error: Exception | None = None
        self.over: Callable[[], bool] = lambda: False
        """Whether its follower has ended."""

    async def taken(self, tenure: Tenure) -> None:
        self.came.append((tenure.partition, tenure.marked, tenure.metadata))

    async def take(self, portion: Portion) -> None:
        if self.error is not None:
            raise self.error
        for record in portion.records:
            self.got.append((record.partition, (record.key or b"").decode()))
            if self.marks:
                portion.tenure.mark(record.offset + 1)

    async def given_up(self, tenure: Tenure) -> None:
        self.last_word(tenure)
        self.gone.append(tenure.partition)

    @property
    def keys(self) -> list[str]:
        return [key for _, key in self.got]


def application(broker: Broker, prefix: str, name: str = "a") -> App:
    """An app that is never started: a follower needs what it is configured with."""
    return App(
        f"{prefix}.{name}",
        broker=broker.url,
        broker_session_timeout=3.0,
        broker_heartbeat_interval=0.4,
        broker_rebalance_timeout=8.0,
        broker_client_id=name,
    )


@asynccontextmanager
async def following(
    broker: Broker, prefix: str, keeper: Keeper, name: str = "a", **options: Any
) -> AsyncIterator[Follower]:
    """A follower at work on `<prefix>.events`, in the group `<prefix>.sink`."""
    made = Follower(
        application(broker, prefix, name), f"{prefix}.sink", f"{prefix}.events", keeper, by_agent=False, **options
    )
    task = asyncio.create_task(made.run())
    keeper.over = task.done
    try:
        yield made
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it. AssertionError after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - a test looks
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {seconds} s in vain") from None


async def committed(broker: Broker, prefix: str) -> dict[int, tuple[int, str]]:
    """What the group has committed, by partition, as another client sees it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        tps = [TopicPartition(f"{prefix}.events", n) for n in range(2)]
        found = await admin.list_consumer_group_offsets(f"{prefix}.sink", partitions=tps)
        return {tp.partition: (each.offset, each.metadata) for tp, each in found.items() if each.offset >= 0}
    finally:
        await admin.close()


def child(broker: Broker, prefix: str, name: str, log: Path, pace: float) -> subprocess.Popen[bytes]:
    """A follower in a process of its own: see `main`."""
    command = [sys.executable, "-m", "tests.runtime.following", broker.url, prefix, name, str(log), str(pace)]
    with log.with_suffix(".err").open("ab") as err:
        return subprocess.Popen(command, cwd=ROOT, stdout=err, stderr=err)


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


class Slow(Keeper):
    """Writes each key to a file, waits, and marks."""

    def __init__(self, log: Path, pace: float) -> None:
        super().__init__()
        self._log, self._pace = log, pace

    async def take(self, portion: Portion) -> None:
        for record in portion.records:
            if portion.tenure.lost:
                return
            with self._log.open("a") as out:
                out.write(json.dumps({"key": (record.key or b"").decode(), "partition": record.partition}) + "\n")
            await asyncio.sleep(self._pace)
            portion.tenure.mark(record.offset + 1, f"at {record.offset}")


async def main(url: str, prefix: str, name: str, log: str, pace: str) -> None:
    """Follow until killed: a line for each record, then so many seconds, then the mark."""
    broker = Broker("kafka", Path())
    broker.port = int(url.rpartition(":")[2])
    keeper = Slow(Path(log), float(pace))
    async with following(broker, prefix, keeper, name):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
