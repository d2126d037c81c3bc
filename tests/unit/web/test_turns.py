"""Readers work one at a time in a turn of the loop, in the order in which they came; one that goes holds up nobody."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from streams.web.turns import turn

READERS = 20


class Loop:
    """Counts the turns of the loop, and notes in which one each reader worked."""

    def __init__(self) -> None:
        self.turn = 0
        self.worked: list[tuple[int, int]] = []

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turn += 1

    async def read(self, name: int, portions: int) -> None:
        for _ in range(portions):
            await turn()
            self.worked.append((self.turn, name))


async def work(loop: Loop, portions: int, cancelled: int | None = None) -> None:
    counting = asyncio.create_task(loop.count())
    readers = [asyncio.create_task(loop.read(name, portions)) for name in range(READERS)]
    if cancelled is not None:
        await asyncio.sleep(0)
        readers[cancelled].cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*readers, return_exceptions=True)
    counting.cancel()


@pytest.mark.parametrize("portions", [1, 3])
async def test_at_most_one_reader_works_in_a_turn_of_the_loop(portions: int) -> None:
    loop = Loop()
    await work(loop, portions)
    assert len(loop.worked) == READERS * portions
    assert len({at for at, _ in loop.worked}) == READERS * portions


async def test_they_work_in_the_order_in_which_they_came() -> None:
    loop = Loop()
    await work(loop, 2)
    assert [name for _, name in loop.worked] == 2 * list(range(READERS))


@pytest.mark.parametrize("cancelled", [0, 7])
async def test_one_that_is_cancelled_holds_up_nobody(cancelled: int) -> None:
    loop = Loop()
    await work(loop, 1, cancelled)
    assert [name for _, name in loop.worked] == [name for name in range(READERS) if name != cancelled]


async def test_while_one_waits_no_turn_of_the_loop_goes_by_without_a_reader() -> None:
    """While lanes catch up, a turn of the loop takes milliseconds: half of them idle, readers waited twice as long."""
    loop = Loop()
    await work(loop, 3)
    turns = [at for at, _ in loop.worked]
    assert turns[-1] - turns[0] == 3 * READERS - 1
