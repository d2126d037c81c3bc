"""Events that a portal sends at an even pace, some of which let stages come within seconds, and what that must give.

Theory of operation. Time has slots, one event each, and a table of twenty turns says what a slot is for: two open an
item of the kind `timed` (`books.timed`), one answers such an item between its two stages, eight open other items of all
workflows, eight settle such as were opened a while ago, one is a heartbeat. So of twenty events two let a stage fall
due half-way, one of those items is answered, and the other one is missed. All of it follows from a slot's number,
so what is to be said, and at which instant, is known without asking the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from schemas import instants
from schemas.alerts import cycle_id
from schemas.events import HEARTBEAT
from schemas.instants import SECOND
from schemas.policy import DAY, WORKFLOWS
from streams.clock import Clock, Pace
from tests.e2e.cluster import INPUTS

TURNS: Final = 20
TIMED: Final = (0, 10)
ANSWERED: Final = 5
"""It answers the item that was opened `ANSWER` before it, on the first of the two turns."""
SETTLES: Final = {1: 2, 3: 4, 7: 6, 9: 8, 11: 12, 13: 14, 17: 16, 19: 18}
"""Turn to the turn on which the item was opened, `OPEN` before it."""
BEAT: Final = 15
DUE_SOON, DUE, ANSWER, OPEN = 3 * SECOND, 6 * SECOND, 4_500_000, 2 * SECOND
"""From the opening; microseconds. The answer keeps `MARGIN` away from both stages."""
MARGIN: Final = 1.0
"""Seconds by which an event may come late without a stage being judged otherwise."""
OPENS: Final = {
    "message": "sent", "appointment": "requested", "result": "promised", "questionnaire": "submitted",
}  # fmt: skip
STOPS: Final = {
    "message": "replied", "appointment": "confirmed", "result": "released", "questionnaire": "reviewed",
}  # fmt: skip
DEPARTMENTS: Final = ("cardiology", "oncology", "primary-care", "imaging")
CLOCK: Final = "timed"


class Load(NamedTuple):
    """So many events a second for so many seconds; `name` is in the names of its items."""

    name: str
    seconds: int
    rate: int

    @property
    def events(self) -> int:
        """How many."""
        return self.seconds * self.rate

    def at(self, slot: int) -> int:
        """Microseconds from the first slot to this one."""
        return slot * SECOND // self.rate

    def before(self, slot: int, span: int) -> int:
        """The slot about `span` microseconds before, in whole tables of turns and at least one."""
        return slot - max(TURNS, span * self.rate // SECOND // TURNS * TURNS)


class Live(NamedTuple):
    """An event. `at`: when it is sent and has its time, microseconds of the worker's clock."""

    at: int
    workflow: str
    key: str
    value: bytes


class Due(NamedTuple):
    """What has to be said: ids of firing alerts with their stage's instant (microseconds), ids of resolutions."""

    fired: dict[str, int]
    resolved: frozenset[str]


class Sent(NamedTuple):
    """`start`: of the first slot, microseconds of the worker's clock. `delay`: seconds.

    The delay is the longest from an event's time to the broker's word that it has it.
    """

    start: int
    delay: float


def events(load: Load, start: int) -> Iterator[Live]:
    """All events in order of time; `start`: microseconds."""
    for slot in range(load.events):
        yield _event(load, start, slot)


def due(load: Load, start: int) -> Due:
    """What these events have to give once the last stage has come."""
    fired, resolved = {}, set()
    for slot in range(load.events):
        if slot % TURNS not in TIMED:
            continue
        opened = start + load.at(slot)
        cycle = cycle_id("message", _name(load, "message", slot), CLOCK, opened)
        fired[f"{cycle}:due-soon"] = opened + DUE_SOON
        answer = slot + ANSWERED + (slot - load.before(slot, ANSWER))
        if slot % TURNS == TIMED[0] and answer < load.events:
            resolved.add(f"{cycle}:due-soon:resolved")
        else:
            fired[f"{cycle}:missed"] = opened + DUE
    return Due(fired, frozenset(resolved))


def _event(load: Load, start: int, slot: int) -> Live:
    at, turn = start + load.at(slot), slot % TURNS
    if turn in TIMED:
        return _of(load, slot, at, "message", "sent", slot, kind="timed", department="cardiology")
    if turn == ANSWERED and (opened := load.before(slot - turn, ANSWER)) >= 0:
        return _of(load, slot, at, "message", "replied", opened)
    if turn in SETTLES and (opened := load.before(slot - turn, OPEN) + SETTLES[turn]) >= 0:
        workflow = _workflow(opened)
        return _of(load, slot, at, workflow, STOPS[workflow], opened)
    workflow = _workflow(slot)
    if turn in SETTLES.values():
        anchor = {"anchor": instants.text(at + 14 * DAY)} if workflow == "questionnaire" else {}
        department = DEPARTMENTS[slot // TURNS % len(DEPARTMENTS)]
        return _of(load, slot, at, workflow, OPENS[workflow], slot, department=department, **anchor)
    return Live(at, workflow, workflow, _encoded(load, slot, at, HEARTBEAT, workflow, {}))


def _workflow(slot: int) -> str:
    return WORKFLOWS[slot // 2 % len(WORKFLOWS)]


def _name(load: Load, workflow: str, opened: int) -> str:
    """The item that a slot opened."""
    return f"{load.name}-{workflow[0]}-{opened}"


def _of(load: Load, slot: int, at: int, workflow: str, verb: str, opened: int, **data: str) -> Live:
    item = _name(load, workflow, opened)
    return Live(at, workflow, item, _encoded(load, slot, at, f"portal.{workflow}.{verb}", item, data))


def _encoded(load: Load, slot: int, at: int, kind: str, subject: str, data: dict[str, str]) -> bytes:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{load.name}-{slot}",
        "source": "/portal/live",
        "type": kind,
        "subject": subject,
        "time": instants.text(at),
    }
    return msgspec.json.encode({**event, "data": data} if data else event)


def send(bootstrap: str, prefix: str, pace: Pace, load: Load) -> Sent:
    """Send them, each at its time; to be called in a process of its own. RuntimeError if the broker refuses one."""
    clock, delays, refused = Clock(pace), [0.0], list[KafkaError]()
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 2, "acks": "all", "partitioner": "murmur2_random"}
    )
    producer.list_topics(timeout=10)  # connects

    def taken(wall: float, error: KafkaError | None, _: Message) -> None:
        delays.append(time.time() - wall)
        if error is not None:
            refused.append(error)

    start = clock.now() + SECOND
    for each in events(load, start):
        wall = clock.wall(each.at)
        if (ahead := wall - time.time()) > 0:
            time.sleep(ahead)
        topic = f"{prefix}.{INPUTS[each.workflow]}"
        producer.produce(topic, each.value, each.key, on_delivery=partial(taken, wall))
        producer.poll(0)
    if left := producer.flush(60):
        raise RuntimeError(f"the broker did not take {left} events")
    if refused:
        raise RuntimeError(f"the broker refused {len(refused)} events: {refused[0]}")
    return Sent(start, max(delays))
