"""The stream of all partitions, from the news of this worker and of the others; with a memory, so one may resume.

Theory of operation. While somebody listens (and a minute longer, for those whose line broke) the hub follows the news
of this worker and of every other in the group. What changes gets a number; the last `KEPT` numbers are remembered. An
event's id is `<epoch>-<number>`, the epoch being this process: whoever gives one that is remembered gets what came
after it, everybody else a `reset`, which says to look at the whole again. So does everything that may have been missed:
a worker that went or came, a partition that moved, too many changes at a time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec
from aiohttp import ClientError

from streams.web.changes import Changed, Changes, News
from streams.web.forms import SilentFeed
from streams.web.peers import STREAMING, NoAnswer, Peers
from streams.web.whole import INTERNAL, Whole

KEPT: Final = 1_000
LINGER: Final = 60.0
LOOK_EVERY: Final = 1.0
WAITING: Final = 256

log = logging.getLogger(__name__)


class Told(NamedTuple):
    """An event: what changed; None: look at the whole again."""

    number: int
    changes: tuple[Changed, ...] | None


Subscriber = asyncio.Queue[Told | None]
"""None: there will be no more."""


class Hub:
    """See the module's docstring. `url`: our own."""

    def __init__(self, changes: Changes, whole: Whole, peers: Peers, url: str) -> None:
        self._changes, self._whole, self._peers, self._url = changes, whole, peers, url
        self.epoch = secrets.token_hex(4)
        self._memory: deque[Told] = deque(maxlen=KEPT)
        self._number = 0
        self._subscribers: set[Subscriber] = set()
        self._latest: dict[str, News] = {}
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._left = 0.0
        self.members = 0
        """Workers that the group has, as last asked."""

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def id(self) -> str:
        """Of the last event."""
        return f"{self.epoch}-{self._number}"

    @property
    def workers(self) -> int:
        """Workers whose news come in, this one included."""
        return len(self._latest)

    @property
    def settled(self) -> bool:
        """Whether the news of every worker have come in that has any."""
        return 0 < self.members <= self.workers

    @property
    def held(self) -> set[int]:
        """The partitions of which news come in."""
        return {partition for news in self._latest.values() for partition in news.partitions}

    @property
    def behind(self) -> list[int]:
        """Of these, those that have not caught up."""
        return sorted({partition for news in self._latest.values() for partition in news.behind})

    @property
    def feeds(self) -> list[SilentFeed]:
        """The feeds that are said to be silent."""
        found = {each.alert: each for news in self._latest.values() for each in news.feeds}
        return [found[alert] for alert in sorted(found)]

    @contextmanager
    def subscribed(self, after: str | None) -> Iterator[tuple[Subscriber, int]]:
        """A queue of events for the length of the block, and the number after which they begin.

        Args:
            after: the id of the last one that was had.
        """
        queue: Subscriber = asyncio.Queue(WAITING + KEPT)
        missed = self._since(after)
        for told in missed:
            queue.put_nowait(told)
        self._subscribers.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        try:
            yield queue, missed[0].number - 1 if missed else self._number
        finally:
            self._subscribers.discard(queue)
            self._left = time.monotonic()

    async def close(self) -> None:
        """End all streams."""
        for queue in self._subscribers:
            _last(queue)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _since(self, after: str | None) -> list[Told]:
        if after is None:
            return []
        epoch, _, number = after.partition("-")
        known = epoch == self.epoch and number.isascii() and number.isdigit() and len(number) < 16
        oldest = self._memory[0].number if self._memory else self._number + 1
        if not known or not oldest - 1 <= int(number) <= self._number:
            return [Told(self._number, None)]
        return [told for told in self._memory if told.number > int(number)]

    async def _work(self) -> None:
        """Follow everybody's news until nobody has listened for a while."""
        self._latest.clear()
        ours = asyncio.create_task(self._follow(self._url, self._our_news()))
        try:
            while self._subscribers or time.monotonic() - self._left < LINGER:
                members = await self._whole.members()
                self.members = len(members)
                others = members.keys() - {self._url}
                for url in [url for url in self._lines if url not in others or self._lines[url].done()]:
                    self._lines.pop(url).cancel()
                for url in others - self._lines.keys():
                    self._lines[url] = asyncio.create_task(self._follow(url, self._their_news(url)))
                await asyncio.sleep(LOOK_EVERY)
        finally:
            lines = [ours, *self._lines.values()]
            self._lines.clear()
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
            self._number += 1  # whoever comes back has missed something
            self._memory.clear()

    async def _follow(self, url: str, news: AsyncIterator[News]) -> None:
        try:
            async for each in news:
                before = self._latest.get(url)
                self._latest[url] = each
                if each.reset or before is None or before.partitions != each.partitions:
                    self._tell(None)
                elif each.changes:
                    self._tell(tuple(each.changes))
        except (NoAnswer, ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.warning("the news of another worker end: %s", error if isinstance(error, NoAnswer) else repr(error))
        finally:
            if self._latest.pop(url, None) is not None:
                self._tell(None)

    async def _our_news(self) -> AsyncIterator[News]:
        while True:
            with self._changes.listening() as queue:
                while (news := await queue.get()) is not None:
                    yield news
            await asyncio.sleep(LOOK_EVERY)

    async def _their_news(self, url: str) -> AsyncIterator[News]:
        async with await self._peers.open(url, f"{INTERNAL}stream", {}, STREAMING) as answer:
            async for line in answer.content:
                yield msgspec.json.decode(line, type=News)

    def _tell(self, changes: tuple[Changed, ...] | None) -> None:
        if changes is None and self._memory and self._memory[-1].changes is None and not self._subscribers:
            return
        self._number += 1
        told = Told(self._number, changes)
        self._memory.append(told)
        for queue in list(self._subscribers):
            if queue.full():
                self._subscribers.discard(queue)
                _last(queue)
            else:
                queue.put_nowait(told)


def _last(queue: Subscriber) -> None:
    """End a stream, however much it still has to tell."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(None)
