"""What the checks look at, and what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.alerts import Alert
from tests.chaos.replay import Came

RESOLVED = ":resolved"
"""With which the id of a resolution ends."""


class Finding(NamedTuple):
    """Something that must not be; `at` in microseconds, 0 where there is no moment."""

    what: str
    at: int
    about: str


@dataclass(frozen=True)
class Item:
    """One item of the run."""

    key: str
    events: list[Came]
    partition: int
    latest: int
    """The greatest event time of its partition."""


class Have(NamedTuple):
    """What the workers said of an item, by id, and what their table keeps of it."""

    alerts: Mapping[str, Alert]
    value: bytes | None
    appended: Mapping[str, float]
    """When each alert came to stand on the broker (UNIX seconds)."""


@dataclass
class Judgement:
    """What came out."""

    findings: list[Finding] = field(default_factory=list)
    excused: list[Finding] = field(default_factory=list)
    """Alerts that R12 allows to be missing, or to be said besides, because the gate was shut."""
    ambiguous: int = 0
    """Items of which the broker took an event so late that a stage lay between."""
    by_words: int = 0
    """Items judged by R12's words, because there were too many ways in which it can have happened."""
    wanted: int = 0
    items: int = 0
    late: list[float] = field(default_factory=list)
    """Seconds from each stage outside the faults' windows to its alert, sorted; what a shut gate brought about has
    moments of its own, and is late by those."""

    def add(self, other: Judgement) -> None:
        """What came out of other items."""
        self.findings += other.findings
        self.excused += other.excused
        self.ambiguous += other.ambiguous
        self.by_words += other.by_words
        self.late += other.late
