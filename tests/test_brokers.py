"""The test brokers themselves: they carry records, come back after a stop, and end with whoever started them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from tests import brokers, child

STARTS_AND_DIES = """
import os, sys
from pathlib import Path
from tests.brokers import Broker
broker = Broker("embedded", Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
os.kill(os.getpid(), 9)
"""


async def create(broker: brokers.Broker, topic: str) -> None:
    """Create a topic of one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce(broker: brokers.Broker, topic: str, value: bytes) -> None:
    """Send one record and wait for its confirmation."""
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        await producer.send_and_wait(topic, value)


async def consume(broker: brokers.Broker, topic: str) -> bytes:
    """The first record of a topic, read as a member of a group."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.bootstrap, group_id=topic, auto_offset_reset="earliest")
    async with consumer:
        async with asyncio.timeout(20):
            return bytes((await consumer.getone()).value)


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and is not yet reaped does not)."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


async def test_a_group_reads_what_was_sent(broker: brokers.Broker, prefix: str) -> None:
    await create(broker, prefix)
    await produce(broker, prefix, b"one")
    assert await consume(broker, prefix) == b"one"
    assert broker.url == f"kafka://{broker.bootstrap}"
    assert alive(broker.pid)


@pytest.mark.brokers("kafka")
async def test_kafka_keeps_its_data_over_a_restart(broker: brokers.Broker, prefix: str) -> None:
    await create(broker, prefix)
    await produce(broker, prefix, b"kept")
    before, port = broker.pid, broker.port
    await asyncio.to_thread(broker.restart)
    assert (broker.port, alive(before)) == (port, False)
    assert await consume(broker, prefix) == b"kept"


@pytest.mark.brokers("embedded")
async def test_the_embedded_broker_forgets_at_a_restart(broker: brokers.Broker, prefix: str) -> None:
    await create(broker, prefix)
    await asyncio.to_thread(broker.stop)
    assert not brokers.answers(broker.port)
    with pytest.raises(RuntimeError, match="restart it first"):
        os.kill(broker.pid, 0)
    await asyncio.to_thread(broker.restart)
    await create(broker, prefix)
    await produce(broker, prefix, b"anew")
    assert await consume(broker, prefix) == b"anew"


@pytest.mark.brokers("kafka")
async def test_kafka_makes_no_topic_by_itself(broker: brokers.Broker, prefix: str) -> None:
    with pytest.raises((KafkaError, TimeoutError)):
        async with asyncio.timeout(3):
            await produce(broker, prefix, b"lost")


def test_a_broker_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS_AND_DIES, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(brokers.PREPARE, "embedded", lambda folder, port: ["sh", "-c", "echo no luck today; exit 3"])
    with pytest.raises(brokers.BrokerFailed, match=r"ended with 3:\s+.*no luck today"), brokers.running("embedded"):
        pass


def test_what_is_missing_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/nowhere/tansu")
    monkeypatch.setenv("PATH", "/nowhere")
    for kind, word in (("embedded", "executable"), ("kafka", "apt-get install default-jre-headless")):
        reason = brokers.why_not(kind)
        assert reason is not None
        assert word in reason
        assert "\n" not in reason
        with pytest.raises(brokers.BrokerFailed, match=f"there is no {kind} broker: "), brokers.running(kind):
            pass


def test_a_closed_port_does_not_answer() -> None:
    assert not brokers.answers(child.free_port())
