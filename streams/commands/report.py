"""`portalwatch report`: how each department kept its benchmarks, for a month or any days.

Status 0: written; 1: there is nothing to report on, cycles of these days are missing, or the broker cannot be asked; 2:
wrong use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import click
import msgspec

from schemas import instants
from streams.clock import Clock
from streams.commands import fail
from streams.commands.asking import ask, settings, settings_option
from streams.commands.check import read
from streams.connection import client_options
from streams.core.book import Book
from streams.core.policy_check import PolicyError
from streams.reporting import form, live, recorded, span, words
from streams.reporting.build import Mismatch, Origin, build
from streams.reporting.form import Report
from streams.reporting.page import page
from streams.reporting.sheet import sheet
from streams.reporting.span import Span
from streams.reporting.sums import Gathered, zones_of
from streams.settings import Settings

EXAMPLES = """\b
Examples:
  portalwatch report --out october.html --month 2026-10
  portalwatch report --policy clinic.yaml events.ndjson --month 2026-10 \\
      --csv --out october.csv
  portalwatch report --from 2026-10-01 --to 2026-10-16 --json \\
      | jq '.benchmarks[] | {clock, kept: .now.kept.share}'
"""
Asked = tuple[str | None, str | None, str | None]
"""`--month`, `--from`, `--to`."""
Source = tuple[Gathered, Origin, Book, Span]


@click.command("report", epilog=EXAMPLES)
@click.argument("events", nargs=-1, type=str)
@click.option("--policy", metavar="P", help="The policy file; without EVENTS the default is the policy in force.")
@click.option("--month", metavar="YYYY-MM", help="The work that began in this month.")
@click.option("--from", "start", metavar="DAY", help="The work that began from this day on (YYYY-MM-DD) ...")
@click.option("--to", "end", metavar="DAY", help="... and before this day.")
@click.option("--until", metavar="T", help="With EVENTS: run on to this instant (RFC 3339); default: the last event.")
@click.option("--before", metavar="FILE", help="The --json report of the month or days before, to stand beside.")
@click.option("--out", metavar="FILE", default="-", help="Write it here; default: - for standard output.")
@click.option("--json", "json_output", is_flag=True, help="As JSON, in place of the page.")
@click.option("--csv", "csv_output", is_flag=True, help="As CSV, a row for each benchmark and department.")
@settings_option
def command(
    events: tuple[str, ...], *, policy: str | None, month: str | None, start: str | None, end: str | None,
    until: str | None, before: str | None, out: str, json_output: bool, csv_output: bool, settings_file: Path | None,
) -> None:  # fmt: skip
    """Report how each department kept its benchmarks: one HTML file that needs nothing else.

    From EVENTS, NDJSON in arrival order (- for standard input), judged by --policy: exact. Without EVENTS from the
    scorecards on the broker of the settings: what they tell, for 35 days back; --before puts an older report beside.
    Days are those of the policy's default calendar. Without --month or --from the last month that is over.
    """
    if json_output and csv_output:
        fail("--json or --csv, not both")
    earlier = None if before is None else _earlier(before)
    try:
        if events:
            found, origin, book, days = _recorded(events, policy, until, (month, start, end))
        else:
            if until is not None:
                fail("--until goes with EVENTS: scorecards stand as they are")
            found, origin, book, days = _live(settings(settings_file), policy, (month, start, end))
        made = build(found, days, book, origin, earlier)
    except PolicyError as error:
        return fail(str(error))
    except Mismatch as error:
        return fail(f"--before {before} {error}")
    _write(out, form.encode(made).decode() + "\n" if json_output else sheet(made) if csv_output else page(made))
    if out != "-":
        click.echo("\n".join([f"wrote {out}", *words.answer(made)]))
    if not made.complete:
        click.echo(f"cycles of {made.span.title} may be missing; its notes say why", err=True)
    sys.exit(0 if made.complete else 1)


def _earlier(path: str) -> Report:
    try:
        return form.decode(Path(path).read_bytes())
    except OSError as error:
        fail(f"--before {path}: {error.strerror}")
        raise
    except msgspec.MsgspecError as error:
        fail(f"--before {path} is no report that `portalwatch report --json` wrote: {error}")
        raise


def _recorded(events: Sequence[str], policy: str | None, until: str | None, asked: Asked) -> Source:
    if policy is None:
        fail("--policy: give the policy file by which EVENTS are to be judged")
    book = Book(read(policy or ""))
    days = _days(book, None, asked)
    try:
        found, origin = recorded.recorded(book, _lines(events), days, _instant(until))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
        raise
    except recorded.NoEvents as error:
        click.echo(f"{', '.join(events)}: {error}", err=True)
        sys.exit(1)
    return found, origin, book, days


def _live(given: Settings, policy: str | None, asked: Asked) -> Source:
    now = Clock(given.clock).now()
    book = Book(read(policy)) if policy is not None else ask(given, live.in_force(client_options(given), given.prefix))
    if book is None:
        click.echo("no policy is in force there; give the one that was with --policy", err=True)
        sys.exit(1)
    days = _days(book, now, asked)
    cards = ask(given, live.cards(client_options(given), given.prefix))
    if not cards.rows:
        click.echo(f"{given.prefix}.scorecards holds nothing yet: a worker publishes there", err=True)
        sys.exit(1)
    return *live.live(cards, book, days, now), book, days


def _days(book: Book, now: int | None, asked: Asked) -> Span:
    """The days that were asked for; the default is the last month that is over at `now`."""
    zone, (month, start, end) = zones_of(book).default, asked
    if (start is None) != (end is None) or (month is not None and start is not None):
        fail("give --month, or --from and --to")
    try:
        if month is not None:
            return span.month(month, zone)
        if start is not None and end is not None:
            return span.days(start, end, zone)
    except ValueError as error:
        fail(f"{'--month' if month is not None else '--from and --to:'} {error}")
    if now is None:
        fail("give --month, or --from and --to: the days of the report")
    return span.last_month(now or 0, zone)


def _instant(until: str | None) -> int | None:
    try:
        return None if until is None else instants.parse(until)
    except ValueError as error:
        fail(f"--until {error}")
        raise


def _lines(paths: Iterable[str]) -> Iterator[bytes]:
    """The lines of one file after the other."""
    with ExitStack() as stack:
        for path in paths:
            file: IO[bytes] = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
            yield from file


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return
    try:
        Path(path).write_bytes(text.encode())
    except OSError as error:
        fail(f"--out {path}: {error.strerror}")
