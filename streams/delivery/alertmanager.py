"""The sink `alertmanager`: one alert of Alertmanager's for each alert that fires (contract section 11).

Theory of operation. It tells what is open. When a lane has recovered a partition, its open alerts, which are what the
broker has then, are taken over (`standing`); after that the lanes say what the broker has confirmed
(`Watch.listeners`), so nobody is told what no heir would find. What was resolved lately the owner before may not have
told: it is read from the end of the partition of `portal.alerts`. Where labels change though the alert goes on (a
policy lists a name, or the key of the references is another), the old ones are over. Each member of a cluster is told
by itself (`member`), of the partitions that are surely ours (`ownership`).

Should this worker die, the next owner goes on within its time to recover; should nobody, Alertmanager ends what it has
by itself after `ends_after`.

A partition may have 100,000 open alerts: they are taken in some at a time, and the loop turns in between.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas import alerts, instants
from schemas.alerts import FEED_RESTORED, FEED_SILENT, FIRED, RESOLVED, Alert
from streams.core.book import Book
from streams.delivery import saying, tails
from streams.delivery.answers import DELIVERED, SUPERSEDED, Line
from streams.delivery.entries import Entry, Part
from streams.delivery.member import Member
from streams.delivery.ownership import Ownership
from streams.delivery.parting import Parting
from streams.delivery.posting import Failed, Poster
from streams.delivery.sinks import Alertmanager
from streams.delivery.standing import Standing
from streams.delivery.wording import Wording, stamp
from streams.web.refs import Refs

if TYPE_CHECKING:
    from streams.delivery.service import Delivery

AT_ONCE: Final = 40
"""Alerts that are taken in between two turns of the loop: some milliseconds."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether the policy is still the same."""
LONGEST: Final = 86_400.0
"""Seconds for which an end is kept for a receiver that has not taken it."""
READ_AGAIN: Final = 5.0

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """Alerts to be taken in. `lately`: read from `portal.alerts`, others may have told of them."""

    part: Part
    alerts: Iterator[Alert]
    lately: bool = False


