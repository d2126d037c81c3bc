"""What a call of the engine says, and a step in the making."""

from __future__ import annotations

from bisect import insort
from typing import Any, NamedTuple

from schemas.alerts import Alert
from schemas.events import Entry
from streams.core.shares import Share
from streams.core.state import ItemState


class DeadLetter(NamedTuple):
    """An event that was refused, or copied: `ref` is what the caller gave with it."""

    ref: Any
    reason: str
    detail: str


class Ended:
    """A cycle that came to an end, as one clock judges it.

    `first`: the first that tells of this cycle's end. Who counts cycles, and not judgements, counts these.
    """

    __slots__ = ("first", "share", "workflow")

    def __init__(self, workflow: str, share: Share, first: bool) -> None:
        self.workflow, self.share, self.first = workflow, share, first

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ended) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash((self.workflow, self.share.start, self.share.clock))

    def __repr__(self) -> str:
        return f"Ended{self._all()}"

    def _all(self) -> tuple[str, Share, bool]:
        return self.workflow, self.share, self.first


class Effects:
    """What a call said.

    `alerts`: in the order in which they were said. `ended`: what came to an end, by each clock; a cycle whose end is
    found to be another, again.
    """

    __slots__ = ("alerts", "dead", "ended")

    def __init__(self, alerts: list[Alert] | None = None) -> None:
        self.alerts: list[Alert] = [] if alerts is None else alerts
        self.dead: list[DeadLetter] = []
        self.ended: list[Ended] = []


def order(entry: Entry) -> tuple[int, str, str]:
    """In which order an item's history stands."""
    return entry.time, entry.id, entry.source


def insert(history: list[Entry], entry: Entry, time: int) -> None:
    """Put an event of this time where it belongs; most come last."""
    if not history or history[-1].time < time:
        history.append(entry)
    else:
        insort(history, entry, key=order)


class Touched:
    """An item and the events of one step that concern it.

    `latest`, `ref`: the latest of them, and its handle. `refs`: all handles. `since`: time of the earliest.
    """

    __slots__ = ("latest", "ref", "refs", "since", "state", "workflow")

    def __init__(self, workflow: str, state: ItemState, entry: Entry, ref: object) -> None:
        self.workflow, self.state, self.latest, self.ref = workflow, state, entry, ref
        self.refs: list[object] = [ref]
        self.since: int = entry.time

    def add(self, entry: Entry, ref: object) -> None:
        """Another event of the item, in the same step."""
        self.refs.append(ref)
        self.since = min(self.since, entry.time)
        if order(entry) > order(self.latest):
            self.latest, self.ref = entry, ref


class Step:
    """A step in the making, or several of them, one after the other.

    `limit`: up to which moment cycles may expire; None: up to now. `stamp`: the true time, which alerts carry and now
    never passes; None: now. `touched`: the items of the step at hand, if it has several events.
    """

    __slots__ = ("effects", "limit", "stamp", "touched")

    def __init__(self, limit: int | None = None, stamp: int | None = None) -> None:
        self.limit, self.stamp = limit, stamp
        self.effects = Effects()
        self.touched: dict[bytes, Touched] = {}

    def touch(self, key: bytes, workflow: str, state: ItemState, entry: Entry, ref: object) -> None:
        """An event of an item."""
        touched = self.touched.get(key)
        if touched is None:
            self.touched[key] = Touched(workflow, state, entry, ref)
        else:
            touched.add(entry, ref)
