"""Whose turn it is: of all readers at most one works in a turn of the loop.

Theory of operation. The lanes, which judge, and the readers share one event loop. A lane needs a dozen of its turns for
a step: to hand a batch over, to send, to hear that it was written. If fifty requests work for some milliseconds each in
every turn, alerts are seconds late although nobody holds the loop for long. So whatever works for a reader waits here
before each portion of its work, first come, first served. While somebody waits, no turn of the loop goes by without a
reader: while the lanes catch up, each turn costs milliseconds, and other workers wait for an answer three seconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary


class Line:
    """Who waits on one loop, in order."""

    __slots__ = ("_moves", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._moves = False

    def join(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """What to await; done when it is the caller's turn."""
        mine = loop.create_future()
        self._waiting.append(mine)
        if not self._moves:
            self._moves = True
            loop.call_soon(self._next, loop)
        return mine

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once in each turn of the loop: the next one works in the one that follows."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # else it was cancelled while it waited
                first.set_result(None)
                loop.call_soon(self._next, loop)
                return
        self._moves = False


_LINES: WeakKeyDictionary[asyncio.AbstractEventLoop, Line] = WeakKeyDictionary()


async def turn() -> None:
    """Wait until it is the caller's turn; to be awaited before each portion of some milliseconds."""
    loop = asyncio.get_running_loop()
    line = _LINES.get(loop)
    if line is None:
        line = _LINES[loop] = Line()
    await line.join(loop)
