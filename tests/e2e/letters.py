"""What the tests of dead letters share: records put exactly where they are wanted, and the command in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from click.testing import CliRunner, Result
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition

from streams.commands.deadletters import command
from tests.e2e.cluster import INPUTS, Cluster
from tests.e2e.test_worker import event

WAIT_SECONDS = 40.0
ONE_STAGE = """
version: one-stage
calendars:
  always: {{timezone: UTC, hours: {{daily: 00:00-24:00}}}}
defaults: {{calendar: always, pool: desk, on_call: call, champion: committee}}
clocks:
  - name: reply
    workflow: message
    rules:
      - {{when: {{priority: routine}}, within: 9 days}}
      - {{within: {minutes} minutes}}
    stages: [{{name: missed, at: due, severity: critical, notify: on_call}}]
settings: {{lead: 0 minutes, partitioner: {partitioner}}}
"""
"""A message is missed after some minutes, unless it is routine."""

T = TypeVar("T")
Headers = Sequence[tuple[str, bytes | None]]


class Sent(NamedTuple):
    """A record as it is sent, and as it has to be found."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int
    partition: int


def headers_in(message: Message) -> list[tuple[str, bytes | None]]:
    """A record's headers, in order."""
    return cast("list[tuple[str, bytes | None]]", message.headers() or [])


def found(message: Message) -> Sent:
    """A record as it was found."""
    return Sent(message.key(), message.value(), headers_in(message), message.timestamp()[1], message.partition() or 0)


def put(under_test: Cluster, records: Sequence[Sent], codec: str = "none") -> None:
    """Send records to the messages, each to its partition with its timestamp, and wait until the broker has them."""
    options = {"bootstrap.servers": under_test.broker.bootstrap, "message.max.bytes": 16 << 20, "linger.ms": 5}
    producer, topic = Producer(options | {"compression.type": codec}), f"{under_test.prefix}.{INPUTS['message']}"
    for each in records:
        while True:
            try:
                producer.produce(
                    topic, each.value, each.key, each.partition, timestamp=each.timestamp, headers=list(each.headers)
                )
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


def opened(item: str, at: float, **data: str) -> bytes:
    """An event that opens an item, in structured mode."""
    return json.dumps(event(0, item, "sent", at, priority="urgent", **data) | {"id": f"open-{item}"}).encode()


def records(under_test: Cluster, topic: str) -> list[Message]:
    """All committed records of a topic, up to its ends of now; small waits, since tests look often."""
    consumer = Consumer(
        {
            "bootstrap.servers": under_test.broker.bootstrap,
            "group.id": "tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
        }
    )
    there: list[Message] = []
    try:
        left = set(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
        end = time.monotonic() + WAIT_SECONDS
        while left:
            assert time.monotonic() < end, f"{topic} was not read to its end in {WAIT_SECONDS:.0f} s"
            for message in consumer.consume(1000, 0.05):
                error = message.error()
                if error is None:
                    there.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
    finally:
        consumer.close()
    return there


def read(under_test: Cluster, suffix: str) -> list[Message]:
    """All records of one of the cluster's topics."""
    return records(under_test, f"{under_test.prefix}.{suffix}")


def alerts(under_test: Cluster) -> list[dict[str, Any]]:
    """All alerts, each with `appended`, the broker's time in seconds."""
    said = read(under_test, "alerts")
    return [{**json.loads(each.value() or b""), "appended": each.timestamp()[1] / 1000} for each in said]


def until(what: str, under_test: Cluster, look: Callable[[], T | None]) -> T:
    """What `look` gives once it gives something; it fails with the worker's log."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise AssertionError(f"{what}: not in {WAIT_SECONDS:.0f} s:\n{under_test.workers[0].tail()}")


def letters(under_test: Cluster, count: int) -> list[Message]:
    """The dead letters, once there are so many."""

    def look() -> list[Message] | None:
        there = read(under_test, "deadletters")
        return there if len(there) >= count else None

    return until(f"{count} dead letters", under_test, look)


def alerts_of(under_test: Cluster, items: set[str]) -> list[dict[str, Any]]:
    """All alerts, once each of these items has one."""

    def look() -> list[dict[str, Any]] | None:
        said = alerts(under_test)
        return said if items <= {alert["subject"] for alert in said} else None

    return until(f"alerts of {sorted(items)}", under_test, look)


def headers_of(letter: Message) -> dict[str, str]:
    """Our headers of a dead letter."""
    return {
        name.removeprefix("portalwatch."): (value or b"").decode()
        for name, value in headers_in(letter)
        if name.startswith("portalwatch.")
    }


def run(under_test: Cluster, *arguments: str) -> Result:
    """`portalwatch deadletters ...` with the settings of the cluster."""
    return CliRunner(env=under_test.settings).invoke(command, list(arguments))


def lines(result: Result) -> list[dict[str, Any]]:
    """The JSON lines that a command printed; it has to have ended well."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]
