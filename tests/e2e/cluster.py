"""A cluster under test: workers as processes, events published as a portal would, topics read back whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from tests import child
from tests.brokers import Broker

READY_SECONDS = 60.0
INPUTS = {
    "message": "messages",
    "appointment": "appointments",
    "result": "results",
    "questionnaire": "questionnaires",
    "command": "commands",
}


class Worker:
    """One worker process; it can be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path, arguments: Sequence[str] = ()) -> None:
        self.port = child.free_port()
        self.environment = {
            **os.environ,
            **environment,
            "PORTALWATCH_WEB_PORT": str(self.port),
            "PORTALWATCH_METRICS_PORT": str(child.free_port()),
        }
        self.log, self.arguments = log, arguments
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait_ready` waits for it."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams.commands", "worker", *self.arguments],
                env=self.environment,
                stdout=out,
                stderr=out,
            )

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; gives the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a page; status 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, None

    def wait_ready(self) -> None:
        """Until `/readyz` answers 200."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.tail()}")
            if self.get("/readyz")[0] == 200:
                return
            time.sleep(0.1)
        raise AssertionError(f"the worker is not ready: {self.get('/readyz')}\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])


class Cluster:
    """Topics of one prefix on a broker, and the workers on them."""

    def __init__(self, broker: Broker, prefix: str, folder: Path, policy: str, **settings: str) -> None:
        self.broker, self.prefix, self.folder = broker, prefix, folder
        self.policy = folder / "policy.yaml"
        self.policy.write_text(policy)
        self.settings = {
            "PORTALWATCH_BROKER": broker.url,
            "PORTALWATCH_PREFIX": prefix,
            "PORTALWATCH_APP_ID": prefix,
            "PORTALWATCH_POLICY": str(self.policy),
            "PORTALWATCH_SESSION_TIMEOUT": "6 seconds",
            **{f"PORTALWATCH_{name.upper()}": value for name, value in settings.items()},
        }
        self.workers: list[Worker] = []
        self._producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap,
                "linger.ms": 1,
                "partitioner": "murmur2_random",
                "message.max.bytes": 16 << 20,
                "log_level": 2,  # a broker that is away on purpose is not worth a line
            }
        )

    def worker(self, *arguments: str) -> Worker:
        """A new worker, started with these arguments."""
        number = len(self.workers)
        settings = {**self.settings, "PORTALWATCH_DATADIR": str(self.folder / f"data-{number}")}
        worker = Worker(settings, self.folder / f"worker-{number}.log", arguments)
        worker.start()
        self.workers.append(worker)
        return worker

    def publish(self, workflow: str, value: bytes | None, key: str, headers: Iterable[tuple[str, bytes]] = ()) -> None:
        """Send one record to an input; `flush` waits for it."""
        topic = f"{self.prefix}.{INPUTS[workflow]}"
        while True:
            try:
                self._producer.produce(topic, value, key, headers=list(headers))
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def flush(self) -> None:
        """Until the broker has all."""
        assert self._producer.flush(60) == 0

    def read(self, suffix: str) -> list[Message]:
        """All records of a topic, to its end."""
        return list(read_all(self.broker.bootstrap, f"{self.prefix}.{suffix}"))

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts said, in order of partition and offset, each with `appended`, the broker's time in seconds."""
        return [
            {**json.loads(message.value() or b"{}"), "appended": message.timestamp()[1] / 1000}
            for message in self.read("alerts")
        ]

    def open_ids(self) -> set[str]:
        """Ids of the alerts that stand open."""
        latest = {message.key(): message.value() for message in self.read("alerts.open")}
        return {key.decode() for key, value in latest.items() if key is not None and value is not None}

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            if worker.process is not None and worker.process.poll() is None:
                worker.process.terminate()
        for worker in self.workers:
            if worker.process is not None:
                try:
                    worker.process.wait(40)
                except subprocess.TimeoutExpired:
                    worker.process.kill()


@contextmanager
def cluster(broker: Broker, prefix: str, folder: Path, policy: str, **settings: str) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    made = Cluster(broker, prefix, folder, policy, **settings)
    try:
        yield made
    finally:
        made.close()


def read_all(bootstrap: str, topic: str, seconds: float = 30.0) -> Iterator[Message]:
    """Every record of a topic, up to the ends that it has now, in at most `seconds`."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "tests",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        left, until = set(partitions), time.monotonic() + seconds
        while left:
            assert time.monotonic() < until, f"{topic} was not read to its end in {seconds:.0f} s"
            for message in consumer.consume(1000, 0.02):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
    finally:
        consumer.close()
