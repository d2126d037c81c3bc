"""What a worker cannot take becomes a dead letter, byte for byte, and the next good event is judged (contract R14)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it does export them
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas import instants
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_worker import POLICY, event

WAIT_SECONDS = 30.0
HEADERS = [("trace", b"\x00\xff"), ("trace", b"again")]


def now() -> float:
    return time.time()


def good(number: int, item: str) -> bytes:
    return json.dumps(event(number, item, "sent", now(), department="a", priority="urgent")).encode()


def changed(number: int, **fields: Any) -> bytes:
    return json.dumps({**event(number, f"m-{number}", "sent", now(), department="a"), **fields}).encode()


def bad_records() -> list[tuple[str, str, bytes | None]]:
    """(reason, what its detail begins with, value)."""
    return [
        ("undecodable", "value: ", None),
        ("undecodable", "event: ", b"\x00garbage\xff"),
        ("undecodable", "event: ", b"[1, 2]"),
        ("unknown_type", "type: ", changed(3, type="portal.message.shouted")),
        ("unknown_type", "type: ", changed(4, type="portal.result.promised")),
        ("invalid", "time: ", changed(5, time="2026-11-25T08:00:00")),
        ("invalid", "subject: ", changed(6, subject="no spaces please")),
        ("invalid", "data.anchor: ", changed(7, data={"anchor": "2026-11-25"})),
        ("future", "time: ", changed(8, time="2099-12-31T00:00:00Z")),
        ("future", "time: ", changed(9, time=instants.text(round((now() + 7200) * 1e6)))),
    ]


@pytest.mark.timeout(180)
def test_each_bad_record_is_a_dead_letter_and_the_next_good_event_is_judged(
    broker: Broker, tmp_path: Path, prefix: str
) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        under_test.worker().wait_ready()
        bad = bad_records()
        bad.append(("too_large", "value: ", changed(10, data={"note": "x" * (2 << 20)})))
        admit_large(broker, f"{prefix}.messages")
        for reason, _, value in bad:
            under_test.publish("message", value, f"key-{reason}", HEADERS)
        under_test.publish("message", good(99, "m-99"), "m-99")
        under_test.flush()
        fired = wait_for_alert(under_test, "m-99")
        letters = under_test.read("deadletters")
    assert fired["data"]["stage"] == "due-soon"
    got = {letter.value(): letter for letter in letters}
    assert len(letters) == len(bad) == len(got)
    for reason, path, value in bad:
        letter = got[value]
        headers = cast("list[tuple[str, bytes]]", letter.headers() or [])
        assert headers[:2] == HEADERS
        ours = {name: content.decode() for name, content in headers[2:]}
        assert letter.key() == f"key-{reason}".encode()
        assert ours["portalwatch.reason"] == reason
        assert ours["portalwatch.detail"].startswith(path)
        assert ours["portalwatch.topic"] == f"{prefix}.messages"
        assert {"portalwatch.partition", "portalwatch.offset", "portalwatch.received_at"} <= ours.keys()


def admit_large(broker: Broker, topic: str) -> None:
    """Kafka refuses 2 MB by default, before it can reach anybody: let this topic take it."""
    if broker.kind != "kafka":
        return
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    entry = ConfigEntry("max.message.bytes", str(8 << 20), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([resource]).values():
        try:
            future.result(30)
        except KafkaException as error:
            raise AssertionError(f"{topic} could not be set to take large records: {error}") from error


def wait_for_alert(under_test: Cluster, item: str) -> dict[str, Any]:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        for alert in under_test.alerts():
            if alert["subject"] == item:
                return alert
        time.sleep(0.5)
    raise AssertionError(f"no alert for {item}:\n{under_test.workers[0].tail()}")
