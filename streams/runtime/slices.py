"""One partition of one table: raw bytes by key, what changed in the step at hand, and where its changelog stands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

RESERVED = b"\x00"  # keys that begin so are the runtime's own
BREATH = 20_000  # so many records are applied before the loop may turn


class Slice:
    """One partition of one table. Keys and values are raw bytes; a key must not begin with a zero byte."""

    __slots__ = ("data", "foreign", "gone", "leads", "next", "partition", "puts")

    def __init__(self, partition: int, leads: bool = False) -> None:
        self.partition = partition
        self.leads = leads
        self.data: dict[bytes, bytes] = {}
        self.puts: dict[bytes, bytes] = {}
        self.gone: dict[bytes, None] = {}
        self.next = 0  # changelog offset up to which `data` equals the log
        self.foreign: tuple[int, int] | None = None  # changelog offsets [from, to) that hold a stranger's records

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self.data.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key's value."""
        self.data[key] = value
        self.puts[key] = value
        if self.gone:
            self.gone.pop(key, None)

    def pop(self, key: bytes) -> bytes | None:
        """Remove a key; its value, or None if there was none."""
        old = self.data.pop(key, None)
        if old is not None:
            self.gone[key] = None
            if not self.leads:  # of a leading table both are said: the put before the effects, the end after them
                self.puts.pop(key, None)
        return old

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys with their values, in no order that may be relied on."""
        return self.data.items()

    def __contains__(self, key: bytes) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def dirty(self) -> bool:
        """Whether anything has changed that the changelog does not hold yet."""
        return bool(self.puts or self.gone)

    def take_puts(self) -> list[tuple[bytes, bytes | None]]:
        """What was put since it was last taken, as changelog records. ValueError for a reserved key."""
        taken, self.puts = self.puts, {}
        for key in taken:
            if key.startswith(RESERVED):
                raise ValueError("a table's key must not begin with a zero byte: those are the runtime's own")
        return list(taken.items())

    def take_gone(self) -> list[tuple[bytes, bytes | None]]:
        """What was removed since it was last taken, as tombstones."""
        taken, self.gone = self.gone, {}
        return list(taken.items())

    def set_aside(self, keys: Iterable[bytes]) -> None:
        """These keys are gone, and their tombstones are still to be written."""
        for key in keys:
            self.data.pop(key, None)
            self.gone[key] = None

    async def fill(self, latest: Mapping[bytes, bytes | None]) -> None:
        """Changelog records (the last one of each key) onto the slice; now and then the loop may turn."""
        data = self.data
        for n, (key, value) in enumerate(latest.items(), 1):
            if not n % BREATH:
                await asyncio.sleep(0)
            if value is None:
                data.pop(key, None)
            else:
                data[key] = value
