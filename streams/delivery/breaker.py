"""A circuit breaker in front of one receiver, and the one place where it is left in peace.

Theory of operation. Closed, everybody asks. After `threshold` failures in a row it opens: nobody asks for a while. Then
one asks and the others wait for what comes of it: taken, it closes; failed, it opens again. A receiver that names a
time itself (`Retry-After`) opens it for so long. Whoever comes while it is open waits here, in the order of coming, so
that its own backoff does not grow for what it never tried.

Time is the monotonic clock's: a wall clock that is put back by an hour must not keep it open for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

NEVER: Final = float("-inf")


class Breaker:
    """Use it around one try: `async with`. What is raised in the block is a failure if `failure` says so.

    Args:
        threshold: failures in a row that open it.
        seconds: that it stays open.
        failure: whether an error speaks against the receiver, and how many seconds it asked for.
    """

    def __init__(self, threshold: int, seconds: float, failure: Callable[[BaseException], float | None]) -> None:
        self._threshold, self._seconds, self._failure = threshold, seconds, failure
        self._failures, self._until = 0, NEVER
        self._probe: asyncio.Task[object] | None = None
        self._settled = asyncio.Event()

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        if self._until == NEVER:
            return "closed"
        return "open" if self._left() > 0 else "half-open"

    async def __aenter__(self) -> Self:
        while self._until != NEVER:
            if (left := self._left()) > 0:
                await asyncio.sleep(left)
            elif self._probe is None:
                self._probe = asyncio.current_task()
                self._settled.clear()
                break
            else:
                await self._settled.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        probe = self._probe is asyncio.current_task()
        if error is None:
            self._failures, self._until = 0, NEVER
        elif (asked := self._failure(error)) is not None:
            self._failures += 1
            if probe or asked or self._failures >= self._threshold:
                self._until = max(self._until, asyncio.get_running_loop().time() + (asked or self._seconds))
        if probe:
            self._probe = None
            self._settled.set()

    def _left(self) -> float:
        return self._until - asyncio.get_running_loop().time()
