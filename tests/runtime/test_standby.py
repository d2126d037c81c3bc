"""A worker without partitions, which fetches nothing: it stays in the group, and hears what befalls it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from streams.runtime import App, clients


@pytest.fixture
def app() -> App:
    return App("unit", broker="kafka://127.0.0.1:1")


@pytest.mark.parametrize("kind", ["lanes", "follower"])
async def test_it_joins_again_however_long_it_had_nothing_to_do(app: App, kind: str) -> None:
    """Who has not fetched for the poll interval leaves the group, by aiokafka, and joins no more."""
    client = {"bootstrap_servers": "127.0.0.1:1"}
    lanes = kind == "lanes"
    group = clients.group_consumer(client, app.conf, app.settings) if lanes else clients.following_consumer(
        client, app.conf, "g", sole=False
    )  # fmt: skip
    years = 10 * 365 * 86_400
    assert group._max_poll_interval_ms / 1000 > years
    assert group._rebalance_timeout_ms == app.conf.broker_rebalance_timeout * 1000, "which does not go by it"
    await group.stop()


async def test_what_ends_the_coordination_ends_the_worker(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lane fetches, so nobody else would be told."""
    told: list[str] = []
    asked = iter([None, None, GroupAuthorizationFailedError("unit")])

    def check_errors() -> None:
        if (error := next(asked)) is not None:
            raise error

    def fail(error: Exception, where: str) -> None:
        told.append(f"{where}: {type(error).__name__}")

    monkeypatch.setattr("streams.runtime.lanes.BEAT_EVERY", 0.001)
    monkeypatch.setattr(app.lanes, "fail", fail)
    coordinator: Any = SimpleNamespace(check_errors=check_errors)
    app.lanes._group = SimpleNamespace(_coordinator=coordinator)
    async with asyncio.timeout(5):
        await app.lanes._beat()
    assert told == ["group: GroupAuthorizationFailedError"]


def test_before_it_has_connected_there_is_nothing_to_ask() -> None:
    clients.check(None)
    clients.check(SimpleNamespace())
