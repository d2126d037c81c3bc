"""Showing the board while the demo runs: on a screen of its own, or as lines where there is no terminal."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import click
from rich.console import Console
from rich.live import Live

from streams.clock import Clock
from streams.core.book import Book
from streams.demo import plain, view
from streams.demo.board import Board

FRAME: Final = 0.25
"""Seconds between two frames, and between two looks at the news."""
SUMMARY_EVERY: Final = 5.0
"""Seconds between two lines that sum up."""


async def screen(console: Console, board: Board, book: Book, clock: Clock, url: str) -> None:
    """Draw the board on the alternate screen, for ever; its size is asked anew for each frame."""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            width, height = console.size
            frame = view.render(
                board, book, now=clock.now(), at=time.monotonic(), speed=clock.rate, url=url, width=width, height=height
            )
            live.update(frame, refresh=True)
            await asyncio.sleep(FRAME)


async def lines(board: Board, book: Book, clock: Clock) -> None:
    """Print what is said as it comes, and now and then how it stands, for ever."""
    told = time.monotonic()
    while True:
        while board.news:
            click.echo(plain.alert_line(book, board.news.popleft()))
        if time.monotonic() - told >= SUMMARY_EVERY:
            told = time.monotonic()
            click.echo(plain.summary_line(board, book, now=clock.now(), at=told))
        await asyncio.sleep(FRAME)
