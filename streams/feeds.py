"""Looks at the inputs' ends, and at which feeds are said to be silent (contract R16).

Every worker looks: the ends serve the owner of partition 0, who judges; what is said of feeds
stands in partition 0 of the open alerts, and every worker's alerts repeat it.  Nothing is read
while the policy watches no feed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.core.feeds import PREFIX
from streams.watch import Watch

LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


class FeedLooker:
    """Keeps a watch's `feed_ends` and `silent` fresh."""

    def __init__(self, client: Mapping[str, Any], topics: Mapping[str, str], open_topic: str) -> None:
        self._client, self._topics, self._open = client, topics, TopicPartition(open_topic, 0)
        self._silent: set[str] = set()

    async def follow(self, watch: Watch) -> None:
        """Look every second, scaled by nothing: ends are cheap. Runs until cancelled."""
        while True:
            try:
                await self._look(watch)
            except KafkaError as error:
                log.warning("the feeds could not be looked at, and will be again: %r", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, watch: Watch) -> None:
        while not watch.book.settings.silent_feed:
            watch.feed_ends, watch.silent = {}, frozenset()
            await asyncio.sleep(LOOK_SECONDS)
        consumer = AIOKafkaConsumer(
            **self._client, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign([self._open])
            self._silent = set()
            inputs = {
                workflow: [TopicPartition(topic, n) for n in range(watch.partitions)]
                for topic, workflow in self._topics.items()
            }
            while watch.book.settings.silent_feed:
                asked = watch.clock.now()
                watch.feed_ends, watch.feeds_seen = await _ends(consumer, inputs), asked
                watch.silent = await self._said(consumer)
        finally:
            await consumer.stop()

    async def _said(self, consumer: AIOKafkaConsumer) -> frozenset[str]:
        """The workflows whose feed is said to be silent; waits up to a second for news."""
        got = await consumer.getmany(self._open, timeout_ms=int(LOOK_SECONDS * 1000))
        for record in got.get(self._open, []):
            key = (record.key or b"").decode(errors="replace")
            if key.startswith(PREFIX):
                (self._silent.discard if record.value is None else self._silent.add)(key)
        return frozenset(key.split(":")[1] for key in self._silent)


async def _ends(consumer: AIOKafkaConsumer, inputs: Mapping[str, Sequence[TopicPartition]]) -> dict[str, int]:
    """The sum of each workflow's end offsets."""
    ends = await consumer.end_offsets([tp for tps in inputs.values() for tp in tps])
    return {workflow: sum(ends[tp] for tp in tps) for workflow, tps in inputs.items()}
