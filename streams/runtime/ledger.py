"""The state of one partition: its slice of each table, kept equal to their changelogs.

Theory of operation. A step is written in two parts: `lead` (the puts of leading tables, before the effects) and
`settle` (their tombstones, then the other tables, after the effects). The last batch of `settle` carries the position
mark, the next offset of each input, always in the changelog of the first table that does not lead. So where the mark
stands, everything of its step stands too, and on recovery the lane goes on from there even if the offsets were never
committed. A crash between two tables of one step repeats the step on what the first table already holds: steps must
bear that.

A changelog partition has one writer, so the offsets of what we write must join up. Where they do not, a stranger wrote
in between (a worker that had been stopped and does not yet know that it lost the partition): `_restate` reads the
stranger's keys and writes ours over them, the mark included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from mode import get_logger

from streams.runtime import changelog
from streams.runtime.changelog import Change, Landed
from streams.runtime.tables import Slice, Table

MARK = b"\x00position"

log = get_logger(__name__)


class Ledger:
    """The slices of one partition and how they reach the broker. `marks`: next offset of each input as last written."""

    def __init__(
        self,
        partition: int,
        tables: Sequence[Table],
        producer: AIOKafkaProducer,
        client: Mapping[str, Any],
        patience: float,
    ) -> None:
        self.partition = partition
        self.slices = {table: Slice(partition, table.leads) for table in sorted(tables, key=lambda t: not t.leads)}
        self._marked = next((table for table in tables if not table.leads), None)
        self.marks: dict[str, int] = {}
        self._producer, self._client, self._patience = producer, client, patience

    @property
    def dirty(self) -> bool:
        """Whether a table has changed since it was last written."""
        return any(one.dirty for one in self.slices.values())

    async def recover(self, beat: Callable[[], None]) -> int:
        """Read what the changelogs hold beyond the slices; the number of records read."""
        at = {TopicPartition(table.changelog, self.partition): table for table in self.slices}
        if not at:
            return 0
        contents = await changelog.read(self._client, {tp: self.slices[t].next for tp, t in at.items()}, beat)
        for tp, table in at.items():
            latest = contents.latest[tp]
            mark = latest.pop(MARK, None)
            if mark is not None and not table.leads:
                self._remember(json.loads(mark))
            await self.slices[table].fill(latest)
            self.slices[table].next = contents.ends[tp]
        return contents.total

    async def lead(self) -> None:
        """Write the puts of the leading tables and wait."""
        for table, one in self.slices.items():
            if table.leads and one.puts:
                await self._write(table, one.take_puts())

    async def settle(self, marks: Mapping[str, int]) -> None:
        """Write the rest of the step and wait: tombstones of leading tables, other tables, the mark last of all."""
        for table, one in self.slices.items():
            if table is not self._marked and one.dirty:
                await self._write(table, one.take_puts() + one.take_gone())
        if self._marked is not None:
            one = self.slices[self._marked]
            await self._write(self._marked, one.take_puts() + one.take_gone(), dict(marks))

    async def _write(self, table: Table, changes: list[Change], marks: dict[str, int] | None = None) -> None:
        if marks is not None:
            changes.append((MARK, json.dumps(marks).encode()))
        await self._append(table, changes)
        if marks is not None:
            self.marks = marks
        while self.slices[table].foreign is not None:
            await self._restate(table)

    async def _append(self, table: Table, changes: list[Change]) -> None:
        landed = await changelog.append(self._producer, table.changelog, self.partition, changes, self._patience)
        join(self.slices[table], landed)

    async def _restate(self, table: Table) -> None:
        one = self.slices[table]
        if one.foreign is None:
            return
        (start, end), one.foreign = one.foreign, None
        tp = TopicPartition(table.changelog, self.partition)
        contents = await changelog.read(self._client, {tp: start}, lambda: None, end)
        log.warning(
            "partition %s: %s records of another writer at %s..%s of %s: written over with ours",
            *(self.partition, contents.total, start, end, tp.topic),
        )
        latest = contents.latest[tp]
        strange_mark = latest.pop(MARK, None) is not None
        changes: list[Change] = [(key, one.get(key)) for key in latest]
        if strange_mark and not table.leads:
            changes.append((MARK, json.dumps(self.marks).encode()))
        if changes:
            await self._append(table, changes)

    def _remember(self, marks: Mapping[str, int]) -> None:
        for topic, offset in marks.items():
            self.marks[topic] = max(offset, self.marks.get(topic, 0))


def join(one: Slice, landed: Sequence[Landed]) -> None:
    """Move a slice's `next` past what we wrote; offsets that do not join up were a stranger's."""
    for offset, count in landed:
        if offset != one.next:
            start = min(one.next, one.foreign[0]) if one.foreign else one.next
            one.foreign = (start, offset)
        one.next = offset + count
