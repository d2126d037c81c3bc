"""Which workers there are, and which partitions each holds: asked of the group's coordinator.

Theory of operation. A worker's `client_id` is its advertised URL (`Settings.advertised_url`), and DescribeGroups tells
the members of the group with their client ids and assignments. The embedded broker tells the members' ids alone, which
begin with the client id: there every worker is asked for whatever it holds. What was told is kept for `FRESH`; nobody
asks while this worker holds every partition.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

FRESH: Final = 1.0
PATIENCE: Final = 2.0
_UUID = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

log = logging.getLogger(__name__)

Members = Mapping[str, frozenset[int] | None]
"""URL of a worker to the partitions that it holds; None: not known."""


class Group:
    """The consumer group of the workers. `client`: what every client of the broker needs."""

    def __init__(self, client: Mapping[str, Any], name: str) -> None:
        self._client, self._name = client, name
        self._admin: AIOKafkaAdminClient | None = None
        self._asking = asyncio.Lock()
        self._told: Members = {}
        self._told_at = -FRESH

    async def members(self) -> Members:
        """The workers; none if the broker does not tell."""
        async with self._asking:
            if time.monotonic() - self._told_at >= FRESH:
                try:
                    async with asyncio.timeout(PATIENCE):
                        self._told = await self._ask()
                except (KafkaError, OSError, TimeoutError) as error:
                    if self._told:
                        log.warning("the broker does not tell which workers there are: %r", error)
                    self._told = {}
                    await self._disconnect()
                self._told_at = time.monotonic()
            return self._told

    async def close(self) -> None:
        """Let the client go."""
        async with self._asking:
            await self._disconnect()

    async def _ask(self) -> Members:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self._client)
            await self._admin.start()
        (answer,) = await self._admin.describe_consumer_groups([self._name])
        return told(answer)

    async def _disconnect(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await admin.close()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("a client of the broker did not close: %r", error)


def told(answer: Any) -> dict[str, frozenset[int] | None]:
    """What a DescribeGroups response says."""
    found: dict[str, frozenset[int] | None] = {}
    for group in answer.groups:
        for member_id, client_id, _host, _metadata, assignment, *_ in group[5]:
            url = client_id or _UUID.sub("", member_id)
            if not url.startswith(("http://", "https://")):
                continue
            held = _partitions(assignment)
            before = found.get(url, frozenset())
            found[url] = None if held is None or before is None else before | held
    return found


def _partitions(assignment: bytes) -> frozenset[int] | None:
    if not assignment:
        return None
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return frozenset(partition for _topic, partitions in decoded.assignment for partition in partitions)
