"""Rows of the API as lines of the board, grouped by pool: what each cell says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas import instants
from streams.board import words
from streams.web.forms import Row


class Left(NamedTuple):
    """The time that is left, in words, and what the script needs to count it down."""

    words: str
    seconds: float | None
    counting: bool
    changes: int | None
    """Milliseconds of UNIX time at which `counting` changes."""
    elapsed: bool


class Line(NamedTuple):
    """One line. Texts that are empty say nothing."""

    id: str
    row: Row
    urgency: str
    urgency_words: str
    left: Left
    due: str
    """`due 14:40`."""
    held: str
    """`closed until 08:00`, `acknowledged by n.lee, until 15:00`."""
    what: str
    about: str
    """Kind and priority."""
    stage: str
    told: str
    alert: str
    """Of the alert that fires, the id to act on; empty: none fires."""
    may_acknowledge: bool
    name: str
    """`message p-4821`, for what has to name the item in words."""

    @property
    def href(self) -> str:
        """The item's page."""
        return f"/items/{self.row.workflow}/{self.row.item}"


class Pool(NamedTuple):
    """The lines of one pool."""

    id: str
    name: str
    lines: list[Line]

    @property
    def acknowledgeable(self) -> int:
        """How many of its lines may be acknowledged."""
        return sum(line.may_acknowledge for line in self.lines)


def line(row: Row, now: int) -> Line:
    """A row at `now` (microseconds)."""
    zone = ZoneInfo(row.timezone or "UTC")
    alert = row.alerts[-1].id if row.alerts else ""
    return Line(
        id=f"r.{row.workflow}.{row.item}", row=row, urgency=_kind(row),
        urgency_words=_urgency(row), left=_left(row), due=_due(row, zone, now), held=_held(row, zone, now),
        what=words.WHAT[row.workflow], about=_about(row), stage="" if row.stage is None else words.stage(row.stage),
        told=", ".join(row.recipients), alert=alert,
        may_acknowledge=bool(alert) and row.held_until is None and row.acknowledged_by is None,
        name=f"{row.workflow} {row.item}",
    )  # fmt: skip


def pools(rows: Iterable[Row], now: int) -> list[Pool]:
    """Rows grouped by pool; the pool whose first row comes first stands first."""
    found: dict[str, list[Line]] = {}
    for row in rows:
        found.setdefault(row.pool or row.department, []).append(line(row, now))
    return [Pool(f"p.{name}", name, lines) for name, lines in found.items()]


def _kind(row: Row) -> str:
    """Which icon and colour it has."""
    if row.state == "resolved" and row.outcome in ("missed", "expired"):
        return "missed"
    return row.state.replace("_", "-")


def _urgency(row: Row) -> str:
    if row.state == "resolved" and row.outcome is not None:
        return words.OUTCOMES[row.outcome]
    return words.URGENCY[row.state]


def _left(row: Row) -> Left:
    elapsed = row.counting and row.changes_at is None
    changes = None if row.changes_at is None else instants.parse(row.changes_at) // 1000
    if row.state == "resolved":
        said = "closed"
    elif row.state == "paused":
        said = "paused"
    elif row.left is None:
        said = "no due time"
    else:
        said = words.left(row.left, elapsed=elapsed)
    seconds = None if row.state in ("paused", "resolved") else row.left
    return Left(said, seconds, row.counting, changes, elapsed)


def _due(row: Row, zone: ZoneInfo, now: int) -> str:
    if row.closed_at is not None:
        return f"at {words.when(row.closed_at, zone, now)}"
    if row.due_at is None:
        return ""
    passed = instants.parse(row.due_at) <= now
    return f"{'was due' if passed else 'due'} {words.when(row.due_at, zone, now)}"


def _held(row: Row, zone: ZoneInfo, now: int) -> str:
    if row.closed_at is not None:
        return ""
    until = "" if row.held_until is None else f" until {words.when(row.held_until, zone, now)}"
    if row.acknowledged_by is not None:
        return f"acknowledged by {row.acknowledged_by}{until}"
    if until:
        return f"snoozed{until}"
    if not row.counting and row.changes_at is not None:
        return f"closed until {words.when(row.changes_at, zone, now)}"
    return ""


def _about(row: Row) -> str:
    said = [row.priority] if row.priority not in (None, "routine") else []
    said += [row.kind] if row.kind else []
    said += [words.plural(row.follow_ups, "follow-up")] if row.follow_ups else []
    said += ["short notice"] if row.short_notice else []
    return ", ".join(filter(None, said))
