"""Before a partition goes: what is being said of it is waited for, so that its next owner does not speak in between.

Theory of operation. A request that was written may lie in a slow proxy while the next owner says that an alert is over,
and then say that it fires. So a rebalance waits for such requests, though not for long: the whole group waits with it.
The partitions of a rebalance go one right after the other, and have the time together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from streams.delivery.member import Member

PATIENCE: Final = 2.0
"""Seconds that one rebalance waits."""
APART: Final = 5.0
"""What goes so many seconds after the one before belongs to another rebalance."""


class Parting:
    """One sink's."""

    def __init__(self) -> None:
        self._left, self._last = PATIENCE, time.monotonic()

    async def wait(self, members: Sequence[Member], partition: int) -> None:
        """Until no request that says something of this partition is under way, or the time is over."""
        began = time.monotonic()
        if began - self._last > APART:
            self._left = PATIENCE
        try:
            async with asyncio.timeout(self._left):
                await asyncio.gather(*(each.has_done_with(partition) for each in members))
        except TimeoutError:
            pass
        self._last = time.monotonic()
        self._left = max(0.0, self._left - (self._last - began))
