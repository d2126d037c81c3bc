"""The long search: `python -m tests.property.deep N` compares core and model over N random cases of all flavours.

Cases are numbered from a base on, so a run can be repeated (`--base`), and dealt to two processes. What differs is
printed at once and saved, one `flavour seed` a line, in `--save` (default `.hypothesis/differing.txt`); such a line is
judged again by `--only flavour:seed`. Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pool
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from tests.property.differential import FLAVOURS, Comparison, compare

PROCESSES = 2
PATIENCE = 30
"""Seconds for one case: most take a tenth of one."""
WIDTH = 400


class Case(NamedTuple):
    """What `tests.model.generate` makes a policy and a log of."""

    flavour: str
    seed: int


def judge(case: Case) -> tuple[Case, Comparison]:
    """Compare one case; what raises or takes too long is a difference too."""
    try:
        with _patience():
            return case, compare(case.flavour, case.seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was searched for
        return case, Comparison(0, 0, f"{type(error).__name__}: {error}")


@contextmanager
def _patience() -> Iterator[None]:
    def over(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done in {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def search(cases: list[Case], save: Path, width: int) -> int:
    """Judge them all, tell what differs, and how many there are of it."""
    began, said, dead = time.monotonic(), 0, 0
    differing: list[Case] = []
    with Pool(PROCESSES) as pool:
        for case, found in pool.imap_unordered(judge, cases, chunksize=4):
            said, dead = said + found.alerts, dead + found.dead
            if found.difference:
                differing.append(case)
                print(f"{case.flavour}:{case.seed} {found.difference[:width]}", flush=True)
    if differing:
        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_text("".join(f"{case.flavour} {case.seed}\n" for case in sorted(differing)))
    print(f"{len(cases)} cases, {said} alerts and {dead} dead letters compared in {time.monotonic() - began:.0f} s")
    print(f"{len(differing)} cases differ{f', saved in {save}' if differing else ''}")
    return len(differing)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.deep", description="Compare core and model.")
    parser.add_argument("count", type=int, nargs="?", default=3000, metavar="N", help="how many cases (default 3000)")
    parser.add_argument("--base", type=int, default=10_000, help="the first seed (default 10000)")
    parser.add_argument("--only", action="append", metavar="FLAVOUR:SEED", help="this case alone; may be repeated")
    parser.add_argument("--save", type=Path, default=Path(".hypothesis/differing.txt"), metavar="FILE")
    given = parser.parse_args(arguments)
    cases = [Case(FLAVOURS[n % len(FLAVOURS)], given.base + n // len(FLAVOURS)) for n in range(given.count)]
    if given.only:
        cases = [Case(flavour, int(seed)) for flavour, _, seed in (each.partition(":") for each in given.only)]
    return 1 if search(cases, given.save, 10_000 if given.only else WIDTH) else 0


if __name__ == "__main__":
    sys.exit(main())
