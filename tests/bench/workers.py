"""Two workers against one, on the same log and the same machine.

Theory of operation. The toy job of the peers (`peers.jobs`), whose topic has four partitions. The two are started
together, and the broker waits for them before it assigns anything, so each has two partitions before it reads its first
event; a run in which it was otherwise does not count. It lasts from the first partition's recovery, on whichever
worker, to the commit of the last offset or the last alert; met, missed and every alert have to be what is true. Rounds
alternate, and the ratio is taken within a round. Workers, broker and whoever else lives here share the cores: on two
of them, two workers cannot be twice as fast, since the broker had one beside the first.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.bench.measure import Figure, Plan
from tests.bench.peers.bed import PARTITIONS, Bed, kafka
from tests.bench.peers.jobs import jobs
from tests.bench.peers.race import CREWS, Row, course, portalwatch, ratios, take_turn, takes_part
from tests.bench.peers.worker import COMPILED, NAME, TWO, TWO_COMPILED

EVENTS, QUICK = 1_000_000, 4_000
PAIRS: Final = ((TWO, NAME), (TWO_COMPILED, COMPILED))


def run(plan: Plan) -> Iterator[Figure]:
    """Events/s of one and of two, and the ratio; of the compiled core, too."""
    events = plan.events or (QUICK if plan.quick else EVENTS)
    with kafka() as broker, tempfile.TemporaryDirectory() as folder:
        toy = jobs(time.time_ns() // 1_000)[0]
        bed = Bed(broker, Path(folder))
        log = course(bed, toy, events)
        rows = {name: portalwatch(bed, log, name) for name in CREWS if takes_part(name, plan.only)}
        for number in range(plan.runs):
            for row in rows.values():
                take_turn(row, f"r{number + 1}")
    yield from figures(rows)


def figures(rows: Mapping[str, Row]) -> Iterator[Figure]:
    """A figure for each row, and the ratios of those that are both there."""
    for row in rows.values():
        told = row.why_not or f"toy log of {row.events:,} events, {PARTITIONS} partitions, {os.cpu_count()} cores"
        yield Figure(row.name, "events/s", tuple(row.rates), None, told)
    for two, one in PAIRS:
        if (found := ratios(rows.get(two), rows.get(one))) is not None:
            yield Figure(f"{two}, to one", "times", tuple(found), None, "within a round")
