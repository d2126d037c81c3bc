"""What this worker answers for: the partitions that it holds and whose state it has."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from schemas import alerts, instants
from schemas.policy import DAY
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.engine import Engine
from streams.core.feeds import known_silent
from streams.core.shares import ENDED, Share
from streams.watch import FEEDS_JUDGE, Watch
from streams.web.detail import detail
from streams.web.entries import Ended
from streams.web.forms import AlertRow, Counts, Item, Row, SilentFeed
from streams.web.listing import Listing, place_of
from streams.web.questions import RESOLVED, Found, Of, One, Part, Place, Question
from streams.web.refs import Refs, number_of
from streams.web.rows import Rows, firing
from streams.web.turns import turn
from streams.web.view import View
from streams.web.views import Views

ROWS_AT_ONCE: Final = 25
"""Rows between two turns of the loop: some milliseconds."""
REFS_AT_ONCE: Final = 1_000
EMPTY: Final = Counts(missed=0, next_hour=0, today=0, paused=0, pending=0)


class Local:
    """Answers from the engines at hand.

    Args:
        held: the engines for which this worker may speak.
        behind: whether a partition's inputs have not been read to their ends.
    """

    def __init__(
        self,
        watch: Watch,
        held: Callable[[], Mapping[int, Engine]],
        behind: Callable[[int], bool],
        refs: Callable[[], Refs],
    ) -> None:
        self._watch, self._held, self._behind, self._refs = watch, held, behind, refs
        self.views = Views(held)

    @property
    def partitions(self) -> frozenset[int]:
        """Those that this worker holds."""
        return frozenset(self._held())

    async def items(self, asked: Question) -> Part:
        """A page of items, and one more if there is one."""
        views = await self._views(asked)
        if RESOLVED in asked.states:
            return await self._resolved(asked, views)
        now = self._watch.clock.now()
        listing = Listing(views, asked, self._watch.book, now)
        counts = await listing.counts()
        totals = await listing.totals(counts)
        part = self._part(views, counts, totals)
        makers = self._makers(views, now)
        if asked.limit:
            async for one in listing.entries():
                view, maker = makers[one.partition]
                if (row := self._row(view, maker, one.key)) is not None:
                    part.items.append(row)
                    part.places.append(place_of(one))
                    if len(part.items) > asked.limit:
                        break
                    if not len(part.items) % ROWS_AT_ONCE:
                        await turn()
        return part

    async def alerts(self, asked: Question) -> Part:
        """A page of alerts that fire, and one more if there is one."""
        views = await self._views(asked)
        listing = Listing(views, asked, self._watch.book, self._watch.clock.now())
        part = self._part(views, {}, {})
        for place, row in self._feed_alerts(views, asked):
            if len(part.alerts) <= asked.limit:
                part.alerts.append(row)
                part.places.append(place)
        by_partition = {view.partition: view for view in views}
        if len(part.alerts) > asked.limit:
            return part
        async for one in listing.entries():
            if not one.firing:
                continue
            for place, row in self._alerts_of(by_partition[one.partition], one.key, place_of(one)):
                if (asked.after is None or place > asked.after) and len(part.alerts) <= asked.limit:
                    part.alerts.append(row)
                    part.places.append(place)
            if len(part.alerts) > asked.limit:
                break
            if not len(part.alerts) % ROWS_AT_ONCE:
                await turn()
        return part

    async def item(self, asked: One) -> Found:
        """One item in full, if it is here and may be seen."""
        engines = {p: e for p, e in self._held().items() if asked.partitions is None or p in asked.partitions}
        looked = {partition: self._behind(partition) for partition in engines}
        now, rate, refs = self._watch.clock.now(), self._watch.clock.rate, self._refs()
        best: Item | None = None
        for engine in engines.values():
            key = await resolved(engine, refs, asked.ref) if asked.ref else f"{asked.workflow}:{asked.item}".encode()
            found = None if key is None else detail(engine, key, refs, now, rate)
            if found is None or (asked.departments is not None and found.row.department not in asked.departments):
                continue
            if best is None or (best.row.closed_at or "~", best.row.opened_at) < (
                found.row.closed_at or "~", found.row.opened_at
            ):  # fmt: skip
                best = found
        return Found(partitions=looked, item=best)

    def rows(self, view: View, keys: Sequence[bytes]) -> list[Row | None]:
        """Rows of some items of a partition, as they stand now; None for one that is no longer pending."""
        maker = Rows(view.engine, self._refs(), self._watch.clock.now())
        return [None if view.get(key) is None else self._row(view, maker, key) for key in keys]

    def feeds(self) -> list[SilentFeed]:
        """The feeds that are said to be silent, if this worker judges them."""
        judge = self._held().get(FEEDS_JUDGE)
        return [] if judge is None else sorted(map(silent_feed, known_silent(judge.items)), key=lambda f: f.workflow)

    def behind(self) -> list[int]:
        """Of the partitions held, those that have not caught up."""
        return [partition for partition in sorted(self.partitions) if self._behind(partition)]

    async def _views(self, asked: Question) -> list[View]:
        built = await self.views.ready()
        return [v for p, v in sorted(built.items()) if asked.partitions is None or p in asked.partitions]

    def _part(self, views: Sequence[View], counts: dict[int, Counts], totals: dict[int, int | None]) -> Part:
        parts = {
            view.partition: Of(
                counts=counts.get(view.partition, EMPTY), total=totals.get(view.partition),
                catching_up=self._behind(view.partition),
            )
            for view in views
        }  # fmt: skip
        return Part(partitions=parts, items=[], alerts=[], places=[], feeds=self.feeds())

    def _makers(self, views: Sequence[View], now: int) -> dict[int, tuple[View, Rows]]:
        refs = self._refs()
        return {view.partition: (view, Rows(view.engine, refs, now)) for view in views}

    def _row(self, view: View, maker: Rows, key: bytes) -> Row | None:
        state = view.state(key)
        return None if state is None else maker.row(key, state)

    async def _resolved(self, asked: Question, views: Sequence[View]) -> Part:
        now = self._watch.clock.now()
        makers, part = self._makers(views, now), self._part(views, {}, {})
        async for one in _ended(views, asked, now):
            if len(part.items) > asked.limit:
                break
            view, maker = makers[one.partition]
            if (row := self._row(view, maker, one.key)) is not None and row.state == RESOLVED:
                part.items.append(row)
                part.places.append(Place(one.before, one.key.decode()))
                if not len(part.items) % ROWS_AT_ONCE:
                    await turn()
        return part

    def _feed_alerts(self, views: Sequence[View], asked: Question) -> list[tuple[Place, AlertRow]]:
        """Silent feeds concern everybody; they come before all items."""
        judge = next((view.engine for view in views if view.partition == FEEDS_JUDGE), None)
        found = []
        for alert_id in sorted(known_silent(judge.items)) if judge is not None and not asked.q else ():
            value, place = judge.open.get(alert_id.encode()) if judge else None, Place(-1, alert_id, alert_id)
            if value is None or asked.department or (asked.after is not None and place <= asked.after):
                continue
            data = alerts.decode(value).data
            if asked.workflow in (None, data.workflow):
                found.append((place, AlertRow(data=data)))
        return found

    def _alerts_of(self, view: View, key: bytes, place: Place) -> list[tuple[Place, AlertRow]]:
        state, refs = view.state(key), self._refs()
        if state is None:
            return []
        found = []
        for alert in sorted(firing(view.engine, state), key=lambda each: each.id):
            start = instants.parse(alert.data.opened_at) if alert.data.opened_at else 0
            ref = refs.of(alert.data.workflow, alert.subject, start)
            found.append((Place(place.due, place.key, alert.id), AlertRow(ref=ref, data=alert.data)))
        return found


async def resolved(engine: Engine, refs: Refs, ref: str) -> bytes | None:
    """The key of the item of whose cycles one has this reference; of several the one that runs.

    What was said keeps the reference of its day: a start that a late event has moved since (R7) leads there as well.
    """
    found, moved, wanted = None, None, number_of(ref)
    keys = iter(list(engine.items))
    while chunk := list(islice(keys, REFS_AT_ONCE)):
        for key in chunk:
            value = None if key.startswith(OWN) else engine.items.get(key)
            if value is None:
                continue
            shares, said = states.told(value)
            for share in shares:
                if refs.number(key, share.start) == wanted:
                    found = key
                    if share.outcome < ENDED:
                        return key
            for start in former(said, shares) if said else ():
                if refs.number(key, start) == wanted:
                    moved = key
        await turn()
    return found or moved


def former(said: Sequence[str], shares: Sequence[Share]) -> list[int]:
    """The starts in ids that were said of an item (`clock:start:stage`) at which no cycle of it begins now."""
    known = tuple([f"{share.clock}:{instants.compact(share.start)}:" for share in shares])
    rest = [tail for tail in said if not tail.startswith(known)]
    found = []
    for text in {tail.split(":", 2)[1] for tail in rest if ":" in tail}:
        with suppress(ValueError):
            found.append(instants.parse_compact(text))
    return found


async def _ended(views: Sequence[View], asked: Question, now: int) -> AsyncIterator[Ended]:
    """What ended in the last day and is asked for, the latest first."""
    after = (-(1 << 63), b"") if asked.after is None else (asked.after.due, asked.after.key.encode())
    lists = [list(view.resolved.irange((*after, 1 << 63))) for view in views]
    for number, one in enumerate(heapq.merge(*lists), 1):
        if -one.before < now - DAY:
            return
        if asked.departments is not None and one.department not in asked.departments:
            continue
        if asked.department is not None and one.department != asked.department:
            continue
        workflow, _, item = one.key.decode().partition(":")
        if asked.workflow in (None, workflow) and asked.q in item:
            yield one
        if not number % REFS_AT_ONCE:
            await turn()


def silent_feed(alert_id: str) -> SilentFeed:
    """What a silent feed's alert id says."""
    _, workflow, since, _ = alert_id.split(":")
    return SilentFeed(workflow=workflow, alert=alert_id, since=instants.text(instants.parse_compact(since)))
