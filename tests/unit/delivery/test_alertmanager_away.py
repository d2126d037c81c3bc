"""The sink `alertmanager`, and receivers that are away, refuse, or take their time."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.delivery.answers import FAILED, REFUSED
from streams.delivery.member import BATCH
from streams.delivery.parting import PATIENCE
from streams.delivery.sinks import Seconds
from tests.unit.delivery.clinic import clinic, fired, over, until
from tests.unit.delivery.test_alertmanager import FAST, ends_in, of, ref


async def test_a_receiver_is_not_blamed_for_what_we_keep_to_ourselves(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        made.recover(0, fired("a", made.steady.now()))
        await until(lambda: of(receiver, "a"))
        held: list[int] = []
        with monkeypatch.context() as patched:
            patched.setattr(made.teller._owners, "are_ours", lambda _: held.append(1))
            await until(lambda: len(held) >= 2)
        assert made.answers.counts["clinic", FAILED] == 0
        receiver.requests.clear()
        await until(lambda: of(receiver, "a"))
    assert "does not take alerts" not in caplog.text


async def test_a_partition_goes_when_what_was_being_said_of_it_is_taken() -> None:
    async with clinic() as (made, (receiver,)):
        receiver.may_answer.clear()
        for number in range(2):
            made.recover(number)
        made.say(0, fired("a", made.steady.now()))
        await until(lambda: receiver.asked)
        await asyncio.wait_for(made.release(1), 0.5)  # nothing is said of it
        going = asyncio.create_task(made.release(0))
        await asyncio.sleep(0.1)
        assert not going.done()
        receiver.may_answer.set()
        await asyncio.wait_for(going, 1)
        assert len(of(receiver, "a")) == 1


async def test_a_rebalance_waits_but_a_moment_for_all_its_partitions() -> None:
    async with clinic(2) as (made, receivers):
        for receiver in receivers:
            receiver.may_answer.clear()
        for number in range(8):
            made.recover(number, fired(f"i{number}", made.steady.now()))
        await until(lambda: all(receiver.asked for receiver in receivers))
        began = time.monotonic()
        for number in range(8):
            await made.release(number)
        assert 0.9 * PATIENCE < time.monotonic() - began < 2 * PATIENCE
        for receiver in receivers:
            receiver.may_answer.set()


async def test_members_of_a_cluster_are_told_each_by_itself() -> None:
    async with clinic(2) as (made, (well, ill)):
        ill.answer = lambda _: 503
        made.recover(0, fired("a", made.steady.now()))
        await until(lambda: of(well, "a"))
        assert made.teller.backlog() == 0
        await until(lambda: made.answers.counts["clinic", FAILED] > 0)
        ill.answer = lambda _: 200
        await until(lambda: of(ill, "a"))


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize(("resend", "least"), [(0.2, 0.2), (1.5, FAST["ends_after"] / 4)])
async def test_a_receiver_that_asks_for_an_hour_is_asked_before_what_fires_ends(
    status: int, resend: float, least: float
) -> None:
    async with clinic(**FAST | {"resend": Seconds(resend)}) as (made, (receiver,)):
        receiver.answer, receiver.says = lambda _: status, {"Retry-After": "3600"}
        made.recover(0, fired("a", made.steady.now()))
        await until(lambda: made.answers.counts["clinic", FAILED] == 1)
        receiver.answer, failed_at = lambda _: 200, time.monotonic()
        await until(lambda: of(receiver, "a"), 5)
        assert time.monotonic() - failed_at > least * 0.8


async def test_a_receiver_that_was_away_is_told_what_is_so_now() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        made.recover(0)
        receiver.answer = lambda _: 503
        alerts = [fired(f"i{n}", now) for n in range(1_000)]
        made.say(0, *alerts)
        await until(lambda: made.teller.backlog() == 1_000)
        made.say(0, *(over(each, now + 1) for each in alerts[:400]))
        await until(lambda: made.answers.counts["clinic", FAILED] > 3)
        assert made.teller.backlog() == 1_000
        receiver.answer = lambda _: 200
        await until(lambda: made.teller.backlog() == 0)
        assert len(of(receiver, "i0")) >= 1
        assert all(each["endsAt"] <= each["startsAt"] or ends_in(each, now) < 2 for each in of(receiver, "i0"))
        assert max(len(body) for body in receiver.requests) <= BATCH


async def test_one_that_is_refused_holds_nothing_up() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        bad = ref("i77")
        receiver.answer = lambda body: 400 if any(each["labels"]["ref"] == bad for each in body) else 200
        made.recover(0, *(fired(f"i{n}", made.steady.now()) for n in range(200)))
        await until(lambda: made.teller.backlog() == 1)
        assert made.answers.counts["clinic", REFUSED] > 1
        receiver.answer = lambda _: 200
        await until(lambda: made.teller.backlog() == 0)


async def test_a_login_that_is_refused_is_tried_again() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        receiver.answer = lambda _: 401
        made.recover(0, fired("a", made.steady.now()))
        await until(lambda: made.answers.counts["clinic", REFUSED] >= 2)
        assert made.teller.backlog() == 1
        receiver.answer = lambda _: 200
        await until(lambda: of(receiver, "a"))
