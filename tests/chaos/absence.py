"""`python -m tests.chaos.absence`: the broker is away for ten minutes.

Workers end when they have made no progress for their STALL_TIMEOUT, and are started again until it is back. What was
pending then falls due meanwhile; nothing of it may be lost, and a worker that waits may not grow.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from tests import brokers
from tests.chaos.faults import Scene
from tests.chaos.load import Load
from tests.chaos.run import Done, Plan, Story
from tests.chaos.telling import told

BUSY = 20.0
"""Seconds of load before and after."""


def story(seconds: float) -> Story:
    """Load, then silence without a broker, then load again."""

    def absent(scene: Scene, plan: Plan, load: Load) -> list[Done]:
        time.sleep(BUSY)
        load.stop()
        start = time.time()
        scene.broker.stop()
        time.sleep(seconds)
        scene.broker.restart()
        done = Done("away", start, scene.crew.settle(), [])
        print(f"settled {done.end - start - seconds:.1f} s after the broker was started", flush=True)
        again = Load(load.sender, plan.rate, plan.seed + 1)
        again.items = load.items
        again.start()
        time.sleep(BUSY)
        again.stop()
        return [done]

    return absent


def main() -> int:
    """As asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.absence", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="that the broker is away (default: 600)")
    parser.add_argument("--stall", type=float, default=60.0, help="the workers' STALL_TIMEOUT (default: 60)")
    parser.add_argument("--rate", type=float, default=100.0, help="events a second (default: 100)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"a broker away for {asked.seconds:g} s, seed {asked.seed}", flush=True)
    plan = Plan([], rate=asked.rate, seed=asked.seed, stall=asked.stall)
    return told(brokers.KINDS[1], plan, story(asked.seconds), json_file=asked.json)


if __name__ == "__main__":
    if "PORTALWATCH_TEST_MAX_AGE" not in os.environ:  # read when the policy is
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PORTALWATCH_TEST_MAX_AGE": "60 minutes"})
    sys.exit(main())
