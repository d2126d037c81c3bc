"""Who takes part: the peers, each with its environment and the command that runs it.

A new one is a line in `PEERS` and a program beside the others. `most` events: a slow one reads a shorter log, since the
round waits for it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.peers import environments
from tests.bench.peers.environments import PROGRAMS

NEWEST: Final = (3, 13)


@dataclass(frozen=True)
class Made:
    """An environment that is there: the command, and what is in it, by name and version."""

    command: tuple[str | Path, ...]
    versions: tuple[str, ...]
    before: Callable[[Path], None] = lambda _: None
    """Called with the run's folder, before the command."""


@dataclass(frozen=True)
class Peer:
    """Somebody to measure against. `make` raises environments.Missing."""

    name: str
    make: Callable[[], Made]
    commits: bool = True
    """It commits offsets to its consumer group, which is called as the run is."""
    most: int = 1_000_000
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of its program, besides those that all have (`programs/job.py`)."""


def _python(name: str, program: str, packages: Sequence[str], newest: tuple[int, int] = NEWEST) -> Callable[[], Made]:
    def make() -> Made:
        interpreter = environments.python(name, packages, newest)
        names = [package.partition("==")[0].partition("[")[0] for package in packages]
        return Made((interpreter, PROGRAMS / program), tuple(environments.versions(interpreter, names)))

    return make


def _bytewax(seconds: float) -> Callable[[], Made]:
    """With epochs of so many seconds: what has to be done again after a crash."""

    def make() -> Made:
        made = _python("bytewax", "bytewax_flow.py", ["bytewax[kafka]==0.21.1", "orjson==3.13.0"], (3, 12))()
        interpreter, program = made.command
        path = [interpreter, "-m", "bytewax.run", f"{program}:flow", "-s", f"{seconds:g}", "-b", "0", "-r", "."]

        def before(folder: Path) -> None:
            subprocess.run([interpreter, "-m", "bytewax.recovery", ".", "1"], cwd=folder, check=True)

        return Made(tuple(path), made.versions, before)

    return make


def _kafka_streams() -> Made:
    command = environments.kafka_streams()
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr.splitlines()[0]
    return Made(tuple(command), (java, "kafka-streams 4.1.1"))


KAFKA_STREAMS: Final = ("Kafka Streams", "Kafka Streams, tuned")
"""As it comes: one thread, a store in RocksDB. And tuned: a thread for each core, the store in memory, a cache before
its changelog, so that of what changes twice between two commits one record is written. The faster one counts.
"""
TUNED: Final = {"PEER_THREADS": str(min(os.cpu_count() or 1, 4)), "PEER_IN_MEMORY": "true", "PEER_CACHED": "true"}
PEERS: Final = (
    Peer(KAFKA_STREAMS[0], _kafka_streams),
    Peer(KAFKA_STREAMS[1], _kafka_streams, settings=TUNED),
    Peer("raw aiokafka", _python("aiokafka", "raw_aiokafka.py", ["aiokafka==0.14.0", "orjson==3.13.0"])),
    Peer("Bytewax, epochs of 10 s", _bytewax(10), commits=False),
    Peer("Bytewax, epochs of 1 s", _bytewax(1), commits=False),
    Peer("Pathway", _python("pathway", "pathway_app.py", ["pathway==0.33.0", "orjson==3.13.0"]), commits=False),
    Peer("Quix Streams", _python("quix", "quix_app.py", ["quixstreams==3.28.1", "orjson==3.13.0"])),
    Peer(
        "stock faust-streaming",
        _python("faust", "stock_faust.py", ["faust-streaming==0.15.3", "orjson==3.13.0"]),
        most=200_000,
    ),
)
