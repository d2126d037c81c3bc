"""The wide search: `python -m tests.property.brief N` compares core and model over N short random cases.

A case is the life of one item, one to five events that may come late or twice, under a random policy. Most faults need
no more, and short cases are fast: a policy is made once for `PER_POLICY` of them. `deep` has the long logs. Exit status
1 if anything differs; `--only SEED:NUMBER` judges one case again and prints it whole.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from multiprocessing import Pool
from typing import Any, NamedTuple

from schemas import alerts
from streams import backtest
from streams.core.book import Book
from streams.core.policy_check import load
from tests.model.engine import Model
from tests.model.generate import DENSE, RICH, Flavour, arrive, finish, log
from tests.model.instants import DAY, HOUR, MINUTE, SECOND, moment, parse_instant
from tests.model.policies import dense_policy, dump, rich_policy
from tests.property.differential import _differing as differing_alerts
from tests.property.differential import _uneven as uneven_letters

PER_POLICY = 500
PROCESSES = 2
SHORT_DENSE = Flavour(
    1, (1, 6), DENSE, routing=0.2, opening=0.7, anchor=0.1, command=0.16, ending=0.3, widest=20 * HOUR
)
SHORT_RICH = Flavour(1, (1, 5), RICH, routing=0.14, opening=0.7, anchor=0.12, command=0.14, ending=0.5, widest=8 * DAY)
FIRST = parse_instant("2026-10-30T08:00:00Z")
"""A weekend in which clocks change lies ahead."""
RUN_ON = (2 * DAY, 4 * DAY, 9 * DAY, 30 * DAY)
"""How long a case goes on after its last event."""


class Found(NamedTuple):
    """What a batch of cases gave."""

    cases: int
    alerts: int
    differing: list[str]


def events_of(rng: random.Random, flavour: str) -> list[dict[str, Any]]:
    """One item's log, in order of arrival."""
    grain = rng.choice([1, SECOND, MINUTE, 15 * MINUTE])
    shape = SHORT_DENSE if flavour == "dense" else SHORT_RICH
    events = log(rng, flavour, shape, FIRST, grain)
    return finish(rng, arrive(rng, events, 0.3, rng.choice([9 * HOUR, 3 * DAY]), 0.05), offsets=False)


def policy_of(seed: int) -> tuple[str, str]:
    """(flavour, policy text) of a batch."""
    rng = random.Random(f"brief-{seed}")
    if seed % 2:
        return "dense", dump(dense_policy(rng))
    return "rich", dump(rich_policy(rng, moment(FIRST).date()))


def batch(job: tuple[int, int]) -> Found:
    """Judge `job[1]` cases of the policy with seed `job[0]` by both."""
    seed, count = job
    flavour, text = policy_of(seed)
    book, read = Book(load(text)), Model(text).policy
    said, differing = 0, []
    for number in range(count):
        events = events_of(random.Random(f"{seed}:{number}"), flavour)
        n, found = compare(book, read, events)
        said += n
        if found:
            differing.append(f"{seed}:{number} {found[:300]}")
    return Found(count, said, differing)


def compare(book: Book, read: dict[str, Any], events: list[dict[str, Any]]) -> tuple[int, str]:
    """How many alerts the model says, and the first difference (empty: none)."""
    lines = [json.dumps(event) for event in events]
    model = Model(read)
    model.apply(lines)
    until = model.now + RUN_ON[len("".join(lines)) % len(RUN_ON)]
    model.advance(until)
    result = backtest.run(book, [line.encode() for line in lines], until)
    ours = [json.loads(alerts.encode(alert)) for alert in result.alerts]
    theirs = sorted(model.alerts, key=lambda alert: (parse_instant(alert["time"]), alert["id"]))
    dead = Counter((letter.reason, letter.line.decode()) for letter in result.dead)
    letters = Counter((letter["reason"], str(letter["event"])) for letter in model.deadletters)
    return len(theirs), differing_alerts(ours, theirs) or uneven_letters(dead, letters)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.brief", description="Compare core and model.")
    parser.add_argument("count", type=int, nargs="?", default=20_000, metavar="N", help="how many cases")
    parser.add_argument("--base", type=int, default=0, help="the first policy's seed")
    parser.add_argument("--only", metavar="SEED:NUMBER", help="this case alone")
    given = parser.parse_args(arguments)
    if given.only:
        return only(*(int(part) for part in given.only.split(":")))
    began, cases, said, differing = time.monotonic(), 0, 0, 0
    jobs = [
        (given.base + n, min(PER_POLICY, given.count - n * PER_POLICY)) for n in range(-(-given.count // PER_POLICY))
    ]
    with Pool(PROCESSES) as pool:
        for found in pool.imap_unordered(batch, jobs):
            cases, said, differing = cases + found.cases, said + found.alerts, differing + len(found.differing)
            for each in found.differing[:3]:
                print(each, flush=True)
            if cases % 50_000 < PER_POLICY:
                print(f"... {cases} cases, {differing} differ, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{cases} cases under {len(jobs)} policies, {said} alerts compared in {time.monotonic() - began:.0f} s")
    print(f"{differing} cases differ")
    return 1 if differing else 0


def only(seed: int, number: int) -> int:
    """Judge one case and print it."""
    flavour, text = policy_of(seed)
    events = events_of(random.Random(f"{seed}:{number}"), flavour)
    print(text, *(json.dumps(event) for event in events), sep="\n")
    _, found = compare(Book(load(text)), Model(text).policy, events)
    print(found or "no difference")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
