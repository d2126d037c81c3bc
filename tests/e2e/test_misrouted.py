"""Two client libraries put one key on two partitions: no state on two of them, and the way back (R14; case 21)."""

from __future__ import annotations

import json
import time
import zlib
from pathlib import Path

import pytest
from aiokafka.partitioner import murmur2

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
    records,
    run,
)
from tests.e2e.test_worker import event

PARTITIONS = 4


def by_murmur2(key: bytes) -> int:
    return int((murmur2(key) & 0x7FFFFFFF) % PARTITIONS)


def by_crc32(key: bytes) -> int:
    return zlib.crc32(key) % PARTITIONS


ASTRAY = next(f"p-{n}".encode() for n in range(1000) if by_murmur2(f"p-{n}".encode()) != by_crc32(f"p-{n}".encode()))
"""A key on which the two libraries differ."""


@pytest.mark.timeout(180)
def test_a_key_on_another_partition_is_misrouted_and_goes_home_by_a_replay(
    broker: Broker, tmp_path: Path, prefix: str
) -> None:
    policy = ONE_STAGE.format(minutes="0.03", partitioner="murmur2")
    with cluster(broker, prefix, tmp_path, policy, partitions=str(PARTITIONS)) as under_test:
        under_test.worker().wait_ready()
        at = time.time()
        stamp = round(at * 1000)
        answer = json.dumps(event(1, "m-answered", "replied", at + 0.5) | {"id": "answer"}).encode()
        wrong, right = by_crc32(ASTRAY), by_murmur2(ASTRAY)
        stray = [
            Sent(ASTRAY, opened("m-astray", at), [("trace", b"1")], stamp, wrong),
            Sent(ASTRAY, answer, [], stamp + 1, wrong),
        ]
        put(under_test, [*stray, *homely(at), Sent(ASTRAY, opened("m-answered", at), [], stamp, right)])
        dead = letters(under_test, len(stray))
        assert [headers_of(each)["reason"] for each in dead] == ["misrouted"] * len(stray)
        assert {headers_of(each)["partition"] for each in dead} == {str(wrong)}
        alerts_of(under_test, {f"m-{n}" for n in range(PARTITIONS)})
        assert "dead letters: 2 misrouted" in under_test.workers[0].log.read_text()
        check_replay(under_test, stray, right)
        said = alerts_of(under_test, {"m-astray"})
        assert {alert["data"]["partition"] for alert in said if alert["subject"] in ("m-astray", "m-answered")} == {
            right
        }
        assert partitions_of(under_test) == {"m-astray": {right}, "m-answered": {right}}


def homely(at: float) -> list[Sent]:
    """An item on each partition, whose alert shows that the partition was read."""
    found_keys = {by_murmur2(key): key for key in (f"k-{n}".encode() for n in range(100))}
    return [Sent(found_keys[n], opened(f"m-{n}", at), [], round(at * 1000), n) for n in range(PARTITIONS)]


def check_replay(under_test: Cluster, stray: list[Sent], right: int) -> None:
    """It goes to the partition of its key, all else as it was."""
    assert "m-astray" not in {alert["subject"] for alert in alerts(under_test)}
    done = lines(run(under_test, "replay", "--reason", "misrouted", "--json"))
    assert [(each["outcome"], each["partition"]) for each in done] == [("sent", right)] * len(stray)
    there = [found(message) for message in read(under_test, "messages")]
    assert [each for each in there if each.partition == right][-len(stray) :] == [
        each._replace(partition=right) for each in stray
    ]
    assert len(letters(under_test, len(stray))) == len(stray)


def partitions_of(under_test: Cluster) -> dict[str, set[int]]:
    """In which partitions of the items' changelog the two items stand."""
    places: dict[str, set[int]] = {"m-astray": set(), "m-answered": set()}
    for message in records(under_test, f"{under_test.prefix}-items-changelog"):
        for item, partitions in places.items():
            if item.encode() in (message.key() or b""):
                partitions.add(message.partition() or 0)
    return places
