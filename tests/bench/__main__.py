"""`python -m tests.bench [NAME ...] [--runs N] [--quick] [--json FILE]`: measure, and say what is reached.

`python -m tests.bench results` writes RESULTS.md from what was measured. Status 0 whether or not an
aim is reached, since that is the machine's matter too; 2: wrong use.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench import machine, report, results
from tests.bench.measure import Figure, Plan
from tests.bench.peers.race import WHO
from tests.bench.registry import BENCHMARKS

FOLDER: Final = Path(".cache/bench")


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks that are named, one after the other; exits 2 with a message for wrong use."""
    if arguments and arguments[0] == "results":
        results.main(arguments[1:])
        return
    parser = _parser()
    given = parser.parse_args(arguments)
    names = list(dict.fromkeys(given.names)) or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    if strangers := [who for who in given.only if who not in WHO]:
        parser.error(f"nobody is called {', '.join(strangers)}; known: {'; '.join(WHO)}")
    if given.json is not None and len(names) > 1:
        parser.error("--json FILE takes the figures of one benchmark; name one, or leave it out")
    command = shlex.join(["python", "-m", "tests.bench", *arguments])
    plan = Plan(given.runs, given.quick, given.events, tuple(given.only))
    for name in names:
        _measure(name, plan, given.json or FOLDER / f"{name}.json", command)


def _measure(name: str, plan: Plan, path: Path, command: str) -> None:
    facts = {**machine.facts(), "date": datetime.now(UTC).isoformat(timespec="seconds"), "command": command}
    figures: list[Figure] = []
    for figure in BENCHMARKS[name].run(plan):
        print(f"{figure.name}: {report.number(figure.median)} {figure.unit}", file=sys.stderr, flush=True)
        figures.append(figure)
    report.write(path, report.document(name, plan, figures, facts))
    print(f"{name}: {BENCHMARKS[name].about}; median of {plan.runs}{', sizes that say nothing' * plan.quick}")
    print(f"{facts['machine']['cpu']}, {facts['machine']['cores']} cores, {facts['python']}\n")
    print(BENCHMARKS[name].table(figures))
    print(f"\nwritten to {path}")


def _parser() -> argparse.ArgumentParser:
    about = "\n".join(f"  {name}: {each.about}" for name, each in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=f"Measure, print a table and write a JSON file.\n\nbenchmarks (default: all):\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark")
    parser.add_argument("--runs", type=_number("runs"), default=3, metavar="N", help="measure so often (default: 3)")
    parser.add_argument("--quick", action="store_true", help="sizes that only show that it works")
    parser.add_argument(
        "--events", type=_number("events"), metavar="N", help="catchup, peers, workers: how long a log is"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="WHO", help="catchup, peers, workers: who runs (default: all)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"default: {FOLDER}/NAME.json")
    return parser


def _number(what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise argparse.ArgumentTypeError(f"`{text}` is no number of {what}; give one from 1 up")
        return int(text)

    return read


if __name__ == "__main__":
    main(sys.argv[1:])
