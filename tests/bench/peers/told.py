"""What jobs say: the counts that peers print, and the alerts that stand on a topic.

Theory of operation. Three forms of alert are read. Portalwatch's: a CloudEvent whose type ends in `fired` or
`resolved`. The peers': `{item, state}`, `firing` or `resolved`. Pathway's: what changed in a table, `diff` 1 or -1. An
item's alert stands while it has fired and has not been taken back since; how often it fired does not matter (a job may
repeat itself), but of changes to a table, which come in pairs and in any order, the sum counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

STATES: Final = {
    "firing": True,
    "resolved": False,
    "portal.alert.fired": True,
    "portal.alert.resolved": False,
}


class Counts(NamedTuple):
    """`at`, `first`: UNIX seconds, when it was told and when the first event was in hand."""

    at: float
    first: float
    met: int
    missed: int


class Alert(NamedTuple):
    """A record of an alerts topic; `at`: its timestamp, UNIX seconds."""

    at: float
    value: bytes


@dataclass
class Standing:
    """What an alerts topic comes to."""

    items: set[str] = field(default_factory=set)
    said: int = 0
    """Times that an alert fired."""
    last: float = 0.0
    """When the last alert was said, fired or taken back (UNIX seconds)."""


class Listener:
    """Reads the lines that a peer prints, as they come."""

    def __init__(self, path: Path) -> None:
        self._path, self._place = path, 0
        self.counts: Counts | None = None
        """The first that were full, or else the last that were told."""

    def full(self, closes: int) -> bool:
        """Read on; whether so many items have been judged."""
        with self._path.open("rb") as log:
            log.seek(self._place)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._place += len(line)
                self._hear(line, closes)
        return self._is_full(closes)

    def _hear(self, line: bytes, closes: int) -> None:
        if line.startswith(b'{"at"') and not self._is_full(closes):
            with suppress(ValueError):  # two threads of a peer that wrote into one line; the next one tells
                self.counts = Counts(**json.loads(line))

    def _is_full(self, closes: int) -> bool:
        return self.counts is not None and self.counts.met + self.counts.missed >= closes


def standing(alerts: Iterable[Alert]) -> Standing:
    """Fold an alerts topic, each partition in its order."""
    found, sums = Standing(), dict[str, int]()
    for alert in alerts:
        value = json.loads(alert.value)
        item, state = _item(value), value.get("state") or value.get("type")
        if "diff" in value:
            sums[item] = sums.get(item, 0) + value["diff"]
            fired = value["diff"] > 0
        elif state in STATES:
            fired = STATES[state]
            (found.items.add if fired else found.items.discard)(item)
        else:
            continue  # a notice
        found.said += fired
        found.last = max(found.last, alert.at)
    found.items.update(item for item, total in sums.items() if total > 0)
    return found


def _item(value: dict[str, Any]) -> str:
    return str(value["subject"] if "subject" in value else value["item"])
