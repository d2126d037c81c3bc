"""A dead letter goes back as it came, byte for byte, and has its effect once what was wrong is mended (case 30)."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams import letters as product_letters
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.letters import (
    ONE_STAGE,
    Sent,
    alerts,
    alerts_of,
    found,
    headers_of,
    letters,
    lines,
    opened,
    put,
    read,
    run,
    until,
)
from tests.e2e.test_deadletters import admit_large
from tests.e2e.test_worker import event

AHEAD_SECONDS = 3.0
"""So far ahead of now are the events: refused now, and good later."""
TRACE = [("trace", b"\x00\xff"), ("trace", None), ("portalwatch.reason", b"the sender's own"), ("trace", b"")]
PARTITION = 1
SECRET = "p-4821"
NAMELESS = [(b"a\xffb".decode("utf-8", "surrogateescape"), b"1"), ("x", b"2")]
"""The name of the first is no UTF-8."""


def binary(item: str, at: float) -> list[tuple[str, bytes | None]]:
    """The headers of an event in binary mode, with others between them."""
    given = event(0, item, "sent", at)
    del given["data"]
    attributes: list[tuple[str, bytes | None]] = [(f"ce_{name}", str(value).encode()) for name, value in given.items()]
    return [*attributes[:2], *TRACE, *attributes[2:], ("content-type", b"application/json")]


def refused(at: float) -> dict[str, Sent]:
    """Item to an event that comes too early."""
    stamp = round(at * 1000)
    data = json.dumps({"priority": "urgent", "patient": SECRET}).encode()
    unkeyed = event(0, "m-unkeyed", "sent", at, priority="urgent") | {"id": "unkeyed"}
    return {
        "m-structured": Sent(b"m-structured", opened("m-structured", at), TRACE, stamp - 1, PARTITION),
        "m-binary": Sent(SECRET.encode(), data, binary("m-binary", at), stamp - 2, PARTITION),
        "m-large": Sent(b"\x00\xff", opened("m-large", at, note="x" * (2 << 20)), [], stamp - 3, PARTITION),
        "m-unkeyed": Sent(None, json.dumps(unkeyed).encode(), [("", b"nameless")], stamp - 4, PARTITION),
        "m-tombstone": Sent(b"m-tombstone", None, binary("m-tombstone", at), stamp - 5, PARTITION),
    }


@pytest.mark.timeout(180)
def test_a_dead_letter_goes_back_byte_for_byte_and_has_its_effect(broker: Broker, tmp_path: Path, prefix: str) -> None:
    policy = ONE_STAGE.format(minutes="0.01", partitioner="unchecked").replace("routine", "low")
    policy = policy.replace("settings: {", "settings: {max_skew: 0.01 minutes, ")
    with cluster(broker, prefix, tmp_path, policy, partitions="2", max_event_bytes=str(8 << 20)) as under_test:
        under_test.worker().wait_ready()
        admit_large(broker, f"{prefix}.messages")
        good_at = time.time() + AHEAD_SECONDS
        sent = refused(good_at)
        put(under_test, list(sent.values()))
        first = letters(under_test, len(sent))
        check_list(under_test, sent)
        check_dry_run(under_test, sent)
        time.sleep(max(0.0, good_at - time.time()))
        done = lines(run(under_test, "replay", "--reason", "future", "--json"))
        assert [each["outcome"] for each in done] == ["sent"] * len(sent)
        fired = {alert["id"] for alert in alerts_of(under_test, set(sent))}
        records = [found(message) for message in read(under_test, "messages")]
        assert records[: len(sent)] == list(sent.values())
        assert sorted(records[len(sent) :], key=repr) == sorted(sent.values(), key=repr)
        check_again(under_test, sent, fired, len(first))
        check_names(under_test)


def check_list(under_test: Cluster, sent: dict[str, Sent]) -> None:
    """All there, newest last, and nothing of what they hold."""
    listed = lines(run(under_test, "list", "--json"))
    times = [datetime.fromisoformat(each["received_at"]) for each in listed]  # as text `.1Z` would follow on `.11Z`
    assert times == sorted(times)
    assert {(each["reason"], each["topic"], each["partition"]) for each in listed} == {
        ("future", f"{under_test.prefix}.messages", PARTITION)
    }
    sizes = {(each["key_bytes"], each["value_bytes"]) for each in listed}
    assert sizes == {
        (None if each.key is None else len(each.key), None if each.value is None else len(each.value))
        for each in sent.values()
    }
    said = run(under_test, "list", "--since", "1 hour", "--topic", f"{under_test.prefix}.messages")
    assert said.stdout.splitlines()[-1] == f"{len(sent)} dead letters: {len(sent)} future"
    assert SECRET not in said.output
    assert "m-structured" not in said.output
    newest = run(under_test, "list", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in newest[:-1]] == [each["at"] for each in listed[-2:]]
    assert newest[-1].endswith("(the newest 2 are shown)")
    assert run(under_test, "list", "--reason", "late").stdout == "0 dead letters\n"


def check_dry_run(under_test: Cluster, sent: dict[str, Sent]) -> None:
    """It says what would be sent, and sends nothing."""
    said = run(under_test, "replay", "--all", "--dry-run")
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, f"{len(sent)} would be sent")
    assert len(read(under_test, "messages")) == len(sent)
    nowhere = run(under_test, "replay", "--offset", "0:999999", "--dry-run")
    assert (nowhere.exit_code, nowhere.stdout) == (1, "nothing to send\n")
    assert "0:999999: there is no such dead letter" in nowhere.stderr


def check_again(under_test: Cluster, sent: dict[str, Sent], fired: set[str], before: int) -> None:
    """A second replay changes nothing; what is refused again comes back once, and the rest is not sent again."""
    place = lines(run(under_test, "list", "--json"))[0]["at"]
    assert len(lines(run(under_test, "replay", "--offset", place, "--json"))) == 1
    assert len(lines(run(under_test, "replay", "--all", "--json"))) == len(sent)
    bad = Sent(b"k", b"{", [("trace", b"\xff")], round(time.time() * 1000), PARTITION)
    put(under_test, [bad])  # read after all that was replayed
    letters(under_test, before + 1)
    assert len(lines(run(under_test, "replay", "--reason", "undecodable", "--json"))) == 1
    after = letters(under_test, before + 2)
    assert len(after) == before + 2
    again = [letter for letter in after if headers_of(letter)["reason"] == "undecodable"]
    assert [found(letter).headers[:1] for letter in again] == [[("trace", b"\xff")]] * 2
    assert len({headers_of(letter)["offset"] for letter in again}) == 2
    assert {alert["id"] for alert in alerts(under_test)} == fired


def check_names(under_test: Cluster) -> None:
    """A header's name that is no UTF-8 stops nothing, and comes back byte for byte as well."""
    topic = f"{under_test.prefix}.appointments"
    asyncio.run(put_nameless(under_test, topic))
    for count in (1, 2):
        await_listed(under_test, topic, count)
        newest = ("--reason", "undecodable", "--topic", topic, "--limit", "1")
        assert len(lines(run(under_test, "replay", *newest, "--json"))) == 1
    await_listed(under_test, topic, 3)
    assert asyncio.run(headers_there(under_test, topic)) == [NAMELESS] * 3


async def put_nameless(under_test: Cluster, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=under_test.broker.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"[", b"k", partition=PARTITION, headers=NAMELESS)
    finally:
        await producer.stop()


async def headers_there(under_test: Cluster, topic: str) -> list[list[tuple[str, bytes | None]]]:
    """Read by the product: librdkafka's Python client fails at such a name."""
    client = {"bootstrap_servers": under_test.broker.bootstrap}
    return [list(record.headers) async for some in product_letters.read(client, topic) for _, record in some]


def await_listed(under_test: Cluster, topic: str, count: int) -> None:
    """Until so many dead letters came from a topic."""

    def look() -> bool:
        return len(lines(run(under_test, "list", "--topic", topic, "--json"))) == count

    until(f"{count} dead letters of {topic}", under_test, look)
