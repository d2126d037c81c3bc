"""The journal of deliveries: written beside the work, read back by item, and never in anybody's way."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.delivery import journal
from streams.delivery.answers import DELIVERED, FAILED, Line
from streams.delivery.journal import KafkaJournal
from streams.topics import partition_counts
from tests.brokers import Broker
from tests.child import free_port

ITEMS = [f"m-{number}" for number in range(20)]


def line(number: int, result: str = DELIVERED) -> Line:
    return Line(at=f"2026-11-02T08:00:{number:02}Z", sink="warehouse", event=f"e{number}", result=result, status=204)


async def test_what_is_noted_is_read_back_by_item_in_order(broker: Broker, prefix: str) -> None:
    client = {"bootstrap_servers": [broker.bootstrap]}
    kept = KafkaJournal(client, prefix, 1)
    for item in ITEMS:
        kept.note(item, line(1, FAILED))  # before it runs
    writing = asyncio.create_task(kept.run(4))
    for _ in range(300):
        if await journal.read(client, prefix, ITEMS[-1]):
            break
    for item in ITEMS:
        kept.note(item, line(2))
    writing.cancel()  # its end writes what waits
    await asyncio.gather(writing, return_exceptions=True)
    for item in ITEMS:
        assert await journal.read(client, prefix, item) == [line(1, FAILED), line(2)]
    assert await journal.read(client, prefix, "m-999") == []
    assert await journal.read(client, f"{prefix}-other", "m-1") == []
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    assert await partition_counts(admin, [f"{prefix}-deliveries"]) == {f"{prefix}-deliveries": 4}
    await admin.close()


async def test_without_a_broker_lines_are_let_go_and_told_of_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST", 3)
    kept = KafkaJournal({"bootstrap_servers": [f"127.0.0.1:{free_port()}"]}, "nobody", 1)
    with caplog.at_level(logging.WARNING, "streams.delivery.journal"):
        writing = asyncio.create_task(kept.run(4))
        for number in range(9):
            kept.note("m-4821", line(number))
        for _ in range(400):
            if any("cannot be written" in each for each in caplog.messages):
                break
            await asyncio.sleep(0.05)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert [each for each in caplog.messages if "lost" in each] == [
        "the journal of deliveries lost 1 lines, the last for: they wait for too long"
    ]
    assert not any("m-4821" in each for each in caplog.messages)


def test_a_record_that_is_no_line_or_another_items_is_passed_over() -> None:
    assert journal.parse(b"m-1", b'{"at":"t","sink":"s","event":"e","result":"delivered"}', "m-1") is not None
    assert journal.parse(b"m-2", b'{"at":"t","sink":"s","event":"e","result":"delivered"}', "m-1") is None
    assert journal.parse(b"m-1", b"\xff", "m-1") is None
    assert journal.parse(b"m-1", None, "m-1") is None
