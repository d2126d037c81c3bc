"""One run: a portal, workers, and a fault every so often; then everything is read back and judged.

Theory of operation. `load.Load` plays random scripts in real time while one fault after the other is done to the crew;
after each the run waits until every partition works again, so that what goes wrong can be laid to the fault in whose
window it lies. Then load and workers stop, and what stands on the broker must be what the backtest says of the same
events, alert by alert and item by item, but for what follows from a gate that was shut in a window (`explain.py`).
"""

from __future__ import annotations

import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas import alerts, instants
from tests.brokers import Broker
from tests.chaos import checks, moments
from tests.chaos.crew import Crew, Ended
from tests.chaos.faults import FAULTS, Kill, Scene
from tests.chaos.findings import Finding, Judgement
from tests.chaos.found import Found, read
from tests.chaos.gates import merged
from tests.chaos.judging import judge
from tests.chaos.load import Load, Sender, Sent
from tests.chaos.plan import micros
from tests.chaos.policy import TEXT
from tests.chaos.replay import Came, decreed
from tests.chaos.windows import Window
from tests.e2e.cluster import cluster

BEFORE, AFTER = 1.0, 1.0
"""Seconds by which a fault's window is wider than what was seen of it: what a worker had known, and a tick."""
WARM_UP, COOL_DOWN = 3.0, 3.0
STOPS_LOOKING = 1.5
"""Seconds before the end of the run at whose stages workers may not have looked any more."""


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    faults: list[str]
    workers: int = 2
    partitions: int = 4
    rate: float = 60.0
    every: float = 16.0
    """Seconds from fault to fault, at least."""
    seed: int = 1
    stall: float = 15.0
    """Seconds after which a worker that makes no progress ends."""
    away: float = 25.0
    """Seconds that the broker is away in the fault of this name."""


@dataclass(frozen=True)
class Done:
    """A fault, and when (UNIX seconds) all partitions worked again."""

    kind: str
    start: float
    end: float
    kills: list[Kill]

    @property
    def window(self) -> Window:
        """When the gate may have been shut."""
        return Window(micros(self.start - BEFORE), micros(self.end + AFTER))


@dataclass
class Outcome:
    """All that is known of a run."""

    done: list[Done]
    sent: list[Sent]
    unsent: list[str]
    """What the broker did not take."""
    ended: list[Ended]
    memory: list[tuple[float, int, int]]
    """As `Crew.memory`."""
    found: Found
    seconds: float
    stop: Window
    """When the workers ended."""
    judgement: Judgement = field(default_factory=Judgement)


CHECKS = (
    checks.no_orphans, checks.nothing_is_refused, checks.offsets_are_at_the_end, checks.nothing_is_torn,
    checks.one_id_one_alert, checks.those_caught_up_are_counted, moments.none_too_early, moments.none_out_of_order,
)  # fmt: skip
"""Of what stands on the broker, beside what each item has to say for itself."""
Story = Callable[[Scene, Plan, Load], list[Done]]
"""What is done to the crew while the load runs."""
Keep = Callable[[Outcome], None]
"""Takes a run that has not been judged yet: that may take longer than the run."""


def run(
    broker: Broker,
    prefix: str,
    folder: Path,
    plan: Plan,
    story: Story | None = None,
    keep: Keep | None = None,
    jobs: int | None = None,
) -> Outcome:
    """Carry out a plan: its faults one after the other, or another story; `jobs` as in `judging.judge`."""
    with staged(broker, prefix, folder, plan) as scene:
        began = time.time()
        sender = Sender(broker.bootstrap, prefix, idempotent=broker.kind == "kafka")
        load = Load(sender, plan.rate, plan.seed)
        load.start()
        time.sleep(WARM_UP)
        try:
            done = (story or inflict)(scene, plan, load)
            time.sleep(COOL_DOWN)
        finally:
            load.stop()
        time.sleep(COOL_DOWN / 2)
        scene.crew.settle()
        outcome = gathered(scene.crew, done, sender, began)
    if keep is not None:
        keep(outcome)
    outcome.judgement = judged(outcome, jobs)
    return outcome


