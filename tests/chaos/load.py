"""The portal: scripts played in real time onto the inputs, a few events twice and a few late.

An event is sent at its time, or up to `DELAY` later (so events of different items change places), or again, at once or
within a minute. When the broker confirmed it is kept: it came no later than that.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError, Message, Producer

from tests.chaos.plan import MARGIN, SECOND, Planned, script
from tests.e2e.cluster import INPUTS

DELAY = 0.8
"""Seconds; with what sending takes it stays below the margin that scripts keep."""
assert DELAY < MARGIN
LATE, TWICE = 0.04, 0.03
"""Shares of the events."""
EVENTS_AN_ITEM = 3.65 * (1 + TWICE)


@dataclass(slots=True)
class Sent:
    """An event as it was sent, in the order of sending."""

    event: Planned
    again: bool
    """A copy of one that was sent before."""
    came: float = 0.0
    """UNIX seconds at which the broker confirmed it; 0: it never did."""
    partition: int = -1


class Sender:
    """Sends events and keeps what became of them."""

    def __init__(self, bootstrap: str, prefix: str, *, idempotent: bool) -> None:
        self.sent: list[Sent] = []
        self.failed: list[str] = []
        self._prefix = prefix
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "linger.ms": 2,
                "partitioner": "murmur2_random",
                "acks": "all",
                "message.timeout.ms": 300_000,
                "reconnect.backoff.max.ms": 300,
                "log_level": 0,
                **({"enable.idempotence": True} if idempotent else {"max.in.flight": 1}),
            }
        )

    def send(self, event: Planned, *, again: bool = False) -> None:
        """Send an event, or a copy of one."""
        sent = Sent(event, again)
        topic = f"{self._prefix}.{INPUTS[event.topic]}"
        arrived: Callable[[KafkaError | None, Message], None] = partial(self._arrived, sent)
        while True:
            try:
                self._producer.produce(topic, event.line, event.key, on_delivery=arrived)
                break
            except BufferError:
                self._producer.poll(0.1)
        self.sent.append(sent)

    def poll(self) -> None:
        """Take note of what has come."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all has come."""
        if left := self._producer.flush(60):
            self.failed.append(f"{left} events were not taken by the broker")

    def _arrived(self, sent: Sent, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed.append(str(error))
            return
        sent.came, sent.partition = time.time(), message.partition() or 0


class Load(threading.Thread):
    """Opens items until told to stop, and sends their events, at `rate` a second on the average."""

    def __init__(self, sender: Sender, rate: float, seed: int) -> None:
        super().__init__(daemon=True, name="load")
        self.sender, self.items = sender, 0
        self.over = threading.Event()
        self._gap = EVENTS_AN_ITEM / rate
        self._random = random.Random(seed)
        self._agenda: list[tuple[float, int, Planned, bool]] = []
        self._entries = 0

    def run(self) -> None:
        """Until `over` is set; then what is planned stays unsent, and what was sent is waited for."""
        opens = time.time()
        while not self.over.is_set():
            now = time.time()
            while opens <= now:
                self._plan(opens)
                opens += self._random.expovariate(1 / self._gap)
            while self._agenda and self._agenda[0][0] <= now:
                _, _, event, again = heapq.heappop(self._agenda)
                self.sender.send(event, again=again)
            self.sender.poll()
            time.sleep(0.004)
        self.sender.flush()

    def stop(self) -> None:
        """Send nothing more, and wait until all that was sent has come. RuntimeError if it had ended by itself."""
        if not self.is_alive():
            raise RuntimeError("the load ended by itself: what its thread printed says why")
        self.over.set()
        self.join()

    def _plan(self, opens: float) -> None:
        self.items += 1
        for event in script(self._random, self.items, round(opens * SECOND)):
            at, chance = event.at / SECOND, self._random.random()
            if chance < LATE:
                at += self._random.uniform(0.1, DELAY)
            self._enter(at, event, again=False)
            if chance > 1 - TWICE:
                self._enter(at + self._random.choice([0.0, self._random.uniform(0.1, 60)]), event, again=True)

    def _enter(self, at: float, event: Planned, *, again: bool) -> None:
        self._entries += 1
        heapq.heappush(self._agenda, (at, self._entries, event, again))
