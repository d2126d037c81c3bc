"""`python -m tests.chaos`: faults one after the other under load, and a table of what became of them.

Status 1 if anything was lost, false, orphaned or different; the folder that is then named holds topics and logs.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from tests import brokers
from tests.chaos.faults import EMBEDDED, FAULTS
from tests.chaos.run import Plan
from tests.chaos.telling import told

OFTEN = {"kill9": 4, "wshort": 2, "wstop": 2, "bstop": 2, "roll": 2, "move": 2, "brestart": 2, "kill9-all": 2}
"""How often a fault comes for each time that the others come."""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, help="how many (default: 100, or as many as --seconds has room for)")
    parser.add_argument("--broker", choices=brokers.KINDS, default="kafka")
    parser.add_argument("--workers", type=int, choices=(2, 3), default=2)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rate", type=float, default=60.0, help="events a second (default: 60)")
    parser.add_argument("--seconds", type=float, help="how long; takes the place of --faults")
    parser.add_argument("--every", type=float, default=16.0, help="seconds from fault to fault, at least (default: 16)")
    parser.add_argument("--stall", type=float, default=15.0, help="the workers' STALL_TIMEOUT in seconds (default: 15)")
    parser.add_argument("--away", type=float, default=25.0, help="how long the broker is away in `away` (default: 25)")
    parser.add_argument("--only", help=f"kinds by comma: {', '.join(FAULTS)}")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path, help="write the table and all that is behind it there")
    parser.add_argument("--keep", action="store_true", help="keep topics and logs of a good run too")
    parser.add_argument("--jobs", type=int, help="processes that judge (default: one for each processor)")
    return parser.parse_args()


def drawn(rnd: random.Random, kinds: Sequence[str], count: int) -> list[str]:
    """So many faults: rounds of all kinds, each in an order of its own."""
    once = [kind for kind in kinds for _ in range(OFTEN.get(kind, 1))]
    found: list[str] = []
    while len(found) < count:
        found += rnd.sample(once, len(once))
    return found[:count]


def main() -> int:
    """Run, print, save; the exit status."""
    asked = arguments()
    kinds = asked.only.split(",") if asked.only else list(EMBEDDED if asked.broker == "embedded" else FAULTS)
    if unknown := set(kinds) - set(FAULTS):
        print(f"no such fault: {', '.join(sorted(unknown))}; known: {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    count = asked.faults or (100 if asked.seconds is None else max(1, int(asked.seconds / asked.every)))
    faults = drawn(random.Random(asked.seed), kinds, count)
    plan = Plan(faults, asked.workers, asked.partitions, asked.rate, asked.every, asked.seed, asked.stall, asked.away)
    print(f"{len(faults)} faults on {asked.broker}, seed {asked.seed}", flush=True)
    return told(asked.broker, plan, json_file=asked.json, keep=asked.keep, jobs=asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
