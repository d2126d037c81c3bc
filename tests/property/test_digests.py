"""Any history, failures of any address at any call, a crash at any point: what people are told in digests.

The world: a log of two partitions, a sink that reads it, a broker that keeps what was committed, three services that
take a digest or do not. A crash leaves the log, what was committed, and what was told. One crash is worse than others:
after a service took a digest and before that was committed. What such a digest held may be told again; nothing else.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import AlertData
from streams.delivery.digest import Digest, Digests, Kind, News

ADDRESSES = ("a", "b", "c")
EVERY, GATHER = 60.0, 5.0
DATA = AlertData(state="firing", workflow="message")

partition = st.integers(0, 1)
address = st.sampled_from(ADDRESSES)
to = st.sets(address, min_size=1).map(lambda found: tuple(sorted(found)))
OPS = st.one_of(
    st.tuples(st.just("say_begin"), partition, to),
    st.tuples(st.just("say_notice"), partition, to),
    st.tuples(st.just("say_end"), st.integers(0, 100)),
    st.tuples(st.just("say_again"), st.integers(0, 100)),
    st.tuples(st.just("read"), partition, st.integers(1, 3)),
    st.tuples(st.just("read_all")),
    st.tuples(st.just("wait"), st.floats(0.1, 70)),
    st.tuples(st.just("call"), address),
    st.tuples(st.just("answer"), address, st.booleans()),
    st.tuples(st.just("tell"), address),
    st.tuples(st.just("crash_before_the_commit"), address),
    st.tuples(st.just("commit_all")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("move"), partition),
)
HISTORIES = st.lists(OPS, min_size=5, max_size=60)


class World:
    def __init__(self, *, resolved: bool) -> None:
        self.resolved, self.now = resolved, 1_000_000.0
        self.log: dict[int, list[News]] = {0: [], 1: []}
        self.fired: list[tuple[int, News]] = []
        self.ended: set[str] = set()
        self.opened = {0: 0, 1: 0}
        self.committed = {0: (0, ""), 1: (0, "")}
        self.told: Counter[tuple[str, str]] = Counter()
        self.at: dict[str, list[float]] = {name: [] for name in ADDRESSES}
        self.excused: set[tuple[str, str]] = set()
        self.unpaced: set[tuple[str, float]] = set()
        self.begin()

    def begin(self) -> None:
        self.digests = Digests(ADDRESSES, every=EVERY, gather=GATHER, resolved=self.resolved)
        self.on_its_way: dict[str, Digest] = {}
        self.place = {number: self.open(number) for number in self.log}

    def open(self, number: int) -> int:
        floor, text = self.committed[number]
        self.digests.opened(number, floor, text)
        self.opened[number] = floor
        for said in self.log[number][floor:]:
            if self.log[number].index(said) < floor:  # the one thing that it cannot know: said again, and it died too
                self.excused |= {(name, said.event) for name in said.to}
        return floor

    # -- what is said, and read

    def say(self, kind: Kind, number: int, to: tuple[str, ...]) -> None:
        one = f"{kind.value}-{len(self.fired)}"
        said = News(kind, one, one, to, DATA)
        self.log[number].append(said)
        self.fired.append((number, said))

    def say_begin(self, number: int, to: tuple[str, ...]) -> None:
        self.say(Kind.BEGIN, number, to)

    def say_notice(self, number: int, to: tuple[str, ...]) -> None:
        self.say(Kind.NOTICE, number, to)

    def say_end(self, pick: int) -> None:
        self.again(pick, end=True)

    def say_again(self, pick: int) -> None:
        self.again(pick, end=False)

    def again(self, pick: int, *, end: bool) -> None:
        """The end of an alert that fires, or (R12: the lane's worker died) the same alert once more."""
        firing = [
            (number, said) for number, said in self.fired if said.kind is Kind.BEGIN and said.alert not in self.ended
        ]
        if not firing:
            return
        number, said = firing[pick % len(firing)]
        if end:
            self.ended.add(said.alert)
            self.log[number].append(News(Kind.END, said.alert, f"{said.alert}:resolved", said.to, DATA))
        elif self.log[number].index(said) >= self.opened[number]:
            self.log[number].append(said)

    def read(self, number: int, count: int) -> None:
        for offset in range(self.place[number], min(len(self.log[number]), self.place[number] + count)):
            self.digests.take(number, offset, self.log[number][offset], self.now)
            self.place[number] = offset + 1

    def read_all(self) -> None:
        for number in self.log:
            self.read(number, 1_000)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    # -- what is told

    def tell(self, name: str) -> None:
        self.call(name)
        self.answer(name, good=True)

    def crash_before_the_commit(self, name: str) -> None:
        self.answer(name, good=True, crash=True)

    def commit_all(self) -> None:
        for number in self.log:
            self.commit(number)

    def call(self, name: str) -> None:
        """As soon as it may be told."""
        if (when := self.digests.ready(name, self.now)) is not None and (digest := self.digests.make(name)):
            self.now = max(self.now, when)
            self.on_its_way[name] = digest

    def answer(self, name: str, good: bool, *, crash: bool = False) -> None:
        if (digest := self.on_its_way.pop(name, None)) is None:
            return
        if not good:
            self.digests.failed(digest)
            return
        events = {(name, each.event) for each in digest.news}
        self.told.update(events)
        self.at[name].append(self.now)
        if crash:
            self.excused |= events
            self.unpaced.add((name, self.now))
            self.crash()
            return
        for number in self.digests.told(digest, self.now):
            self.commit(number)

    def commit(self, number: int) -> None:
        written = self.digests.progress(number, self.now)
        assert self.committed[number][0] <= written.floor <= self.place[number]
        assert written.exact
        self.committed[number] = written.floor, written.text

    def crash(self) -> None:
        """Whatever was on its way may have arrived or not: here it did not. `answer(crash=True)` is the other."""
        self.begin()

    def move(self, number: int) -> None:
        """The partition is given up, and comes back. As the sink does: what is on its way is waited for before."""
        for name in ADDRESSES:
            self.answer(name, good=True)
        self.commit(number)
        self.digests.closed(number)
        self.place[number] = self.open(number)

    def drain(self) -> None:
        for name in ADDRESSES:
            self.answer(name, good=True)
        for number in self.log:
            self.read(number, 1_000_000)
        for _ in range(2):
            self.now += EVERY + 1
            for name in ADDRESSES:
                self.call(name)
                self.answer(name, good=True)
        for number in self.log:
            self.commit(number)


def play(ops: Sequence[tuple[Any, ...]], *, resolved: bool) -> World:
    world = World(resolved=resolved)
    for name, *given_ in ops:
        getattr(world, name)(*given_)
    return world


@settings(max_examples=150)
@given(HISTORIES, st.booleans())
def test_nobody_misses_nobody_is_told_twice_and_nobody_is_told_too_often(
    ops: list[tuple[Any, ...]], resolved: bool
) -> None:
    world = play(ops, resolved=resolved)
    world.drain()
    for _, said in world.fired:
        for name in said.to:
            if said.alert not in world.ended:
                assert world.told[name, said.event], "missed"
    for each, times in world.told.items():
        assert times == 1 or each in world.excused, f"{each} was told {times} times"
    for name, at in world.at.items():
        for before, after in itertools.pairwise(at):
            assert after - before >= EVERY or (name, before) in world.unpaced
    assert world.digests.backlog() == 0
    assert [world.committed[number][0] for number in (0, 1)] == [len(world.log[0]), len(world.log[1])]


@settings(max_examples=150)
@given(HISTORIES)
def test_an_end_is_told_to_whoever_was_told_the_beginning_and_to_nobody_else(ops: list[tuple[Any, ...]]) -> None:
    world = play(ops, resolved=True)
    world.drain()
    for _, said in world.fired:
        if said.alert in world.ended:
            for name in said.to:
                begun, over = world.told[name, said.event], world.told[name, f"{said.event}:resolved"]
                assert bool(begun) == bool(over) or (name, said.event) in world.excused