class AlertmanagerTeller:
    """One sink. See the module's docstring. SettingsError if `ca_file` holds no certificates."""

    def __init__(self, delivery: Delivery, name: str, sink: Alertmanager) -> None:
        self._delivery, self._name, self._sink = delivery, name, sink
        self._app, self._watch, self._answers = delivery.app, delivery.watch, delivery.answers
        self._poster = Poster(
            name, self._answers, timeout=sink.timeout, headers=self._login(),
            ca_file=None if sink.ca_file is None else delivery.file.path(sink.ca_file),
        )  # fmt: skip
        self._standing = Standing(len(sink.urls), kept=sink.resolved_for, longest=max(LONGEST, sink.resolved_for))
        self._standing.on_superseded = self._superseded
        self._owners = Ownership(self._app.lanes)
        self._work: dict[int, deque[Work]] = {}
        self._unread: dict[int, Part] = {}
        self._gone: list[Part] = []
        self._wake, self._handed = asyncio.Event(), asyncio.Event()
        self._worded_by: tuple[Book, Refs] | None = None
        self._wording: Wording | None = None
        self._stands_in: Wording | None = None
        """In which all that fires is worded, but for what came since in a newer one."""
        self._members: list[Member] = []
        self._parting = Parting()
        self._app.lanes.recovered(self._recovered)
        self._app.lanes.released(self._released)
        self._watch.listeners.append(self._said)

    def backlog(self) -> int:
        """Alerts of which nobody has taken that they fire, or are over."""
        return self._standing.backlog

    # -- what the lanes say: only noted, they wait (`_released`: for what is under way) ----------

    def _recovered(self, partition: int) -> None:
        """Its slice is what the broker has; nothing was judged on it yet."""
        part = self._standing.begin(partition)
        values = [value for _, value in self._watch.open_alerts(partition).items()]
        self._work[partition] = deque([Work(part, filter(None, map(saying.read, values)))])
        self._unread[partition] = part
        self._wake.set()
        self._handed.set()

    async def _released(self, partition: int) -> None:
        self._work.pop(partition, None)
        self._unread.pop(partition, None)
        if (part := self._standing.drop(partition)) is not None:
            self._gone.append(part)
            self._wake.set()
            await self._parting.wait(self._members, partition)

    def _said(self, partition: int, said: Sequence[Alert]) -> None:
        if (part := self._standing.parts.get(partition)) is not None:
            self._work.setdefault(partition, deque()).append(Work(part, iter(said)))
            self._wake.set()

    # -- taking in ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell until cancelled."""
        sink, poster = self._sink, self._poster
        async with poster, asyncio.TaskGroup() as group:
            self._members = [
                Member(
                    self._name, number, sink, self._standing, self._owners, poster, self._answers,
                    self._delivery.wall, self._note,
                )
                for number in range(len(sink.urls))
            ]  # fmt: skip
            self._standing.on_change = self._changed
            for member in self._members:
                group.create_task(member.run())
            group.create_task(self._read_tails())
            group.create_task(self._forget())
            await self._take_in()

    def _login(self) -> dict[str, str]:
        sink, reveal = self._sink, self._delivery.file.reveal
        if sink.token is not None:
            return {"Authorization": f"Bearer {reveal(sink.token)}"}
        if sink.username is not None and sink.password is not None:
            pair = f"{sink.username}:{reveal(sink.password)}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        return {}

    def _changed(self) -> None:
        for member in self._members:
            member.wake.set()

    async def _take_in(self) -> None:
        while True:
            self._wake.clear()
            await self._reword()
            while any(self._work.values()):
                for queue in list(self._work.values()):
                    if queue:
                        self._some(queue)
                        await asyncio.sleep(0)
            await self._dissolve()
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _some(self, queue: deque[Work]) -> None:
        work = queue[0]
        some = list(islice(work.alerts, AT_ONCE))
        if len(some) < AT_ONCE:
            queue.popleft()
        for alert in some:
            try:
                self._take(work, alert)
            except Exception as error:  # noqa: BLE001 - a fault of ours: it costs this alert alone
                log.error("sink %s: an alert cannot be told of: %s", self._name, type(error).__name__)  # noqa: TRY400

    def _take(self, work: Work, alert: Alert) -> None:
        wording, now, standing = self._words(), self._delivery.wall(), self._standing
        if alert.type in (FIRED, FEED_SILENT):
            recent = now - self._wall(alert) <= self._sink.resolved_for
            standing.fired(work.part, alert.id, wording.of(alert, now), now, note=recent)
        elif alert.type in (RESOLVED, FEED_RESTORED) and alert.data.alert is not None:
            over = standing.was_resolved if work.lately else standing.resolved
            over(work.part, alert.data.alert, alert.id, wording.of(alert, now), self._wall(alert))

    def _wall(self, alert: Alert) -> float:
        return self._watch.clock.wall(instants.parse(alert.time))

    def _words(self) -> Wording:
        by = (self._watch.book, self._delivery.refs())
        if self._wording is None or by != self._worded_by:
            self._worded_by = by
            url = self._sink.links_to(self._delivery.given.advertised_url)
            self._wording = Wording(by[0], self._sink, by[1], url, self._watch.clock.wall)
        return self._wording

    async def _reword(self) -> None:
        """Word anew what fires, if the policy is another than before, or the key of the references is."""
        before, self._stands_in = self._stands_in, self._words() if self._standing.parts else None
        if before is None or self._stands_in is before:
            return
        for part in list(self._standing.parts.values()):
            for count, alert_id in enumerate(list(part.keys)):
                if not count % AT_ONCE:
                    await asyncio.sleep(0)
                self._reword_one(part, alert_id)

    def _reword_one(self, part: Part, alert_id: str) -> None:
        if self._standing.parts.get(part.number) is not part or alert_id not in part.keys:
            return
        value = self._watch.open_alerts(part.number).get(alert_id.encode())
        if value is not None:
            now = self._delivery.wall()
            self._standing.fired(part, alert_id, self._words().of(alerts.decode(value), now), now)

    async def _forget(self) -> None:
        """Let go of what was told long enough, with turns of the loop in between."""
        while True:
            for _ in self._standing.forget(self._delivery.wall()):
                await asyncio.sleep(0)
            await asyncio.sleep(self._sink.resend)

    async def _dissolve(self) -> None:
        """Let what is no longer ours go a little at a time: to free it all at once takes the loop's time."""
        while self._gone:
            part = self._gone.pop()
            for kept in (part.entries, part.keys):
                while kept:
                    for _ in range(min(len(kept), 2_000)):
                        kept.popitem()
                    await asyncio.sleep(0)

    # -- what was resolved lately ---------------------------------------------------------------

    async def _read_tails(self) -> None:
        """Of each partition that became ours, what was said to be over while it was another's."""
        while True:
            self._handed.clear()
            for partition, part in list(self._unread.items()):
                try:
                    ends = await self._tail(partition)
                except (KafkaError, OSError, TimeoutError) as error:
                    log.warning("sink %s: what was resolved lately cannot be read yet: %r", self._name, error)
                    await asyncio.sleep(READ_AGAIN)
                    self._handed.set()
                    break
                if self._unread.get(partition) is part:
                    del self._unread[partition]
                    self._work[partition].append(Work(part, ends, lately=True))
                    self._wake.set()
            await self._handed.wait()

    async def _tail(self, partition: int) -> Iterator[Alert]:
        since = self._watch.clock.at(self._app.steady.now() - self._sink.resolved_for)
        return await tails.ends(self._delivery.client, TopicPartition(self._watch.topics.alerts, partition), since)

    # -- what became of it ----------------------------------------------------------------------

    def _note(self, entries: Iterable[Entry], error: Failed | None, status: int | None) -> None:
        result = DELIVERED if error is None else error.result
        for entry in entries:
            if entry.answer is not None and entry.answer != result:
                self._write(entry, result, status, None if error is None else error.reason)
                entry.answer = None if result == DELIVERED else result

    def _superseded(self, entry: Entry) -> None:
        self._answers.count(self._name, SUPERSEDED)
        self._write(entry, SUPERSEDED, None, None)

    def _write(self, entry: Entry, result: str, status: int | None, reason: str | None) -> None:
        line = Line(
            at=stamp(self._delivery.wall()), sink=self._name, event=entry.event, result=result, status=status,
            reason=reason, recipients=entry.worded.recipients,
        )  # fmt: skip
        self._answers.journal.note(entry.event.split(":")[1], line)


def tellers(delivery: Delivery, given: Mapping[str, Alertmanager]) -> dict[str, AlertmanagerTeller]:
    """A teller for each sink of this type, by name."""
    return {name: AlertmanagerTeller(delivery, name, sink) for name, sink in given.items()}
