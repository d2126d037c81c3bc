"""A worker speaks for a partition only on a word of the group that is new enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from streams.delivery.answers import Answers, NoJournal
from streams.delivery.ownership import Guarded, Ownership
from streams.delivery.posting import NotOurs, Poster, Request

SESSION = 10.0


@dataclass
class Lane:
    member_at: float
    lost: str | None = None
    recovered: bool = True
    phase: str = "fetch"
    session: float = SESSION


@dataclass
class Lanes:
    """`says`: what comes of being asked."""

    lanes: dict[int, Lane]
    says: str = "member"
    asked: list[list[Lane]] = field(default_factory=list)

    async def ask(self, lanes: Sequence[Lane], patience: float) -> None:
        assert patience <= SESSION
        self.asked.append(list(lanes))
        for lane in lanes:
            if self.says == "member":
                lane.member_at = 100.0
            elif self.says == "lost":
                lane.lost = "CommitFailedError"


def owners(lanes: Lanes, now: float = 100.0) -> Ownership:
    return Ownership(lanes, lambda: now)


async def test_a_new_word_is_enough() -> None:
    lanes = Lanes({0: Lane(95.0), 1: Lane(99.0)})
    assert await owners(lanes).sure([0, 1, 2]) == {0, 1}
    assert lanes.asked == []


async def test_on_an_old_word_the_group_is_asked_once_for_all() -> None:
    lanes = Lanes({0: Lane(94.9), 1: Lane(99.0), 2: Lane(0.0)})
    assert not owners(lanes).are_ours([0])
    assert await owners(lanes).sure([0, 1, 2]) == {0, 1, 2}
    assert lanes.asked == [[lanes.lanes[0], lanes.lanes[2]]]
    assert owners(lanes).are_ours([0, 1, 2])


@pytest.mark.parametrize("says", ["lost", "nothing"])
async def test_what_woke_after_its_session_says_nothing(says: str) -> None:
    """It has lost the partition, or the broker does not say: it may have."""
    lanes = Lanes({0: Lane(40.0)}, says)
    assert await owners(lanes).sure([0]) == frozenset()
    assert not owners(lanes).are_ours([0])


@pytest.mark.parametrize("lane", [Lane(99.0, lost="x"), Lane(99.0, recovered=False), Lane(99.0, phase="lost")])
async def test_what_is_lost_or_not_recovered_is_not_asked_for(lane: Lane) -> None:
    lanes = Lanes({0: lane})
    lane.member_at = 0.0
    assert await owners(lanes).sure([0]) == frozenset()
    lane.member_at = 99.0
    assert not owners(lanes).are_ours([0])
    assert lanes.asked == []


async def test_a_body_is_written_only_while_it_is_ours() -> None:
    """The receiver of one that is not gets nothing that it could take, and is not to blame."""
    taken: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    answers = Answers(["s"], NoJournal())
    async with TestServer(app) as server, Poster("s", answers, timeout=5.0) as poster:
        url = str(server.make_url("/"))
        assert (await poster.post(url, Request(Guarded(b"[1]", lambda: True), {}))).status == 200
        with pytest.raises(NotOurs):
            await poster.post(url, Request(Guarded(b"[2]", lambda: False), {}))
        assert [taken, sum(answers.counts.values())] == [[b"[1]"], 0]
        async with ClientSession() as session:
            with pytest.raises(Exception, match=NotOurs.__name__):
                await session.post(url, data=Guarded(b"[3]", lambda: False))
    assert taken == [b"[1]"]
