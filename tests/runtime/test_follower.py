"""A follower loses nothing, whatever ends, and goes on where the marks are."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient

from streams.runtime.follower import Tenure
from tests.runtime.following import Keeper, child, committed, following, lines, until
from tests.runtime.harness import Bench


def events(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"id": f"e-{n}"} for n in range(start, start + count)]


async def put(bench: Bench, count: int, start: int = 0, partition: int = 0) -> list[str]:
    made = events(count, start)
    await asyncio.to_thread(bench.put, made, partition=partition)
    return [event["id"] for event in made]


async def test_a_new_group_begins_at_the_end_and_a_restart_skips_nothing(one: Bench) -> None:
    await put(one, 5)
    first, second = Keeper(), Keeper()
    async with following(one.broker, one.prefix, first):
        await until(lambda: len(first.came) == 2)
    assert {p: offset for p, (offset, _) in (await committed(one.broker, one.prefix)).items()} == {0: 5, 1: 0}
    away = await put(one, 3, start=5)
    async with following(one.broker, one.prefix, second):
        await until(lambda: len(second.got) == 3)
    assert (first.keys, second.keys) == ([], away)


async def test_what_is_not_marked_comes_again(one: Bench) -> None:
    first, second = Keeper(marks=False), Keeper()
    async with following(one.broker, one.prefix, first) as follower:
        await until(lambda: len(first.came) == 2)
        ids = await put(one, 6)
        await until(lambda: len(first.got) == 6)
        follower.tenures[0].mark(2)
    async with following(one.broker, one.prefix, second):
        await until(lambda: len(second.got) == 4)
    assert second.keys == ids[2:]


@pytest.mark.brokers("kafka")  # the embedded one keeps no metadata
async def test_metadata_stands_beside_the_mark(one: Bench) -> None:
    first, second = Keeper(marks=False), Keeper()
    first.last_word = lambda tenure: tenure.mark(tenure.handed, "the last word") if tenure.partition == 1 else None
    async with following(one.broker, one.prefix, first) as follower:
        await until(lambda: len(first.came) == 2)
        await put(one, 2)
        await put(one, 1, start=2, partition=1)
        await until(lambda: len(first.got) == 3)
        follower.tenures[0].mark(1, "cardiology: 16:40")
        await follower.tenures[0].commit()
        assert (await committed(one.broker, one.prefix))[0] == (1, "cardiology: 16:40")
    async with following(one.broker, one.prefix, second):
        await until(lambda: len(second.came) == 2)
    assert sorted(second.came) == [(0, 1, "cardiology: 16:40"), (1, 1, "the last word")]


async def test_a_second_member_takes_its_share_and_nothing_is_lost_or_doubled(one: Bench) -> None:
    a, b = Keeper(), Keeper()
    async with following(one.broker, one.prefix, a, "a"):
        await until(lambda: len(a.came) == 2)
        ids = [*await put(one, 20), *await put(one, 20, start=20, partition=1)]
        async with following(one.broker, one.prefix, b, "b") as other:
            await until(lambda: len(other.tenures) == 1 and len(a.came) == 3)
            ids += [*await put(one, 20, start=40), *await put(one, 20, start=60, partition=1)]
            await until(lambda: len(a.got) + len(b.got) == 80)
            assert len(b.got) == 20
        await until(lambda: len(a.came) == 5)
        ids += await put(one, 20, start=80, partition=b.came[0][0])
        await until(lambda: len(a.got) + len(b.got) == 100)
    assert sorted([*a.keys, *b.keys]) == sorted(ids)


async def test_the_last_word_counts_before_the_next_owner_begins(one: Bench) -> None:
    a, b = Keeper(marks=False), Keeper(marks=False)
    a.last_word = lambda tenure: tenure.mark(tenure.handed)
    async with following(one.broker, one.prefix, a, "a"):
        await until(lambda: len(a.came) == 2)
        await put(one, 7)
        await put(one, 7, partition=1)
        await until(lambda: len(a.got) == 14)
        async with following(one.broker, one.prefix, b, "b"):
            await until(lambda: b.came)
            assert b.came[0][1] == 7
            assert sorted(a.gone)[:2] == [0, 1]


async def test_a_sole_member_has_all_and_another_stands_by(one: Bench) -> None:
    a, b = Keeper(), Keeper()
    async with following(one.broker, one.prefix, b, "b", sole=True) as standby:
        async with following(one.broker, one.prefix, a, "a", sole=True) as other:
            await until(lambda: {len(standby.tenures), len(other.tenures)} == {0, 2} and (a.gone or b.gone or a.came))
            await put(one, 4)
            await put(one, 4, start=4, partition=1)
            await until(lambda: len(a.got) + len(b.got) == 8)
        await until(lambda: len(standby.tenures) == 2)
        await put(one, 2, start=8)
        await until(lambda: len(a.got) + len(b.got) == 10)
    assert len({*a.keys, *b.keys}) == 10


async def test_what_is_ahead_is_bounded_and_holds_up_only_its_partition(one: Bench) -> None:
    keeper = Keeper(marks=False)
    async with following(one.broker, one.prefix, keeper, ahead=10, chunk=5) as follower:
        await until(lambda: len(keeper.came) == 2)
        await put(one, 40)
        await until(lambda: len(keeper.got) == 10)
        await put(one, 3, start=40, partition=1)
        await until(lambda: len(keeper.got) == 13)
        await put(one, 5, start=50)
        if one.broker.kind == "kafka":  # the embedded one does not tell the end of what is not fetched
            await until(lambda: follower.unread() == 35)
        assert len(keeper.got) == 13
        follower.tenures[0].mark(5)
        await until(lambda: len(keeper.got) == 18)


async def test_what_the_holder_raises_ends_it_and_nothing_is_lost(one: Bench) -> None:
    keeper, second = Keeper(), Keeper()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is raised when the block ends
        async with following(one.broker, one.prefix, keeper):
            await until(lambda: len(keeper.came) == 2)
            ids = await put(one, 1)
            await until(lambda: len(keeper.got) == 1)
            keeper.error = ZeroDivisionError()
            ids += await put(one, 1, start=1)
            await until(keeper.over)
    async with following(one.broker, one.prefix, second):
        await until(lambda: second.got)
    assert [*keeper.keys, *second.keys] == ids


async def test_another_goes_on_where_the_marks_are_and_one_that_wakes_commits_nothing(
    one: Bench, tmp_path: Path
) -> None:
    """To the group, one that is stopped for long is one that was killed, until it wakes."""
    log, after = tmp_path / "a", Keeper()
    with killed_in_the_end(child(one.broker, one.prefix, "a", log, 0.1)) as process:
        await founded(one)
        ids = await put(one, 60)
        await until(lambda: len(lines(log)) >= 15)
        process.send_signal(signal.SIGSTOP)
        before = [line["key"] for line in lines(log)]
        async with following(one.broker, one.prefix, after, "b"):
            await until(lambda: ids[-1] in after.keys)
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(2)
        assert (await committed(one.broker, one.prefix))[0][0] == 60
    assert 0 < ids.index(after.keys[0]) <= len(before)
    assert after.keys == ids[ids.index(after.keys[0]) :]


@pytest.mark.brokers("kafka")  # the embedded one forgets topics and groups
async def test_a_broker_that_is_away_is_waited_for(one: Bench, caplog: pytest.LogCaptureFixture) -> None:
    a, b = Keeper(), Keeper()
    async with following(one.broker, one.prefix, a, "a"):
        await until(lambda: len(a.came) == 2)
        ids = await put(one, 5)
        await until(lambda: len(a.got) == 5)
        one.broker.stop()
        async with following(one.broker, one.prefix, b, "b"):
            try:
                await until(lambda: "waits for the broker" in caplog.text)
                spent = time.process_time()
                await asyncio.sleep(3)
                assert time.process_time() - spent < 1.5
            finally:
                await asyncio.to_thread(one.broker.restart)
            await until(lambda: b.came, 40)
            ids += [*await put(one, 5, start=5), *await put(one, 5, start=10, partition=1)]
            await until(lambda: {*a.keys, *b.keys} == {*ids}, 40)


@pytest.mark.brokers("kafka")  # the embedded one deletes no records
async def test_records_that_are_gone_are_said_loudly(one: Bench, caplog: pytest.LogCaptureFixture) -> None:
    first, second = Keeper(), Keeper()
    async with following(one.broker, one.prefix, first):
        await until(lambda: len(first.came) == 2)
    ids = await put(one, 10)
    admin = AdminClient({"bootstrap.servers": one.broker.bootstrap})
    for done in admin.delete_records([Place(f"{one.prefix}.events", 0, 4)]).values():
        done.result(10)
    async with following(one.broker, one.prefix, second):
        await until(lambda: len(second.got) == 6)
    assert second.keys == ids[4:]
    loud = [each for each in caplog.records if each.levelno == logging.ERROR and "is not there" in each.getMessage()]
    assert len(loud) == 1


async def test_marks_are_checked() -> None:
    asked: list[Tenure] = []

    async def commit(tenure: Tenure) -> None:
        asked.append(tenure)

    tenure = Tenure(TopicPartition("said", 0), 10, "", commit)
    with pytest.raises(ValueError, match="11"):
        tenure.mark(11)
    tenure.handed = 15
    with pytest.raises(ValueError, match="4096"):
        tenure.mark(12, "é" * 2_049)
    tenure.mark(12, "twelve")
    tenure.read(17, 20)
    assert (tenure.marked, tenure.metadata, tenure.ahead, tenure.unread) == (12, "twelve", 3, 3)
    tenure.mark(11)
    tenure.mark(15)
    assert (tenure.marked, tenure.metadata, tenure.ahead) == (17, "twelve", 0)  # past two markers of transactions
    await tenure.commit()
    tenure.lost = True
    tenure.mark(17, "too late")
    assert tenure.metadata == "twelve"
    with pytest.raises(Exception, match="no longer ours"):
        await tenure.commit()
    assert asked == [tenure]


async def founded(bench: Bench) -> None:
    """Until the group stands."""
    async with asyncio.timeout(20):
        while len(await committed(bench.broker, bench.prefix)) < 2:  # noqa: ASYNC110 - a test looks
            await asyncio.sleep(0.1)


@contextmanager
def killed_in_the_end(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
