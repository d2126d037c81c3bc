"""A broker that answers late while a worker recovers, and where reading goes on afterwards: stock Faust and ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from faust.tables.recovery import Recovery, ServiceStopped
from faust.types import TP

from streams.runtime import Batch, Record
from streams.runtime.changelog import Beat
from streams.runtime.watchdog import Watchdog
from tests.runtime.standins import Group, House

REQUEST_TIMEOUT = 0.1  # stock Faust's is 90 seconds


@pytest.fixture
def app() -> faust.App:
    app = faust.App("stock", broker="kafka://127.0.0.1:1", store="memory://")
    app.conf.broker_request_timeout = REQUEST_TIMEOUT
    return app


async def late(*arguments: Any) -> None:
    await asyncio.sleep(60)


async def test_stock_a_call_that_takes_too_long_looks_like_a_stop(app: faust.App) -> None:
    recovery = Recovery(app, app.tables)
    with pytest.raises(ServiceStopped):
        await recovery._wait(late(), timeout=REQUEST_TIMEOUT)
    assert not recovery.should_stop, "nobody has stopped it"


class StockConsumer:
    """A consumer whose broker is late with the ends of the changelogs."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.calls: list[str] = []

    async def highwaters(self, *partitions: TP) -> None:
        self.asked.set()
        await late()

    def assignment(self) -> set[TP]:
        return {TP("in", 0)}

    def resume_partitions(self, partitions: set[TP]) -> None:
        self.calls.append("resume")

    async def perform_seek(self) -> None:
        self.calls.append("seek")

    def resume_flow(self) -> None:
        self.calls.append("flow")


async def test_stock_recovery_ends_without_a_word_and_the_worker_lives_on_and_reads_nothing(app: faust.App) -> None:
    consumer: Any = StockConsumer()
    app._consumer = consumer
    app.Table("items")
    recovery = Recovery(app, app.tables)
    recovery.signal_recovery_start.set()
    await asyncio.wait_for(recovery._restart_recovery(recovery), 10)  # it returns: no error, no next try
    assert consumer.asked.is_set()
    assert recovery.crash_reason is None
    assert not recovery.should_stop
    assert not app.flow_control.is_active()
    assert consumer.calls == [], "what was paused for the recovery stays paused"


async def test_stock_resumes_reading_before_it_has_found_its_place(app: faust.App) -> None:
    """The fetcher runs since the recovery began: what it reads between the two calls is of the wrong place."""
    consumer: Any = StockConsumer()
    app._consumer = consumer
    recovery = Recovery(app, app.tables)
    app.flow_control.resume()
    with pytest.raises(AttributeError):  # the stand-in has no fetcher, which would be started last
        await recovery.on_recovery_completed(app.consumer_generation_id)
    assert consumer.calls == ["resume", "seek", "flow"]


async def quiet(batch: Batch) -> None:
    """Is not called."""


async def test_ours_a_recovery_that_stands_still_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(beat: Beat) -> tuple[int, list[Record]]:
        await late()
        return 0, []

    house = House(quiet)
    monkeypatch.setattr(house.lane.ledger, "recover", hang)
    lane = asyncio.ensure_future(house.lane.run())
    await asyncio.sleep(0.01)
    dog = Watchdog({0: house.lane}, house.lane.settings)
    dog.joining = None
    dog.beat = house.lane.since + 61
    verdict = dog.verdict(house.lane.since + 61)
    assert verdict is not None
    assert verdict.startswith("partition 0 stuck in recovery for 61 s")
    assert not house.lane.recovered
    lane.cancel()


async def test_ours_a_recovery_whose_broker_does_not_answer_fails_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(beat: Callable[[], None]) -> int:
        raise TimeoutError("no answer")

    house = House(quiet)
    monkeypatch.setattr(house.lane.ledger, "recover", fail)
    await house.lane.run()
    assert house.crew.failed == ["partition 0 in recovery: no answer"]


async def test_ours_the_place_is_found_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    class Watched(Group):
        def seek(self, tp: TopicPartition, offset: int) -> None:
            calls.append(f"seek {offset}")

        async def getmany(self, *inputs: TopicPartition, **options: Any) -> Any:
            calls.append("fetch")
            raise RuntimeError("seen enough")

    async def recover(beat: Beat) -> tuple[int, list[Record]]:
        calls.append("recover")
        return 0, []

    house = House(quiet)
    house.lane.group, house.lane.ledger.marks = Watched(), {"in": 7}
    monkeypatch.setattr(house.lane.ledger, "recover", recover)
    await house.lane.run()
    assert calls == ["recover", "seek 7", "fetch"]
