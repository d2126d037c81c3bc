"""The faults, each a function on the crew that returns when it has been done (not when all is well again)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.brokers import Broker
from tests.chaos.crew import Crew

SESSION = 6.0
"""Seconds; as `cluster.Cluster` sets it."""


class Kill(NamedTuple):
    """When (UNIX seconds) a worker was killed, and the partitions that it held then."""

    at: float
    partitions: frozenset[int]


class Scene(NamedTuple):
    """What a fault is done to."""

    crew: Crew
    broker: Broker
    rnd: random.Random
    away: float = 25.0
    """Seconds that the broker is away in the fault of this name."""

    def victim(self) -> int:
        """One of the workers."""
        return self.rnd.choice(sorted(self.crew.wanted))


def killed(scene: Scene, victim: int) -> Kill:
    """Kill a worker, and tell what it held."""
    held = frozenset(scene.crew.holds(victim))
    scene.crew.kill(victim)
    return Kill(time.time(), held)


def kill9(scene: Scene) -> list[Kill]:
    """A worker is killed, and started again after a random while."""
    victim = scene.victim()
    kill = killed(scene, victim)
    time.sleep(scene.rnd.uniform(0, SESSION * 1.3))
    scene.crew.start(victim)
    return [kill]


def kill9_all(scene: Scene) -> list[Kill]:
    """All workers are killed, and started again a little later."""
    victims = sorted(scene.crew.wanted)
    kills = [killed(scene, number) for number in victims]
    time.sleep(scene.rnd.uniform(0, 3))
    for number in victims:
        scene.crew.start(number)
    return kills


def wshort(scene: Scene) -> list[Kill]:
    """A worker stands still for less than its session."""
    _stand_still(scene, scene.rnd.uniform(2, SESSION - 1.5))
    return []


def wstop(scene: Scene) -> list[Kill]:
    """A worker stands still for longer than its session, and then goes on."""
    _stand_still(scene, SESSION + scene.rnd.uniform(1, 4))
    return []


def _stand_still(scene: Scene, seconds: float) -> None:
    stopped(scene.crew.pid(scene.victim()), seconds)


def stopped(pid: int, seconds: float) -> None:
    """SIGSTOP a process for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def bstop(scene: Scene) -> list[Kill]:
    """The broker stands still for some seconds."""
    stopped(scene.broker.pid, scene.rnd.uniform(2, 5))
    return []


def roll(scene: Scene) -> list[Kill]:
    """Workers are stopped (SIGTERM) and started one after the other, each when all partitions work again."""
    for number in sorted(scene.crew.wanted):
        scene.crew.stop(number)
        scene.crew.start(number)
        scene.crew.settle()
    return []


def move(scene: Scene) -> list[Kill]:
    """Another worker joins, works, and leaves: partitions move to it and back."""
    crew = scene.crew
    if crew.guest is None:
        crew.guest = crew.hire()
    else:
        crew.start(crew.guest)
    crew.settle()
    time.sleep(scene.rnd.uniform(0, 2))
    crew.stop(crew.guest)
    return []


def brestart(scene: Scene) -> list[Kill]:
    """The broker is killed (an unclean shutdown) and comes back with its data."""
    scene.broker.stop()
    time.sleep(scene.rnd.uniform(0, 2))
    scene.broker.restart()
    return []


def away(scene: Scene) -> list[Kill]:
    """The broker is killed and away for longer than workers wait: they end, and are started until it is back."""
    scene.broker.stop()
    time.sleep(scene.away)
    scene.broker.restart()
    return []


def fulldisk(scene: Scene) -> list[Kill]:
    """A worker is killed and started with a data folder that has no room left; later there is room again."""
    victim = scene.victim()
    kill = killed(scene, victim)
    with full(Path(scene.crew.worker(victim).environment["PORTALWATCH_DATADIR"])):
        scene.crew.start(victim)
        time.sleep(scene.rnd.uniform(4, 7))
    return [kill]


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """A folder without room: a tmpfs filled to the last byte; where none can be mounted, one closed to writing."""
    folder.mkdir(parents=True, exist_ok=True)
    options = "size=64k,nr_inodes=8"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        yield from _closed(folder)
        return
    try:
        _fill(folder)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "full").open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
    with contextlib.suppress(OSError):
        for number in range(64):
            (folder / f"inode-{number}").touch()


def _closed(folder: Path) -> Iterator[None]:
    mode = folder.stat().st_mode
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(mode)


def repolicy(scene: Scene) -> list[Kill]:
    """The policy in force is put into force again."""
    cluster = scene.crew.cluster
    command = [sys.executable, "-m", "streams.commands", "policy", "apply", str(cluster.policy), "--by", "chaos"]
    subprocess.run(command, env={**os.environ, **cluster.settings}, check=True, capture_output=True)
    return []


Fault = Callable[[Scene], list[Kill]]
FAULTS: dict[str, Fault] = {
    "kill9": kill9,
    "kill9-all": kill9_all,
    "wshort": wshort,
    "wstop": wstop,
    "bstop": bstop,
    "roll": roll,
    "move": move,
    "brestart": brestart,
    "away": away,
    "fulldisk": fulldisk,
    "repolicy": repolicy,
}
EMBEDDED = ("kill9", "wshort", "roll", "move")
"""What the embedded broker bears: it forgets all at a restart, and has no idempotent producer."""
