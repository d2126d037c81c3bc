"""What a follower's reader is given: a partition for as long as it is ours, and batches of its records.

Theory of operation. A `Tenure` lasts from the assignment of a partition to its revocation; if the partition comes back
later, that is another one. The reader itself says how far it came: `mark(offset, metadata)`. What is marked is
committed soon, and before the partition is given up; what lies behind the mark is handed over anew to the next owner.
So nothing is lost whatever happens, and what was told but not yet marked may be told twice.

A mark on a tenure that is over does nothing: the place is somebody else's. Where it matters to know beforehand, ask
with `await tenure.commit()`, which raises `Lost`; `stale` says when that is due: a process that was stopped may wake
when its partition has had another owner for long.

The metadata is a short text that stands beside the committed offset (a broker takes 4,096 bytes), and is there again
when the partition is taken, by whichever worker. The embedded broker keeps none: there it is always empty.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from aiokafka import TopicPartition

from streams.runtime.batch import Batch, Lost, Record

LONGEST_METADATA: Final = 4_096
"""Bytes; a broker's own limit unless it is set otherwise (`offset.metadata.max.bytes`)."""


class Tenure:
    """A partition while it is ours.

    `marked`: all before this offset is done. `metadata`: what stands beside it. `handed`: the offset after what was
    handed over. `end`: of the partition, as last heard. `lost`: it is over.
    """

    def __init__(
        self, tp: TopicPartition, marked: int, metadata: str, commit: Callable[[Tenure], Awaitable[None]],
        trust: float = math.inf,
    ) -> None:  # fmt: skip
        self.tp, self.topic, self.partition = tp, tp.topic, tp.partition
        self.marked = self.handed = self.end = marked
        self.metadata = metadata
        self.lost = False
        self.committed: tuple[int, str] | None = None
        """What the group was told last, at this place."""
        self.moved = asyncio.Event()
        """Set at each mark."""
        self.proved_at = time.monotonic()
        """When the last accepted commit was asked for."""
        self._read, self._commit, self._trust = marked, commit, trust

    def mark(self, offset: int, metadata: str | None = None) -> None:
        """All before `offset` is done, and may be committed; without `metadata` what stood there stays.

        A mark before the one that stands leaves it. ValueError past what was handed over, and for metadata too long.
        """
        if self.lost:
            return
        if offset > self.handed:
            raise ValueError(f"a mark at {offset}, but records were handed over before {self.handed} alone")
        if metadata is not None and len(metadata.encode()) > LONGEST_METADATA:
            raise ValueError(f"metadata of more than {LONGEST_METADATA} bytes")
        self.marked = max(offset, self.marked)
        self.metadata = self.metadata if metadata is None else metadata
        self._skip()
        self.moved.set()

    def read(self, position: int, end: int | None) -> None:
        """As the follower found it: the next offset to be read, past markers of transactions, and the end."""
        self._read = max(position, self.handed)
        self.end = max(self._read, self.end, end or 0)
        self._skip()

    def _skip(self) -> None:
        """With nothing in hand, the mark passes markers of transactions, which nobody is handed."""
        if self.marked == self.handed:
            self.marked = self.handed = self._read = max(self._read, self.handed)

    @property
    def mark_now(self) -> tuple[int, str]:
        """Offset and metadata."""
        return self.marked, self.metadata

    @property
    def stale(self) -> bool:
        """The group's last word that it is ours is old, or it is not: ask with `commit` before saying anything."""
        return self.lost or time.monotonic() - self.proved_at > self._trust

    async def commit(self) -> None:
        """Commit what is marked, now. Lost if the partition is no longer ours; TimeoutError if nobody answers."""
        if not self.lost:
            await self._commit(self)
        if self.lost:
            raise Lost(f"{self.topic} {self.partition} is no longer ours")

    @property
    def unread(self) -> int:
        """How many offsets lie between what was handed over and the end."""
        return max(0, self.end - max(self.handed, self._read))

    @property
    def ahead(self) -> int:
        """How many offsets were handed over and are not marked."""
        return self.handed - self.marked


class Portion(Batch):
    """Records of one partition, in order, with their tenure. Leaving its block says that they were taken in: no more.

    `send` and `wake_at` of a batch have no meaning here.
    """

    __slots__ = ("tenure",)

    def __init__(self, tenure: Tenure, records: Sequence[Record]) -> None:
        super().__init__(tenure.partition, tenure.topic, records)
        self.tenure = tenure


class Holder(Protocol):
    """Who works on what a follower reads. Whatever it raises ends the follower's `run`, and nothing is lost."""

    async def taken(self, tenure: Tenure) -> None:
        """A partition is ours, before its first portion; `tenure.metadata` is what was committed last."""

    async def take(self, portion: Portion) -> None:
        """Take records in (by itself, or as an agent hands them over); no more come before this returns.

        It need not wait for their end: the follower stops handing over while `tenure.ahead` is at its bound.
        """

    async def given_up(self, tenure: Tenure) -> None:
        """The partition goes: finish or drop what is in hand. Whatever is marked on return is committed.

        It is cut off after two thirds of the rebalance time-out; marks made until then count.
        """
