"""What an agent receives, and how it answers.

A `Batch` is the records of one fetch of one partition of one topic, or a tick (no topic, no records). The agent works
`async with batch:`. Leaving the block without an error is the acknowledgement: the lane then sends the effects, writes
the changed state and only then lets the offsets go. An error in the block fails the worker, and nothing of the step is
committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import NamedTuple, Protocol, Self

Headers = Sequence[tuple[str, bytes | None]]
"""A header may have no value: Kafka has null there as anywhere."""


class Lost(Exception):
    """The partition is no longer ours; its state here is worth nothing."""


class Record(Protocol):
    """A fetched record, as aiokafka's ConsumerRecord gives it."""

    @property
    def topic(self) -> str:
        """Where it stands."""

    @property
    def partition(self) -> int:
        """Where it stands in its topic."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds (UNIX), of its making or its appending, as its topic is set."""

    @property
    def key(self) -> bytes | None:
        """As received."""

    @property
    def value(self) -> bytes | None:
        """As received; None is a tombstone."""

    @property
    def headers(self) -> Headers:
        """As received, in order."""


class Effect(NamedTuple):
    """A record to be sent before the state of its step is written."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None
    headers: Headers
    timestamp_ms: int | None


class Batch:
    """The records of one fetch of one partition, or a tick. See the module's docstring.

    `known`: UNIX seconds up to which all inputs of the partition are known to have been read; 0.0 while not yet known;
    above 0 on a tick. `wake_at`: the agent may set the UNIX seconds at which it wants the next tick at the latest;
    the last one set counts. `confirmed`: functions that are called, in order, once the broker has confirmed effects and
    state; they must not fail. `seconds`: how long the agent's block took.
    """

    __slots__ = (
        "_began",
        "_token",
        "confirmed",
        "done",
        "effects",
        "known",
        "partition",
        "records",
        "seconds",
        "topic",
        "wake_at",
    )

    def __init__(
        self, partition: int, topic: str | None = None, records: Sequence[Record] = (), known: float = 0.0
    ) -> None:
        self.partition = partition
        self.topic = topic
        self.records = records
        self.known = known
        self.wake_at: float | None = None
        self.effects: list[Effect] = []
        self.confirmed: list[Callable[[], None]] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._token: Token[Batch] | None = None
        self._began = self.seconds = 0.0

    @property
    def is_over(self) -> bool:
        """Nobody waits for it any more: its partition was given up while it lay in the channel. Leave it be."""
        return self.done.done()

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: Headers = (),
        timestamp_ms: int | None = None,
    ) -> None:
        """An effect: sent, in order, and confirmed before the state of this step is written.

        Without `partition` the key decides (murmur2). ValueError if both key and value are None.
        """
        if key is None and value is None:
            raise ValueError(f"an effect on {topic} needs a key or a value")
        self.effects.append(Effect(topic, key, value, partition, headers, timestamp_ms))

    async def __aenter__(self) -> Self:
        self._token = current_batch.set(self)
        self._began = time.monotonic()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            current_batch.reset(self._token)
        self.seconds = time.monotonic() - self._began
        if self.done.done():  # the lane was closed meanwhile
            return
        if error is None:
            self.done.set_result(None)
        elif isinstance(error, asyncio.CancelledError):  # which must not look as if the lane itself were cancelled
            self.done.set_exception(RuntimeError("the agent was cancelled in its batch"))
        else:
            self.done.set_exception(error)


current_batch: ContextVar[Batch] = ContextVar("current_batch")
