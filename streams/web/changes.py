"""What changes in the partitions that this worker holds, gathered a few times a second.

Theory of operation. While somebody listens, each view notes the items that the engine decides (`View.changed`). Every
`EVERY` they are made rows, as they stand then, and told to all listeners at once: an item that changed often is told
once. So many that it would hold up the judging are not told one by one: `reset` says to look at the whole again. News
come at least every `BEAT`, and say which partitions they cover; a partition that comes or goes is a reset, too.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from streams.core.engine import Engine
from streams.web.forms import Row, SilentFeed
from streams.web.local import ROWS_AT_ONCE, Local
from streams.web.turns import turn
from streams.web.view import View

EVERY: Final = 0.2
BEAT: Final = 2.0
MANY: Final = 250
"""Items that change within `EVERY` and are still told one by one."""
WAITING: Final = 256
"""News that a listener may be behind."""


class Changed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An item that changed: its department before (None: it was not pending), its row now (None: it is not)."""

    partition: int
    workflow: str
    item: str
    was: str | None = None
    row: Row | None = None


class News(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one worker tells of the partitions that it holds."""

    partitions: list[int] = []
    behind: list[int] = []
    changes: list[Changed] = []
    feeds: list[SilentFeed] = []
    reset: bool = False


log = logging.getLogger(__name__)

Listener = asyncio.Queue[News | None]
"""None: there will be no more."""


class Changes:
    """Gathers and tells, while somebody listens."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._engines: dict[int, Engine] = {}
        self._feeds: list[SilentFeed] = []
        self._told_at = 0.0

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A queue of news for the length of the block; one that is not emptied in time is ended."""
        queue: Listener = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        self._local.views.watch(1)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
            self._local.views.watch(-1)

    async def close(self) -> None:
        """No more news."""
        self._say(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        views = self._local.views.current()
        self._engines = {}
        while self._listeners:
            views = self._local.views.current()
            engines = {partition: view.engine for partition, view in views.items() if view.built}
            moved = engines.keys() != self._engines.keys() or any(
                engines[p] is not engine for p, engine in self._engines.items()
            )
            for partition in engines:
                if views[partition].changed is None:
                    views[partition].changed = {}
            self._engines = engines
            try:
                await self._tell([views[p] for p in sorted(engines)], moved)
            except Exception as error:
                log.exception("changes cannot be told: %s", type(error).__name__)
                self._say(News(partitions=sorted(engines), reset=True))
            await asyncio.sleep(EVERY)
        for view in views.values():
            view.changed = None

    async def _tell(self, views: list[View], moved: bool) -> None:
        taken = [(view, view.changed or {}) for view in views]
        for view, changed in taken:
            if changed:
                view.changed = {}
        many = sum(len(changed) for _, changed in taken) > MANY
        changes = [] if many else [each for view, changed in taken for each in await self._rows(view, changed)]
        feeds, now = self._local.feeds(), time.monotonic()
        if moved or many or changes or feeds != self._feeds or now - self._told_at >= BEAT:
            self._feeds, self._told_at = feeds, now
            held = [view.partition for view in views]
            self._say(
                News(partitions=held, behind=self._local.behind(), changes=changes, feeds=feeds, reset=many or moved)
            )

    async def _rows(self, view: View, changed: dict[bytes, str | None]) -> list[Changed]:
        found, keys = [], list(changed)
        for begin in range(0, len(keys), ROWS_AT_ONCE):
            part = keys[begin : begin + ROWS_AT_ONCE]
            for key, row in zip(part, self._local.rows(view, part), strict=True):
                workflow, _, item = key.decode().partition(":")
                found.append(Changed(partition=view.partition, workflow=workflow, item=item, was=changed[key], row=row))
            await turn()
        return found

    def _say(self, news: News | None) -> None:
        for queue in list(self._listeners):
            if queue.full():
                self._listeners.discard(queue)  # too slow: it may begin anew
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(news)
