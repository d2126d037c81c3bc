"""Traps on the way to a runtime that neither loses, doubles nor hangs, and the test that knows each of them.

1. A fetch response's arrival proves nothing. test_gate: a_response_that_lay_in_a_buffer_proves_nothing; test_reading:
   a_due_time_is_judged_only_when_the_inputs_are_read.
2. A worker that was stopped for longer than its session asks before it acts. test_order:
   an_old_word_is_renewed_before_anything_is_said; test_crashes: two_workers_under_kill_stop_and_rebalance.
3. A second writer on a changelog. test_state: offsets_that_do_not_join_up_are_a_strangers; test_crashes:
   a_table_is_read_back_and_a_strangers_records_are_written_over.
4. With several tables the mark goes with the last one. test_order: leading_puts_then_effects_then_tombstones..., and
   the_mark_is_sent_only_when_the_batches_before_it_are_confirmed.
5. The committer sees only what was confirmed. Here.
6. The silence watch ignores ticks, and a worker without partitions is well. Here; test_watchdog:
   rounds_without_progress, an_idle_worker_without_partitions_is_well.
7. flow_control.resume; SIGUSR1 is mode's; the parent of datadir; the web server is up before partitions are. Here;
   test_checks: ready_or_why_not, a_worker_that_joins_or_stops_is_not_ready....
8. A cancelled getmany leaks its fetch count. Here; test_watchdog: a_phase_may_last_so_long.
9. aiokafka only logs what a rebalance listener raises. Here.
10. A rewind of offsets is overridden by the mark unless asked for. test_order:
    a_state_that_is_ahead_of_the_commit_repeats_nothing_unless_told_to.
11. Kafka does not compact the active segment. test_reading: a_changelog_is_made_compacted_and_with_segments_that_end.

12. The last zombie window. test_fencing: what_wakes_when_its_heir_has_died_is_refused.

What stock Faust does wrong is shown in `stock`.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.exceptions import ImproperlyConfigured

from streams.runtime import App, Batch, clients, topics, writers
from streams.runtime.watchdog import Watchdog
from tests.runtime.harness import Bench, is_ready, until
from tests.runtime.standins import Group, House, Metadata


@pytest.fixture
def app() -> App:
    return App("unit", broker="kafka://127.0.0.1:1")


# -- 5: the committer sees only what was confirmed --------------------------------------------------------------------


async def test_what_may_be_committed_does_not_move_before_the_changelog_is_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def agent(batch: Batch) -> None:
        house.a.put(b"k", b"1")

    async def confirm(topic: str, offset: int) -> Metadata:
        sent.set()
        await answer.wait()
        return Metadata(offset)

    sent, answer, house = asyncio.Event(), asyncio.Event(), House(agent)
    monkeypatch.setattr(house.producer, "confirm", confirm)
    step = asyncio.ensure_future(house.step(4))
    await sent.wait()
    assert house.lane.offsets == {house.tp: 5}, "the lane has worked it off"
    await house.crew.commit([house.lane])
    assert house.lane.committed == {house.tp: 0}
    answer.set()
    await step
    await house.crew.commit([house.lane])
    assert house.lane.committed == {house.tp: 5}


# -- 6: ticks are no sign of life -------------------------------------------------------------------------------------


class Silent(Group):
    """A broker that answers no fetch any more; the last answer was at 1 second."""

    async def getmany(self, *inputs: TopicPartition, **options: Any) -> dict[TopicPartition, Any]:
        return {}

    def highwater(self, tp: TopicPartition) -> int:
        return self.at

    def last_stable_offset(self, tp: TopicPartition) -> int:
        return self.at

    def last_poll_timestamp(self, tp: TopicPartition) -> int:
        return 1000


async def test_ticks_go_on_while_the_broker_is_silent_and_the_watchdog_is_not_deceived() -> None:
    ticks: list[Batch] = []

    async def agent(batch: Batch) -> None:
        ticks.append(batch)

    house = House(agent)
    lane = house.lane
    group: Any = Silent()
    lane.group, lane.ticks = group, lane.inputs[house.tp]
    for came in (900, 1000):
        lane.gate.observe(house.tp, came, 3, 3)
    lane.progress.anew(heard := time.monotonic() - 61)
    for _ in range(3):
        lane.tick_at = 0.0
        await lane._round()
    assert [batch.records for batch in ticks] == [()] * 3
    assert lane.progress_at == heard
    dog = Watchdog({0: lane}, lane.settings)
    dog.joining = None
    lane.enter("fetch")
    assert dog.verdict(time.monotonic()) == "partition 0 made no progress for 61 s; in at 3 of 3, committed ?"


# -- 7: on Faust ------------------------------------------------------------------------------------------------------


async def nothing(*arguments: Any) -> None:
    """A client's start, or a topic's making."""


async def test_channels_are_opened(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock Faust's recovery does it, which does not run here; an agent's channel gives nothing until then."""
    channel = app.batches("in")
    app.agent(channel, name="reader")(nothing)
    monkeypatch.setattr(topics, "prepare", nothing)
    monkeypatch.setattr(writers.Writers, "start", nothing)
    client = SimpleNamespace(subscribe=lambda *inputs, **options: None, start=nothing)
    monkeypatch.setattr(clients, "group_consumer", lambda *arguments: client)
    monkeypatch.setattr(app.lanes.dog, "start", lambda: None)
    assert not app.flow_control.is_active()
    await app.lanes.on_start()
    assert app.flow_control.is_active()
    app.lanes._stopped.set()
    await app.lanes._gather_futures()


