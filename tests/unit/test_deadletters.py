"""Dead letters (sections 1 and 6, R14): the record as received, byte for byte, and why; case 30 of the faults."""

from __future__ import annotations

import pytest

from streams import deadletters
from streams.runtime import Batch
from tests.contract.build import at
from tests.unit.test_intake import Given

RECEIVED = at("2026-11-10T08:00:00.25")


async def test_all_that_was_received_and_why() -> None:
    """Section 1: value, timestamp and every header as received, then ours; a header may stand there twice."""
    given = [("ce_id", b"\xff\x00"), ("trace", b"1"), ("trace", b"2")]
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
