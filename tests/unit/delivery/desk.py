"""A journal, a group and the teller of the apprise sink between them, for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from schemas import alerts
from schemas.alerts import Alert, AlertData
from schemas.policy_file import parse
from streams.core.book import Book
from streams.delivery import sinks
from streams.delivery.answers import Answers, Line
from streams.delivery.apprise import People
from streams.runtime.batch import Lost
from streams.runtime.follower import Portion, Tenure
from streams.web.refs import Refs
from tests.e2e.test_worker import POLICY
from tests.receiving import Receiver

FORM = """
[apprise.people]
board = "https://board.example.org/portal/"
every = "1 second"
gather = "0.05 seconds"
timeout = "1 second"
longest_wait = "0.1 seconds"
[apprise.people.recipients]
pool-a = {{env = "A"}}
call-a = [{{env = "B"}}, {{env = "C"}}]
{more}
"""


class Record(NamedTuple):
    """A record of the alerts' topic."""

    offset: int
    value: bytes
    topic: str = "alerts"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Journal:
    def __init__(self) -> None:
        self.lines: list[tuple[str, Line]] = []

    def note(self, item: str, line: Line) -> None:
        self.lines.append((item, line))


class Group:
    """What a broker keeps of the sink: the log, and what was committed. `commit`: what a commit comes to."""

    def __init__(self) -> None:
        self.log: list[Record] = []
        self.committed = (0, "")
        self.commits = 0
        self.commit: Callable[[Tenure], Any] = self.keep

    def keep(self, tenure: Tenure) -> None:
        self.commits += 1
        self.committed = tenure.marked, tenure.metadata

    def say(self, kind: str, item: str, *recipients: str, **data: Any) -> None:
        one = f"message:{item}:reply:20261124T150405Z:missed"
        said = AlertData(
            alert=one, state="firing", stage="missed", severity="critical", recipients=list(recipients),
            workflow="message", item=item, clock="reply", department="a", opened_at="2026-11-24T15:04:05Z", **data,
        )  # fmt: skip
        name = one if kind == alerts.FIRED else f"{one}:resolved"
        alert = Alert(id=name, source="/portalwatch/t", type=kind, subject=item, time="2026-11-24T15:05:00Z", data=said)
        self.log.append(Record(len(self.log), alerts.encode(alert)))


class Desk:
    """One sink of one worker."""

    def __init__(self, served: Receiver, folder: Path, more: str = "", journal: Journal | None = None) -> None:
        (folder / "sinks.toml").write_text(FORM.format(more=more))
        environ = {"A": served.url("a"), "B": served.url("b"), "C": served.url("c"), "D": served.url("d")}
        file = sinks.load(folder / "sinks.toml", environ)
        self.answers = Answers(["people"], journal or Journal())
        self.book = Book(parse(POLICY))
        self.people = People(
            "people", file.sinks.apprise["people"], file, SimpleNamespace(channel=lambda: None),  # type: ignore[arg-type]
            "alerts", "group", self.answers, lambda: asyncio.get_running_loop().time() + 1e9, book=lambda: self.book,
            refs=lambda: Refs(b"key"), url="http://board", wall=lambda at: at / 1e6,
        )  # fmt: skip

    @property
    def counts(self) -> dict[str, int]:
        return {result: count for (_, result), count in self.answers.counts.items() if count}

    @asynccontextmanager
    async def at(self, group: Group) -> AsyncIterator[Tenure]:
        """It holds the one partition, and has read the log to its end."""
        waits = asyncio.Event()

        async def run() -> None:
            await waits.wait()

        async def commit(tenure: Tenure) -> None:
            if asyncio.iscoroutine(answer := group.commit(tenure)):
                await answer

        async def commit_all(tenures: Collection[Tenure]) -> None:
            for each in tenures:
                await commit(each)
                if each.lost:
                    raise Lost("no longer ours")

        self.people.follower.commit = commit_all  # type: ignore[method-assign]
        self.people.follower.run = run  # type: ignore[method-assign]
        tenure = Tenure(TopicPartition("alerts", 0), *group.committed, commit, trust=60)
        await self.people.taken(tenure)
        await self.read(group, tenure)
        running = asyncio.create_task(self.people.run())
        try:
            yield tenure
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def read(self, group: Group, tenure: Tenure) -> None:
        records = group.log[tenure.handed :]
        tenure.handed = len(group.log)
        await self.people.take(Portion(tenure, records))
