"""The engines of the partitions that this worker holds, between the lanes and the core.

Agents hand batches over; a batch's events are read, judged step by step, and what is said of them
is sent with the batch, and counted.  Items and open alerts stand in two tables of the runtime, so the order
*said, alert, state, offset* is the runtime's.  The clock is read once for each batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from schemas import alerts
from schemas.alerts import Alert
from schemas.policy import MINUTE
from streams import deadletters
from streams.clock import Clock
from streams.core.book import Book
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.steps import steps, take
from streams.core.voice import Speaker
from streams.intake import Reader
from streams.runtime import Batch, Record, Slice, Table
from streams.scorecards import Cards
from streams.tally import Tally

GATE_SHUT = MINUTE
"""What the gate holds back for longer is caught up (R11)."""
STEPS_AT_ONCE = 32
"""After so many steps what they say is sent, and it is looked at how long the loop has stood still."""
AT_ONCE = 0.004
"""Seconds that it may."""
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
"""How CloudEvents in structured mode are marked on Kafka."""
ADOPTED_AT_ONCE = 100
ADOPTS_FOR = 0.02
"""Items that are brought under a new policy between two looks at the clock, and seconds that a tick does it for: what
comes up meanwhile waits for the tick, and for that of every other partition of this worker."""
FEEDS_JUDGE = 0
"""The partition whose owner judges the feeds (R16)."""
SOON = 0.001
"""Seconds."""

Listener = Callable[[int, Sequence[Alert]], None]
"""Called with a partition and what was said of it. It must not fail, and only take note: the lane waits for it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Topics:
    """Where alerts and dead letters go."""

    alerts: str
    dead_letters: str


@dataclass(slots=True)
class _Held:
    """A partition that this worker holds."""

    engine: Engine
    cards: Cards
    owed: Effects
    """What has to be said again with the next batch (R12)."""
    adopted: int
    """Which policy it judges by."""
    aside: Sequence[Record] = ()
    """Records of its changelogs that were set aside, to be copied to the dead letters with the next batch."""


