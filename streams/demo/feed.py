"""What the demo hears from what it watches: the alerts' and dead letters' topics, and the worker's HTTP pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from aiokafka import AIOKafkaConsumer

from schemas import alerts
from schemas.topics import ALERTS, DEAD_LETTERS
from streams.demo import board as boards
from streams.demo.board import Board

POLL_EVERY: Final = 0.5
"""Seconds between two looks at what is pending."""
ASK_EVERY: Final = 0.1
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
UNAVAILABLE: Final = (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError)
"""What an answer of a worker that is busy, or has no such page yet, may raise."""


async def ready(url: str) -> None:
    """Wait until the worker at `url` says that it is ready; whoever waits sets the limit."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        while True:
            if await _answers(session, f"{url}/readyz"):
                return
            await asyncio.sleep(ASK_EVERY)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether a page is there."""
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def follow_pending(url: str, token: str, board: Board) -> None:
    """Ask the worker what is pending, for ever; what it last said stands while it does not answer."""
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers={"Authorization": f"Bearer {token}"}) as session:
        while True:
            try:
                async with session.get(f"{url}/api/pending") as response:
                    boards.take_pending(board, await response.json())
            except UNAVAILABLE:
                board.answers = False
            await asyncio.sleep(POLL_EVERY)


async def follow_topics(client: Mapping[str, Any], prefix: str, board: Board) -> None:
    """Take in every alert and dead letter from the first on, for ever. The topics must be there.

    Raises:
        aiokafka.errors.KafkaError: the broker cannot be reached.
    """
    dead = DEAD_LETTERS.name(prefix)
    consumer = AIOKafkaConsumer(ALERTS.name(prefix), dead, **client, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async for record in consumer:
            if record.topic == dead:
                boards.take_dead_letter(board, dict(record.headers).get("portalwatch.reason", b"unknown").decode())
            elif record.value is not None:
                boards.take_alert(board, alerts.decode(record.value))
    finally:
        await consumer.stop()
