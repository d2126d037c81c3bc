"""What a lane asks of those who run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from streams.runtime.batch import Effect, Record
from streams.runtime.ledger import Ledger

if TYPE_CHECKING:
    from streams.runtime.lane import Lane


class Crew(Protocol):
    """See `lanes.Lanes`."""

    async def claim(self, ledger: Ledger) -> None:
        """Give it a producer that writes alone."""

    async def commit(self, lanes: Sequence[Lane]) -> None:
        """Commit their `safe` offsets, now; tell each by `accepted`, or set `lost`."""

    def hurry(self) -> None:
        """Commit soon what is `safe`."""

    async def deliver(self, ledger: Ledger, effects: Sequence[Effect]) -> None:
        """Send and wait until all are confirmed."""

    async def recovery_done(self, partition: int, aside: Sequence[Record]) -> None:
        """The slices are filled; these records of their changelogs were set aside."""

    def unread(self, topic: str, count: int) -> None:
        """So many records of an input were deleted before they were read."""

    def fail(self, error: Exception, where: str) -> None:
        """End the worker."""
