"""For which partitions a sink may speak now.

Theory of operation. A worker that was stopped, or that the group has given up, does not know it: its next owner may
have said since that an alert is over. So nothing is told of a partition on a word of the group that is older than half
the session, in which nobody else can have been given it; the group is asked again before (`Lanes.ask`). What has been
put together is looked at once more when the connection stands, just before it is written (`Guarded`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from streams.delivery.posting import NotOurs
from streams.runtime.lane import FENCE_PART

PATIENCE: Final = 5.0
"""Seconds that the group has to answer."""


class Lane(Protocol):
    """What is asked of a lane."""

    lost: str | None
    recovered: bool
    phase: str
    session: float
    member_at: float


class Lanes(Protocol):
    """What is asked of the lanes."""

    @property
    def lanes(self) -> Mapping[int, Any]:
        """By partition."""

    async def ask(self, lanes: Sequence[Any], patience: float) -> None:
        """Have the group say whether these are ours."""


class Ownership:
    """What the lanes know. `pace`: seconds of the monotonic clock, by which `member_at` goes."""

    def __init__(self, lanes: Lanes, pace: Callable[[], float] = time.monotonic) -> None:
        self._lanes, self._pace = lanes, pace

    async def sure(self, partitions: Collection[int]) -> frozenset[int]:
        """Those of these partitions that are ours; the group is asked where its last word is old."""
        old = [lane for each in partitions if (lane := self._held(each)) is not None and not self._fresh(lane)]
        if old:
            await self._lanes.ask(old, PATIENCE)
        return frozenset(each for each in partitions if self._is_ours(each))

    def are_ours(self, partitions: Collection[int]) -> bool:
        """Whether all of these partitions are ours, by a word of the group that is new enough."""
        return all(map(self._is_ours, partitions))

    def _is_ours(self, partition: int) -> bool:
        lane = self._held(partition)
        return lane is not None and self._fresh(lane)

    def _held(self, partition: int) -> Lane | None:
        lane: Lane | None = self._lanes.lanes.get(partition)
        return None if lane is None or lane.lost or lane.phase == "lost" or not lane.recovered else lane

    def _fresh(self, lane: Lane) -> bool:
        return self._pace() - lane.member_at <= lane.session * FENCE_PART


class Guarded(BytesPayload):
    """A body that is written only while `may` says so; else the request ends with NotOurs."""

    def __init__(self, value: bytes, may: Callable[[], bool]) -> None:
        super().__init__(value, content_type="application/json")
        self._may = may

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write it all. NotOurs instead."""
        if not self._may():
            raise NotOurs
        await super().write_with_length(writer, content_length)
