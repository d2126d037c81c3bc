"""Where the engine keeps items and open alerts: bytes by key.

A table's slice of the runtime is one; `DictShelf` is one in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol


class Shelf(Protocol):
    """Bytes by key; what is put is read back at once."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key's value."""

    def pop(self, key: bytes) -> bytes | None:
        """Remove a key; its value, or None if there was none."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys with their values."""

    def __iter__(self) -> Iterator[bytes]:
        """All keys."""


class DictShelf:
    """A shelf in memory."""

    def __init__(self) -> None:
        self._data: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self._data.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key's value."""
        self._data[key] = value

    def pop(self, key: bytes) -> bytes | None:
        """Remove a key; its value, or None if there was none."""
        return self._data.pop(key, None)

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys with their values."""
        return self._data.items()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._data)
