"""When alerts can be read, by whom they are for, and how that compares with what had to be said.

Theory of operation. A consumer that sees committed records alone follows the alerts' topic from its beginning, on a
thread that does nothing else, and notes the wall clock's time as each record is in hand. That, not the time stamp of
the record, is when somebody can know: the stamp is the producer's, of before the record was sent.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Self

from confluent_kafka import Consumer, TopicPartition

from schemas import alerts, instants
from schemas.alerts import Alert
from tests.bench.live import MARGIN, Due

POLL: Final = 0.1
"""Seconds."""
BOTH: Final = ["pool", "on_call"]
"""Whom an alert of `missed` calls that fires in the name of `due-soon`, too."""


class Heard(NamedTuple):
    """A record of the alerts' topic; `at`: when it could be read, UNIX seconds."""

    at: float
    value: bytes


class Compared(NamedTuple):
    """What was heard against what had to be, by id.

    `lateness`: seconds from each stage's instant to its alert, of those that came; `decided`: to the moment at which,
    by the alert's own word, the worker decided it. `overtaken`: stages at which the worker was so late that the answer
    or the next stage came first, in which case nobody is called (contract R5, R11); how late at least. `missing`,
    `false`: firing alerts and resolutions. `again`: records under an id that had been heard.
    """

    lateness: dict[str, float]
    decided: dict[str, float]
    overtaken: dict[str, float]
    missing: list[str]
    false: list[str]
    again: int


class Ear:
    """Hears all that is said on a topic of `partitions`, from `with` on until the block ends."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.heard: list[Heard] = []
        self._error: Exception | None = None
        self._end = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{topic}-ear",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )
        self._consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._consumer.close()

    def wait(self, count: int, until: float) -> None:
        """Until so many records have been heard in all, at most until then (UNIX seconds)."""
        while len(self.heard) < count and time.time() < until:
            if self._error is not None:
                raise self._error
            time.sleep(POLL)

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                if (message := self._consumer.poll(POLL)) is None:
                    continue
                at = time.time()
                if (error := message.error()) is not None:
                    raise RuntimeError(f"the alerts cannot be read: {error}")
                self.heard.append(Heard(at, message.value() or b"{}"))
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
            self._error = error


def compared(due: Due, heard: Iterable[Heard], wall: Callable[[int], float]) -> Compared:
    """What was heard against what had to be said; `wall`: an instant of the worker's clock in UNIX seconds."""
    found, at, false, again = dict[str, Alert](), dict[str, float](), [], 0
    for each in heard:
        alert = alerts.decode(each.value)
        again += alert.id in found
        if alert.id not in found and not _is_due(alert, due):
            false.append(alert.id)
        found.setdefault(alert.id, alert)
        at.setdefault(alert.id, each.at)
    came = {name: stage for name, stage in due.fired.items() if name in found}
    lateness = {name: at[name] - wall(stage) for name, stage in came.items()}
    decided = {name: (instants.parse(found[name].time) - stage) / 1e6 for name, stage in came.items()}
    overtaken = {name: MARGIN for name in due.fired if name not in found and _is_overtaken(name, due, found)}
    excused = overtaken.keys() | {f"{name}:resolved" for name in overtaken}
    missing = [name for name in (*due.fired, *due.resolved) if name not in found and name not in excused]
    return Compared(lateness, decided, overtaken, missing, false, again)


def _is_overtaken(name: str, due: Due, found: Mapping[str, Alert]) -> bool:
    """Whether a stage that was not said need not be: answered before, or the next one was said in both names."""
    if (end := f"{name}:resolved") in due.resolved:
        return end not in found
    later = found.get(name.removesuffix("due-soon") + "missed")
    return later is not None and name.endswith("due-soon") and later.data.notify == BOTH


def _is_due(alert: Alert, due: Due) -> bool:
    """Whether it had to be said as it was: at its stage's instant, and not as a thing of the past."""
    data = alert.data
    if alert.type == alerts.FIRED:
        stage = due.fired.get(alert.id)
        return stage is not None and data.stage_at == instants.text(stage) and not data.catch_up
    return alert.id in due.resolved


def percentile(values: Sequence[float], share: float) -> float:
    """The least of them that so many (from 0 to 1) do not exceed; not a number if there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
