"""One cluster, one sink, one fault after the other: what the sink's receiver got of what was said."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.brokers import Broker
from tests.delivery.rows import CLUSTER, Count, Row
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.test_metrics import samples, scrape
from tests.e2e.test_worker import POLICY, event

PATIENCE = 60.0
"""Seconds after the fault in which all has to be told."""
STOPPED, AWAKE = 10.0, 2.0
"""Seconds that a worker is stopped, three sessions, and then works beside the other."""
QUIET = 1.0
"""Seconds in which nothing more may come."""


class Result(NamedTuple):
    """One line of the table.

    `seconds`: from the fault's end until all was told. `history`: what the receiver saw of what was doubled.
    """

    sink: str
    fault: str
    came: Count
    seconds: float
    history: str = ""


class Matrix:
    """A cluster with one sink. `items`: of each fault; each is opened, fires at once, and is answered."""

    def __init__(self, under_test: Cluster, row: Row, items: int, length: float) -> None:
        self._cluster, self._row, self._items, self._length = under_test, row, items, length
        self._number = 0
        self._rounds = 0
        self.worker: Worker = under_test.worker()
        self.worker.wait_ready()

    def fault(self, kind: str) -> Result:
        """Open half of the items, break, answer those and open the others, heal, answer the others; then count."""
        self._rounds += 1
        names = [f"m-{self._rounds}-{n}" for n in range(self._items)]
        half = len(names) // 2
        self._send(names[:half], "sent")
        self._said(names[:half], 1)
        with self._broken(kind):
            self._send(names[:half], "replied")
            self._send(names[half:], "sent")
            time.sleep(self._length)
            self._said(names[half:], 1)
        healed = time.monotonic()
        self._row.stands(names[half:])
        self._send(names[half:], "replied")
        said = self._said(names, 2)
        wait(lambda: self._row.count(said).lost == 0)
        took = time.monotonic() - healed
        time.sleep(QUIET)
        return Result(self._row.name, kind, self._row.count(said), took, self._row.history(said))

    def _send(self, names: Sequence[str], verb: str) -> None:
        now = time.time()
        for name in names:
            self._number += 1
            at = now - 30 if verb == "sent" else now
            one = event(self._number, name, verb, at, department="ab"[self._number % 2])
            self._cluster.publish("message", json.dumps(one).encode(), name)
        self._cluster.flush()

    def _said(self, names: Sequence[str], each: int) -> list[dict[str, Any]]:
        """What was said of these items, so many alerts of each."""
        mine = set(names)
        found: dict[str, dict[str, Any]] = {}

        def all_said() -> bool:
            found.update({alert["id"]: alert for alert in self._cluster.alerts() if alert["subject"] in mine})
            return len(found) >= each * len(mine)

        assert wait(all_said), f"{len(found)} of {each * len(mine)} were said\n{self.worker.tail()}"
        return list(found.values())

    @contextlib.contextmanager
    def _broken(self, kind: str) -> Iterator[None]:
        if kind not in CLUSTER:
            self._row.misbehave(kind)
            yield
            if kind != "none":
                assert self._backlog() > 0
            self._row.behave()
            if kind == "410":  # the sink has stopped until the worker is started again
                self.worker.signal(signal.SIGTERM)
                self.worker.start()
        elif kind == "killed":
            self.worker.signal(signal.SIGKILL)
            self.worker.start()
            yield
        elif kind == "moves":
            other = self._cluster.worker()
            other.wait_ready()
            yield
            other.signal(signal.SIGTERM)
        elif kind == "stopped":
            other = self._cluster.worker()
            other.wait_ready()
            self._row.misbehave("503")  # both have something in hand
            yield
            self._stop_for_long()
            other.signal(signal.SIGTERM)
        else:
            self._cluster.broker.stop()
            with contextlib.ExitStack() as stack:
                stack.callback(self._cluster.broker.restart)
                time.sleep(self._length)
            yield

    def _backlog(self) -> float:
        """As `/metrics` of the worker has it."""
        return samples(scrape(self.worker))["portalwatch_delivery_backlog"][(self._row.name,)]

    def _stop_for_long(self) -> None:
        """The worker stands still until another has told what it had in hand; then it wakes."""
        assert self.worker.process is not None
        self.worker.process.send_signal(signal.SIGSTOP)
        self._row.behave()
        time.sleep(STOPPED)
        self.worker.process.send_signal(signal.SIGCONT)
        time.sleep(AWAKE)


def wait(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it came true in so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def matrix(
    broker: Broker, prefix: str, folder: Path, row: Row, *, items: int = 40, length: float = 3.0
) -> Iterator[Matrix]:
    """A worker with this sink. `length`: seconds that a fault lasts."""
    sinks = folder / "sinks.toml"
    sinks.write_text(row.start(folder))
    try:
        with cluster(broker, prefix, folder, POLICY, sinks=str(sinks), session_timeout="3 seconds") as under_test:
            yield Matrix(under_test, row, items, length)
    finally:
        row.stop()
