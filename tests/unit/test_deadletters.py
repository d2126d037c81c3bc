"""Dead letters (sections 1 and 6, R14): the record as received, byte for byte, and why; case 30 of the faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from streams import deadletters
from streams.commands.deadletters import summary
from streams.letters import Chosen
from streams.runtime import Batch
from tests.contract.build import at
from tests.unit.test_intake import Given

RECEIVED = at("2026-11-10T08:00:00.25")


async def test_all_that_was_received_and_why() -> None:
    """Section 1: value, timestamp and every header as received, then ours; a header may stand there twice."""
    given: list[tuple[str, bytes | None]] = [("ce_id", b"\xff\x00"), ("trace", b"1"), ("trace", b"2")]
    record = Given(b"\x00\xffbytes", b"p-4821", 3, given)
    batch = Batch(3)
    deadletters.send(batch, "portal.deadletters", record, "invalid", "time: required", RECEIVED)
    (sent,) = batch.effects
    assert (sent.topic, sent.key, sent.value, sent.timestamp_ms) == (
        "portal.deadletters", record.key, record.value, record.timestamp,
    )  # fmt: skip
    assert list(sent.headers) == [
        *given,
        ("portalwatch.reason", b"invalid"),
        ("portalwatch.detail", b"time: required"),
        ("portalwatch.topic", b"portal.messages"),
        ("portalwatch.partition", b"3"),
        ("portalwatch.offset", b"7"),
        ("portalwatch.received_at", b"2026-11-10T08:00:00.25Z"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        pytest.param(None, None, b"", id="a-topic-may-not-take-nothing-at-all"),
        pytest.param(b"k", None, None, id="a-tombstone"),
        pytest.param(None, b"", b"", id="an-empty-value"),
    ],
)
async def test_tombstones(key: bytes | None, value: bytes | None, sent: bytes | None) -> None:
    batch = Batch(0)
    deadletters.send(batch, "t", Given(value, key), "undecodable", "value: empty", RECEIVED)
    assert (batch.effects[0].key, batch.effects[0].value) == (key, sent)


async def test_a_record_without_a_timestamp() -> None:
    """Kafka's -1 is none: the broker's own time stands then."""
    batch = Batch(0)
    deadletters.send(batch, "t", Given(b"{}", timestamp=-1), "invalid", "id: required", RECEIVED)
    assert batch.effects[0].timestamp_ms is None


@pytest.mark.parametrize("big", ["value", "header"])
async def test_one_that_is_larger_than_a_dead_letter_may_be_stops_nothing(big: str) -> None:
    """A record of megabytes that compress to little is taken by a broker that would not take it plain."""
    much = b" " * (16 << 20)
    record = Given(much if big == "value" else b"{}", b"k", 3, [("much", much if big == "header" else b"")])
    batch = Batch(3)
    deadletters.send(batch, "t", record, "too_large", "value: larger than 1048576 bytes", RECEIVED)
    (sent,) = batch.effects
    assert (sent.key, sent.value, len(sent.headers)) == (None, b"", len(deadletters.NAMES))
    told = deadletters.parse(Given(sent.value, sent.key, 0, list(sent.headers), "portal.deadletters", 0))
    assert told is not None
    assert (told.topic, told.topic_partition, told.topic_offset) == (record.topic, record.partition, record.offset)
    assert "bytes are more than a dead letter may have: not copied" in told.detail


async def test_one_that_a_dead_letter_may_just_have_is_copied() -> None:
    batch = Batch(3)
    record = Given(b" " * ((16 << 20) - 2_000), b"k")
    deadletters.send(batch, "t", record, "too_large", "value: larger than 1048576 bytes", RECEIVED)
    assert batch.effects[0].value == record.value


def letter_of(record: Given, reason: str = "invalid") -> Given:
    """The record of a dead letter, as its topic gives it back."""
    given = deadletters.headers(record, reason, "time: required", RECEIVED)
    return Given(record.value, record.key, 1, given, "portal.deadletters", 9)


def test_what_was_written_is_read_back() -> None:
    """Only the last six headers are ours: one of the same name before them came with the record."""
    own: list[tuple[str, bytes | None]] = [("portalwatch.reason", b"theirs"), ("trace", b"\xff"), ("trace", None)]
    record = letter_of(Given(b"bytes", None, 3, own))
    letter = deadletters.parse(record)
    assert letter == deadletters.Letter(
        1, 9, "invalid", "time: required", "portal.messages", 3, 7, RECEIVED, record.timestamp, None, 5
    )
    assert (letter.at, letter.place) == ("1:9", (1, 9))
    assert list(deadletters.own_headers(record)) == own


def test_a_letter_that_was_refused_again_keeps_the_headers_of_the_first() -> None:
    """Somebody copied a dead letter to an input, headers and all: they are the record's own then."""
    first = letter_of(Given(b"bytes", headers=[("trace", b"1")]))
    second = letter_of(Given(b"bytes", headers=first.headers), "late")
    assert list(deadletters.own_headers(second)) == first.headers
    letter = deadletters.parse(second)
    assert letter is not None
    assert letter.reason == "late"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda headers: headers[:-1], id="one-is-missing"),
        pytest.param(lambda headers: [*headers, ("trace", b"1")], id="something-after-them"),
        pytest.param(lambda headers: [], id="none"),
        pytest.param(lambda headers: [*headers[:-1], (headers[-1][0], None)], id="one-without-a-value"),
        pytest.param(lambda headers: [*headers[:-1], (headers[-1][0], b"yesterday")], id="no-instant"),
        pytest.param(lambda headers: [*headers[:-6], (headers[-6][0], b"\xff"), *headers[-5:]], id="not-UTF-8"),
    ],
)
def test_a_record_that_is_no_dead_letter(spoil: Callable[[list[Any]], list[Any]]) -> None:
    record = letter_of(Given(b"bytes"))
    record.headers = spoil(record.headers)
    assert deadletters.parse(record) is None


@pytest.mark.parametrize(
    ("reasons", "strangers", "said"),
    [
        ({}, 0, "0 dead letters"),
        ({"late": 1}, 1, "1 dead letter: 1 late (the newest 0 are shown); 1 record in the topic: no dead letter"),
        (
            {"future": 2},
            3,
            "2 dead letters: 2 future (the newest 0 are shown); 3 records in the topic: no dead letter",
        ),
    ],
)
def test_one_is_one(reasons: dict[str, int], strangers: int, said: str) -> None:
    assert summary(Chosen([], Counter(reasons), strangers)) == said
