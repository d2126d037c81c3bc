"""`python -m tests.bench results`: RESULTS.md, from the JSON files of what was measured.

Theory of operation. Each benchmark leaves a file in `.cache/bench/`; those at hand become a section each, the peers'
first; what stands in the file of other benchmarks stays, under its own date and commit. Nothing is computed here and
nothing is written by hand: a figure that was not measured is not in it, and a run with `--quick` is left out, since its
sizes say nothing.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench import report
from tests.bench.peers import table
from tests.bench.report import Row, number

FOLDER: Final = Path(".cache/bench")
TARGET: Final = Path(__file__).parent / "RESULTS.md"
FIRST: Final = "peers"
OPENING: Final = """\
# What was measured

Written by `python -m tests.bench results` from the JSON files that `make bench` leaves in `.cache/bench/`; what each
figure means stands in the docstrings of `tests/bench`. The median of the runs counts; beside it are the least and the
greatest. Where the time goes, and why what is not reached is not: [PROFILE.md](PROFILE.md).
"""


def main(arguments: Sequence[str]) -> None:
    """Write the file. Status 1 and a line if there is nothing to write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench results", description="Write RESULTS.md.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"of the JSON files (default: {FOLDER})")
    parser.add_argument("--to", type=Path, default=TARGET, metavar="FILE", help="default: tests/bench/RESULTS.md")
    given = parser.parse_args(arguments)
    documents = [orjson.loads(path.read_bytes()) for path in sorted(given.folder.glob("*.json"))]
    told = [document for document in documents if not document["quick"]]
    if not told:
        sys.exit(f"there is nothing measured in {given.folder}: `make bench` first")
    measured = {document["benchmark"] for document in told}
    known = sections(given.to.read_text()) if given.to.exists() else []
    given.to.write_text(render(told, [each for each in known if each[0] not in measured]))
    print(f"written to {given.to}: {', '.join(document['benchmark'] for document in told)}")


def sections(text: str) -> list[tuple[str, str]]:
    """The benchmarks of which the file tells, each with its section."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return [(name, f"## {name}{body}".rstrip("\n") + "\n") for name, body in zip(parts[::2], parts[1::2], strict=True)]


def render(documents: Sequence[Mapping[str, Any]], more: Iterable[tuple[str, str]] = ()) -> str:
    """All of it, in Markdown; each document as `report.document` makes it, and `more` as `sections` found it."""
    made = [(document["benchmark"], "\n".join(_section(document))) for document in documents]
    ordered = sorted([*made, *more], key=lambda each: (each[0] != FIRST, each[0]))
    return "\n".join([OPENING, *(section for _, section in ordered)])


def _section(document: Mapping[str, Any]) -> Iterator[str]:
    machine = document["machine"]
    yield f"## {document['benchmark']}\n"
    yield (
        f"{document['date']}, `{document['command']}`, commit {document['commit']}: {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, load {machine['load']} before; "
        f"{document['python']}; {', '.join(f'{name} {version}' for name, version in document['versions'].items())}; "
        f"runs: {document['runs']}.\n"
    )
    ran = [figure for figure in document["figures"] if figure.get("more")]
    if ran:
        yield from _markdown(table.HEAD, (_ran(figure) for figure in ran), table.RIGHT)
        yield from (f"{table.LEGEND}\n", *_notes(ran))
    if plain := [figure for figure in document["figures"] if not figure.get("more")]:
        yield from _markdown(report.HEAD, (_plain(figure) for figure in plain), report.RIGHT)


def _ran(figure: Mapping[str, Any]) -> Row:
    return table.row(_value(figure), _spread(figure) if figure["values"] else "", figure["more"])


def _plain(figure: Mapping[str, Any]) -> Row:
    aim = "" if figure["aim"] is None else f"{figure['aim']['sense']} {number(figure['aim']['value'])}"
    reached = report.REACHED[figure["reached"]]
    return figure["name"], number(_value(figure)), figure["unit"], _spread(figure), aim, reached


def _value(figure: Mapping[str, Any]) -> float:
    return math.nan if figure["median"] is None else float(figure["median"])


def _spread(figure: Mapping[str, Any]) -> str:
    return f"{number(figure['min'])} to {number(figure['max'])}" if figure["values"] else str(figure["note"])


def _notes(ran: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Who has no figures, and what the others are made of."""
    ran = list(ran)
    without = [f"- {figure['name']}: {figure['note']}" for figure in ran if not figure["values"]]
    made = {figure["more"]["who"]: ", ".join(figure["more"]["versions"]) for figure in ran}
    yield from without
    yield from [f"- {who}: {versions}" for who, versions in made.items() if versions]
    yield ""


def _markdown(head: Row, rows: Iterable[Row], right: Iterable[int]) -> Iterator[str]:
    numbers = frozenset(right)
    yield _line(head)
    yield _line("--:" if at in numbers else "---" for at in range(len(head)))
    yield from (_line(row) for row in rows)
    yield ""


def _line(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
