"""The faults, each a function on the crew that returns when it has been done to it (not when all is well again)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.brokers import Broker
from tests.chaos.crew import Crew

SESSION = 6.0
"""Seconds; as `cluster.Cluster` sets it."""


class Scene(NamedTuple):
    """What a fault is done to."""

    crew: Crew
    broker: Broker
    rnd: random.Random

    def victim(self) -> int:
        """One of the workers."""
        return self.rnd.choice(sorted(self.crew.wanted))


class Kill(NamedTuple):
    """When (UNIX seconds) a worker was killed, and the partitions that it held then."""

    at: float
    partitions: frozenset[int]


def kill9(scene: Scene) -> list[Kill]:
    """A worker is killed, and started again after a random while."""
    victim = scene.victim()
    kill = killed(scene, victim)
    time.sleep(scene.rnd.uniform(0, SESSION * 1.3))
    scene.crew.start(victim)
    return [kill]


def killed(scene: Scene, victim: int) -> Kill:
    """Kill a worker, and tell what it held."""
    held = frozenset(scene.crew.holds(victim))
    scene.crew.kill(victim)
    return Kill(time.time(), held)


Fault = Callable[[Scene], list[Kill]]
FAULTS: dict[str, Fault] = {"kill9": kill9}
