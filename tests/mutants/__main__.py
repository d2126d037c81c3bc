"""`python -m tests.mutants [--only TEXT]`: try each hand-made fault of the core against the quick part of the tests.

Each is made in a temporary copy of the tree, where the tests of the core, the contract's examples and the short
differential search run until the first fails. A table tells by which test each was caught. First the tree as it is has
to pass. Exit status 1 if a fault survives, 2 if a text no longer stands in the source or the tests fail without one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
CORE = Path("streams/core")
COPIED = ("streams", "agents", "schemas", "deploy", "tests", "pyproject.toml", "README.md")
QUICK = ("tests/unit/core", "tests/contract", "tests/property/test_differential.py", "tests/property/test_cohorts.py")
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *QUICK)
PATIENCE = 900
"""Seconds for one fault; the quick part takes about two minutes, and one test is given up after two more."""
SURVIVED = "-- SURVIVED --"


def mutated(source: str, mutation: Mutation) -> str:
    """The source with the fault.

    Raises:
        LookupError: the text does not stand there exactly once.
    """
    found = source.count(mutation.text)
    if found != 1:
        raise LookupError(f"{mutation.file}: {mutation.text!r} must occur once, not {found} times")
    return source.replace(mutation.text, mutation.instead)


def caught_by(mutation: Mutation | None) -> str:
    """The first test that fails with this fault (with none: as the tree is); empty if all pass."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as place:
        tree = Path(place)
        for name in COPIED:
            _copy(ROOT / name, tree / name)
        if mutation is not None:
            path = tree / CORE / mutation.file
            path.write_text(mutated(path.read_text(), mutation))
        return _first_failure(tree)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _first_failure(tree: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *PYTEST], cwd=tree, env=environment, capture_output=True, text=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no answer in {PATIENCE} seconds"
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", done.stdout, re.MULTILINE)
    return failed[1] if failed else f"pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Would the tests notice?")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults that have this text in file or rule")
    given = parser.parse_args(arguments)
    chosen = [each for each in MUTATIONS if given.only in f"{each.file} {each.breaks}"]
    try:
        for each in chosen:
            mutated((ROOT / CORE / each.file).read_text(), each)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    if failed := caught_by(None):
        print(f"without any fault: {failed}", file=sys.stderr)
        return 2
    return 1 if _survivors(chosen) else 0


def _survivors(chosen: list[Mutation]) -> int:
    """Try them all, one line each; how many no test noticed."""
    width = max((len(_name(each)) for each in chosen), default=0)
    print(f"{'mutation':{width}} | caught by")
    survived = 0
    for each in chosen:
        by = caught_by(each)
        survived += not by
        print(f"{_name(each):{width}} | {by or SURVIVED}", flush=True)
    print(f"{len(chosen)} mutations, {survived} survived")
    return survived


def _name(mutation: Mutation) -> str:
    return f"{mutation.file}: {mutation.breaks}"


if __name__ == "__main__":
    sys.exit(main())
