"""Answers for every partition: our own, and those of the other workers for what they hold.

Theory of operation. Who holds what is told by the group (`members`), and each answer says which partitions it covers;
only that counts. Two that claim one partition: the one to which the group has assigned it, else the first, so nothing
is said twice. What nobody covers is `missing`. A partition that left us while we answered is taken out again, and is
missing.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

import msgspec

from schemas import instants
from streams.watch import Watch
from streams.web.forms import AlertRow, Alerts, Counts, Item, Items, Row, Seen, SilentFeed
from streams.web.local import Local
from streams.web.members import Group, Members
from streams.web.peers import NoAnswer, Peers
from streams.web.problems import RETRY_SECONDS, Refused, unseen
from streams.web.questions import Found, Of, One, Part, Place, Question, cursor

INTERNAL: Final = "/internal/v1/"
AT_ONCE: Final = 32
"""Questions to other workers that may be open at a time; who comes after them waits."""

OURS: Final = "; they are assigned to this URL: they are on their way here, or two workers have one WEB_URL"

log = logging.getLogger(__name__)


class _Covers(Protocol):
    @property
    def partitions(self) -> dict[int, Of] | dict[int, bool]: ...


A = TypeVar("A", Part, Found)


class Whole:
    """Asks this worker and the others. `url`: our own."""

    def __init__(self, local: Local, watch: Watch, group: Group, peers: Peers, url: str) -> None:
        self._local, self._watch, self._group, self._peers, self._url = local, watch, group, peers, url
        self._open = asyncio.Semaphore(AT_ONCE)

    async def items(self, asked: Question) -> Items:
        """A page of items, with what is missing of it."""
        parts = await self._gather("items", asked, Part, self._local.items)
        rows, after = _page(asked, parts, lambda part: part.items)
        each = [of for part in parts for of in part.partitions.values()]
        totals = [of.total for of in each]
        total = None if None in totals else sum(total for total in totals if total is not None)
        return Items(
            seen=self._seen(parts), counts=summed(of.counts for of in each), total=total, items=rows, next=after,
            feeds=feeds(parts),
        )  # fmt: skip

    async def alerts(self, asked: Question) -> Alerts:
        """A page of alerts, with what is missing of it."""
        parts = await self._gather("alerts", asked, Part, self._local.alerts)
        rows, after = _page(asked, parts, lambda part: part.alerts)
        return Alerts(seen=self._seen(parts), alerts=rows, next=after)

    async def item(self, asked: One) -> Item | None:
        """One item; None if there is none that may be seen.

        Raises:
            Refused: 503, it was not found and not everybody could be asked.
        """
        found = await self._gather("item", asked, Found, self._local.item)
        items = [each.item for each in found if each.item is not None]
        if items:
            return max(items, key=lambda item: (item.row.closed_at or "~", item.row.opened_at))
        if missing := self.missing(found):
            raise await self.unseen(missing)
        return None

    async def unseen(self, missing: list[int]) -> Refused:
        """503, and why if that can be told."""
        ours = (await self._group.members()).get(self._url)
        why = "" if ours is None or ours.isdisjoint(missing) else OURS
        return unseen(missing, self._watch.partitions, why)

    def missing(self, answers: Iterable[_Covers]) -> list[int]:
        """The partitions that no answer covers."""
        covered = {partition for each in answers for partition in each.partitions}
        return sorted(set(range(self._watch.partitions)) - covered)

    def seen(self, missing: list[int], behind: list[int]) -> Seen:
        """How much of the whole is seen."""
        watch = self._watch
        return Seen(
            now=instants.text(watch.clock.now()), rate=watch.clock.rate, policy=watch.book.version,
            partitions=watch.partitions, missing=missing, catching_up=behind,
        )  # fmt: skip

    async def members(self) -> Members:
        """The workers of the group."""
        return await self._group.members()

    def _seen(self, parts: list[Part]) -> Seen:
        behind = sorted(p for part in parts for p, of in part.partitions.items() if of.catching_up)
        return self.seen(self.missing(parts), behind)

    async def _gather(
        self, name: str, asked: Question | One, form: type[A], ours: Callable[..., Awaitable[A]]
    ) -> list[A]:
        if not self._watch.partitions:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the worker is starting; ask again", retry=RETRY_SECONDS)
        mine = self._local.partitions
        others = frozenset(range(self._watch.partitions)) - mine
        if not others:
            return [self._still(await ours(asked))]
        members = {url: held for url, held in (await self._group.members()).items() if url != self._url}
        asks = [
            self._ask(url, name, msgspec.structs.replace(asked, partitions=wanted), form)
            for url, held in members.items()
            if (wanted := others if held is None else held & others)
        ]
        theirs = asyncio.gather(*asks)
        answers: list[A] = [self._still(await ours(asked))]
        answers.extend([found for found in await theirs if found is not None])
        return apart(answers)

    async def _ask(self, url: str, name: str, asked: Question | One, form: type[A]) -> A | None:
        try:
            async with self._open:
                return await self._peers.ask(url, INTERNAL + name, asked, form)
        except NoAnswer as error:
            log.warning("another worker does not answer for its partitions: %s", error)
            return None

    def _still(self, answer: A) -> A:
        """Without the partitions that have left us meanwhile."""
        return only(answer, self._local.partitions)


def apart(answers: list[A]) -> list[A]:
    """Each partition once: the first answer that covers it counts."""
    covered: set[int] = set()
    found = []
    for each in answers:
        fresh = set(each.partitions) - covered
        covered |= fresh
        found.append(only(each, fresh))
    return found


def only(answer: A, partitions: Iterable[int]) -> A:
    """An answer without what it says of other partitions."""
    kept = frozenset(partitions)
    if kept.issuperset(answer.partitions):
        return answer
    covered = {partition: of for partition, of in answer.partitions.items() if partition in kept}
    if isinstance(answer, Found):
        item = answer.item if answer.item is not None and answer.item.row.partition in kept else None
        return msgspec.structs.replace(answer, partitions=covered, item=item)
    of: list[int | None] = [each.partition for each in answer.items]
    of += [each.data.partition for each in answer.alerts]
    wanted = [number for number, partition in enumerate(of) if partition in kept]
    return msgspec.structs.replace(
        answer, partitions=covered, places=[answer.places[n] for n in wanted],
        items=[answer.items[n] for n in wanted] if answer.items else [],
        alerts=[answer.alerts[n] for n in wanted] if answer.alerts else [],
    )  # fmt: skip


R = TypeVar("R", Row, AlertRow)


def _page(asked: Question, parts: list[Part], rows: Callable[[Part], list[R]]) -> tuple[list[R], str | None]:
    """The first of all parts' rows, and after which place the next page begins; None if there is none."""
    placed: list[tuple[Place, R]] = list(
        heapq.merge(*(zip(part.places, rows(part), strict=True) for part in parts), key=lambda each: each[0])
    )
    shown = placed[: asked.limit]
    return [row for _, row in shown], cursor(shown[-1][0]) if shown and len(placed) > len(shown) else None


def summed(counts: Iterable[Counts]) -> Counts:
    """The counts of partitions, added up."""
    each = list(counts)
    return Counts(**{name: sum(getattr(one, name) for one in each) for name in Counts.__struct_fields__})


def feeds(parts: Iterable[Part]) -> list[SilentFeed]:
    """The silent feeds, which one worker knows."""
    found = {each.alert: each for part in parts for each in part.feeds}
    return [found[alert] for alert in sorted(found)]
