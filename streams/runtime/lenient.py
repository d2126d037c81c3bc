"""Header names that are not UTF-8, kept byte for byte where aiokafka would fail.

Theory of operation. Kafka stores the name of a header as the bytes that a producer sent; aiokafka reads and writes it
as strict UTF-8. One record with another name makes `getmany` raise for good, so its partition would stand still for
ever. Here such bytes become surrogates (as `os.fsdecode` does with file names), and those bytes again when sent.

The compiled parser and builder stay in use: only where one of them fails because of a name is the work done by the
slower twin that aiokafka ships, with names that take what is no UTF-8. Reading goes on in the batch at hand, at the
first record that was not given out yet. Writing cannot mix the two in one batch: a batch that has begun calls itself
full, and the record opens the next one.

`install` puts this in the place of three names of aiokafka (its version is pinned), for the whole process. Whoever logs
or shows the names of headers has to bear surrogates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.producer import message_accumulator, producer
from aiokafka.record import default_records, memory_records

Headers = Sequence[tuple[str, bytes | None]]


class _Name(str):
    """A name that is written as the bytes it was read from."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "") -> bytes:  # noqa: ARG002 - the form of str
        return super().encode(encoding, "surrogateescape")


class _Bytes(bytearray):
    """A buffer whose parts take any bytes for a name."""

    def __getitem__(self, index: Any) -> Any:
        part = super().__getitem__(index)
        return _Bytes(part) if isinstance(part, bytearray) else part

    def decode(self, encoding: str = "utf-8", errors: str = "") -> str:  # noqa: ARG002 - the form of bytearray
        return super().decode(encoding, "surrogateescape")


class _Batch(default_records._DefaultRecordBatchPy):  # type: ignore[misc]  # noqa: SLF001 - aiokafka ships no types
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


class _Rest:
    """The batches of a fetch response of one partition that reach `offset`, as the fetcher reads `MemoryRecords`."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._slices = iter([part for part in _slices(data) if _Batch(part).next_offset > offset])
        self._next = next(self._slices, None)

    def has_next(self) -> bool:
        return self._next is not None

    def next_batch(self) -> Any:
        batch = None if self._next is None else _Batch(self._next)
        self._next = next(self._slices, None)
        return batch


def _slices(data: bytes) -> Sequence[memoryview]:
    """The bytes of each whole batch. Only the present format (magic 2) has headers, so the failing batch is of it."""
    found = []
    whole = memory_records._MemoryRecordsPy(data)  # noqa: SLF001 - what it keeps is what we need
    while whole.has_next():
        part = whole._next_slice  # noqa: SLF001
        if part[whole.MAGIC_OFFSET] >= 2:
            found.append(part)
        whole._cache_next()  # noqa: SLF001
    return found


_Memory: Any = memory_records.MemoryRecords


class _Kept(_Memory):  # type: ignore[misc]  # aiokafka ships no types
    """The records of a partition in a fetch response, and the bytes that they are read from."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class Fetched(NamedTuple):
    """A record as it was fetched: a `Record`, see `batch`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


_NEW: Final[Any] = tuple.__new__
_NONE: Final[list[Any]] = []


class _Records(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """Gives out the records of a partition; at a name that is no UTF-8 it goes on with the lenient parser."""

    _records: Any

    def __iter__(self) -> Iterator[Any]:
        """The records that are still to be given out, without a call for each."""
        return self if self._records_iterator is None else cast(Iterator[Any], self._records_iterator)

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        """What a reader gets of a record: aiokafka's own takes three times as long to make."""
        headers = record.headers
        given = tuple(headers) if headers else ()
        return _NEW(Fetched, (tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, given))

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except Exception as error:
            if not _is_a_name(error) or not isinstance(self._records, _Kept):
                raise
        else:
            return
        # What is known of aborted transactions holds: the batch at hand is looked at again, none before it.
        self._records = _Rest(self._records.data, self.next_fetch_offset)
        yield from super()._unpack_records()


def _is_a_name(error: Exception) -> bool:
    """The compiled parser raises what the decoder raised; its twin wraps it."""
    return isinstance(error, UnicodeDecodeError) or isinstance(error.__cause__, UnicodeDecodeError)


_FAST: Any = default_records.DefaultRecordBatchBuilder
_SLOW: Any = default_records._DefaultRecordBatchBuilderPy  # noqa: SLF001 - the twin


class _Builder:
    """Builds a batch with the compiled builder, or from its first record on with the twin."""

    __slots__ = ("_build", "_options")

    def __init__(self, *options: Any, **named: Any) -> None:
        self._options = options, named
        self._build = _FAST(*options, **named)

    def append(self, offset: int, timestamp: int | None, key: Any, value: Any, headers: Headers) -> Any:
        """As aiokafka's: None if the batch is full."""
        try:
            return self._build.append(offset, timestamp, key=key, value=value, headers=headers)
        except UnicodeEncodeError:
            if offset:
                return None if type(self._build) is _FAST else self._slow(offset, timestamp, key, value, headers)
        options, named = self._options
        self._build = _SLOW(*options, **named)
        return self._slow(offset, timestamp, key, value, headers)

    def _slow(self, offset: int, timestamp: int | None, key: Any, value: Any, headers: Headers) -> Any:
        return self._build.append(offset, timestamp, key=key, value=value, headers=_named(headers))

    def set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._build.set_producer_state(producer_id, producer_epoch, base_sequence)

    def build(self) -> bytearray:
        built: bytearray = self._build.build()
        return built

    def size(self) -> int:
        return int(self._build.size())

    @staticmethod
    def estimate_size_in_bytes(key: bytes | None, value: bytes | None, headers: Headers) -> int:
        """As aiokafka's: at most so large is a batch of this record."""
        try:
            return int(_FAST.estimate_size_in_bytes(key, value, headers))
        except UnicodeEncodeError:
            return int(_SLOW.estimate_size_in_bytes(key, value, _named(headers)))


def _named(headers: Headers) -> list[tuple[str, bytes | None]]:
    return [(_Name(name), value) for name, value in headers]


def fill(batch: Any, changes: Iterable[tuple[bytes, bytes | None]]) -> int:
    """Put records without headers into a new batch until it is full or there are no more; how many.

    The same as `batch.append` of each, whose three calls a record cost more than the record: what `install` put in
    place is called itself.
    """
    builder, count = getattr(batch, "_builder", None), 0
    if not isinstance(builder, _Builder):
        for key, value in changes:
            if batch.append(key=key, value=value, timestamp=None) is None:
                break
            count += 1
        return count
    append = builder._build.append  # noqa: SLF001 - our own
    for key, value in changes:
        if append(count, None, key, value, _NONE) is None:
            break
        count += 1
    batch._relative_offset = count  # noqa: SLF001 - as `append` does
    return count


def install() -> None:
    """Take the place of aiokafka's own in this process; to do so again changes nothing."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Kept, _Records
    message_accumulator.DefaultRecordBatchBuilder = producer.DefaultRecordBatchBuilder = _Builder
