"""The forms of what is kept of an item, as they stand on its shelf: msgspec's, array-like."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.events import Entry
from streams.core.routing import Routing
from streams.core.shares import Share


class Rung(msgspec.Struct, array_like=True):
    """What has been said of one stage of one cycle's clock."""

    armed: int | None = None
    """When it was armed anew (R6); None: at the cycle's start."""
    done: bool = False
    """It fired or was skipped for this arming."""
    alert: str = ""
    """Id of the alert that it fired, until that is resolved; the open alerts tell whether it fires (R12)."""
    names: list[str] = []
    """The stages in whose name it fired, itself included."""
    recipients: list[str] = []
    """Whom it told."""


class ClockState(msgspec.Struct, array_like=True):
    """What has been said of one cycle by one clock."""

    stages: dict[str, Rung] = {}
    resumed: int | None = None
    """The cycle's last resume when last decided."""
    regained: int | None = None
    """When, by the history, it last had a rule or a due again, when last decided."""
    had: bool = False
    """It had a rule and a due at some decision."""
    lost: bool = False
    """It had lost them when last decided."""
    ended: bool = False
    renewed: int | None = None
    """When R6 (c) last armed a stage."""
    attempts: str = ""
    """Id of the alert of the stage `attempts`, once it fired."""
    early: bool = False
    """The too-early notice was given."""
    alerted: bool = False
    """A stage fired."""
    missing: bool = False
    """It lacked an anchor when last decided: the event that brought the lack was copied to the dead letters."""


class CycleState(msgspec.Struct, array_like=True):
    """What has been said of one cycle."""

    start: int
    clocks: dict[str, ClockState | None] = {}
    """None: it had a rule and a due, and ended with the cycle; nothing else is to be told of it, as of most."""
    end: int | None = None
    """When it ended, once that was decided."""

    def clock(self, name: str) -> ClockState:
        """What has been said by a clock."""
        kept = self.clocks.get(name)
        return kept if kept is not None else self._plain() if name in self.clocks else ClockState()

    def spelt(self) -> None:
        """Give each clock a state of its own, to be written to."""
        for name, kept in self.clocks.items():
            if kept is None:
                self.clocks[name] = self._plain()

    def spare(self, name: str) -> None:
        """A clock's state has been written to: keep it only if it tells something."""
        kept = self.clocks[name]
        if kept == _NOTHING:
            del self.clocks[name]
        elif kept == self._plain():
            self.clocks[name] = None

    def told(self) -> Iterator[ClockState]:
        """The clocks that may have said something."""
        return (kept for kept in self.clocks.values() if kept is not None)

    def _plain(self) -> ClockState:
        return ClockState(had=True, ended=self.end is not None)


_NOTHING = ClockState()


class Past(msgspec.Struct, array_like=True, frozen=True):
    """What is remembered of an item that is no longer kept (R3)."""

    last: int
    """Time of its last event."""
    routing: Routing = Routing()


class Item(msgspec.Struct, array_like=True):
    """One item of one partition; `state.ItemState` is what is worked with."""

    moment: int = 0
    """When it wants to be looked at next, in microseconds; negative: when the greatest event time has passed it."""
    shares: list[Share] = []
    """What its cycles add to the cohorts, in order of start."""
    settled: list[Share] = []
    """The same of cycles that are no longer kept, until their windows are over."""
    past: Past | None = None
    history: list[Entry] = []
    """Its events, in order of time, id, source; empty if it is only remembered."""
    touched: int = 0
    """The moment of the last step that changed it: no stage fires before it."""
    cycles: list[CycleState] = []
    acknowledged: list[str] = []
    """Source and id of the acknowledgements that were answered."""
    said: list[str] = []
    """Ids that were said, without `workflow:item:`."""


class Head(msgspec.Struct, array_like=True):
    """Of an item: its next moment alone."""

    moment: int


class Shares(msgspec.Struct, array_like=True):
    """Of an item: what stands before the rest."""

    moment: int
    shares: list[Share]
    settled: list[Share]


class Told(msgspec.Struct, array_like=True, frozen=True):
    """Of an item: its shares, and the ids that were said of it."""

    moment: int = 0
    shares: list[Share] = []
    settled: list[Share] = []
    past: msgspec.Raw = msgspec.Raw()
    history: msgspec.Raw = msgspec.Raw()
    touched: int = 0
    cycles: msgspec.Raw = msgspec.Raw()
    acknowledged: msgspec.Raw = msgspec.Raw()
    said: list[str] = []


class Terms(msgspec.Struct, array_like=True):
    """The policies by which a partition judges."""

    adopting: bool
    """Whether items are still to be brought under the last."""
    terms: list[tuple[int, int, bytes]]
    """Time and offset of the record, and the policy's text."""
