"""`portalwatch backtest`: the alerts that a recorded log would have given."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
import orjson

from schemas import alerts, instants
from streams import backtest
from streams.commands import fail
from streams.commands.against import Side, compare
from streams.commands.check import read
from streams.core.book import Book
from streams.core.policy_check import PolicyError


@click.command("backtest")
@click.argument("events", type=str)
@click.option("--policy", required=True, metavar="P", help="The policy file.")
@click.option("--until", metavar="T", help="Run on to this instant (RFC 3339); default: 30 days after the last event.")
@click.option(
    "--alerts",
    "alerts_file",
    metavar="FILE",
    help="Write every alert, notice and resolution (NDJSON; - for standard output).",
)
@click.option("--deadletters", metavar="FILE", help="Write the dead letters (NDJSON).")
@click.option("--against", metavar="P2", help="Another policy: compare the pages that the two would have sent.")
@click.option("--json", "json_output", is_flag=True, help="Say the summary as JSON.")
def command(
    events: str,
    policy: str,
    until: str | None,
    alerts_file: str | None,
    deadletters: str | None,
    against: str | None,
    json_output: bool,
) -> None:
    """Judge EVENTS, NDJSON in arrival order (- for standard input), by a policy.

    Now is the greatest time so far; stages fire at their own time in between. The same input gives the same output,
    byte for byte. With --against, who would have been called, week by week, by the one policy and by the other.
    """
    paths = [policy] if against is None else [policy, against]
    try:
        books = [Book(read(path)) for path in paths]
        end = None if until is None else instants.parse(until)
    except PolicyError as error:
        return fail(str(error))
    except ValueError as error:
        return fail(f"--until {error}")
    try:
        result, *others = _judge(books, events, end)
        _write(alerts_file, (alerts.encode(alert) for alert in result.alerts))
        _write(deadletters, (backtest.dead_line(dead) for dead in result.dead))
    except BrokenPipeError:  # whoever read standard output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    sides = [Side(*each) for each in zip(paths, books, (result, *others), strict=True)]
    said = compare(*sides, json_output=json_output) if others else summary(result, json_output=json_output)
    click.echo(said, err=alerts_file == "-" or deadletters == "-")
    return None


def _judge(books: list[Book], events: str, end: int | None) -> list[backtest.Result]:
    """The log by each policy; it is kept whole only if it has to be read again."""
    with _lines(events) as lines:
        log = lines if len(books) == 1 else list(lines)
        return [backtest.run(book, log, end) for book in books]


@contextmanager
def _lines(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdin.buffer
    else:
        with Path(path).open("rb") as file:
            yield file


def _write(path: str | None, lines: Iterator[bytes]) -> None:
    if path == "-":
        sys.stdout.buffer.writelines(line + b"\n" for line in lines)
    elif path is not None:
        with Path(path).open("wb") as file:
            file.writelines(line + b"\n" for line in lines)


def summary(result: backtest.Result, *, json_output: bool) -> str:
    """What came out, in words or as JSON: events, alerts by type and stage, dead letters by reason."""
    stages = Counter(a.data.stage or "" for a in result.alerts if a.type == alerts.FIRED)
    types = Counter(a.type.rpartition(".")[2] for a in result.alerts)
    reasons = Counter(dead.reason for dead in result.dead)
    if json_output:
        said = {"events": result.events, "alerts": types, "stages": stages, "deadletters": reasons}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
    lines = [f"{result.events} events, {len(result.alerts)} alerts: {_each(types) or 'none'}"]
    if stages:
        lines.append(f"fired: {_each(stages)}")
    if reasons:
        lines.append(f"dead letters: {_each(reasons)}")
    return "\n".join(lines)


def _each(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
