"""The webhook's order, progress and bounds, against a real receiver; its follower is played by the test."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.delivery import sinks
from streams.delivery.answers import Answers, Line
from streams.delivery.cloudevents import STRUCTURED
from streams.delivery.webhook import Webhook
from streams.runtime import App
from streams.runtime.tenure import Portion, Tenure
from streams.settings import SettingsError
from tests.unit.delivery.receivers import Scripted, serving


@dataclass
class Record:
    key: bytes | None
    value: bytes | None
    offset: int
    partition: int = 0
    topic: str = "portal.alerts"
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Noted:
    lines: list[tuple[str, str, int | None]] = field(default_factory=list)

    def note(self, item: str, line: Line) -> None:
        self.lines.append((item, line.result, line.status))


def event(item: str, number: int) -> Record:
    return Record(item.encode(), json.dumps({"id": f"{item}:{number}", "subject": item}).encode(), number)


async def nothing(tenure: Tenure) -> None:
    """A commit that succeeds."""


class Bench:
    def __init__(self, receiver: Scripted, **options: Any) -> None:
        self.receiver, self.journal = receiver, Noted()
        self.answers = Answers(["hook"], self.journal)
        sink = sinks.Webhook(url=sinks.HttpUrl(receiver.url), **{"longest_wait": sinks.Seconds(0.2), **options})
        file = sinks.SinksFile(sinks.Sinks(webhook={"hook": sink}), folder=Path(), environ={})
        app = App("test", broker="kafka://127.0.0.1:1")
        self.sink = Webhook("hook", sink, file, app, "portal.alerts", "test.sink.hook", self.answers, lambda: 1.7e9)
        self.tenure = Tenure(TopicPartition("portal.alerts", 0), 0, "", nothing)

    async def hand(self, *records: Record) -> None:
        self.tenure.handed = records[-1].offset + 1
        await self.sink.take(Portion(self.tenure, records))

    @property
    def told(self) -> list[str]:
        return [json.loads(body)["id"] for body in self.receiver.bodies]

    @property
    def results(self) -> dict[str, int]:
        return {result: count for (_, result), count in self.answers.counts.items() if count}


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    async with serving() as receiver:
        made = Bench(receiver, **options)
        async with made.sink._poster:
            await made.sink.taken(made.tenure)
            yield made
            await made.sink.given_up(made.tenure)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - a test looks
            await asyncio.sleep(0.01)


def by_item(statuses: dict[str, int]) -> Callable[[bytes], int]:
    """Answers with the status of an item, else with 204."""
    return lambda body: statuses.get(json.loads(body)["subject"], 204)


async def test_events_of_an_item_keep_their_order_and_items_do_not_wait_for_each_other() -> None:
    async with bench() as made:
        made.receiver.slow = 0.05
        records = [event(item, n) for n, item in enumerate("abcabcabc")]
        await made.hand(*records)
        await until(lambda: made.tenure.marked == 9)
        assert made.receiver.most == 3
        for item in "abc":
            assert [each for each in made.told if each[0] == item] == [
                f"{item}:{n}" for n in range(9) if "abcabcabc"[n] == item
            ]
        assert (made.results, made.sink.backlog()) == ({"delivered": 9}, 0)
        assert made.journal.lines.count(("a", "delivered", 204)) == 3


async def test_what_is_marked_lies_before_the_first_that_is_not_taken() -> None:
    async with bench(longest_wait=sinks.Seconds(60)) as made:
        # One that is refused is tried again after a minute; behind it all goes on.
        answers = {"b": 422}
        made.receiver.by_body = by_item(answers)
        await made.hand(event("a", 0), event("b", 1), event("a", 2), event("b", 3), event("c", 4))
        await until(lambda: made.results.get("delivered") == 3)
        assert (made.tenure.marked, made.sink.backlog()) == (1, 2)
        assert made.results == {"delivered": 3, "refused": 1}
        assert ("b", "refused", 422) in made.journal.lines
        await made.hand(event("d", 5))
        await until(lambda: made.results["delivered"] == 4)
        assert made.tenure.marked == 1


async def test_a_refused_one_is_taken_once_the_receiver_is_mended() -> None:
    async with bench() as made:
        answers = {"a": 400}
        made.receiver.by_body = by_item(answers)
        await made.hand(event("a", 0), event("a", 1))
        await until(lambda: made.results.get("refused", 0) >= 2)
        answers.clear()
        await until(lambda: made.tenure.marked == 2)
        assert [line for line in made.journal.lines if line[0] == "a"] == [
            ("a", "refused", 400), ("a", "delivered", 204), ("a", "delivered", 204),
        ]  # fmt: skip


async def test_a_receiver_that_takes_nothing_is_said_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with bench() as made:
        made.receiver.script = [401, 500, 401]
        await made.hand(event("a", 0), event("a", 1))
        await until(lambda: made.tenure.marked == 2)
    said = [each.getMessage() for each in caplog.records if "sink hook" in each.getMessage()]
    assert said == ["sink hook: tries that the receiver did not take: 1, the last: HTTP 401"]


async def test_gone_stops_the_sink_and_its_backlog_grows(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as made:
        made.receiver.script = [410]
        await made.hand(event("a", 0), event("a", 1))
        await until(lambda: made.results.get("gone"))
        await made.hand(event("b", 2))
        await asyncio.sleep(0.3)
        assert (made.told, made.tenure.marked, made.sink.backlog()) == (["a:0"], 0, 3)
        loud = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
        assert loud == ["sink hook: HTTP 410: it stops here until this worker is started again"]


async def test_given_up_it_ends_what_is_under_way_and_begins_nothing() -> None:
    async with bench() as made:
        made.receiver.slow = 0.3
        await made.hand(event("a", 0), event("a", 1))
        await until(lambda: made.receiver.at_once)
        await made.sink.given_up(made.tenure)
        assert (made.tenure.marked, made.told) == (1, ["a:0"])
        await made.hand(event("a", 2))  # it lay in the channel
        await asyncio.sleep(0.1)
        assert made.told == ["a:0"]


async def test_given_up_it_does_not_wait_for_another_try() -> None:
    async with bench(longest_wait=sinks.Seconds(60)) as made:
        made.receiver.script = [422]
        await made.hand(event("a", 0))
        await until(lambda: made.results.get("refused"))
        async with asyncio.timeout(0.5):
            await made.sink.given_up(made.tenure)
        assert made.tenure.marked == 0


class Waking(Tenure):
    """It is fresh when a request is made, and old when it is to be written: the worker was stopped in between."""

    looks: tuple[bool, ...] = (False, True, True)

    @property
    def stale(self) -> bool:
        found, self.looks = self.looks[:1], self.looks[1:]
        return any(found)


@pytest.mark.parametrize(("mode", "form"), [("structured", STRUCTURED), ("binary", "application/json")])
async def test_what_was_made_before_a_stop_is_not_written_after_it(mode: str, form: str) -> None:
    async with bench(mode=mode) as made:
        seen: list[int] = []

        async def commit(tenure: Tenure) -> None:
            seen.append(len(made.receiver.bodies))

        made.tenure = Waking(TopicPartition("portal.alerts", 0), 0, "", commit)
        await made.sink.taken(made.tenure)
        await made.hand(event("a", 0))
        await until(lambda: made.tenure.marked == 1)
        assert (seen, len(made.receiver.bodies)) == ([0], 1)
        assert made.receiver.headers[0]["Content-Type"] == form


async def test_what_is_no_event_is_passed_over_and_said(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as made:
        await made.hand(Record(b"a", b"garbage of p-4821", 0), event("a", 1))
        await until(lambda: made.tenure.marked == 2)
        assert made.told == ["a:1"]
        assert "portal.alerts 0@0 is no CloudEvent" in caplog.text
        assert "p-4821" not in caplog.text


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_what_somebody_else_wrote_stops_nothing(mode: str) -> None:
    strange = [b"1e999", b"1" * 5_000, b'"\\ud800"', b"[" * 900 + b"]" * 900, b"[" * 9_000, b'"\\u0000\\r\\n"', b"null"]
    async with bench(mode=mode) as made:
        records = [Record(b"a", b'{"id": "x", "x": %b}' % value, n) for n, value in enumerate(strange)]
        await made.hand(*records, Record(b"a", b'{"id": "last"}', len(strange)))
        await until(lambda: made.tenure.marked == len(strange) + 1)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_a", "base64!", "c2VjcmV0"])
def test_a_secret_that_is_none_is_refused_at_the_start(secret: str) -> None:
    sink = sinks.Webhook(url=sinks.HttpUrl("http://127.0.0.1:1"), secret=sinks.Secret(env="HOOK"))
    said = r"HOOK|give `whsec_` and the key in base64 - at \$\.webhook\.hook\.secret"
    with pytest.raises(SettingsError, match=said) as caught:  # noqa: PT012 - either may say it
        file = sinks.SinksFile(sinks.Sinks(webhook={"hook": sink}), Path(), {"HOOK": secret})
        Webhook("hook", sink, file, App("test"), "t", "g", Answers([], Noted()), lambda: 0.0)
    assert "base64!" not in str(caught.value)


def test_a_good_secret_is_taken() -> None:
    good = "whsec_" + base64.b64encode(b"k" * 24).decode()
    sink = sinks.Webhook(url=sinks.HttpUrl("http://127.0.0.1:1"), secret=sinks.Secret(env="HOOK"))
    file = sinks.SinksFile(sinks.Sinks(webhook={"hook": sink}), Path(), {"HOOK": good})
    assert Webhook("hook", sink, file, App("test"), "t", "g", Answers([], Noted()), lambda: 0.0).backlog() == 0
