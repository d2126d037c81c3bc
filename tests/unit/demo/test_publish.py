"""Events go out when the clock says so, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from streams.clock import Clock, Pace
from streams.demo import publish
from streams.demo.portal import Record
from streams.demo.run import DAY, start
from tests.unit.demo.clinic import START, book

SECOND = 1_000_000


def at(seconds: float) -> Record:
    return Record(START + int(seconds * SECOND), "message", {"subject": f"m-{seconds}"})


async def test_what_is_past_goes_out_at_once_and_the_rest_in_its_time() -> None:
    clock = Clock(Pace(START, 100.0, None))
    stream: Iterator[Record] = iter([at(-60), at(-30), at(0), at(20), at(20), at(40)])
    loop = asyncio.get_running_loop()
    begun, came = loop.time(), []
    async for burst in publish.bursts(stream, clock):
        assert all(record.at <= clock.now() for record in burst)
        came.append(([record.key for record in burst], loop.time() - begun))
    assert [keys for keys, _ in came] == [["m--60", "m--30", "m-0"], ["m-20", "m-20"], ["m-40"]]
    assert came[0][1] < 0.1
    assert 0.15 < came[1][1] < 0.35
    assert came[2][1] < 0.6


async def test_a_long_backlog_goes_out_in_parts() -> None:
    stream = (at(-1) for _ in range(2 * publish.BATCH + 1))
    sizes = [len(burst) async for burst in publish.bursts(stream, Clock(Pace(START, 1.0, None)))]
    assert sizes == [publish.BATCH, publish.BATCH, 1]


async def test_nothing_gives_no_burst() -> None:
    assert [burst async for burst in publish.bursts(iter(()), Clock())] == []


def test_the_clock_starts_before_the_clinic_opens_by_the_same_time_of_the_wall() -> None:
    opens = book().calendars["clinic"].windows_of(DAY.toordinal())[0][0]
    assert (opens - start(book(), 480)) == 9 * 480 * SECOND
    assert (opens - start(book(), 60)) == 9 * 60 * SECOND
