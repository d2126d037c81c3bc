"""What a worker needs before its lanes begin: the topics, and a policy.

What does not fit is told in one sentence and ends the worker (status 1): it can do nothing useful.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas import topics
from streams import compiled, policies
from streams.core.policy_check import PolicyError
from streams.policies import Decree, NoPolicy
from streams.settings import Settings
from streams.topics import TopicMismatch, TopicRefused, ensure, shared_count

Decreed = Callable[[Decree], Awaitable[None]]
"""Who is handed each policy that comes into force."""
BY = "worker --policy"
"""Who is named as the author of a policy that a worker writes to an empty topic."""

UNFIT = (compiled.StaleError, TopicMismatch, TopicRefused, NoPolicy, PolicyError, KafkaError, TimeoutError)
"""What says in one sentence why there is nothing to begin with."""

log = logging.getLogger(__name__)


class CannotStart(RuntimeError):
    """Said in one sentence; where it was raised helps nobody."""

    plain = True


class Startup:
    """Prepares a worker, and follows the policy's topic while it lives."""

    def __init__(self, given: Settings, client: dict[str, Any]) -> None:
        self._given, self._client = given, client
        self._topic = topics.POLICY.name(given.prefix)
        self._consumer: AIOKafkaConsumer | None = None

    async def prepare(self, decreed: Decreed) -> int:
        """Make the topics that are missing and read the policy; returns the inputs' partition count.

        Raises:
            CannotStart: the topics do not fit, the broker is away, there is no policy, or the file is refused.
        """
        try:
            log.info("the core is %s", compiled.state())
            return await self._prepare(decreed)
        except UNFIT as error:
            raise CannotStart(f"the worker cannot start: {error}") from error

    async def _prepare(self, decreed: Decreed) -> int:
        given = self._given
        await ensure(self._client, given.prefix, given.partitions, given.replication)
        count = await shared_count(self._client, given.prefix)
        self._consumer, found = await policies.open_at_end(self._client, self._topic)
        if found is None:
            found = await self._first()
        log.info("policy %s (sha256 %s) is in force", found.policy.version, found.sha256[:12])
        await decreed(found)
        return count

    async def _first(self) -> Decree:
        """Write the policy file to the empty topic; what is then read back is in force, whoever wrote first."""
        path = self._given.policy
        if path is None:
            raise NoPolicy(
                f"{self._topic} is empty: start a worker with --policy FILE, or `portalwatch policy apply FILE`"
            )
        await policies.write(self._client, self._topic, read(path), BY, name=str(path))
        log.info("wrote the policy %s to %s", path.name, self._topic)
        await self.close()
        self._consumer, found = await policies.open_at_end(self._client, self._topic)
        if found is None:
            raise NoPolicy(f"{self._topic} stays empty although the policy was written to it")
        return found

    async def follow(self, decreed: Decreed, refused: Callable[[], None]) -> None:
        """Hand over each policy that comes, or tell `refused`; runs until cancelled."""
        if self._consumer is not None:
            await policies.follow(self._consumer, self._topic, decreed, refused)

    async def close(self) -> None:
        """Stop reading the policy."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()


def read(path: Path) -> bytes:
    """A policy file's bytes.

    Raises:
        NoPolicy: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoPolicy(f"{path}: cannot be read: {error.strerror}; give the path of a policy file") from error
