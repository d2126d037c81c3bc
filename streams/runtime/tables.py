"""Tables whose state is held per partition, as raw bytes, and whose changelog is written a step at a time.

A stock Faust table knows neither which partition a key belongs to nor when its changelog has arrived. Here a partition
of a table is a `Slice`: a dict, what changed in the step at hand, and the changelog offset up to which dict and broker
agree. `app.Table` stays a faust.Table: `table[key]` and `table.items()` read over all slices that this worker holds,
and write to the slice of the batch at hand; agents take `table.slice(partition)`.

A table that leads (`leads=True`) has its puts confirmed before the effects of the step, and its tombstones after them.
Its changelog is a topic that others read, so it never carries the position mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import faust
from faust.stores import memory
from faust.types import AppT
from faust.types.stores import StoreT

from streams.runtime.batch import current_batch
from streams.runtime.damage import Fit
from streams.runtime.slices import Slice

__all__ = ["Slice", "Store", "Table"]


class Store(memory.Store[bytes, bytes]):
    """What Faust's table API and web views read: all slices at once."""

    def __post_init__(self) -> None:
        self.slices: dict[int, Slice] = {}

    def _at_hand(self) -> Slice:
        batch = current_batch.get(None)
        if batch is None:
            raise LookupError(f"table {self.table_name} can only be written inside `async with batch:`")
        return self.slices[batch.partition]

    def __getitem__(self, key: bytes) -> bytes:
        for one in self.slices.values():
            if key in one.data:
                return one.data[key]
        raise KeyError(key)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._at_hand().put(key, value)

    def __delitem__(self, key: bytes) -> None:
        if self._at_hand().pop(key) is None:
            raise KeyError(key)

    def __iter__(self) -> Iterator[bytes]:
        return (key for one in self.slices.values() for key in one.data)

    def __len__(self) -> int:
        return sum(map(len, self.slices.values()))

    def __contains__(self, key: object) -> bool:
        return any(key in one.data for one in self.slices.values())

    def keys(self) -> Any:
        """All keys held here."""
        return list(self)

    def values(self) -> Any:
        """All values held here."""
        return [value for one in self.slices.values() for value in one.data.values()]

    def items(self) -> Any:
        """All keys and values held here."""
        return [item for one in self.slices.values() for item in one.data.items()]


class Table(faust.Table[bytes, bytes]):
    """`app.Table(name, changelog=None, leads=False, fit=None)`: see the module's docstring.

    `changelog`: its topic; without one `<app id>-<name>-changelog`, which is created when missing. The topic of a
    leading table must exist. `fit`: says what is wrong with a record of the changelog that is read back.
    """

    def __init__(
        self, app: AppT, *, changelog: str | None = None, leads: bool = False, fit: Fit | None = None, **options: Any
    ) -> None:
        super().__init__(app, **options)
        if leads and changelog is None:
            raise ValueError(f"table {self.name} leads: name the topic that others read, changelog=<topic>")
        self.leads, self.fit = leads, fit
        self._changelog = changelog

    @property
    def changelog(self) -> str:
        """The name of the changelog topic."""
        return self._changelog or f"{self.app.conf.id}-{self.name}-changelog"

    @property
    def slices(self) -> dict[int, Slice]:
        """The partitions of this table that this worker holds."""
        return cast(Store, self.data).slices

    def slice(self, partition: int) -> Slice:
        """One partition of this table. LookupError if this worker does not hold it."""
        held = self.slices.get(partition)
        if held is None:
            raise LookupError(f"partition {partition} of table {self.name} is not held by this worker")
        return held

    async def on_start(self) -> None:
        """Stock Faust would declare the changelog topic here; `topics.prepare` does."""

    def _new_store(self) -> StoreT[Any, Any]:
        return Store("memory://", self.app, self, table_name=self.name)

    def on_key_set(self, key: bytes, value: bytes) -> None:
        """Stock Faust would send one changelog message here; the ledger sends them a step at a time."""

    def on_key_del(self, key: bytes) -> None:
        """As `on_key_set`."""