class Watch:
    """Judges what the lanes hand over."""

    def __init__(
        self,
        source: str,
        clock: Clock,
        topics: Topics,
        items: Table,
        open_alerts: Table,
        cards: Table,
        max_event_bytes: int,
        tally: Tally,
    ) -> None:
        self.clock, self.topics, self.tally = clock, topics, tally
        self.partitions = 0
        """Of the inputs; known once the topics are."""
        self.feed_ends: dict[str, int] = {}
        """The sum of each workflow's end offsets, as last looked at."""
        self.feeds_seen = 0
        """When they were looked at, in microseconds: nothing is known of the feeds after it."""
        self.silent: frozenset[str] = frozenset()
        """Workflows whose feed is said to be silent (R16)."""
        self.listeners: list[Listener] = []
        """Called once the broker has confirmed what was said."""
        self._source, self._items, self._open, self._cards = source, items, open_alerts, cards
        self._max_bytes = max_event_bytes
        self._held: dict[int, _Held] = {}
        self._refused: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._book: Book | None = None
        self._decreed, self._decrees = (0, 0), 0

    # -- policy ---------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        """The policy in force.

        Raises:
            LookupError: before the first one was read.
        """
        if self._book is None:
            raise LookupError("no policy has been read yet")
        return self._book

    def decree(self, book: Book, at: int, offset: int) -> None:
        """A policy comes into force: time (microseconds) and offset of its record.

        Partitions take it at the next tick. The clock of whoever wrote the record may run ahead: ours counts then.
        """
        self._book, self._decreed = book, (min(at, self.clock.now()), offset)
        self._decrees += 1
        self.tally.decreed(book)

    # -- partitions -----------------------------------------------------------------------------

    def held(self) -> dict[int, Engine]:
        """The engines of the partitions that are held and recovered."""
        return {partition: held.engine for partition, held in self._held.items()}

    def open_alerts(self, partition: int) -> Slice:
        """What stands open in a partition. LookupError if this worker does not hold it."""
        return self._open.slice(partition)

    def recovered(self, partition: int) -> None:
        """Its tables are filled: derive the engine from them."""
        speaker = Speaker(self._source, partition)
        items, open_alerts = self._items.slice(partition), self._open.slice(partition)
        engine = Engine(self.book, speaker, items, open_alerts, *self._decreed)
        owed = engine.rebuild(stamp=self.clock.now())
        if owed.alerts:
            log.warning("partition %s: %s open alerts were unknown to their items", partition, len(owed.alerts))
        cards = Cards(engine.accounts.cohorts, self._cards.slice(partition), self._source, partition)
        cards.compare()
        self._held[partition] = _Held(engine, cards, owed, self._decrees)

    def released(self, partition: int) -> None:
        """It belongs to another worker now."""
        self._held.pop(partition, None)

    def set_aside(self, partition: int, records: Sequence[Record]) -> None:
        """These stood in its changelogs and are no state: they go to the dead letters."""
        self._held[partition].aside = records

    # -- batches --------------------------------------------------------------------------------

    async def take(self, batch: Batch, workflow: str) -> None:
        """Judge the records of one fetch; now and then the loop may turn, which also sends the heartbeats."""
        if batch.is_over:
            return
        held, now = self._held[batch.partition], self.clock.now()
        self._settle(batch, held, now)
        held.engine.silent = self.silent
        engine = held.engine
        limit, turned = self.clock.at(batch.known) if batch.known else 0, perf_counter()
        settings = self.book.settings
        reader = Reader(workflow, settings, now=now, partitions=self.partitions, max_bytes=self._max_bytes)

        def refused(record: Record, reason: str, detail: str) -> None:
            self._refuse(batch, record, reason, detail, now)

        rest, taken = steps(reader.events(batch.records, refused), engine.now), False
        while (effects := take(engine, rest, STEPS_AT_ONCE, limit, now)) is not None:
            taken = True
            self._say(batch, effects, now)
            if perf_counter() - turned > AT_ONCE:
                await asyncio.sleep(0)
                turned = perf_counter()
        if taken:
            engine.keep_times()
            self.tally.read(reader.taken, now)
        self._tell(batch)
        self._wish(batch, engine)

    def tick(self, batch: Batch) -> None:
        """Say what has come up to the moment up to which the inputs are known."""
        if batch.is_over:
            return
        held, now = self._held[batch.partition], self.clock.now()
        self._settle(batch, held, now)
        held.engine.silent = self.silent
        if batch.partition == FEEDS_JUDGE and (self.feed_ends or not self.book.settings.silent_feed):
            self._say(batch, held.engine.look(self.feed_ends, self.feeds_seen or now), now)
        if held.adopted != self._decrees:
            held.adopted = self._decrees
            held.engine.decree(self.book, *self._decreed)
        self._adopt(batch, held.engine, now)
        shut = int(GATE_SHUT * max(1.0, self.clock.rate))
        self._say(batch, held.engine.advance(self.clock.at(batch.known), stamp=now, late=now - shut), now)
        held.cards.publish(now, self.book.version)
        self._tell(batch)
        self._wish(batch, held.engine)

    def _adopt(self, batch: Batch, engine: Engine, now: int) -> None:
        until = perf_counter() + ADOPTS_FOR
        while engine.adopting and perf_counter() < until:
            self._say(batch, engine.adopt(ADOPTED_AT_ONCE, stamp=now), now)

    def _settle(self, batch: Batch, held: _Held, now: int) -> None:
        owed, held.owed = held.owed, Effects()
        self._say(batch, owed, now)
        aside, held.aside = held.aside, ()
        for record in aside:
            self._refuse(batch, record, "undecodable", "value: not a state that a worker wrote to its changelog", now)

    def _say(self, batch: Batch, effects: Effects, now: int) -> None:
        for alert in effects.alerts:
            key, value = alert.subject.encode(), alerts.encode(alert)
            batch.send(self.topics.alerts, key, value, partition=batch.partition, headers=STRUCTURED)
        for dead in effects.dead:
            record: Record = dead.ref  # the handle that `_read` gave
            self._refuse(batch, record, dead.reason, dead.detail, now)
        if effects.alerts:
            self.tally.said(effects.alerts)
            for listener in self.listeners:
                batch.confirmed.append(partial(listener, batch.partition, effects.alerts))
        if effects.ended:
            self.tally.ended(effects.ended)

    def _refuse(self, batch: Batch, record: Record, reason: str, detail: str, now: int) -> None:
        """A dead letter; `_tell` says how many there were."""
        self.tally.dead_letters[record.topic, reason] += 1
        self._refused[batch.partition][reason] += 1
        deadletters.send(batch, self.topics.dead_letters, record, reason, detail, now)

    def _tell(self, batch: Batch) -> None:
        """One line a batch for its dead letters, however many they are."""
        if refused := self._refused.pop(batch.partition, None):
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
            log.warning("partition %s: dead letters: %s", batch.partition, counts)

    def _wish(self, batch: Batch, engine: Engine) -> None:
        if engine.adopting:
            batch.wake_at = batch.known + SOON
            return
        moment = engine.next_moment()
        if moment is not None:
            batch.wake_at = self.clock.wall(moment)
