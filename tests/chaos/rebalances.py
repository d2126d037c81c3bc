"""`python -m tests.chaos.rebalances`: partitions on the move without a rest, over 20,000 items.

Three workers; every ten seconds one of them is killed or told to end, in turn, and started again; one is added after a
third of the items, and removed after two thirds. (Reported of a stream library: after a rebalance events were skipped,
unordered, or doubled.)
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests import brokers
from tests.chaos.faults import Kill, Scene, killed
from tests.chaos.load import EVENTS_AN_ITEM, Load
from tests.chaos.run import Done, Plan, Story
from tests.chaos.telling import told

Act = Callable[[Scene], list[Kill]]


def kill(scene: Scene) -> list[Kill]:
    """A worker is killed, and started again a little later."""
    victim = scene.victim()
    done = killed(scene, victim)
    time.sleep(scene.rnd.uniform(0, 2))
    scene.crew.start(victim)
    return [done]


def end(scene: Scene) -> list[Kill]:
    """A worker is told to end, and started again a little later."""
    victim = scene.victim()
    scene.crew.stop(victim)
    time.sleep(scene.rnd.uniform(0, 2))
    scene.crew.start(victim)
    return []


def add(scene: Scene) -> list[Kill]:
    """One more worker."""
    scene.crew.guest = scene.crew.hire()
    return []


def remove(scene: Scene) -> list[Kill]:
    """That worker leaves."""
    if scene.crew.guest is not None:
        scene.crew.stop(scene.crew.guest)
    return []


ACTS: dict[str, Act] = {"kill9": kill, "sigterm": end, "added": add, "removed": remove}


def story(items: int, every: float) -> Story:
    """Until so many items were opened, something every so many seconds, whether all works again or not."""

    def shake(scene: Scene, _: Plan, load: Load) -> list[Done]:
        done: list[Done] = []
        while load.items < items:
            following = time.monotonic() + every
            start = time.time()
            kind = due(load.items / items, [each.kind for each in done])
            kills = ACTS[kind](scene)
            settled = scene.crew.settled_by(following)
            done.append(Done(kind, start, time.time(), kills))
            print(f"{load.items} items, {kind}: {'' if settled else 'not '}settled", flush=True)
            time.sleep(max(0.0, following - time.monotonic()))
        last = done.pop()
        return [*done, replace(last, end=scene.crew.settle())]

    return shake


def due(part: float, before: list[str]) -> str:
    """What comes next, after `part` of the items."""
    if part > 1 / 3 and "added" not in before:
        return "added"
    if part > 2 / 3 and "removed" not in before:
        return "removed"
    return "kill9" if len(before) % 2 == 0 else "sigterm"


def plan(rate: float, seed: int, partitions: int = 6) -> Plan:
    """Three workers, no faults but the story's."""
    return Plan([], workers=3, partitions=partitions, rate=rate, seed=seed)


def main() -> int:
    """As asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.rebalances", description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--every", type=float, default=10.0, help="seconds (default: 10)")
    parser.add_argument("--seconds", type=float, default=300.0, help="over which the items open (default: 300)")
    parser.add_argument("--broker", choices=brokers.KINDS, default="kafka")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", action="store_true", help="keep topics and logs of a good run too")
    parser.add_argument("--jobs", type=int, help="processes that judge (default: one for each processor)")
    asked = parser.parse_args()
    rate = asked.items * EVENTS_AN_ITEM / asked.seconds
    print(f"{asked.items} items, {rate:.0f} events a second, seed {asked.seed}", flush=True)
    shaken = story(asked.items, asked.every)
    return told(asked.broker, plan(rate, asked.seed), shaken, json_file=asked.json, keep=asked.keep, jobs=asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
