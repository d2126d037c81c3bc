"""The open alerts of a partition, counted by what metrics tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from schemas import alerts
from schemas.alerts import Alert, Kind
from streams.core.shelf import Shelf


class Firing:
    """A shelf of open alerts that counts what it holds. `count` begins anew from what stands on the shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.counts: Counter[Kind] = Counter()

    def count(self) -> None:
        """Begin anew."""
        self.counts = Counter(alerts.kind(value) for _, value in self._shelf.items())

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self._shelf.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key's value."""
        before = self._shelf.get(key)
        if before is not None:
            self._less(before)
        self._shelf.put(key, value)
        self.counts[alerts.kind(value)] += 1

    def pop(self, key: bytes) -> bytes | None:
        """Remove a key; its value, or None if there was none."""
        value = self._shelf.pop(key)
        if value is not None:
            self._less(value)
        return value

    def take(self, said: Iterable[Alert], closed: Iterable[str]) -> None:
        """What a decision said: what fires is put, and what it closed goes."""
        for alert in said:
            if alert.type == alerts.FIRED:
                self.put(alert.id.encode(), alerts.encode(alert))
        for alert_id in closed:
            self.pop(alert_id.encode())

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys with their values."""
        return self._shelf.items()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._shelf)

    def _less(self, value: bytes) -> None:
        kind = alerts.kind(value)
        self.counts[kind] -= 1
        if not self.counts[kind]:
            del self.counts[kind]
