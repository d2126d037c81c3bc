"""Workers as processes, topics made, filled and read by another client (librdkafka), and waiting with an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests import brokers, child
from tests.coordinator import awaited

ROOT = Path(__file__).parents[2]
PARTITIONS = 2


class Worker:
    """A worker of the test job. `log()` is what it printed."""

    def __init__(self, broker: brokers.Broker, prefix: str, name: str, folder: Path, **settings: Any) -> None:
        self.name, self.port, self.path = name, child.free_port(), folder / f"{name}.log"
        self.env = os.environ | {
            "JOB_PREFIX": prefix,
            "JOB_NAME": name,
            "JOB_BROKER": broker.url,
            "JOB_DATADIR": str(folder / name / "data"),
            "JOB_PORT": str(self.port),
            **{f"JOB_{key.upper()}": str(value) for key, value in settings.items()},
        }
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "faust", "-A", "tests.runtime.job", "worker", "-l", "info"]
        with self.path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        return self.process

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, timeout: float = 30.0) -> int:
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.name} still runs after {timeout} s:\n{self.log()[-3000:]}") from error

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def status(self) -> dict[str, Any]:
        """The job's page; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status/", timeout=2) as answer:
                return dict(json.load(answer))
        except OSError:
            return {}

    def lanes(self) -> dict[int, dict[str, Any]]:
        return {int(p): lane for p, lane in self.status().get("lanes", {}).items()}

    def log(self) -> str:
        return self.path.read_text(errors="replace")


class Bench:
    """One test's topics, producer and workers on a broker."""

    def __init__(self, broker: brokers.Broker, prefix: str, folder: Path) -> None:
        self.broker, self.prefix, self.folder = broker, prefix, folder
        self.workers: list[Worker] = []
        self.producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all", "linger.ms": 5})
        self.make("events", "extras", "said")
        self.make("open", config={"cleanup.policy": "compact"})

    def make(self, *names: str, partitions: int = PARTITIONS, config: dict[str, str] | None = None) -> None:
        admin = AdminClient({"bootstrap.servers": self.broker.bootstrap})
        wanted = [NewTopic(f"{self.prefix}.{name}", partitions, 1, config=config or {}) for name in names]
        for done in admin.create_topics(wanted).values():
            done.result(30)

    def worker(self, name: str = "a", **settings: Any) -> Worker:
        one = Worker(self.broker, self.prefix, name, self.folder, **settings)
        self.workers.append(one)
        return one

    def put(self, events: Iterable[dict[str, Any]], topic: str = "events", partition: int = 0) -> None:
        """Send events and wait until the broker has them."""
        for event in events:
            self.producer.produce(f"{self.prefix}.{topic}", json.dumps(event), event["id"], partition=partition)
        assert self.producer.flush(30) == 0

    def read(self, topic: str) -> list[Any]:
        """Every record of a topic, by partition and offset."""
        return read(self.broker.bootstrap, topic if topic.startswith(self.prefix) else f"{self.prefix}.{topic}")

    def said(self) -> list[str]:
        return [json.loads(m.value())["id"] for m in self.read("said")]

    def table(self, name: str) -> dict[str, Any]:
        """A table as its changelog has it."""
        topic = f"{self.prefix}.open" if name == "open" else f"{self.prefix}.app-{name}-changelog"
        state: dict[str, Any] = {}
        for message in self.read(topic):
            key, value = message.key(), message.value()
            if key.startswith(b"\x00"):
                continue
            where = f"{message.partition()}/{key.decode()}" if name == "count" else key.decode()
            state.pop(where, None)
            if value is not None:
                state[where] = value.decode() if name == "open" else json.loads(value)
        return state

    def committed(self, topic: str = "events", partition: int = 0) -> int:
        """The group's committed offset; 0 if there is none."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": f"{self.prefix}.app"})
        (found,) = awaited(consumer.committed)([TopicPartition(f"{self.prefix}.{topic}", partition)], 20)
        consumer.close()
        return max(0, int(found.offset))

    def close(self) -> None:
        for one in self.workers:
            if one.process.poll() is None:
                one.process.kill()
            one.process.wait()


@contextmanager
def bench(broker: brokers.Broker, prefix: str) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        one = Bench(broker, prefix, Path(folder))
        try:
            yield one
        finally:
            one.close()


def read(bootstrap: str, topic: str) -> list[Any]:
    """Every record of a topic up to its end of now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
    )
    consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    found: list[Any] = []
    ended: set[int | None] = set()
    end = time.monotonic() + 30
    while len(ended) < PARTITIONS:
        assert time.monotonic() < end, f"{topic} could not be read to its end"
        for message in consumer.consume(1000, 0.02):
            if message.error():
                ended.add(message.partition())
            else:
                found.append(message)
    consumer.close()
    return sorted(found, key=lambda m: (m.partition(), m.offset()))


def until(check: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """The first true answer of `check`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := check():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for: {what}")


def is_ready(*workers: Worker) -> Callable[[], bool]:
    """For `until`: whether all of these workers are ready."""
    return lambda: all(one.status().get("ready") for one in workers)
