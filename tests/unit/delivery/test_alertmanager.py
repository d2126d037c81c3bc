"""The sink `alertmanager`, end to end but for Kafka: what goes out, to whom, how often, and what is said of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import datetime
from typing import Any, cast

import pytest

from streams.delivery.answers import DELIVERED, FAILED, SUPERSEDED
from streams.delivery.member import BATCH, Member
from streams.delivery.posting import Poster
from streams.delivery.sinks import Seconds, Secret
from streams.web.refs import Refs
from tests.unit.delivery.clinic import Clinic, Receiver, book, clinic, fired, over, until
from tests.unit.delivery.test_discretion import POLICY

FAST: dict[str, Any] = {"resend": Seconds(0.2), "ends_after": Seconds(5), "resolved_for": Seconds(0.5)}


def ref(item: str) -> str:
    return Refs(b"k").of("message", item, 1_793_491_200_000_000)


def ends_in(alert: dict[str, Any], now: float) -> float:
    return datetime.fromisoformat(alert["endsAt"]).timestamp() - now


def of(receiver: Receiver, item: str) -> list[dict[str, Any]]:
    return [each for each in receiver.alerts if each["labels"]["ref"] == ref(item)]


async def test_what_is_open_is_told_at_once_and_again() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        made.recover(0, fired("a", now - 60))
        made.recover(1)
        made.say(1, fired("b", now))
        await until(lambda: len(of(receiver, "a")) >= 3 and len(of(receiver, "b")) >= 3)
        first = of(receiver, "a")[0]
        assert first["startsAt"][:19] == datetime.fromtimestamp(now - 60, tz=None).astimezone().isoformat()[:19]
        assert ends_in(first, now) == pytest.approx(5, abs=1)
        assert made.teller.backlog() == 0
        assert made.answers.counts["clinic", DELIVERED] == len(receiver.requests)


async def test_an_end_is_told_again_for_a_while_and_then_forgotten() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        alert = fired("a", now - 60)
        made.recover(0, alert)
        await until(lambda: of(receiver, "a"))
        made.say(0, over(alert, now))
        await until(lambda: ends_in(of(receiver, "a")[-1], now) < 0.1)
        await until(lambda: made.teller._standing.parts[0].entries == {})
        ends = [each for each in of(receiver, "a") if ends_in(each, now) < 0.1]
        assert len(ends) >= 2


async def test_many_ends_are_told_no_longer_than_one() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        alerts = [fired(f"i{n}", made.steady.now()) for n in range(3_000)]
        made.recover(0, *alerts)
        await until(lambda: len(receiver.alerts) >= len(alerts))
        receiver.requests.clear()
        made.say(0, *(over(each, made.steady.now() + 0.5) for each in alerts))
        await until(lambda: made.teller._standing.parts[0].over)
        await until(lambda: made.teller._standing.parts[0].entries == {})
        told = Counter(each["labels"]["ref"] for each in receiver.alerts)
        assert len(told) == len(alerts)
        assert max(told.values()) <= (0.5 + 0.5) / 0.2 + 4  # it may be told as firing before


async def test_what_the_owner_before_had_resolved_is_told() -> None:
    async with clinic() as (made, (receiver,)):
        now = made.steady.now()
        ended, again = fired("a", now - 60), fired("b", now - 60)
        made.tail = [over(ended, now - 30), over(again, now - 30)]
        made.recover(0, fired("b", now - 10, alert="message:b:reply:20261101T000000Z:missed:20261101T010000Z"))
        await until(lambda: of(receiver, "a") and of(receiver, "b"))
        await asyncio.sleep(0.1)
        assert [ends_in(each, now) < 0 for each in of(receiver, "a")] == [True]
        assert {ends_in(each, now) > 0 for each in of(receiver, "b")} == {True}


async def test_what_is_not_ours_is_not_told() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        made.recover(0, fired("a", now))
        made.recover(1, fired("b", now))
        await until(lambda: of(receiver, "a") and of(receiver, "b"))
        made.lanes.lanes[0].lost = "CommitFailedError"
        await made.release(1)
        made.say(0, fired("c", now))
        await asyncio.sleep(0.1)
        count = len(receiver.requests)
        await asyncio.sleep(0.5)
        assert len(receiver.requests) == count
        assert of(receiver, "c") == []
        made.lanes.lanes[0].lost = None
        await until(lambda: of(receiver, "c"))


async def test_labels_that_change_are_over_first() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        made.recover(0, fired("a", now, recipients=["new-name"]))
        await until(lambda: of(receiver, "a"))
        assert of(receiver, "a")[0]["labels"]["recipient"] == "pool-a"
        made.watch.book = book(POLICY.replace("on_call: call, ", "on_call: new-name, "))
        await until(lambda: of(receiver, "a")[-1]["labels"]["recipient"] == "new-name")
        changed = next(body for body in receiver.requests if any(a["labels"]["recipient"] == "new-name" for a in body))
        before = next(each for each in changed if each["labels"]["recipient"] == "pool-a")
        assert ends_in(before, made.steady.now()) <= 0
        assert ends_in(next(each for each in changed if each is not before), now) > 0


@pytest.mark.parametrize(
    ("file", "header"),
    [
        ({"token": Secret(env="T")}, "Bearer hush"),
        ({"username": "am", "password": Secret(env="T")}, "Basic YW06aHVzaA=="),
        ({}, None),
    ],
)
async def test_logins(file: dict[str, Any], header: str | None) -> None:
    async with clinic(environ={"T": "hush"}, **file) as (made, (receiver,)):
        made.recover(0, fired("a", made.steady.now()))
        await until(lambda: receiver.headers)
        assert receiver.headers[0].get("Authorization") == header
        assert receiver.headers[0]["Content-Type"] == "application/json"


async def test_the_journal_has_a_line_for_each_change_of_the_answer() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now, alert = made.steady.now(), fired("a", made.steady.now())
        receiver.answer = lambda _: 503
        made.recover(0, fired("old", now - 3_600))
        made.say(0, alert)
        await until(lambda: made.answers.counts["clinic", FAILED] >= 3)
        receiver.answer = lambda _: 200
        await until(lambda: len(of(receiver, "a")) >= 3)
        made.say(0, over(alert, now))
        await until(lambda: len(made.journal.lines) >= 3)
        said = [(item, line.event, line.result, line.status, line.reason) for item, line in made.journal.lines]
        assert said == [
            ("a", alert.id, FAILED, 503, "HTTP 503"),
            ("a", alert.id, DELIVERED, 200, None),
            ("a", f"{alert.id}:resolved", DELIVERED, 200, None),
        ]
        assert {line.recipients for _, line in made.journal.lines} == {("call-a",)}


async def test_what_is_over_before_anybody_was_told_is_said_to_be_so() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now, alert = made.steady.now(), fired("a", made.steady.now())
        receiver.answer = lambda _: 503
        made.recover(0)
        made.say(0, alert)
        await until(lambda: made.answers.counts["clinic", FAILED])
        made.say(0, over(alert, now))
        await until(lambda: made.answers.counts["clinic", SUPERSEDED])
        receiver.answer = lambda _: 200
        await until(lambda: made.teller.backlog() == 0)
        said = [(line.event, line.result) for _, line in made.journal.lines]
        assert said[:2] == [(alert.id, FAILED), (alert.id, SUPERSEDED)]
        assert said[-1] == (f"{alert.id}:resolved", DELIVERED)
        assert {ends_in(each, now) < 1 for each in of(receiver, "a")} == {True}


async def test_many_open_alerts_do_not_hold_the_loop() -> None:
    """So many are taken in, or put together, between two turns as take some milliseconds of this thread's own time."""
    made = Clinic([Receiver()], {}, {})
    teller, standing = made.teller, made.teller._standing
    queue = standing.queues[0]
    member = Member(
        "clinic", 0, teller._sink, standing, teller._owners, cast(Poster, None), made.answers, made.steady.now,
        teller._note,
    )  # fmt: skip
    made.recover(0, *(fired(f"i{n}", made.steady.now()) for n in range(20_000)))
    turns: list[float] = []
    while teller._work[0]:
        began = time.thread_time()
        teller._some(teller._work[0])
        turns.append(time.thread_time() - began)
    assert len(turns) > 20_000 / 50
    while queue:
        began = time.thread_time()
        refs = standing.take(queue, [0], BATCH)
        member._body(refs)
        member._landed(refs, 200)
        turns.append(time.thread_time() - began)
    assert sorted(turns)[-len(turns) // 20] < 0.05


async def test_an_end_is_one_at_once_though_the_wall_was_put_back() -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        before, after = fired("a", now - 60), fired("b", now)
        made.recover(0, before)
        await until(lambda: of(receiver, "a"))
        made.behind = 3_600.0  # what we say goes on at the pace of before
        made.say(0, after)
        await until(lambda: of(receiver, "b"))
        assert ends_in(of(receiver, "b")[-1], now - 3_600) == pytest.approx(5, abs=1)
        made.say(0, over(before, now), over(after, now))
        await until(lambda: all(ends_in(of(receiver, item)[-1], now - 3_600) < 4 for item in "ab"))
        assert all(each["startsAt"] <= each["endsAt"] for each in receiver.alerts)


async def test_one_that_stands_open_and_is_none_of_ours_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with clinic(**FAST) as (made, (receiver,)):
        now = made.steady.now()
        strange = [fired("s", now, workflow="nonsense"), fired("t", now, opened_at="junk")]
        made.recover(0, *strange, fired("a", now))
        made.say(0, *strange, fired("b", now))
        await until(lambda: of(receiver, "a") and of(receiver, "b"))
    assert "failed" not in caplog.text
    assert [each.message for each in caplog.records] == [
        "sink clinic: an alert cannot be told of: KeyError", "sink clinic: an alert cannot be told of: ValueError"
    ]  # fmt: skip
