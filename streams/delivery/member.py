"""One receiver of alerts: one Alertmanager, or one member of its cluster.

Theory of operation. One request at a time, each with at most `BATCH` alerts: first those whose present state it has not
taken, then, every `resend` seconds, all of them again, so that none ends by itself. Requests that fail are tried again
with backoff and jitter (stamina), or when the receiver says, but before Alertmanager ends anything. Each is made anew
of what is so then; once it answers again it is told all, since it may have forgotten all. A member that refuses what a
request says (4xx) is asked with smaller and smaller ones; what it refuses alone waits for the next round and holds up
nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

import stamina

from streams.delivery.answers import DELIVERED, Answers
from streams.delivery.entries import Entry, Queue, Ref
from streams.delivery.ownership import Guarded, Ownership
from streams.delivery.posting import Answer, Failed, NotOurs, Poster, Refused, Request
from streams.delivery.sinks import Alertmanager
from streams.delivery.standing import Standing

BATCH: Final = 500
PATH: Final = "/api/v2/alerts"
JSON: Final = {"Content-Type": "application/json"}
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
ONE_IN_MANY: Final = frozenset({400, 413, 422})
"""What may be due to one of the alerts in a request, or to their number."""

log = logging.getLogger(__name__)


class Told(Protocol):
    """Who is told what came of a state that nobody had taken before."""

    def __call__(self, entries: list[Entry], error: Failed | None, status: int | None) -> None:
        """These were taken, or not."""


class Member:
    """Tells one receiver what stands.

    Args:
        number: of the receiver, from 0.
        now: UNIX seconds.
    """

    def __init__(
        self, name: str, number: int, sink: Alertmanager, standing: Standing, owners: Ownership, poster: Poster,
        answers: Answers, now: Callable[[], float], told: Told,
    ) -> None:  # fmt: skip
        self._name, self._number, self._sink, self._answers = name, number, sink, answers
        self._standing, self._owners, self._poster, self._now, self._told = standing, owners, poster, now, told
        self._queue: Queue = standing.queues[number]
        self._url = sink.urls[number] + PATH
        self._again_at = time.monotonic() + sink.resend
        self._most, self._failing = BATCH, False
        self.wake = asyncio.Event()
        self._speaks_of: frozenset[int] = frozenset()
        self._silent = asyncio.Event()

    async def run(self) -> None:
        """Tell until cancelled."""
        self._standing.recover(self._queue)
        while True:
            self.wake.clear()
            left = self._again_at - time.monotonic()
            if left <= 0:
                self._begin_round()
            elif not self._queue:
                await self._sleep(left)
            if self._queue and not await self._until_taken():
                await asyncio.sleep(min(1.0, self._sink.resend / 10))  # none of it is ours to tell

    async def has_done_with(self, partition: int) -> None:
        """Wait until no request is under way that says something of it."""
        while partition in self._speaks_of:
            await self._silent.wait()

    def _begin_round(self) -> None:
        self._again_at = time.monotonic() + self._sink.resend
        self._standing.begin_round(self._queue, self._now())

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            pass

    async def _until_taken(self) -> bool:
        """One request; whether there was one to be made."""
        resend = self._sink.resend
        first, longest = min(FIRST_WAIT, resend / 10), min(LONGEST_WAIT, resend / 4, self._sink.longest_wait)
        async for attempt in stamina.retry_context(
            on=self._after, attempts=None, timeout=None, wait_initial=first, wait_max=longest, wait_jitter=first
        ):
            with attempt:
                return await self._send()
        raise AssertionError("it is tried for ever")

    async def _send(self) -> bool:
        sure = await self._owners.sure(list(self._standing.parts))
        refs = self._standing.take(self._queue, sure, self._most)
        if not refs:
            return False
        try:
            answer = await self._post(refs)
        except NotOurs:  # since it was asked; nothing was sent
            self._standing.failed(self._queue, refs)
            return False
        except Failed as error:
            self._failed(refs, error)
            if self._queue and isinstance(error, Refused) and error.status in ONE_IN_MANY:
                return True
            raise
        except BaseException:
            self._standing.failed(self._queue, refs)
            raise
        self._landed(refs, answer.status)
        return True

    async def _post(self, refs: list[Ref]) -> Answer:
        self._speaks_of = frozenset(ref.partition for ref in refs)
        self._silent.clear()
        try:
            return await self._poster.post(self._url, Request(self._body(refs), JSON))
        finally:
            self._speaks_of = frozenset()
            self._silent.set()

    def _body(self, refs: list[Ref]) -> Guarded:
        now, parts = self._now(), {ref.partition for ref in refs}
        ends = now + self._sink.ends_after
        entries = [entry for ref in refs if (entry := self._standing.entry(ref)) is not None]
        alerts = [each.worded.ending(ends if each.ended is None else min(each.ended, now)) for each in entries]
        return Guarded(b"[%b]" % b",".join(alerts), lambda: self._owners.are_ours(parts))

    def _landed(self, refs: list[Ref], status: int) -> None:
        self._answers.count(self._name, DELIVERED)
        self._told(self._standing.landed(self._queue, refs), None, status)
        self._most = min(BATCH, self._most * 2)
        if self._failing:
            self._failing = False
            log.info("sink %s: receiver %s takes alerts again", self._name, self._number)
            self._again_at = time.monotonic()

    def _failed(self, refs: list[Ref], error: Failed) -> None:
        blamed = isinstance(error, Refused) and error.status in ONE_IN_MANY
        self._told(self._standing.failed(self._queue, refs, later=blamed and len(refs) == 1), error, error.status)
        if blamed and len(refs) == 1:
            log.warning("sink %s: receiver %s refuses an alert: %s", self._name, self._number, error.reason)
        elif blamed:
            self._most = max(1, len(refs) // 2)
        elif not self._failing:
            self._failing = True
            log.warning("sink %s: receiver %s does not take alerts: %s", self._name, self._number, error.reason)

    def _after(self, error: Exception) -> bool | float:
        """For stamina: whether to try again, or after how many seconds.

        A receiver may ask for an hour (`Retry-After`), by when Alertmanager would have ended all that fires.
        """
        if not isinstance(error, Failed):
            return False
        return min(error.after, self._sink.resend, self._sink.ends_after / 4) or True
