"""What a sink has to bring to stand in the failure matrix, and what is counted.

To add a sink: write a class with what `Row` names, and add it to `ROWS` in `tests.delivery.__main__`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Said = Sequence[Mapping[str, Any]]
"""Events of `portal.alerts`, in order of partition and offset, each as JSON."""

RESTARTED = "restarted"
RECEIVER = ("none", "refuses", "503", "429", "hangs", "cuts", "400", "410", RESTARTED)
"""What the receiver does: nothing wrong; no connection; HTTP statuses, 429 with `Retry-After`; no answer; an answer
that breaks off, to what it took; 410 until it is healed, and then the worker is started again; it is stopped,
and started again."""
CLUSTER = ("killed", "moves", "stopped", "broker")
"""The worker is killed (-9) and started again; a second worker comes and goes; the worker is stopped with
events in hand until a second one has told them, and wakes beside it; the broker is started again."""
FAULTS = (*RECEIVER, *CLUSTER)


class Count(NamedTuple):
    """What became of events that had to be told.

    `lost`: never told. `doubled`: told again as if they were new ones, or never said. `repeats`: told again in a way by
    which the receiver knows it. `disorder`: told before what was said earlier of the same item. `false_ends`: told as
    over while they stood open.
    """

    sent: int
    lost: int
    doubled: int
    repeats: int
    disorder: int
    false_ends: int = 0

    @property
    def good(self) -> bool:
        """Whether all was told, once, in order."""
        return not (self.lost or self.doubled or self.disorder or self.false_ends)


class Row(Protocol):
    """One sink and its receiver."""

    name: str
    """The sink's type, and its name in the file."""
    faults: Sequence[str]
    """Those of `FAULTS` that it can meet."""

    def start(self, folder: Path) -> str:
        """Start its receiver, with files in this folder; gives its part of the sinks' file."""

    def stop(self) -> None:
        """End its receiver."""

    def misbehave(self, how: str) -> None:
        """From now on, one of `RECEIVER`."""

    def behave(self) -> None:
        """From now on it takes everything."""

    def stands(self, items: Sequence[str]) -> None:
        """The fault is over, and these stand open until this returns: if it shows states, it looks at them."""

    def count(self, said: Said) -> Count:
        """What became of these events so far; others may have been told before and between."""

    def history(self, said: Said) -> str:
        """What its receiver saw of those that were doubled, a line each; "" if there were none, or it keeps none."""
