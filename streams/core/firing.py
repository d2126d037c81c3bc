"""The open alerts of a partition, counted by what metrics tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from schemas.policy import UNASSIGNED
from streams.core.shelf import Shelf

Kind = tuple[str, str, str, str]
"""Workflow, department (as the item names it), stage and severity."""


class Firing:
    """A shelf of open alerts that counts what it holds. `count` begins anew from what stands on the shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.counts: Counter[Kind] = Counter()

    def count(self) -> None:
        """Begin anew."""
        self.counts = Counter(_kind(value) for _, value in self._shelf.items())

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self._shelf.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key's value."""
        before = self._shelf.get(key)
        if before is not None:
            self._less(before)
        self._shelf.put(key, value)
        self.counts[_kind(value)] += 1

    def pop(self, key: bytes) -> bytes | None:
        """Remove a key; its value, or None if there was none."""
        value = self._shelf.pop(key)
        if value is not None:
            self._less(value)
        return value

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys with their values."""
        return self._shelf.items()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._shelf)

    def _less(self, value: bytes) -> None:
        kind = _kind(value)
        self.counts[kind] -= 1
        if not self.counts[kind]:
            del self.counts[kind]


class _Data(msgspec.Struct, gc=False):
    workflow: str
    department: str = UNASSIGNED
    stage: str = ""
    severity: str = ""


class _Alert(msgspec.Struct, gc=False):
    data: _Data


_DECODER = msgspec.json.Decoder(_Alert)


def _kind(value: bytes) -> Kind:
    """Of an alert as `schemas.alerts` encodes it: what is left out has no value, and the rest is passed over."""
    data = _DECODER.decode(value).data
    return data.workflow, data.department, data.stage, data.severity
