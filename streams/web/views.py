"""The views of the partitions that this worker holds: made when somebody asks, dropped when nobody has for a while.

Theory of operation. `ready` brings what is missing into being, a few hundred items a turn, and gives up after
`PATIENCE`: the asker is told to come again, and the building goes on in a task of its own. Which partitions are held is
asked of the watch each time, so a view of a partition that moved is dropped, and one of a partition that came is begun.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from streams.core.engine import Engine
from streams.web.turns import turn
from streams.web.view import View

AT_ONCE: Final = 100
"""Items between two turns of the loop: some milliseconds."""
PATIENCE: Final = 2.0
IDLE: Final = 900.0
"""Seconds without a question after which the views go: they cost memory, and a little with each decision."""
LOOK_EVERY: Final = 30.0


class Views:
    """By partition. `held`: the engines of the partitions held, for which this worker may speak."""

    def __init__(self, held: Callable[[], Mapping[int, Engine]]) -> None:
        self._held = held
        self._views: dict[int, View] = {}
        self._task: asyncio.Task[None] | None = None
        self._asked = 0.0
        self._watched = 0

    def current(self) -> dict[int, View]:
        """The views of the partitions held now, built or not."""
        engines = self._held()
        for partition, view in list(self._views.items()):
            if engines.get(partition) is not view.engine:
                view.close()
                del self._views[partition]
        for partition, engine in engines.items():
            if partition not in self._views:
                self._views[partition] = View(engine)
        self._asked = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        return dict(self._views)

    async def ready(self) -> dict[int, View]:
        """The views that are built, after waiting a little for those that are not."""
        until = time.monotonic() + PATIENCE
        while True:
            views = self.current()
            built = {partition: view for partition, view in views.items() if view.built}
            if len(built) == len(views) or time.monotonic() >= until:
                return built
            await asyncio.sleep(0.01)

    def watch(self, more: int) -> None:
        """Somebody begins (1) or ends (-1) to follow changes: meanwhile the views stay."""
        self._watched += more

    async def close(self) -> None:
        """Let all go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._drop()

    async def _work(self) -> None:
        """Build what is begun; drop all when nobody has asked for long."""
        while True:
            view = next((view for view in self._views.values() if not view.built), None)
            if view is not None:
                view.build(AT_ONCE)
                await turn()
                continue
            if not self._watched and time.monotonic() - self._asked > IDLE:
                self._drop()
                return
            await asyncio.sleep(0.05 if time.monotonic() - self._asked < 1 else 0.5)

    def _drop(self) -> None:
        for view in self._views.values():
            view.close()
        self._views.clear()
