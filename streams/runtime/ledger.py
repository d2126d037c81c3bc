"""The state of one partition: its slice of each table, kept equal to their changelogs.

Theory of operation. A step is written in two parts: `lead` (the puts of leading tables, before the effects) and
`settle` (their tombstones, then the other tables, after the effects). The last batch of `settle` carries the position
mark, the next offset of each input, always in the changelog of the first table that does not lead. So where the mark
stands, everything of its step stands too, and on recovery the lane goes on from there even if the offsets were never
committed. A crash between two tables of one step repeats the step on what the first table already holds: steps must
bear that.

A changelog partition has one writer, so the offsets of what we write must join up. Where they do not, a stranger wrote
in between: `_restate` reads the stranger's keys and writes ours over them, the mark included. (An owner before who does
not yet know that the partition is lost is one on a broker without producer ids; elsewhere `writers` shuts it out.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from mode import get_logger

from streams.runtime import changelog, damage
from streams.runtime.batch import Record
from streams.runtime.changelog import Beat, Change, Landed
from streams.runtime.tables import Slice, Table

MARK = b"\x00position"
_MARKS = msgspec.json.Decoder(dict[str, int])

log = get_logger(__name__)


class Ledger:
    """The slices of one partition and how they reach the broker. `marks`: next offset of each input as last written.

    `producer` is to be set before anything is written; `skip`: set aside what is not fit (see `damage`).
    """

    producer: AIOKafkaProducer

    def __init__(
        self, partition: int, tables: Sequence[Table], client: Mapping[str, Any], patience: float, skip: bool = False
    ) -> None:
        self.partition = partition
        self.slices = {table: Slice(partition, table.leads) for table in sorted(tables, key=lambda t: not t.leads)}
        self._marked = next((table for table in tables if not table.leads), None)
        self.marks: dict[str, int] = {}
        self._client, self._patience, self._skip = client, patience, skip

    @property
    def changelogs(self) -> list[str]:
        """The topics that it writes its state to."""
        return [table.changelog for table in self.slices]

    @property
    def dirty(self) -> bool:
        """Whether a table has changed since it was last written."""
        return any(one.dirty for one in self.slices.values())

    async def recover(self, beat: Beat) -> tuple[int, list[Record]]:
        """Read what the changelogs hold beyond the slices; the number of records read, and those set aside.

        Damaged if there are some that are not fit, and they are not to be set aside.
        """
        at = {TopicPartition(table.changelog, self.partition): table for table in self.slices}
        if not at:
            return 0, []
        starts = {tp: self.slices[table].next for tp, table in at.items()}
        bare = {tp for tp, start in starts.items() if not start}
        contents = await changelog.read(self._client, starts, beat, skip=self._skip, bare=bare)
        aside: list[tuple[Record, str]] = []
        for tp, table in at.items():
            latest, one = contents.latest[tp], self.slices[table]
            aside += (unfit := await self._unfit(tp, table, latest, contents.ends[tp]))
            mark = latest.pop(MARK, None)
            if mark is not None and not table.leads:
                self._remember(_MARKS.decode(mark))
            await one.fill(latest)
            one.set_aside(record.key for record, _ in unfit if record.key is not None)
            one.next = contents.ends[tp]
        if aside:
            error = damage.complaint(aside)
            if not self._skip:
                raise error
            log.error("setting records aside: %s", error)
        return contents.total, [record for record, _ in aside]

    async def _unfit(
        self, tp: TopicPartition, table: Table, latest: dict[bytes, bytes | None], end: int
    ) -> list[tuple[Record, str]]:
        """Take out of `latest` what is no state of this table; the records, each with what is wrong with it."""

        def fit(key: bytes, value: bytes) -> str | None:
            if key == MARK:
                return None if table.leads else _mark_fit(value)
            return "a key of the runtime's own" if key[:1] == MARK[:1] else table.fit(key, value) if table.fit else None

        why = await damage.unfit(latest, fit)
        if not why:
            return []
        records = await changelog.find(self._client, tp, why, self.slices[table].next, end)
        for key in why:
            del latest[key]
        return [(record, why[record.key]) for record in records if record.key is not None]

    async def look_again(self) -> None:
        """After `writers` has made us a new producer: only its markers may stand where we stopped writing."""
        for table, one in self.slices.items():
            tp = TopicPartition(table.changelog, self.partition)
            contents = await changelog.read(self._client, {tp: one.next}, lambda _read, _of: None)
            if contents.total:
                one.foreign = (one.next, contents.ends[tp])
            one.next = contents.ends[tp]

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
        landed = await changelog.append(self.producer, table.changelog, self.partition, changes, self._patience)
        join(self.slices[table], landed)

    async def _restate(self, table: Table) -> None:
        one = self.slices[table]
        if one.foreign is None:
            return
        (start, end), one.foreign = one.foreign, None
        tp = TopicPartition(table.changelog, self.partition)
        contents = await changelog.read(self._client, {tp: start}, lambda _read, _of: None, end)
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


def _mark_fit(value: bytes) -> str | None:
    try:
        _MARKS.decode(value)
    except msgspec.MsgspecError:
        return "not a position mark"
    return None