def test_the_data_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet" / "there"
    App("unit", broker="kafka://127.0.0.1:1", datadir=folder)._create_directories()
    assert folder.is_dir()


@pytest.mark.brokers("kafka")
def test_ready_comes_with_the_partitions_and_a_users_signal_does_no_harm(one: Bench) -> None:
    worker = one.worker()
    until(is_ready(worker), "ready")
    assert set(worker.lanes()) == {0, 1}
    worker.signal(signal.SIGUSR1)
    one.put([{"t": "open", "id": "i1", "due": 1.0}])
    until(lambda: one.said() == ["i1:late"], "it works on")
    assert worker.stop() == 0


def test_a_new_worker_waits_for_an_assignment(app: App) -> None:
    app.lanes.dog.beat = time.monotonic()
    assert app.lanes.ready() == (False, "waiting for an assignment")


# -- 8: aiokafka's own watch ends with the first cancelled fetch ------------------------------------------------------


async def test_after_a_cancelled_fetch_aiokafka_no_longer_sees_an_idle_consumer_and_the_watchdog_does() -> None:
    subscription = SubscriptionState()

    async def getmany() -> None:
        with subscription.fetch_context():  # as AIOKafkaConsumer.getmany does
            await asyncio.sleep(60)

    fetch = asyncio.ensure_future(getmany())
    await asyncio.sleep(0)
    fetch.cancel()
    await asyncio.gather(fetch, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert subscription.fetcher_idle_time == 0, "as if it were fetching for ever: max.poll.interval is watched no more"
    house = House(nothing)
    house.lane.enter("agent")
    dog = Watchdog({0: house.lane}, house.lane.settings)
    dog.joining = None
    dog.beat = house.lane.since + 61
    verdict = dog.verdict(house.lane.since + 61)
    assert verdict is not None
    assert verdict.startswith("partition 0 stuck in agent for 61 s")


# -- 9: what a rebalance listener raises ------------------------------------------------------------------------------


@pytest.fixture
def failures(app: App, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(app.lanes, "fail", lambda error, where: told.append(f"{where}: {error!r}"))
    return told


async def test_what_goes_wrong_while_partitions_are_taken_ends_the_worker(app: App, failures: list[str]) -> None:
    app.batches("a")
    app.batches("b")
    await app.lanes.on_partitions_assigned([TopicPartition("a", 0)])
    assert len(failures) == 1
    assert failures[0].startswith(f"taking partitions: {ImproperlyConfigured.__name__}(")


async def test_what_goes_wrong_while_partitions_are_given_up_ends_the_worker(app: App, failures: list[str]) -> None:
    async def close(patience: float) -> None:
        raise RuntimeError("boom")

    lane: Any = SimpleNamespace(close=close)
    app.lanes.lanes[0] = lane
    await app.lanes.on_partitions_revoked([TopicPartition("a", 0)])
    assert failures == ["giving up partitions: RuntimeError('boom')"]


async def test_what_a_callback_of_the_app_raises_ends_the_worker(app: App, failures: list[str]) -> None:
    @app.lanes.released
    def forget(partition: int) -> None:
        raise RuntimeError(f"cannot forget {partition}")

    async def close(patience: float) -> None:
        """All is well with the lane itself."""

    lane: Any = SimpleNamespace(close=close, clean=False)
    app.lanes.lanes[3] = lane
    await app.lanes.on_partitions_revoked([TopicPartition("a", 3)])
    assert failures == ["giving up partitions: RuntimeError('cannot forget 3')"]
