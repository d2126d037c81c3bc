"""Header names that are not UTF-8: read and written byte for byte, whatever stands around them."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.runtime import lenient
from tests.brokers import Broker

BAD = b"a\xffb"
NAME = BAD.decode("utf-8", "surrogateescape")
TP = TopicPartition("t", 0)
GZIP, NONE = 1, 0


@pytest.fixture(autouse=True)
def installed() -> None:
    """As in any process of the product."""
    lenient.install()


class Raw(str):
    """A name that this test writes as it likes, without the module under test."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return BAD if self == NAME else super().encode()


def batch(first: int, names: list[str], *, codec: int = NONE, pid: int = -1, transactional: bool = False) -> bytes:
    """A record batch as a broker gives it; one record for each name, its value its offset."""
    built = _DefaultRecordBatchBuilderPy(2, codec, transactional, pid, 0, 0, 1 << 20)
    for number, name in enumerate(names):
        value = str(first + number).encode()
        assert built.append(number, 1000 + number, b"k", value, [(Raw(name), b"\xfe"), (Raw("x"), None)])
    return first.to_bytes(8, "big") + bytes(built.build())[8:]


def read(data: bytes, offset: int = 0, aborted: list[tuple[int, int]] | None = None) -> list[Any]:
    records = fetcher.PartitionRecords(
        TP, fetcher.MemoryRecords(data), aborted, offset, None, None, True, fetcher.READ_COMMITTED
    )
    return list(records)


def test_stock_aiokafka_fails_for_good() -> None:
    """The classes whose place was taken."""
    records, memory = lenient._Records.__mro__[1], lenient._Kept.__mro__[1]
    data = batch(0, ["x", NAME])
    stock = records(TP, memory(data), None, 0, None, None, True, fetcher.READ_COMMITTED)
    assert next(stock).offset == 0
    with pytest.raises(UnicodeDecodeError):
        next(stock)


@pytest.mark.parametrize("codec", [NONE, GZIP])
def test_every_record_is_read_once_and_in_order(codec: int) -> None:
    """Good ones before it in the batch, batches before and behind, and one in the middle that is asked for alone."""
    data = b"".join(batch(n, ["x", NAME, "é"] if n == 3 else ["x", "y", NAME], codec=codec) for n in (0, 3, 6))
    data += batch(9, ["x"] * 3)
    for start in (0, 1, 4, 5, 9):
        got = read(data, start)
        assert [record.offset for record in got] == list(range(start, 12))
        assert [record.value for record in got] == [str(n).encode() for n in range(start, 12)]
        assert all(record.headers[1] == ("x", None) for record in got)
    names = [record.headers[0][0].encode("utf-8", "surrogateescape") for record in read(data)]
    assert names == [b"x", b"y", BAD, b"x", BAD, "é".encode(), b"x", b"y", BAD, b"x", b"x", b"x"]
    assert [record.timestamp for record in read(data)] == [1000, 1001, 1002] * 4


def test_aborted_records_stay_unread() -> None:
    """The transaction of producer 7 from offset 2 on was aborted, that of 8 was not."""
    data = batch(0, [NAME, "x"], pid=8, transactional=True) + batch(2, [NAME], pid=7, transactional=True)
    data += batch(3, ["x", NAME], pid=8, transactional=True) + batch(5, ["x"], pid=7, transactional=True)
    assert [record.offset for record in read(data, aborted=[(7, 2)])] == [0, 1, 3, 4]


def test_a_damaged_batch_is_still_refused() -> None:
    data = bytearray(batch(0, [NAME, "x"]))
    data[-3] ^= 1
    with pytest.raises(fetcher.Errors.CorruptRecordException):
        read(bytes(data))


def test_what_is_written_is_what_the_twin_writes() -> None:
    """A batch that began without such a name is full at it; one that begins with it takes what follows."""
    headers = [("é", b"1"), (NAME, None)]
    begun = message_accumulator.BatchBuilder(1 << 20, 0)
    assert begun.append(timestamp=1, key=b"k", value=b"v", headers=[("x", b"")])
    assert begun.append(timestamp=1, key=b"k", value=b"v", headers=headers) is None
    fresh = message_accumulator.BatchBuilder(1 << 20, 0)
    twin = _DefaultRecordBatchBuilderPy(2, 0, False, 5, 1, 3, 1 << 20)
    for number in range(3):
        each = headers if number != 1 else [("x", b"")]
        assert fresh.append(timestamp=number, key=b"k", value=b"v", headers=each)
        twin.append(number, number, b"k", b"v", [(Raw(name), value) for name, value in each])
    fresh._set_producer_state(5, 1, 3)
    twin.set_producer_state(5, 1, 3)
    assert fresh.size() == twin.size()
    assert fresh._build() == twin.build()


@pytest.mark.timeout(60)
async def test_there_and_back(broker: Broker, prefix: str) -> None:
    """Among others, through a broker: many sends at once, in order."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(prefix, 1, 1)])[prefix].result(30)
    sender = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20)
    reader = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await sender.start()
    await reader.start()
    try:
        sent: list[tuple[tuple[str, bytes], ...]] = [
            ((NAME, b"1"), ("x", b"2")) if number % 5 == 3 else (("x", b"1"),) for number in range(50)
        ]
        waits = [await sender.send(prefix, b"%d" % n, partition=0, headers=list(each)) for n, each in enumerate(sent)]
        for wait in waits:
            await wait
        reader.assign([TopicPartition(prefix, 0)])
        got: list[Any] = []
        while len(got) < len(sent):
            for records in (await reader.getmany(timeout_ms=500, max_records=7)).values():
                got += records
        assert [record.value for record in got] == [b"%d" % n for n in range(50)]
        assert [record.headers for record in got] == sent
    finally:
        await sender.stop()
        await reader.stop()
