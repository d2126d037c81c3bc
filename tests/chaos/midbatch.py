"""`python -m tests.chaos.midbatch`: a worker is killed in the middle of a batch of 10,000 events, twenty times.

The worker stands still while the events are published, so that they lie before it as one backlog; it is killed once a
random part of what they say at once (a stop before its floor gives a notice) stands in the alerts' topic. After the
restart, and when the stages have come, everything must be as in the offline run: none of an item's events comes after
the backlog, so nothing is excused.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from tests import brokers
from tests.brokers import Broker
from tests.chaos import report
from tests.chaos.faults import Kill, Scene
from tests.chaos.load import Sender
from tests.chaos.plan import OPENS, SECOND, Planned, encode
from tests.chaos.run import Done, Outcome, Plan, gathered, judged, staged

STEP = 20
"""Microseconds from event to event."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Round:
    """A kill: how many of the notices stood in the topic when the worker had ended, and of how many."""

    said: int
    of: int
    seconds: float
    """From the kill until the worker worked again."""

    @property
    def amid(self) -> bool:
        """Whether some but not all of the batch had been worked off."""
        return 0 < self.said < self.of


def backlog(rnd: random.Random, number: int, count: int, start: int) -> list[Planned]:
    """So many events of one moment: items that open, half of them with one more event."""
    made: list[Planned] = []
    while len(made) < count:
        item = f"{number}-{len(made)}"
        made += list(item_of_a_batch(rnd, item, start + len(made) * STEP))[: count - len(made)]
    return made


def item_of_a_batch(rnd: random.Random, item: str, at: int) -> Iterator[Planned]:
    """Its one or two events."""
    workflow = rnd.choice(["message", "result", "appointment"])
    key, data = (
        f"{workflow[0]}-{item}",
        {"department": rnd.choice("abc"), "priority": rnd.choice(["urgent", "routine"])},
    )
    yield Planned(at, workflow, key, encode(f"{key}-0", key, OPENS[workflow], at, data))
    verb = {"message": "message.replied", "result": "result.released", "appointment": "appointment.offered"}[workflow]
    if rnd.random() < 0.6:
        yield Planned(at + STEP, workflow, key, encode(f"{key}-1", key, verb, at + STEP, {}))


def too_early(events: list[Planned]) -> int:
    """How many notices these events give at once."""
    return sum(b"portal.result.released" in event.line for event in events)


class Length:
    """How many records a topic has."""

    def __init__(self, broker: Broker, topic: str, partitions: int) -> None:
        self._consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": f"{topic}-length"})
        self._parts = [TopicPartition(topic, number) for number in range(partitions)]

    def now(self) -> int:
        """As the broker says."""
        return sum(self._consumer.get_watermark_offsets(tp, timeout=10)[1] for tp in self._parts)

    def close(self) -> None:
        """Let it go."""
        self._consumer.close()


def strike(scene: Scene, sender: Sender, length: Length, number: int, count: int) -> tuple[Round, Done]:
    """One round: a backlog, a kill in its midst, a restart."""
    crew, worker = scene.crew, scene.victim()
    os.kill(crew.pid(worker), signal.SIGSTOP)
    start = time.time()
    events = backlog(scene.rnd, number, count, round(start * SECOND))
    time.sleep(max(0.0, events[-1].at / SECOND - time.time()))
    for event in events:
        sender.send(event)
    sender.flush()
    before, all_of_it = length.now(), too_early(events)
    enough = before + max(1, int(all_of_it * scene.rnd.uniform(0.02, 0.7)))
    os.kill(crew.pid(worker), signal.SIGCONT)
    end = time.monotonic() + PATIENCE
    while length.now() < enough and time.monotonic() < end:
        pass
    crew.kill(worker)
    killed = time.time()
    said = length.now() - before
    crew.start(worker)
    settled = crew.settle()
    done = Done("midbatch", start, settled, [Kill(killed, frozenset(range(crew.partitions)))])
    return Round(said, all_of_it, settled - killed), done


def run(
    broker: Broker, prefix: str, folder: Path, times: int, count: int, rest: float, seed: int, amid: int | None = None
) -> tuple[list[Round], Outcome]:
    """So many rounds on one worker, or fewer if `amid` of them met a batch in its middle; then `rest` seconds."""
    plan = Plan(["midbatch"] * times, workers=1, seed=seed)
    rounds, done = [], []
    with staged(broker, prefix, folder, plan) as scene:
        began = time.time()
        sender = Sender(broker.bootstrap, prefix, idempotent=broker.kind == "kafka")
        length = Length(broker, f"{prefix}.alerts", plan.partitions)
        for number in range(times):
            made, fault = strike(scene, sender, length, number, count)
            rounds.append(made)
            done.append(fault)
            part = f"{made.said} of {made.of} notices stood in the topic" + (
                "" if made.amid else " (not in the middle)"
            )
            print(f"{number + 1}/{times}: {part}; worked again after {made.seconds:.1f} s", flush=True)
            if sum(each.amid for each in rounds) == amid:
                break
        length.close()
        time.sleep(rest)
        scene.crew.settle()
        outcome = gathered(scene.crew, done, sender, began)
    outcome.judgement = judged(outcome)
    return rounds, outcome


def main() -> int:
    """As asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.midbatch", description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--events", type=int, default=10_000, help="of a batch (default: 10000)")
    parser.add_argument(
        "--rest", type=float, default=130.0, help="seconds at the end for the last stages (default: 130)"
    )
    parser.add_argument("--broker", choices=brokers.KINDS, default="kafka")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep topics and logs of a good run too")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="portalwatch-midbatch-"))
    print(f"seed {asked.seed}; logs in {folder}", flush=True)
    with brokers.running(asked.broker) as broker:
        prefix = f"c{uuid.uuid4().hex[:10]}"
        rounds, outcome = run(broker, prefix, folder, asked.times, asked.events, asked.rest, asked.seed)
    print(report.text(outcome))
    print(f"killed in the middle of a batch: {sum(made.amid for made in rounds)} of {len(rounds)} times")
    bad = bool(outcome.judgement.findings or outcome.judgement.excused or not any(made.amid for made in rounds))
    if bad or asked.keep:
        report.save(outcome, folder)
        print(f"topics and logs are kept in {folder}")
    else:
        shutil.rmtree(folder)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
