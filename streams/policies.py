"""`portal.policy`: the policy in force, and how workers take it (contract R13).

The topic has one partition and every worker reads it whole, with a plain consumer beside the
lanes.  The last record counts.  One that cannot be used is refused loudly, and the worker keeps
the policy that it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConsumerStoppedError

from schemas.policy import Policy
from streams.core.policy_check import PolicyError, load

KEY = b"policy"
QUIET_MS = 500
END_SECONDS = 30.0
"""So long may reading the topic to its end take."""

log = logging.getLogger(__name__)


class NoPolicy(RuntimeError):
    """There is no policy to judge by; the message says how to give one."""


@dataclass(frozen=True, slots=True)
class Decree:
    """A policy as it stands in the topic; `at` is its record's time in UNIX seconds."""

    policy: Policy
    text: bytes
    sha256: str
    at: float
    offset: int


def headers(text: bytes, policy: Policy, by: str) -> list[tuple[str, bytes]]:
    """`version`, `sha256` and `by`."""
    digest = hashlib.sha256(text).hexdigest()
    return [("version", policy.version.encode()), ("sha256", digest.encode()), ("by", by.encode())]


async def write(client: Mapping[str, Any], topic: str, text: bytes, by: str, *, name: str = "policy") -> Policy:
    """Put a policy file into force.

    Raises:
        PolicyError: it is refused, and not written.
    """
    policy = load(text, name)
    producer = AIOKafkaProducer(**client, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, text, KEY, partition=0, headers=headers(text, policy, by))
    finally:
        await producer.stop()
    return policy


async def open_at_end(client: Mapping[str, Any], topic: str) -> tuple[AIOKafkaConsumer, Decree | None]:
    """A consumer that has read the topic to its end, and the policy in force; the caller stops the consumer.

    Raises:
        PolicyError: there are policies in the topic, and this version of the program refuses them all.
    """
    consumer = AIOKafkaConsumer(**client, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        tp = TopicPartition(topic, 0)
        consumer.assign([tp])
        last: Decree | None = None
        refused: PolicyError | None = None
        async with asyncio.timeout(END_SECONDS):
            while True:
                for record in await _more(consumer, tp):
                    try:
                        last = parsed(record) or last
                    except PolicyError as error:
                        refused = error
                end = consumer.highwater(tp)
                if end is not None and await consumer.position(tp) >= end:
                    if last is None and refused is not None:
                        raise refused
                    return consumer, last
    except BaseException:
        await consumer.stop()
        raise


async def follow(
    consumer: AIOKafkaConsumer, topic: str, take: Callable[[Decree], Awaitable[None]], refused: Callable[[], None]
) -> None:
    """Hand over each policy that comes, or tell `refused`; runs until cancelled, or until the consumer is stopped."""
    tp = TopicPartition(topic, 0)
    while True:
        try:
            records = await _more(consumer, tp)
        except ConsumerStoppedError:
            return
        for record in records:
            try:
                new = await asyncio.to_thread(parsed, record)  # a large file takes long to read
            except PolicyError as error:
                log.error("a new policy is refused, and the one in force stays:\n%s", error)  # noqa: TRY400 - it says all
                refused()
                continue
            if new is not None:
                log.info("policy %s (sha256 %s) comes into force", new.policy.version, new.sha256[:12])
                await take(new)


async def _more(consumer: AIOKafkaConsumer, tp: TopicPartition) -> list[Any]:
    got = await consumer.getmany(tp, timeout_ms=QUIET_MS)
    return got.get(tp, [])  # type: ignore[no-any-return]  # aiokafka ships no types


def parsed(record: Any) -> Decree | None:
    """The policy of a record; None for a record of another key or a tombstone.

    Raises:
        PolicyError: it is refused.
    """
    if record.key != KEY or record.value is None:
        return None
    policy = load(record.value, f"{record.topic}@{record.offset}")
    digest = hashlib.sha256(record.value).hexdigest()
    return Decree(policy, record.value, digest, record.timestamp / 1000, record.offset)
