"""From a record to an event: the reasons of R14 that come before the judgement; cases 20 and 21 of the faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.events import Event, Refusal
from schemas.policy import MINUTE, Settings
from streams.intake import PARTITIONERS, Reader
from tests.contract.build import at, book, clock, engine, event, lines

NOW = at("2026-11-10T08:00")
LIMIT = 1 << 20


@dataclass
class Given:
    """A record as a topic gives it."""

    value: bytes | None
    key: bytes | None = b"p-4821"
    partition: int = 0
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    topic: str = "portal.messages"
    offset: int = 7
    timestamp: int = 1_794_297_600_000


def read(record: Given, workflow: str = "message", limit: int = LIMIT, **settings: Any) -> Event | Refusal:
    return Reader(workflow, Settings(**settings), now=NOW, partitions=4, max_bytes=limit).read(record)


def sent(time: str = "08:00", **data: Any) -> bytes:
    return event("e1", "message.sent", f"2026-11-10T{time}", **data)


def reason(found: Event | Refusal) -> str:
    return found.reason if isinstance(found, Refusal) else ""


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(Given(sent()), "", id="R14-good"),
        pytest.param(Given(None), "undecodable", id="R14-a-tombstone"),
        pytest.param(Given(b"{"), "undecodable", id="R14-no-JSON"),
        pytest.param(Given(sent().replace(b'"id"', b'"di"')), "invalid", id="R14-a-missing-field"),
        pytest.param(
            Given(event("e1", "result.promised", "2026-11-10T08:00")), "unknown_type", id="R14-another-topic's"
        ),
        pytest.param(Given(sent("08:05")), "", id="R14-just-within-the-skew"),
        pytest.param(Given(sent("08:05:00.000001")), "future", id="R14-beyond-the-skew"),
        pytest.param(Given(sent("07:00"), None), "", id="R14-without-a-key"),
        pytest.param(Given(sent(), headers=[("trace", None)]), "", id="R14-a-header-without-a-value"),
        pytest.param(Given(sent(), headers=[("ce_type", None)]), "invalid", id="R14-an-attribute-without-a-value"),
    ],
)
def test_reasons(record: Given, expected: str) -> None:
    assert reason(read(record)) == expected


@pytest.mark.parametrize(("more", "expected"), [(0, ""), (1, "too_large")])
def test_too_large_r14(more: int, expected: str) -> None:
    """R14: above `max_event_bytes`, key and value together; what is too large is not even read."""
    value = b"x" * (LIMIT - 6 + more)
    assert reason(read(Given(value))) == (expected or "undecodable")


@pytest.mark.parametrize(
    ("partitioner", "at_home"),
    [
        pytest.param("murmur2", PARTITIONERS["murmur2"](b"p-1") % 4, id="case-21-murmur2"),
        pytest.param("crc32", PARTITIONERS["crc32"](b"p-1") % 4, id="case-21-crc32"),
    ],
)
def test_misrouted_r14(partitioner: str, at_home: int) -> None:
    """R14, case 21: a record on another partition than its key's; `unchecked` takes it, and commands go anywhere."""
    for partition in range(4):
        astray = "" if partition == at_home else "misrouted"
        assert reason(read(Given(sent(), b"p-1", partition), partitioner=partitioner)) == astray
        assert reason(read(Given(sent(), b"p-1", partition))) == ""
    command = event("c1", "command.acknowledged", "2026-11-10T08:00", workflow="message", by="b")
    for partition in range(4):
        assert reason(read(Given(command, b"p-1", partition), "command", partitioner=partitioner)) == ""


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", 0x7FFFFFFF & -973932308),
        (b"foobar", 0x7FFFFFFF & -790332482),
        (b"a-little-bit-long-string", 0x7FFFFFFF & -985981536),
    ],
)
def test_murmur2_is_that_of_kafka(key: bytes, hashed: int) -> None:
    """The vectors of Kafka's own UtilsTest."""
    assert PARTITIONERS["murmur2"](key) == hashed


@pytest.mark.parametrize(("key", "hashed"), [(b"", 0), (b"123456789", 0xCBF43926)])
def test_crc32_is_that_of_librdkafka(key: bytes, hashed: int) -> None:
    assert PARTITIONERS["crc32"](key) == hashed


def test_case_20_one_fast_clock_makes_nothing_late() -> None:
    """Case 20: an event two hours ahead is `future`, once; what comes after it is taken, and a heartbeat counts."""
    running = engine(book(f"[{clock('{within: 1 hour}')}]", settings="{lead: 0 minutes, reorder_window: 1 hours}"))
    beat = event("h1", "feed.heartbeat", "2026-11-10T07:59")
    records = [
        sent("10:00", site="fast"),
        beat,
        sent("07:00"),
        event("e9", "message.replied", "2026-11-10T07:30", "p-9"),
    ]
    found = [read(Given(value)) for value in records]
    assert [reason(each) for each in found] == ["future", "", "", ""]
    effects = running.step([(each, n) for n, each in enumerate(found) if isinstance(each, Event)])
    assert not effects.dead
    assert running.latest == at("2026-11-10T07:59")
    assert lines(running.advance(NOW).alerts) == ["11-10T08:00 missed"]


def test_the_skew_is_of_the_policy_r14() -> None:
    assert reason(read(Given(sent("08:30")), max_skew=30 * MINUTE)) == ""
    assert reason(read(Given(sent("08:30")), max_skew=29 * MINUTE)) == "future"