@contextmanager
def staged(broker: Broker, prefix: str, folder: Path, plan: Plan) -> Iterator[Scene]:
    """A crew at work, for the length of the block."""
    stamp_alerts(broker, prefix, plan.partitions)
    with (
        cluster(broker, prefix, folder, TEXT, **settings(plan)) as under_test,
        Crew(under_test, plan.partitions) as crew,
    ):
        for _ in range(plan.workers):
            under_test.workers[crew.hire()].wait_ready()
        crew.settle()
        yield Scene(crew, broker, random.Random(plan.seed), plan.away)


def settings(plan: Plan) -> dict[str, str]:
    """The workers' settings."""
    return {"partitions": str(plan.partitions), "stall_timeout": f"{plan.stall:g} seconds"}


def inflict(scene: Scene, plan: Plan, _: Load) -> list[Done]:
    """All faults of the plan, each when all works again after the one before."""
    done = []
    for kind in plan.faults:
        following = time.monotonic() + plan.every
        start = time.time()
        kills = FAULTS[kind](scene)
        done.append(Done(kind, start, scene.crew.settle(), kills))
        print(f"{len(done)}/{len(plan.faults)} {kind}: {done[-1].end - start:.1f} s", flush=True)
        time.sleep(max(scene.rnd.uniform(0.5, 2), following - time.monotonic()))
    return done


def gathered(crew: Crew, done: list[Done], sender: Sender, began: float) -> Outcome:
    """Stop the workers and read everything back."""
    told = time.time()
    crew.dismiss()
    stop = Window(micros(told - STOPS_LOOKING), micros(time.time()))
    found = read(crew.cluster)
    return Outcome(done, sender.sent, sender.failed, crew.ended, crew.memory, found, told - began, stop)


def judged(outcome: Outcome, jobs: int | None = None) -> Judgement:
    """What is right and wrong in what was read back; `jobs` as in `judging.judge`."""
    found, windows = outcome.found, [each.window for each in outcome.done]
    judgement = judge(outcome.sent, found, windows, outcome.stop, policies(outcome.done), jobs)
    for check in CHECKS:
        judgement.findings += check(found)
    judgement.findings += [Finding("unsent", 0, why) for why in outcome.unsent]
    judgement.findings += moments.none_again(found, windows)
    return judgement


def policies(done: Sequence[Done]) -> list[Came]:
    """When the policy was put into force again, and until when partitions may not have taken it."""
    whole = merged(each.window for each in done)
    ends = {
        window: next(w.end for w in whole if w.start <= window.start <= w.end) for window in (d.window for d in done)
    }
    return [decreed(micros(d.start), ends[d.window]) for d in done if d.kind == "repolicy"]


def stamp_alerts(broker: Broker, prefix: str, partitions: int) -> None:
    """Make the alerts' topic so that the broker stamps them, where it can: failover is measured by that."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    topic = NewTopic(f"{prefix}.alerts", partitions, 1, config={"message.timestamp.type": "LogAppendTime"})
    for made in admin.create_topics([topic]).values():
        made.result(30)


def failovers(found: Found, done: Sequence[Done]) -> dict[str, list[float]]:
    """Seconds from each kill to the first alert of a stage that came after it, on a partition that moved."""
    seconds: dict[str, list[float]] = {}
    first = sorted((s[0] for s in found.said.values() if s[0].type == alerts.FIRED), key=lambda s: s.appended)
    for each in done:
        for kill in each.kills:
            after = (
                said.appended - kill.at
                for said in first[bisect_right(first, kill.at, key=lambda s: s.appended) :]
                if said.partition in kill.partitions
                and instants.parse(said.alert.data.stage_at or "") > micros(kill.at)
            )
            if (found_at := next(after, None)) is not None:
                seconds.setdefault(each.kind, []).append(found_at)
    return seconds
