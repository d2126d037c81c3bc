"""A changelog that cannot be believed: the worker ends and says where, or sets the records aside when told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from streams.runtime import changelog, damage
from streams.runtime.changelog import Contents
from streams.runtime.damage import Damaged
from tests.runtime.harness import Bench, is_ready, until
from tests.runtime.standins import House, Record

CURE = "start once with --skip-corrupt to set these records aside"


def test_the_first_few_are_named_and_none_is_shown() -> None:
    records = [Record(n, "log", 3, 0, b"k%d" % n, b"secret") for n in range(7)]
    text = str(damage.complaint([(record, "not an item") for record in records]))
    assert "log[3] at offset 0: not an item; log[3] at offset 1: not an item" in text
    assert "log[3] at offset 4: not an item; and 2 more" in text
    assert CURE in text
    assert not {"secret", "k0", "k6"} & set(text.replace(":", " ").split())


async def test_a_key_of_the_runtimes_own_and_a_bad_mark_are_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(_nothing)
    found: dict[str, dict[bytes, bytes | None]] = {
        "a": {b"\x00position": b"[1]", b"\x00other": b"x", b"k": b"v"},
        "open": {},
        "b": {},
    }
    monkeypatch.setattr("streams.runtime.changelog.read", reader(found))
    monkeypatch.setattr("streams.runtime.changelog.find", finder)
    with pytest.raises(Damaged, match=r"a\[0\] at offset 0: not a position mark; .*: a key of the runtime's own"):
        await house.lane.ledger.recover(lambda read, of: None)
    assert len(house.open) == 0


class Spoilt:
    """A consumer of one partition: two good records, then to its end a batch that fails its checksum."""

    def __init__(self) -> None:
        self.at = 0

    async def getmany(self, *tps: TopicPartition, timeout_ms: int, max_records: int) -> dict[TopicPartition, Any]:
        if self.at >= 2:
            raise CorruptRecordException("Invalid CRC")
        if max_records > 1:  # as aiokafka: what it had unpacked before the bad batch is gone
            raise CorruptRecordException("Invalid CRC")
        self.at += 1
        return {tps[0]: [Record(self.at - 1, tps[0].topic, 0, 0, b"k%d" % self.at, b"v")]}

    async def position(self, tp: TopicPartition) -> int:
        return self.at

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at = offset

    def highwater(self, tp: TopicPartition) -> int:
        return 5

    def pause(self, tp: TopicPartition) -> None:
        """Read to its end."""


async def test_a_bad_batch_at_the_very_end_is_told_of_and_the_records_before_it_are_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tp = TopicPartition("log", 0)
    taken: list[Any] = []
    beats: list[tuple[int, int]] = []
    drain = changelog._Drain(Spoilt(), {tp: 0}, {tp: 5}, True, skip=True)
    ends = await drain.run(lambda _, records: taken.extend(records), lambda read, of: beats.append((read, of)))
    assert ends == {tp: 5}
    assert [record.key for record in taken] == [b"k1", b"k2"]
    assert beats == [(n, 5) for n in range(1, 6)], "each offset is progress, or the watchdog would end it"
    assert [r.getMessage() for r in caplog.records] == ["log[0]: the batch at offset 2 fails its checksum: skipped"]
    with pytest.raises(Damaged, match=r"the batch at log\[0] at offset 2 fails its checksum"):
        await changelog._Drain(Spoilt(), {tp: 0}, {tp: 5}, True, skip=False).run(lambda *_: None, lambda *_: None)


def reader(found: Mapping[str, dict[bytes, bytes | None]]) -> Any:
    async def read(client: Any, starts: Any, beat: Any, skip: bool = False, bare: Any = ()) -> Contents:
        latest = {tp: dict(found[tp.topic]) for tp in starts}
        return Contents(latest, {tp: len(found[tp.topic]) for tp in starts}, 3)

    return read


async def finder(client: Any, tp: TopicPartition, keys: Mapping[bytes, str], start: int, end: int) -> list[Record]:
    return [Record(n, tp.topic, 0, 0, key, b"x") for n, key in enumerate(keys)]


async def _nothing(batch: Any) -> None:
    """Is not called."""


def test_a_foreign_record_ends_the_worker_unless_it_is_set_aside(one: Bench) -> None:
    first = one.worker("a", session=2)
    one.put([{"t": "open", "id": f"i{n}", "due": 0} for n in range(3)])
    until(lambda: one.committed() == 3, "worked off")
    assert first.stop() == 0
    log = f"{one.prefix}.app-items-changelog"
    for key, value in (("i1", "no JSON"), ("other", '{"what": 1}')):
        one.producer.produce(log, value, key, partition=0)
    assert one.producer.flush(20) == 0
    foreign = [m.offset() for m in one.read(log) if m.key() in (b"i1", b"other")][-2:]
    second = one.worker("b", session=2)
    assert second.wait() not in (0, 70)
    said = f"{log}[0] at offset {foreign[0]}: not JSON; {log}[0] at offset {foreign[1]}: not an item"
    assert f"the changelog holds what no worker wrote there: {said}; " in second.log()
    assert CURE in second.log()
    third = one.worker("c", session=2, skip=1)
    until(is_ready(third), "it goes on without them")
    assert third.status()["aside"] == [
        {"topic": log, "offset": foreign[0], "value": "no JSON"},
        {"topic": log, "offset": foreign[1], "value": '{"what": 1}'},
    ]
    one.put([{"t": "add", "id": "i2", "n": 1}, {"t": "add", "id": "i1", "n": 1}])
    until(lambda: one.committed() == 5, "the next step")
    assert third.stop() == 0
    last = {m.key(): m.value() for m in one.read(log)}
    assert (last[b"i1"], last[b"other"]) == (None, None), "tombstones stand over what was set aside"
    assert {key for key, value in last.items() if value is not None} == {b"i0", b"i2", b"\x00position"}
    fourth = one.worker("d", session=2)
    until(is_ready(fourth), "nothing is left to complain of")
    assert fourth.stop() == 0


@pytest.mark.brokers("kafka")
def test_a_batch_that_fails_its_checksum_is_named_and_can_be_passed_over(one: Bench) -> None:
    first = one.worker("a", session=2)
    for n in range(3):
        one.put([{"t": "open", "id": f"item-{n}", "due": 0}])
        until(lambda n=n: one.committed() == n + 1, "a batch each")  # type: ignore[misc]
    first.signal(signal.SIGKILL)
    first.wait()
    log = f"{one.prefix}.app-items-changelog"
    bad = next(m.offset() for m in one.read(log) if m.key() == b"item-1")
    flip(one, log, b"item-1")
    second = one.worker("b", session=2)
    assert second.wait() not in (0, 70)
    assert f"the batch at {log}[0] at offset {bad} fails its checksum; " in second.log()
    third = one.worker("c", session=2, skip=1)
    until(is_ready(third), "it goes on without it")
    one.put([{"t": "add", "id": f"item-{n}", "n": 1} for n in range(3)])
    until(lambda: one.committed() == 6, "the next step")
    assert third.stop() == 0
    assert f"{log}[0]: the batch at offset {bad} fails its checksum: skipped" in third.log()
    fourth = one.worker("d", session=2)
    assert fourth.wait() not in (0, 70)
    assert "until then start with --skip-corrupt" in fourth.log(), "nothing can be written over it"


def flip(bench: Bench, topic: str, text: bytes) -> None:
    """One bit of a record, in the file where the broker has it."""
    (path,) = bench.broker.folder.glob(f"**/{topic}-0/*.log")
    where = path.read_bytes().index(text)
    with path.open("r+b") as file:
        file.seek(where)
        file.write(bytes([text[0] ^ 1]))
        os.fsync(file.fileno())
