"""Members as they are, told by hand, against Alertmanager's own semantics: the world of `test_standing`.

Alerts fire, end, and come under other labels; partitions move, with and without a word, and a step may be said and not
done; receivers are away, refuse, forget all, or take a request and break off; what is under way is overtaken. Never
does one speak of what is not its own, nor is an alert that fires, and of which a receiver that is there was told, shown
as over. When all that is due was told, it shows what stands (`quiet`), without waiting for the next round.
"""

from __future__ import annotations

import json
import time
from asyncio import CancelledError
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from streams.delivery.answers import Answers, NoJournal
from streams.delivery.member import Member
from streams.delivery.ownership import Guarded, Ownership
from streams.delivery.posting import Answer, Failed, Poster, Refused, Request
from streams.delivery.sinks import Alertmanager, HttpUrl, Seconds
from streams.delivery.standing import Standing
from streams.delivery.wording import Worded
from tests.property.standing_receiver import Partition, Receiver

RESEND, ENDS_AFTER, KEPT = 60.0, 300.0, 900.0
PARTITIONS, RECEIVERS, WORKERS, LABELS = 2, 2, 2, 4


class World:
    """Workers with members that tell receivers. Nothing waits: what is awaited happens at once."""

    def __init__(self) -> None:
        self.now, self.count = 1_000.0, 0
        self.receivers = [Receiver() for _ in range(RECEIVERS)]
        self.partitions = [Partition() for _ in range(PARTITIONS)]
        self.standings = [Standing(RECEIVERS, KEPT, 86_400.0) for _ in range(WORKERS)]
        self.began: dict[str, float] = {}
        self.meanwhile: list[Any] = []
        self.breaks: BaseException | None = None
        """What comes in place of the answer."""
        self.shown: list[set[str]] = [set() for _ in range(RECEIVERS)]
        """Labels of which a receiver was told that they fire, and that it has to show since."""
        urls = tuple(HttpUrl(f"http://r{n}") for n in range(RECEIVERS))
        sink = Alertmanager(urls=urls, resend=Seconds(RESEND), ends_after=Seconds(ENDS_AFTER))
        answers = Answers(["s"], NoJournal())
        self.members = [
            [
                Member(
                    "s", number, sink, standing, cast(Ownership, Owners(self, worker)),
                    cast(Poster, Post(self, worker)), answers, lambda: self.now, lambda *_: None,
                )
                for number in range(RECEIVERS)
            ]
            for worker, standing in enumerate(self.standings)
        ]  # fmt: skip
        for number in range(PARTITIONS):
            self.take_over(number, 0)

    # -- what happens ---------------------------------------------------------------------------

    def fire(self, number: int, label: int) -> None:
        self.count += 1
        labels, alert = f"{number}-{label}", f"w:i{self.count}"
        self.partitions[number].open[alert], self.began[alert] = labels, self.now
        for each in self.receivers:
            each.orphans.discard(labels)
        self.say(number, "fired", alert, self.worded(alert, labels), self.now)

    def resolve(self, number: int, which: int, ahead: float = 0.0) -> None:
        """It is over. `ahead`: so far the judge's clock is before the teller's."""
        partition = self.partitions[number]
        if partition.open:
            alert = sorted(partition.open)[which % len(partition.open)]
            labels, at = partition.open.pop(alert), self.now + ahead
            partition.ends.append((alert, labels, at))
            self.over(number, labels)
            self.say(number, "resolved", alert, f"{alert}:resolved", self.worded(alert, labels), at)

    def half_resolve(self, number: int, which: int) -> None:
        """It is said to be over, and the owner dies before that is done: it stands open still."""
        partition = self.partitions[number]
        if partition.open:
            alert = sorted(partition.open)[which % len(partition.open)]
            partition.ends.append((alert, partition.open[alert], self.now))
            self.lose(number)

    def move(self, number: int, which: int, label: int) -> None:
        """A policy gives an alert that fires other labels."""
        partition = self.partitions[number]
        if partition.open:
            alert = sorted(partition.open)[which % len(partition.open)]
            before, after = partition.open[alert], f"{number}-{label}"
            partition.open[alert] = after
            self.over(number, before)
            for each in self.receivers:
                each.orphans.discard(after)
                if partition.owner is None and before in each.spans and before not in partition.open.values():
                    each.orphans.add(before)
            self.say(number, "fired", alert, self.worded(alert, after), self.now)

    def over(self, number: int, labels: str) -> None:
        if labels not in self.partitions[number].open.values():
            for shown in self.shown:
                shown.discard(labels)

    def say(self, number: int, what: str, *said: Any) -> None:
        owner = self.partitions[number].owner
        if owner is not None:
            standing = self.standings[owner]
            getattr(standing, what)(standing.parts[number], *said)

    def lose(self, number: int) -> None:
        """The owner dies, or gives it up."""
        owner, self.partitions[number].owner = self.partitions[number].owner, None
        if owner is not None:
            self.standings[owner].drop(number)
            partition = self.partitions[number]
            ended = {labels for alert, labels, _ in partition.ends if alert not in partition.open}
            known = {*partition.open.values(), *ended}
            for each in self.receivers:
                each.orphans |= {shown for shown in each.spans if int(shown[0]) == number and shown not in known}

    def take_over(self, number: int, worker: int) -> None:
        self.lose(number)
        partition, standing = self.partitions[number], self.standings[worker]
        partition.owner = worker
        part = standing.begin(number)
        for alert, labels in partition.open.items():
            standing.fired(part, alert, self.worded(alert, labels), self.now)
        for alert, labels, at in partition.ends:
            if self.now - at <= KEPT:
                standing.was_resolved(part, alert, f"{alert}:resolved", self.worded(alert, labels), at)

    def fail(self, receiver: int) -> None:
        self.receivers[receiver].up = False
        self.shown[receiver].clear()

    def refuse(self, receiver: int, labels: str) -> None:
        self.receivers[receiver].refuses = labels
        self.shown[receiver].discard(labels)

    def come_back(self, receiver: int, forgets: bool) -> None:
        """It is there, and takes everything."""
        each = self.receivers[receiver]
        each.stale |= forgets or each.refuses is not None
        each.up, each.refuses = True, None
        if forgets:
            each.spans.clear()
            self.shown[receiver].clear()

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.check()

    def tell(self, worker: int, receiver: int, meanwhile: Any = None) -> None:
        """One request; something may happen while it is under way."""
        self.meanwhile = [meanwhile] if meanwhile else []
        member = self.members[worker][receiver]
        member._most = min(member._most, 2)
        with suppress(Failed, CancelledError):
            at_once(member._send())
        self.breaks = None
        self.check()

    def cut(self) -> None:
        """The request that is under way is taken, and its answer does not come."""
        self.breaks = Failed("cut")

    def cancel(self) -> None:
        """The request that is under way is given up."""
        self.breaks = CancelledError()

    def drain(self, worker: int, receiver: int) -> None:
        """As `Member.run` does: what is due, and no round that is not."""
        member = self.members[worker][receiver]
        for _ in range(100):
            if member._again_at <= time.monotonic():
                member._begin_round()
            if not member._queue:
                return
            self.tell(worker, receiver)
        raise AssertionError("there is no end of it")

    def round(self) -> None:
        """Everything is told again, as it is every minute."""
        for standing in self.standings:
            for _ in standing.forget(self.now):
                pass
        for number, each in enumerate(self.receivers):
            for worker in range(WORKERS):
                self.members[worker][number]._begin_round()
                if each.up:
                    self.drain(worker, number)
                else:
                    self.tell(worker, number)
            each.stale &= not each.up or each.refuses is not None or not self.all_owned()
        for number, partition in enumerate(self.partitions):
            if partition.owner is None:  # for how long, nobody knows: they may end by themselves
                for shown in self.shown:
                    shown -= {labels for labels in shown if labels.startswith(f"{number}-")}
        self.now += RESEND
        self.check()

    def quiet(self) -> None:
        """All that is due is told: whoever is there shows what stands, and no more."""
        for number in self.well():
            for worker in range(WORKERS):
                self.drain(worker, number)
        fires = self.fires()
        for number in self.well():
            each = self.receivers[number]
            if self.all_owned() and not each.stale:
                assert fires <= each.firing(self.now) <= fires | each.orphans
                assert [standing.backlog for standing in self.standings] == [0] * WORKERS

    def well(self) -> Iterator[int]:
        return (number for number, each in enumerate(self.receivers) if each.up and each.refuses is None)

    def fires(self) -> set[str]:
        return {labels for each in self.partitions for labels in each.open.values()}

    def all_owned(self) -> bool:
        return all(each.owner is not None for each in self.partitions)

    def post(self, worker: int, number: int, body: Guarded) -> None:
        for method, arguments in self.meanwhile:
            getattr(self, method)(*arguments)
        receiver = self.receivers[number]
        if not receiver.up or not body._may():
            raise Failed("away")
        said = json.loads(body._value)
        assert said
        assert all(self.partitions[int(each["labels"][0])].owner == worker for each in said)
        if receiver.refuses in [each["labels"] for each in said]:
            raise Refused("no", 400)
        for each in said:
            starts, ends = (datetime.fromisoformat(each[name]).timestamp() for name in ("startsAt", "endsAt"))
            receiver.put(each["labels"], starts, ends, self.now)
            partition = self.partitions[int(each["labels"][0])]
            if ends > self.now and each["labels"] in partition.open.values():
                self.shown[number].add(each["labels"])
        if self.breaks is not None:
            raise self.breaks

    def worded(self, alert: str, labels: str) -> Worded:
        head = f'{{"labels":"{labels}",'
        return Worded(labels.encode(), head.encode(), self.began[alert], (), labels.endswith("0"))

    def check(self) -> None:
        for receiver, shown in zip(self.receivers, self.shown, strict=True):
            assert shown <= receiver.firing(self.now)


class Owners:
    """A worker knows what is its own."""

    def __init__(self, world: World, worker: int) -> None:
        self._world, self._worker = world, worker

    async def sure(self, partitions: list[int]) -> frozenset[int]:
        return frozenset(each for each in partitions if self.are_ours([each]))

    def are_ours(self, partitions: Any) -> bool:
        return all(self._world.partitions[each].owner == self._worker for each in partitions)


class Post:
    """One worker's way to the receivers."""

    def __init__(self, world: World, worker: int) -> None:
        self._world, self._worker = world, worker

    async def post(self, url: str, request: Request) -> Answer:
        assert isinstance(request.body, Guarded)
        self._world.post(self._worker, int(url.removeprefix("http://r")[0]), request.body)
        return Answer(200)


def at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")
