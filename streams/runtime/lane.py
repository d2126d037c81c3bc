"""One lane per owned partition: fetch, agent, effects, changelog, then the next; the offsets follow behind.

Theory of operation. Everything that touches a partition's state runs in its lane, in order: recovery, batches and
ticks. A step begins when the effects and the state of the one before were confirmed by the broker. `offsets` is how far
the lane has worked; `safe` is a copy made after the confirmation, and the only thing that a committer may see. A lane
ends by being closed (its partition was revoked), by `Lost` (the group says that it is not ours), or by failing, which
stops the worker: nothing of the step at hand has been committed. Before its state is read, whoever owned the partition
before is shut out (`writers`); once a day it is done again, because brokers forget a transactional id after a week.

A tick is judged at the gate's `known`. It comes every `tick` seconds, and as soon as `known` reaches the moment that
the agent asked for in `wake_at`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError, OffsetOutOfRangeError, ProducerFenced
from faust.types import ChannelT
from mode import get_logger

from streams.runtime import placing
from streams.runtime.batch import Batch, Lost, Record
from streams.runtime.crew import Crew
from streams.runtime.gate import Gate
from streams.runtime.ledger import Ledger
from streams.runtime.progress import Portion, Progress
from streams.runtime.settings import Settings
from streams.runtime.steady import Steady

MIN_WAIT, MAX_WAIT = 0.01, 1.0
FENCE_PART = 0.5  # of the session: so old may the broker's last word that we are a member be
CLAIM_EVERY = 86_400.0
SAY_EVERY = 1.0  # seconds between two lines on the progress of a recovery

log = get_logger(__name__)


class Lane:
    """The work of one partition. Times that end in `_at` and `since` are of the monotonic clock."""

    def __init__(
        self,
        ledger: Ledger,
        inputs: Mapping[TopicPartition, ChannelT[Batch]],
        ticks: ChannelT[Batch] | None,
        group: AIOKafkaConsumer,
        crew: Crew,
        settings: Settings,
        session: float,
        steady: Steady,
    ) -> None:
        self.partition, self.ledger, self.inputs, self.ticks = ledger.partition, ledger, inputs, ticks
        self.group, self.crew, self.settings, self.session, self.steady = group, crew, settings, session, steady
        self.gate: Gate[TopicPartition] = Gate(inputs)
        self.offsets: dict[TopicPartition, int] = {}
        self.safe: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}  # as the last fetch response gave them
        self.committed: dict[TopicPartition, int] = {}
        self.clean = True  # the slices equal the changelogs
        self.recovered = self.behind = False  # behind: more was there than one fetch gives
        self.recovery = (0, 0)  # changelog offsets read, and to be read
        self.lost: str | None = None  # why the group says that we are not its member
        self.task: asyncio.Task[None] | None = None
        self.phase = "recovery"
        self.progress, self.portion = Progress(inputs), Portion(settings.chunk)
        self.since = self.member_at = self.tick_at = self.claimed_at = time.monotonic()
        self.uncommitted_at: float | None = None  # since then something waits for its commit
        self.wake_at: float | None = None  # UNIX seconds
        self._said = self.since
        self._lock = asyncio.Lock()

    @property
    def progress_at(self) -> float:
        """When the input that has stood still for longest last moved."""
        return self.progress.at

    def anew(self, now: float) -> None:
        """All its clocks begin at `now`: the whole process had been stopped."""
        self.since = now
        self.progress.anew(now)
        self.uncommitted_at = None if self.uncommitted_at is None else now

    def enter(self, phase: str) -> None:
        """A new phase begins; the watchdog looks at how long it lasts."""
        self.phase, self.since = phase, time.monotonic()

    def where(self) -> str:
        """Its offsets, for people: the next to be worked off, as committed, and the end as last heard."""
        each = (
            f"{tp.topic} at {offset} of {self.ends.get(tp, '?')}, committed {self.committed.get(tp, '?')}"
            for tp, offset in self.offsets.items()
        )
        return ", ".join(each) or "recovery: {} of {} offsets read".format(*self.recovery)

    def accepted(self, offsets: dict[TopicPartition, int], asked: float) -> None:
        """The group took a commit of these offsets, which was asked for at this time."""
        self.committed, self.member_at = offsets, asked
        self.uncommitted_at = None if self.safe == offsets else time.monotonic()

    def _secure(self) -> None:
        """All up to `offsets` was confirmed: it may be committed."""
        self.safe = dict(self.offsets)
        if self.uncommitted_at is None and self.safe != self.committed:
            self.uncommitted_at = time.monotonic()

    async def run(self) -> None:
        """Recover, then work until closed, lost or failed."""
        try:
            await self._recover()
            while True:
                await self._round()
        except (Lost, IllegalStateError) as error:
            self._give_up(error)
        except ProducerFenced as error:
            log.warning("partition %s: the broker refused our writing in %s: claimed since", self.partition, self.phase)
            if self.safe:
                await self.crew.commit([self])  # a member may; whoever was away too long may not
            if self.lost or not self.safe:
                self._give_up(error)
            else:
                self.crew.fail(error, f"partition {self.partition} in {self.phase}: somebody else claimed it")
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
            self.crew.fail(error, f"partition {self.partition} in {self.phase}")

    def _give_up(self, error: Exception) -> None:
        log.warning("partition %s is lost: %r", self.partition, error)
        self.enter("lost")  # until the rebalance that took it is over

    async def close(self, patience: float) -> None:
        """Let the step at hand end, at most `patience` seconds, commit it, and begin nothing after it."""
        try:
            async with asyncio.timeout(patience):
                await self._lock.acquire()
        except TimeoutError:
            self.clean = False
        else:
            if self.safe != self.committed and not self.lost:
                await self.crew.commit([self])
        if self.task is not None:
            self.task.cancel()  # a getmany may leak its fetch count; not to would eat the next owner's first records
            self.task = None  # it holds us, and so would keep the state of a partition that is gone

    async def _recover(self) -> None:
        began = time.monotonic()
        self.enter("recovery")
        await self.crew.claim(self.ledger)
        count, aside = await self.ledger.recover(self._beat)
        for tp in self.inputs:
            position = await placing.begin(self.group, tp)
            if not self.settings.rewind:  # where the state is ahead of the commit, repeat nothing
                position = max(position, self.ledger.marks.get(tp.topic, 0))
            self.group.seek(tp, position)
            self.offsets[tp] = position
        self._secure()
        await self.crew.recovery_done(self.partition, aside)
        self.progress.anew(now := time.monotonic())
        self.recovered = True
        log.info("partition %s: %s records recovered in %.2f s", self.partition, count, now - began)

    def _beat(self, read: int, of: int) -> None:
        """The recovery goes on."""
        self.enter("recovery")
        self.recovery = (read, of)
        if self.since - self._said >= SAY_EVERY:
            self._said = self.since
            log.info("partition %s: %s of %s changelog offsets read", self.partition, read, of)
        self.progress.anew(self.since)

    async def _claim_again(self) -> None:
        async with self._lock:
            self.enter("claim")
            await self.crew.claim(self.ledger)
            await self.ledger.look_again()
            self.claimed_at = time.monotonic()

    async def _round(self) -> None:
        if time.monotonic() - self.claimed_at > CLAIM_EVERY:
            await self._claim_again()
        self.enter("fetch")
        count, seconds = 0, 0.0
        for tp, records in (await self._fetch()).items():
            batch = Batch(self.partition, tp.topic, records, self.gate.known)
            await self._step(self.inputs[tp], batch)
            self.progress.moved(tp)
            count, seconds = count + len(records), seconds + batch.seconds
        self.behind = self.behind or count >= self.portion.size
        self.portion.took(count, seconds)
        if self.lost:
            raise Lost(self.lost)
        await self._look()
        if self.behind and all(offset >= self.ends.get(tp, offset + 1) for tp, offset in self.offsets.items()):
            self.behind = False
            self.crew.hurry()
        known = self.gate.known
        if known and self._due(known):
            self.tick_at = time.monotonic() + self.settings.tick
            if self.ticks is not None:
                await self._step(self.ticks, Batch(self.partition, known=known))

    async def _fetch(self) -> Mapping[TopicPartition, Sequence[Record]]:
        wait, got = int(self._patience() * 1000), {}
        try:
            got = await self.group.getmany(*self.inputs, timeout_ms=wait, max_records=self.portion.size)
        except NoOffsetForPartitionError:
            log.debug("aiokafka was quicker than our seek")
        except OffsetOutOfRangeError as error:
            for tp in error.args[0]:
                await self._regain(tp)
        return got

    async def _regain(self, tp: TopicPartition) -> None:
        """The topic no longer has what comes next. The gate shuts until what it has is read."""
        first, unread = await placing.regain(self.group, tp, await self.group.position(tp))
        self.group.seek(tp, first)
        self.offsets[tp] = first
        self.gate.forget(tp)
        self.crew.unread(tp.topic, unread)
        self._secure()

    def _patience(self) -> float:
        """Seconds that a fetch may wait for records: until the next tick, or until `known` can be at `wake_at`."""
        if not self.gate.known:
            return self.settings.fetch_wait / 2
        wait = self.tick_at - time.monotonic()
        if self.wake_at is not None:
            ahead = self.wake_at - self.steady.now()
            wait = min(wait, ahead if ahead > 0 else self.settings.fetch_wait / 2)
        return max(MIN_WAIT, min(MAX_WAIT, wait))

    def _due(self, known: float) -> bool:
        return time.monotonic() >= self.tick_at or (self.wake_at is not None and known >= self.wake_at)

    async def _look(self) -> None:
        """Take note of fetch responses and, where nothing is in hand, of transaction markers that were passed over."""
        for tp in self.inputs:
            known, position = self.gate.of(tp), await self.group.position(tp)
            end = self.group.last_stable_offset(tp)
            if end is None or end < 0:  # an old broker does not tell
                end = self.group.highwater(tp)
            if end is not None:
                self.ends[tp] = end
            now, ahead = self.steady.look()
            self.gate.correct(round(ahead * 1000), int((now - ahead) * 1000))
            self.gate.observe(tp, self.group.last_poll_timestamp(tp), end, position)
            if position > self.offsets[tp]:
                self.offsets[tp] = position
                self._secure()
            if self.gate.of(tp) > known:
                self.progress.moved(tp)

    async def _step(self, channel: ChannelT[Batch], batch: Batch) -> None:
        async with self._lock:
            self.clean = False
            self.enter("agent")
            await channel.send(value=batch)
            await batch.done
            if batch.effects or self.ledger.dirty:
                await self._still_ours()
            await self._send(batch)
            self._secure()
            self.clean = True
            for fun in batch.confirmed:
                fun()
            self._wake(batch)
            self.enter("idle")

    async def _send(self, batch: Batch) -> None:
        """Effects and state to the broker, each confirmed before the next: the order is the promise of this package."""
        changed = bool(batch.effects) or self.ledger.dirty
        if changed:
            self.enter("lead")
            await self.ledger.lead()
        if batch.effects:
            self.enter("effects")
            await self.crew.deliver(self.ledger, batch.effects)
        for record in batch.records[-1:]:
            self.offsets[TopicPartition(record.topic, self.partition)] = record.offset + 1
        if changed:
            self.enter("changelog")
            await self.ledger.settle({tp.topic: offset for tp, offset in self.offsets.items()})

    def _wake(self, batch: Batch) -> None:
        """The agent's wish, if it has one; else a tick that has served the last wish ends it."""
        if batch.topic is None and self.wake_at is not None and batch.known >= self.wake_at:
            self.wake_at = None
        if batch.wake_at is not None and (batch.topic is not None or batch.wake_at > batch.known):
            self.wake_at = batch.wake_at

    async def _still_ours(self) -> None:
        """A commit is taken only from a member of this generation: ask before acting on an old word."""
        if not self.lost and time.monotonic() - self.member_at > self.session * FENCE_PART:
            self.enter("fence")
            await self.crew.commit([self])
        if self.lost:
            raise Lost(self.lost)
