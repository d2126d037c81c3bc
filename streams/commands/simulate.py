"""`portalwatch simulate`: the simulated portal of the demo, for a broker of one's own or for `portalwatch backtest`.

    portalwatch simulate --print --days 7 | portalwatch backtest --policy clinic.yaml -

Status 0: everything was sent or printed; 1: the broker failed; 2: wrong use.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
from aiokafka.errors import KafkaError

from schemas import instants
from schemas.policy import DAY
from streams.clock import Clock
from streams.commands import fail
from streams.commands.check import read
from streams.connection import client_options
from streams.core.book import Book
from streams.core.policy_check import PolicyError
from streams.demo import policy as demo_policy
from streams.demo.portal import Record, records
from streams.demo.publish import encoded, publish
from streams.settings import Settings, SettingsError, load
from streams.topics import TopicMismatch, TopicRefused, ensure

START = "2026-11-05T14:00:00Z"
DAYS_PRINTED = 7.0


@click.command("simulate")
@click.option("--print", "printed", is_flag=True, help="Write NDJSON to standard output instead of publishing.")
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), help="How many days; default: 7 printed, published for ever."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same events.")
@click.option(
    "--start", metavar="T", help=f"Printed from this instant on (RFC 3339; default {START}); published from now on."
)
@click.option("--policy", metavar="P", help="Departments, hours and benchmarks of the clinic; default: the demo's.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file of settings; the environment wins.",
)
def command(
    *,
    printed: bool,
    days: float | None,
    seed: int,
    start: str | None,
    policy: str | None,
    settings_file: Path | None,
) -> None:
    """Simulate a portal: publish its events under the clock of the settings, or print them.

    The staff of this clinic do most work in time, some at the last moment, some late. The first events are those of
    work that was begun before the start and is still pending.
    """
    begin = _start(start, printed=printed)
    try:
        book = demo_policy.book() if policy is None else Book(read(policy))
        if printed:
            _print(_within(book, begin, seed, days or DAYS_PRINTED))
        else:
            asyncio.run(_publish(book, load(os.environ, settings_file), seed, days))
    except (PolicyError, SettingsError, TopicMismatch, TopicRefused) as error:
        fail(str(error))
    except KafkaError as error:
        click.echo(f"The broker failed: {error!r}", err=True)
        sys.exit(1)


def _start(text: str | None, *, printed: bool) -> int:
    """The option `--start`, in microseconds."""
    if text is not None and not printed:
        fail("--start goes with --print: what is published begins with the clock of the settings")
    try:
        return instants.parse(text or START)
    except ValueError as error:
        fail(f"--start {error}")
        raise


def _print(stream: Iterator[Record]) -> None:
    for record in stream:
        sys.stdout.buffer.write(encoded(record) + b"\n")
    sys.stdout.flush()


def _within(book: Book, start: int, seed: int, days: float | None) -> Iterator[Record]:
    """What the portal sends from `start` (microseconds) on, for so many days; None: for ever."""
    stream = records(book, start, seed)
    return stream if days is None else takewhile(lambda record: record.at < start + days * DAY, stream)


async def _publish(book: Book, settings: Settings, seed: int, days: float | None) -> None:
    """Send it as the settings' clock reaches it, to topics that are made if they are missing."""
    client, clock = client_options(settings), Clock(settings.clock)
    await ensure(client, settings.prefix, settings.partitions, settings.replication)
    await publish(_within(book, clock.now(), seed, days), clock, client, settings.prefix)
