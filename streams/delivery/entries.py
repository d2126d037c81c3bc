"""What a partition's alerts come to for a receiver that knows them by their labels, and what it is still to be told.

See `standing`, which keeps both in step.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.delivery.wording import Worded


class Ref(NamedTuple):
    """An entry, by its partition and key."""

    partition: int
    key: bytes


class Entry:
    """A set of labels. `ids`: of the alerts that fire with it; `ended`: when the last of them was over."""

    __slots__ = ("answer", "ended", "event", "ids", "worded")

    def __init__(self, worded: Worded) -> None:
        self.worded = worded
        self.ids: tuple[str, ...] = ()
        self.ended: float | None = None
        self.event = ""
        """Id of the event that made its present state."""
        self.answer: str | None = ""
        """What was last written of that event; None: nothing is to be written."""


class Part:
    """One partition. `entries` and `over`, those that have ended: in order of their last change."""

    __slots__ = ("entries", "keys", "number", "over", "whole")

    def __init__(self, number: int) -> None:
        self.number = number
        self.entries: dict[bytes, Entry] = {}
        self.over: dict[bytes, None] = {}
        self.keys: dict[str, bytes] = {}
        """Of the alerts that fire, by id."""
        self.whole: dict[bytes, None] = {}
        """Entries that say something of a whole workflow."""

    def add(self, worded: Worded) -> Entry:
        """A new entry."""
        entry = self.entries[worded.key] = Entry(worded)
        if worded.whole:
            self.whole[worded.key] = None
        return entry

    def remove(self, key: bytes) -> None:
        """Forget an entry that has ended."""
        del self.entries[key], self.over[key]
        self.whole.pop(key, None)


class Queue:
    """What one receiver is still to be told, by partition."""

    def __init__(self) -> None:
        self.fresh: dict[int, dict[bytes, None]] = {}
        self.round: dict[int, list[bytes]] = {}
        """The next one comes last."""
        self.under_way: dict[Ref, bool] = {}
        """Whether it was fresh."""

    def changed(self, ref: Ref) -> None:
        """An entry has another state."""
        fresh = self.fresh.setdefault(ref.partition, {})
        fresh.pop(ref.key, None)
        fresh[ref.key] = None

    def drop(self, partition: int) -> None:
        """It is not ours to tell of any more."""
        self.fresh.pop(partition, None)
        self.round.pop(partition, None)
        for ref in [ref for ref in self.under_way if ref.partition == partition]:
            del self.under_way[ref]

    def has(self, ref: Ref) -> bool:
        """Whether it has not taken an entry's present state."""
        return ref.key in self.fresh.get(ref.partition, ()) or self.under_way.get(ref, False)

    def forget(self, ref: Ref) -> None:
        """There is nothing to be told of an entry."""
        self.fresh.get(ref.partition, {}).pop(ref.key, None)
        self.under_way.pop(ref, None)

    def __bool__(self) -> bool:
        return any(self.fresh.values()) or any(self.round.values())
