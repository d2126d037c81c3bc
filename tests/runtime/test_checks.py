"""What is refused before anything is read, and what a worker says of itself."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.exceptions import ImproperlyConfigured
from faust.types import StreamT

from streams.runtime import App, Batch, health, readers, topics
from streams.runtime.membership import numbers
from streams.runtime.settings import Settings
from streams.runtime.watchdog import Watchdog


@pytest.fixture
def app() -> App:
    return App("unit", broker="kafka://127.0.0.1:1")


async def read(stream: StreamT[Batch]) -> None:
    async for _ in stream:
        pass


def check(app: App) -> None:
    readers.check(app.agents.values(), app.lanes.inputs, app.ticks)


def test_one_agent_for_each_input(app: App) -> None:
    app.agent(app.batches("a"), name="first")(read)
    check(app)
    app.batches("b")
    with pytest.raises(ImproperlyConfigured, match=r"app\.batches\('b'\) needs one agent, not 0"):
        check(app)
    app.agent(app.batches("b"), name="second")(read)
    app.agent(app.batches("b"), name="third")(read)
    with pytest.raises(ImproperlyConfigured, match=r"needs one agent, not 2: \['second', 'third'\]"):
        check(app)


def test_ticks_have_one_agent_at_most(app: App) -> None:
    app.agent(app.batches("a"), name="first")(read)
    app.agent(app.ticks, name="second")(read)
    check(app)
    app.agent(app.ticks, name="third")(read)
    with pytest.raises(ImproperlyConfigured, match=r"app\.ticks can have one agent, not 2"):
        check(app)


def test_an_agent_on_a_topic_is_refused(app: App) -> None:
    app.agent(app.batches("a"), name="first")(read)
    app.agent("some-topic", name="stock")(read)
    with pytest.raises(ImproperlyConfigured, match="agent stock reads a topic"):
        check(app)


def test_without_an_input_there_is_nothing_to_do(app: App) -> None:
    with pytest.raises(ImproperlyConfigured, match="nothing to read"):
        check(app)


async def test_an_agents_error_outside_a_batch_fails_the_worker(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(app.lanes, "fail", lambda error, where: told.append(f"{where}: {error}"))
    agents = [app.agent(channel, name="first")(read) for channel in (app.batches("a"), app.channel())]
    for agent in agents:
        await app._on_agent_error(agent, RuntimeError("outside"))
    assert told == ["agent first: outside"]


async def test_an_agent_cancelled_in_its_batch_fails_the_step() -> None:
    batch = Batch(0)

    async def work() -> None:
        async with batch:
            await asyncio.sleep(60)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(RuntimeError, match="cancelled in its batch"):
        await batch.done


def test_topics_that_do_not_agree_are_named_with_their_counts() -> None:
    assert topics.agree(["a", "b"], {"a": 4, "b": 4, "c": 5}) == 4
    with pytest.raises(ImproperlyConfigured, match="must have one partition count: a has 4, b has 3"):
        topics.agree(["a", "b"], {"a": 4, "b": 3})
    with pytest.raises(ImproperlyConfigured, match="topics are missing: create b, c with 4 partitions"):
        topics.agree(["a", "b", "c"], {"a": 4})
    with pytest.raises(ImproperlyConfigured, match=r"topics are missing: create a$"):
        topics.agree(["a"], {})


def test_an_uneven_assignment_is_refused() -> None:
    even = [TopicPartition(topic, p) for topic in "ab" for p in (0, 1)]
    assert numbers(even, 2) == {0, 1}
    with pytest.raises(ImproperlyConfigured, match="inputs must have one partition count"):
        numbers(even[1:], 2)


def lane(**changes: Any) -> Any:
    tp = TopicPartition("a", 0)
    told = {
        "partition": 0,
        "phase": "fetch",
        "since": 99.0,
        "progress_at": 99.0,
        "uncommitted_at": None,
        "lost": None,
        "recovered": True,
    }
    state = {"gate": SimpleNamespace(known=999.0), "offsets": {tp: 5}, "committed": {tp: 4}, "ends": {tp: 9}}
    told |= {"recovery": (7, 7), "where": lambda: "here"}
    return SimpleNamespace(**(told | state | changes))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "1 partitions"),
        ({"recovered": False}, "partition 0 is being recovered"),
        ({"lost": "rebalanced"}, "partition 0 is lost: rebalanced"),
        ({"gate": SimpleNamespace(known=0.0)}, "partition 0 has not caught up with its inputs"),
        ({"phase": "effects", "since": 1.0}, "partition 0 stuck in effects for 99 s; here"),
    ],
)
def test_ready_or_why_not(changes: dict[str, Any], why: str) -> None:
    lanes = {0: lane(**changes)}
    dog = Watchdog(lanes, Settings())
    dog.beat, dog.joining = 100.0, None
    assert health.ready(lanes, dog, 100.0, 1000.0) == (not changes, why)


def test_a_worker_that_joins_or_stops_is_not_ready_and_one_without_partitions_is() -> None:
    dog = Watchdog({}, Settings())
    dog.beat = dog.joining = 100.0
    assert health.ready({}, dog, 100.0, 1000.0) == (False, "waiting for an assignment")
    dog.joining = None
    assert health.ready({}, dog, 100.0, 1000.0) == (True, "0 partitions")
    dog.doom("stop", 5.0)
    assert health.ready({}, dog, 100.0, 1000.0) == (False, "stopping: stop")


def test_a_lane_as_a_plain_dict() -> None:
    assert health.status(lane(), 100.0) == {
        "phase": "fetch",
        "seconds": 1.0,
        "known": 999.0,
        "offsets": {"a": 5},
        "committed": {"a": 4},
        "lag": {"a": 4},
        "recovered": True,
        "recovery": {"read": 7, "end": 7},
        "progress": 1.0,
    }
