"""What the demo knows of what it watches: what is pending, what was said, how much has passed.

Theory of operation. The alerts' topic tells what fired and how it ended, `/api/pending` of the worker what is pending
now, the portal how much it sent. Each is taken in here by a function of its own; the view and the plain lines only
read. A firing alert and its resolution are one entry: it is told by its alert id, and seeing it twice changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData

STATES: Final = ("missed", "due_soon", "on_time", "paused")
"""The most urgent first."""
KEPT: Final = 5_000
"""Alerts that are remembered: about a month of a simulated clinic."""
RATE_OVER: Final = 5.0
"""Seconds of the wall over which the rate is taken."""


class Due(NamedTuple):
    """A piece of work that is due next; the instant in microseconds."""

    workflow: str
    item: str
    department: str
    due: int


@dataclass(slots=True)
class Entry:
    """A firing alert or a notice, and its resolution if it has come. Instants in microseconds."""

    at: int
    data: AlertData
    ended: AlertData | None = None


@dataclass(slots=True)
class Board:
    """All that is shown."""

    pending: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(department, workflow, state) to how many."""
    next: list[Due] = field(default_factory=list)
    """The soonest first."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """By alert id, the oldest first."""
    news: deque[Alert] = field(default_factory=lambda: deque(maxlen=KEPT))
    """What came since somebody took it from here."""
    fired: int = 0
    resolved: int = 0
    dead: dict[str, int] = field(default_factory=dict)
    """Dead letters by reason."""
    events: int = 0
    """That the portal has sent."""
    marks: deque[tuple[float, int]] = field(default_factory=deque)
    """(seconds of the wall, events) of the last while."""
    answers: bool = True
    """Whether the worker answered when it was last asked what is pending."""


def take_alert(board: Board, alert: Alert) -> None:
    """A CloudEvent of `portal.alerts`."""
    known = board.entries.get(alert.data.alert or alert.id)
    if alert.data.state == "resolved":
        if known is not None and known.ended is None:
            known.ended = alert.data
            board.resolved += 1
            board.news.append(alert)
    elif known is None:
        board.entries[alert.data.alert or alert.id] = Entry(instants.parse(alert.time), alert.data)
        board.fired += alert.type != alerts.NOTICE
        board.news.append(alert)
        while len(board.entries) > KEPT:
            del board.entries[next(iter(board.entries))]


def take_dead_letter(board: Board, reason: str) -> None:
    """A record of the dead letters' topic, by its reason."""
    board.dead[reason] = board.dead.get(reason, 0) + 1


def take_pending(board: Board, answer: Mapping[str, Any]) -> None:
    """An answer of `/api/pending`. KeyError, TypeError or ValueError if it is not of that form."""
    rows = {(row["department"], row["workflow"], row["state"]): int(row["count"]) for row in answer["rows"]}
    soonest = [
        Due(each["workflow"], each["item"], each["department"], instants.parse(each["due_at"]))
        for each in answer["next"]
    ]
    board.pending, board.next, board.answers = rows, sorted(soonest, key=lambda each: each.due), True


def take_sent(board: Board, count: int, at: float) -> None:
    """The portal has sent so many events more; `at`: seconds of any clock that only goes forward."""
    board.events += count
    board.marks.append((at, board.events))


def rate(board: Board, at: float) -> float:
    """Events a second over the last seconds before `at`."""
    while len(board.marks) > 1 and board.marks[1][0] <= at - RATE_OVER:
        board.marks.popleft()
    if not board.marks:
        return 0.0
    first, events = board.marks[0]
    return (board.events - events) / max(1.0, min(RATE_OVER, at - first))


def totals(board: Board, *, department: str | None = None, workflow: str | None = None) -> dict[str, int]:
    """How many are pending in each state, of one department and workflow or of all."""
    found = dict.fromkeys(STATES, 0)
    for (its_department, its_workflow, state), count in board.pending.items():
        if department in (None, its_department) and workflow in (None, its_workflow) and state in found:
            found[state] += count
    return found


def recent(board: Board, most: int) -> list[Entry]:
    """The last entries, the newest first."""
    return list(reversed(board.entries.values()))[:most]
