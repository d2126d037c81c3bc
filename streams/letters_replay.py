"""Dead letters sent back to the topic that they came from, byte for byte.

Theory of operation. `Planner` says of a letter where it goes, or why it does not; `send` sends records as they were
received: key, value, their own headers in order, timestamp. Where a letter goes is the partition that it came from, but
for `misrouted`: there it would only be refused again, so it goes to the partition of its key by the partitioner of the
policy in force. Where that is `unchecked` now, the portal's own choice holds, and it goes back where it came from.

`late` and `anchor_missing` letters go only where they are asked for by name. A late event stays late unless the policy
keeps items longer now. An event without an anchor has had its effect: its letter is a copy, and the same event again
changes nothing (R4). Which is also why a replay may be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.policy import Settings
from streams import letters, policies
from streams.deadletters import ANCHOR_MISSING, LATE, MISROUTED, Letter, Place, own_headers
from streams.intake import PARTITIONERS
from streams.letters import Filter, Read
from streams.runtime import Record, lenient

ASKED_FOR = frozenset({ANCHOR_MISSING, LATE})
"""Reasons that are replayed only if asked for by name."""
MAX_REQUEST = 17 << 20
"""Bytes: a record as large as the dead letters' topic takes, and its frame."""
PLANNED, SENT, LEFT_OUT, IMPOSSIBLE, FAILED = "planned", "sent", "left_out", "impossible", "failed"
"""Outcomes; with the last two something is amiss."""


class Outcome(NamedTuple):
    """What becomes of a letter."""

    letter: Letter
    outcome: str
    partition: int | None = None
    """Where it goes in `letter.topic`."""
    why: str | None = None
    """It does not."""


class Planner(NamedTuple):
    """What decides where letters go."""

    counts: Mapping[str, int]
    """The partitions of the topics to which letters may go: the inputs that exist."""
    partitioner: str
    """`settings.partitioner` of the policy in force."""
    named: bool
    """The letters were asked for by their places."""
    reasons: Collection[str]
    """The reasons that were asked for by name."""

    def plan(self, letter: Letter, key: bytes | None) -> Outcome:
        """Where a letter goes that has this key."""
        if letter.reason in ASKED_FOR and letter.reason not in self.reasons and not self.named:
            return Outcome(letter, LEFT_OUT, why=f"ask for it with --reason {letter.reason}")
        count = self.counts.get(letter.topic)
        if count is None:
            return Outcome(letter, IMPOSSIBLE, why="its topic is no input that is there")
        partition = letter.topic_partition
        if letter.reason == MISROUTED and key is not None and (hashed := PARTITIONERS.get(self.partitioner)):
            partition = hashed(key) % count
        if not 0 <= partition < count:
            return Outcome(letter, IMPOSSIBLE, why=f"its topic has {count} partitions now")
        return Outcome(letter, PLANNED, partition)


async def planner(client: Mapping[str, Any], prefix: str, wanted: Filter) -> Planner:
    """What decides where the letters go that were asked for so, from the topics and the policy on the broker.

    Raises:
        PolicyError: there are policies in the topic, and this version of the program refuses them all.
    """
    inputs, policy = [*topics.inputs(prefix), topics.COMMANDS.name(prefix)], topics.POLICY.name(prefix)
    counts = await letters.counts(client, [*inputs, policy])
    partitioner = Settings().partitioner
    if policy in counts:
        consumer, decree = await policies.open_at_end(client, policy)
        await consumer.stop()
        partitioner = decree.policy.settings.partitioner if decree is not None else partitioner
    reachable = {topic: counts[topic] for topic in inputs if topic in counts}
    return Planner(reachable, partitioner, bool(wanted.places), wanted.reasons)


async def replay(
    client: Mapping[str, Any],
    read: AsyncIterator[list[Read]],
    chosen: Collection[Place],
    planner: Planner,
    *,
    dry_run: bool,
) -> AsyncIterator[Outcome]:
    """Send the chosen of the letters that are read back, and say what became of each.

    Raises:
        KafkaError: the broker cannot be asked.
    """
    lenient.install()
    producer = AIOKafkaProducer(**client, acks="all", max_request_size=MAX_REQUEST)
    await producer.start()
    try:
        async for some in read:
            planned = []
            for letter, record in some:
                if letter is None or letter.place not in chosen:
                    continue
                outcome = planner.plan(letter, record.key)
                if outcome.outcome == PLANNED and not dry_run:
                    planned.append((outcome, record))
                else:
                    yield outcome
            for outcome in await send(producer, planned):
                yield outcome
    finally:
        await producer.stop()


async def send(to: AIOKafkaProducer, planned: Sequence[tuple[Outcome, Record]]) -> list[Outcome]:
    """Send letters back, in order, and wait for the broker's word on each.

    Raises:
        KafkaError: the broker cannot be asked; what it refuses of a single record is that letter's outcome.
    """
    said = await asyncio.gather(*[await _send(to, each, record) for each, record in planned], return_exceptions=True)
    outcomes = []
    for (plan, _), answer in zip(planned, said, strict=True):
        if isinstance(answer, BaseException):
            if not isinstance(answer, KafkaError) or answer.retriable:
                raise answer
            outcomes.append(plan._replace(outcome=FAILED, why=f"the broker refused it: {answer}"))
        else:
            outcomes.append(plan._replace(outcome=SENT))
    return outcomes


async def _send(to: AIOKafkaProducer, plan: Outcome, record: Record) -> asyncio.Future[Any]:
    sent: asyncio.Future[Any] = await to.send(
        plan.letter.topic,
        record.value,
        record.key,
        plan.partition,
        record.timestamp if record.timestamp >= 0 else None,
        list(own_headers(record)),
    )
    return sent
