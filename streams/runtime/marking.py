"""The commits of a follower: marks to the group, and the group's word on whose the partitions are.

A commit carries the generation: the group refuses one of a member that was away too long, and then its tenures are
over. So an accepted commit is also the proof that a partition was ours when it was asked for; one goes out every
quarter of a session even if nothing moved, and a tenure whose last proof is older than half a session is stale.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import OffsetAndMetadata
from mode import get_logger

from streams.runtime import clients
from streams.runtime.tenure import Tenure

PATIENCE: Final = 30.0
"""Seconds that the broker has to take a commit."""

log = get_logger(__name__)


class Marks:
    """Commits for one group. `group`: its consumer while there is one. `session`: gives its seconds."""

    def __init__(self, name: str, session: Callable[[], float]) -> None:
        self.group: AIOKafkaConsumer | None = None
        self._name, self._session = name, session
        self._lock = asyncio.Lock()

    async def one(self, tenure: Tenure) -> None:
        """Commit what is marked there, moved or not. TimeoutError if nobody answers."""
        async with asyncio.timeout(PATIENCE):
            await self.commit([tenure])

    async def all(self, tenures: Iterable[Tenure]) -> None:
        """Commit what has moved, and what is due for a proof."""
        old = time.monotonic() - self._session() / 4
        news = [t for t in tenures if t.mark_now != t.committed or t.proved_at < old]
        try:
            async with asyncio.timeout(PATIENCE):
                await self.commit(news)
        except TimeoutError:
            log.warning("group %s: the broker did not take a commit in %g s; tried again", self._name, PATIENCE)

    async def commit(self, tenures: Iterable[Tenure]) -> None:
        """Commit their marks. Refused: they are over."""
        async with self._lock:  # aiokafka takes one at a time
            asked, marks = time.monotonic(), {t: t.mark_now for t in tenures if not t.lost}
            if not marks or self.group is None:
                return
            try:
                if not clients.is_member(self.group):
                    raise CommitFailedError("the group no longer knows this member")
                await self.group.commit({t.tp: OffsetAndMetadata(*mark) for t, mark in marks.items()})
            except (CommitFailedError, IllegalStateError) as error:
                log.warning(
                    "group %s: a commit was refused, its partitions are lost: %s", self._name, type(error).__name__
                )
                for tenure in marks:
                    tenure.lost = True
                    tenure.moved.set()
            else:
                for tenure, mark in marks.items():
                    tenure.committed, tenure.proved_at = mark, asked

    async def none_under_way(self) -> None:
        """Wait for the one that is: none may be while the group is joined, see `clients.is_member`."""
        async with self._lock:
            pass
