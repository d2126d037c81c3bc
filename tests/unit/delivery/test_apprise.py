"""The apprise sink between a group that commits and services that answer, or do not."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from schemas import alerts
from streams.runtime.follower import Tenure
from streams.settings import SettingsError
from streams.web.refs import Refs
from tests.receiving import Receiver, receiver
from tests.unit.delivery.desk import Desk, Group, Journal, Record


@pytest.fixture
def served() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


async def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nobody sets an event for what others do
            await asyncio.sleep(0.01)


async def test_each_service_of_each_recipient_is_told_once_and_committed_at_once(
    served: Receiver, tmp_path: Path
) -> None:
    journal, group = Journal(), Group()
    desk = Desk(served, tmp_path, journal=journal)
    group.say(alerts.FIRED, "m-1", "pool-a", "call-a")
    group.say(alerts.FIRED, "m-2", "call-a")
    async with desk.at(group) as tenure:
        await until(lambda: desk.counts.get("delivered") == 5)
        assert sorted(each.who for each in served.told) == ["a", "b", "c"]
        assert group.committed[0] == tenure.handed == 2
        assert desk.people.backlog() == 0
    ref = Refs(b"key").of("message", "m-1", 1_795_532_645_000_000)
    (told,) = served.of("a")
    assert told.title == "1 message in a was missed"
    assert told.body == f"1 message in a was missed.\nOpen board: https://board.example.org/portal/refs/{ref}"
    assert "m-1" not in f"{served.told}"
    assert {(item, line.result, line.recipients, line.service) for item, line in journal.lines} == {
        ("m-1", "delivered", ("pool-a",), None),
        ("m-1", "delivered", ("call-a",), 0), ("m-1", "delivered", ("call-a",), 1),
        ("m-2", "delivered", ("call-a",), 0), ("m-2", "delivered", ("call-a",), 1),
    }  # fmt: skip


async def test_a_dead_service_holds_up_itself_alone_and_is_told_the_present_state_later(
    served: Receiver, tmp_path: Path
) -> None:
    group, desk = Group(), Desk(served, tmp_path)
    served.statuses["b"] = 500
    served.hang["c"] = threading.Event()
    served.statuses["c"] = 500
    for n in range(3):
        group.say(alerts.FIRED, f"m-{n}", "pool-a", "call-a")
    async with desk.at(group) as tenure:
        await until(lambda: served.of("a") and served.tries.count("b") >= 3)
        assert group.committed[0] == 0
        group.say(alerts.RESOLVED, "m-0", "pool-a", "call-a")
        group.say(alerts.FIRED, "m-3", "pool-a", "call-a")
        await desk.read(group, tenure)
        await until(lambda: len(served.of("a")) == 2)
        assert served.of("a")[1].at - served.of("a")[0].at > 0.95
        served.statuses.clear()
        served.hang.pop("c").set()
        await until(lambda: group.committed[0] == 5)
    assert [each.title for each in served.of("b")] == ["3 messages in a were missed"]
    assert [each.title for each in served.of("c")] == ["3 messages in a were missed"]
    assert desk.counts["delivered"] == 4 + 3 + 3
    assert desk.counts["superseded"] == 2


async def test_a_call_that_takes_too_long_is_not_made_twice(
    served: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    group, desk = Group(), Desk(served, tmp_path)
    desk.people._services["pool-a#0"]._apprise[0].socket_read_timeout = 20
    served.hang["a"] = threading.Event()
    group.say(alerts.FIRED, "m-1", "pool-a")
    async with desk.at(group):
        await until(lambda: desk.counts.get("failed") == 1)
        await asyncio.sleep(0.3)
        served.hang["a"].set()
        await until(lambda: desk.counts.get("delivered") == 1)
    assert served.tries == ["a"]
    assert desk.counts == {"failed": 1, "delivered": 1}
    assert "sink people: a digest for pool-a[0], of 1 alerts, failed: no answer in time" in caplog.messages


async def test_who_dies_between_the_answer_and_the_commit_leaves_a_digest_that_comes_again(
    served: Receiver, tmp_path: Path
) -> None:
    """The one window: force it, and see that it holds that one digest of that one service and no other."""
    group, first = Group(), Desk(served, tmp_path)
    for n in range(3):
        group.say(alerts.FIRED, f"m-{n}", "pool-a", "call-a")
    served.hang["a"] = threading.Event()
    first.people._services["pool-a#0"]._apprise[0].socket_read_timeout = 20
    async with first.at(group):
        await until(lambda: first.counts.get("delivered") == 6)
        group.commit = lambda _: asyncio.Event().wait()
        served.hang["a"].set()
        await until(lambda: first.people.backlog() == 0)
        assert group.committed[0] == 0
    group.commit = group.keep
    second = Desk(served, tmp_path)
    async with second.at(group):
        await until(lambda: group.committed[0] == 3)
        await asyncio.sleep(0.3)
    assert sorted(each.who for each in served.told) == ["a", "a", "b", "c"]


async def test_a_partition_that_was_lost_meanwhile_is_not_told(served: Receiver, tmp_path: Path) -> None:
    group, desk = Group(), Desk(served, tmp_path)

    def lose(tenure: Tenure) -> None:
        tenure.lost = True

    group.commit = lose
    group.say(alerts.FIRED, "m-1", "pool-a")
    async with desk.at(group) as tenure:
        tenure.proved_at -= 100  # as after a stop
        await asyncio.sleep(0.5)
    assert served.tries == []


async def test_a_partition_is_given_up_when_calls_under_way_have_ended(served: Receiver, tmp_path: Path) -> None:
    group, desk = Group(), Desk(served, tmp_path)
    served.hang["a"] = threading.Event()
    group.say(alerts.FIRED, "m-1", "pool-a")
    async with desk.at(group) as tenure:
        await until(lambda: served.tries == ["a"])
        going = asyncio.create_task(desk.people.given_up(tenure))
        group.say(alerts.FIRED, "m-2", "call-a")
        await desk.read(group, tenure)
        await asyncio.sleep(0.3)
        assert not going.done()
        served.hang["a"].set()
        await asyncio.wait_for(going, 2)
        await asyncio.sleep(0.3)
    assert served.tries == ["a"]
    assert tenure.marked == 1


async def test_who_has_no_url_is_told_by_the_desk_or_counted(
    served: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, group = Journal(), Group()
    group.say(alerts.FIRED, "m-1", "desk", "committee")
    group.say(alerts.FIRED, "m-2", "committee", "call")
    group.say(alerts.FIRED, "m-3", "desk")
    alone = Desk(served, tmp_path, journal=journal)
    with caplog.at_level(logging.DEBUG):
        async with alone.at(group) as tenure:
            assert tenure.marked == 3
    assert alone.counts == {"nobody": 3}
    assert [line.result for _, line in journal.lines] == ["nobody"] * 3
    assert [each.getMessage() for each in caplog.records if each.name.startswith("streams")] == [
        f"sink people: {count} recipients have no URL, and there is none for `*`" for count in (2, 3)
    ]
    desk = Desk(served, tmp_path, more='"*" = {env = "D"}')
    async with desk.at(group):
        await until(lambda: desk.counts.get("delivered") == 3)
    assert [each.title for each in served.told] == ["3 messages in a were missed"]


async def test_what_is_no_alert_is_passed_over(served: Receiver, tmp_path: Path) -> None:
    group, desk = Group(), Desk(served, tmp_path)
    group.log.append(Record(0, b"{}"))
    group.log.append(Record(1, b"\xff"))
    async with desk.at(group) as tenure:
        assert tenure.marked == 2


def test_a_wrong_url_is_refused_by_the_recipients_name(served: Receiver, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("secret-marker")
    with pytest.raises(
        SettingsError, match=r"^is no URL of Apprise - at \$\.apprise\.people\.recipients\.\"\*\"\[1\]$"
    ):
        Desk(served, tmp_path, more='"*" = [{env = "D"}, {file = "wrong"}]')


async def test_a_commit_that_fails_makes_nobody_be_told_again(served: Receiver, tmp_path: Path) -> None:
    group, desk = Group(), Desk(served, tmp_path)
    group.say(alerts.FIRED, "m-1", "pool-a")

    def fails(_: Tenure) -> None:
        raise KafkaError

    group.commit = fails
    async with desk.at(group) as tenure:
        await until(lambda: desk.counts.get("delivered") == 1)
        assert tenure.marked == 1  # so the next commit says it
        group.commit = group.keep
        group.say(alerts.FIRED, "m-2", "pool-a")
        await desk.read(group, tenure)
        await until(lambda: desk.counts.get("delivered") == 2)
    assert [each.title for each in served.of("a")] == ["1 message in a was missed"] * 2
