"""The agent of a sink lives on whatever the sink does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from agents import delivery
from streams.runtime.follower import Portion, Tenure


async def nothing(_: Tenure) -> None:
    """No commit."""


async def test_a_sink_that_fails_at_a_portion_is_handed_the_next() -> None:
    tenure = Tenure(TopicPartition("alerts", 0), 0, "", nothing)
    portions, took = [Portion(tenure, []) for _ in range(2)], list[Portion]()
    agents: list[Callable[[Any], Any]] = []

    async def take(portion: Portion) -> None:
        took.append(portion)
        if portion is portions[0]:
            raise ValueError

    async def stream() -> AsyncIterator[Portion]:
        for each in portions:
            yield each

    app: Any = SimpleNamespace(agent=lambda *_, **__: agents.append)
    sink: Any = SimpleNamespace(follower=SimpleNamespace(portions=None), take=take)
    delivery.attach(app, sink, "people")
    await agents[0](stream())
    assert took == portions
    assert isinstance(portions[0].done.exception(), ValueError)
    assert portions[1].done.result() is None
