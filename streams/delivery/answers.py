"""What became of deliveries: counters for metrics, and a journal on Kafka that `why` reads.

Theory of operation. Every sink of a worker counts here; the numbers begin at 0 with the process, one for each sink and
result, and the backlog is asked of the sinks at each scrape. The journal (topic `<app id>-deliveries`, keyed by item,
kept for 30 days) gets a line for what each alert came to at each sink: a line for a first success and for each change
of the answer, none for what is only sent again. It is a help to whoever asks why, and not what progress hangs on: a
line that cannot be written is logged and let go. It stays on Kafka, where the alerts stand as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec

DELIVERED, FAILED, REFUSED, GONE = "delivered", "failed", "refused", "gone"
SUPERSEDED, NOBODY = "superseded", "nobody"
RESULTS: Final = (DELIVERED, FAILED, REFUSED, GONE, SUPERSEDED, NOBODY)
"""Taken; a try that failed and will be made again; one that was refused (4xx) and will be; 410: the sink has stopped;
over before it could be told; nobody is known by the recipient's name."""


def group(app_id: str, sink: str) -> str:
    """The consumer group in which a sink follows `portal.alerts`."""
    return f"{app_id}.sink.{sink}"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the journal."""

    at: str
    """RFC 3339, of the wall."""
    sink: str
    event: str
    """The id of the event of `portal.alerts`."""
    result: str
    status: int | None = None
    """Of HTTP."""
    reason: str | None = None
    """Ours, never the receiver's words."""
    recipients: tuple[str, ...] = ()
    service: int | None = None
    """Which of the recipient's services, if there are several; lines of earlier versions do not say."""


class Journal(Protocol):
    """Where lines go."""

    def note(self, item: str, line: Line) -> None:
        """Write a line, soon. Never fails, never waits."""


class NoJournal:
    """Writes nothing."""

    def note(self, item: str, line: Line) -> None:
        """Let it go."""


class Answers:
    """The numbers of all sinks of a worker. `sinks`: their names."""

    def __init__(self, sinks: Iterable[str], journal: Journal) -> None:
        self.sinks = sorted(sinks)
        self.journal = journal
        self.counts: Counter[tuple[str, str]] = Counter(
            {(sink, result): 0 for sink in self.sinks for result in RESULTS}
        )
        """By sink and result."""
        self.backlog: dict[str, Callable[[], int]] = {}
        """By sink: how many alerts it has still to tell of, at this worker."""

    def count(self, sink: str, result: str, number: int = 1) -> None:
        """So many deliveries of a sink had this result."""
        assert result in RESULTS, result
        self.counts[sink, result] += number
