"""What a call of the engine says, and a step in the making."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.alerts import Alert
from schemas.events import Entry
from streams.core.shares import Ended
from streams.core.state import ItemState


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was refused, or copied: `ref` is what the caller gave with it."""

    ref: object
    reason: str
    detail: str


@dataclass(slots=True)
class Effects:
    """What a call said."""

    alerts: list[Alert] = field(default_factory=list)
    """In the order in which they were said."""
    dead: list[DeadLetter] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    """What came to an end, by each clock; a cycle whose end is found to be another, again."""


@dataclass(slots=True)
class Touched:
    """An item and the events of one step that concern it."""

    state: ItemState
    latest: tuple[int, str, str]
    """Time, id and source of the latest of the step's events."""
    ref: object
    refs: list[object]
    since: int
    """Time of the earliest of them."""

    def add(self, entry: Entry, ref: object) -> None:
        """Another event of the item, in the same step."""
        self.refs.append(ref)
        self.since = min(self.since, entry.time)
        if (order := (entry.time, entry.id, entry.source)) > self.latest:
            self.latest, self.ref = order, ref


@dataclass(slots=True)
class Step:
    """A step in the making."""

    limit: int | None
    stamp: int | None
    effects: Effects = field(default_factory=Effects)
    touched: dict[bytes, Touched] = field(default_factory=dict)
