"""What the board shows at a moment: counts, lines, what is held, what is resolved, and words where nothing is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import parse
from streams.board import words
from streams.board.asked import FILTERS, Asked
from streams.board.lines import Line, Pool, line, pools
from streams.core.book import Book
from streams.core.calendars import Calendar, CalendarRangeError
from streams.core.explain_intervals import wall
from streams.web.forms import Counts, Items, Row
from streams.web.people import Person
from streams.web.questions import RESOLVED
from streams.web.whole import Whole

HELD_MOST: Final = 20_000
"""Pending items up to which those that are held are looked for unasked: they are found one by one."""
HELD_SHOWN, RESOLVED_SHOWN = "50", "50"
LOOKED_AHEAD: Final = "20"
NAMES: Final = {"missed": "Missed", "next_hour": "Next hour", "today": "Today", "paused": "Waiting for patient"}
NOTHING: Final = {
    "missed": "Nothing is missed.",
    "next_hour": "Nothing is due within the hour.",
    "today": "Nothing more is due today.",
    "paused": "Nothing waits for a patient.",
    RESOLVED: "Nothing was resolved in the last 24 hours after somebody had been told of it.",
}


class Count(NamedTuple):
    """One of the counts that filter."""

    name: str
    words: str
    number: int
    href: str
    chosen: bool


class View(NamedTuple):
    """All that the board shows."""

    now: int
    """Microseconds."""
    rate: float
    zone: ZoneInfo
    items: Items
    counts: list[Count]
    pools: list[Pool]
    more: int
    """Rows beyond those that are shown; -1: there are more, not counted."""
    held: list[Line] | None
    """None: not looked for."""
    resolved: list[Line] | None
    calm: str
    """That nothing is due, and what comes next; empty while something is."""
    incomplete: str
    """What cannot be seen now."""

    @property
    def clock(self) -> str:
        """`14:02 CST`."""
        return words.clock(self.now, self.zone)

    @property
    def summary(self) -> str:
        """The counts in a sentence, for those who listen."""
        said = [f"{each.number} {each.words.lower()}" for each in self.counts]
        return f"{', '.join(said)}."


async def view(whole: Whole, book: Book, person: Person, asked: Asked) -> View:
    """Ask for what is to be shown. Refused: 503, nothing can be seen."""
    items = await whole.items(asked.question(person.departments))
    counts, now = items.counts, parse(items.seen.now)
    calendar = book.calendar_of(asked.department or None)
    zone = ZoneInfo(str(calendar.zone))
    plain = asked.state != RESOLVED
    held = resolved = None
    if plain and not asked.state and ("held" in asked.open or counts.pending <= HELD_MOST):
        found = await whole.items(asked.question(person.departments, held="yes", limit=HELD_SHOWN, after=""))
        held = [line(row, now) for row in found.items]
    if plain and RESOLVED in asked.open:
        wanted = asked.question(person.departments, state=RESOLVED, limit=RESOLVED_SHOWN, after="")
        resolved = [line(row, now) for row in (await whole.items(wanted)).items]
    rows = [row for row in items.items if held is None or row.held_until is None]
    calm = "" if not plain else await _calm(whole, person, asked, items, calendar, zone)
    if not rows and not calm:
        calm = f"Nothing matches “{asked.q}”." if asked.q else NOTHING.get(asked.state, "Nothing is pending.")
    return View(
        now=now, rate=items.seen.rate, zone=zone, items=items, counts=_counts(asked, counts), pools=pools(rows, now),
        more=_more(items, asked), held=held, resolved=resolved, calm=calm, incomplete=_incomplete(items),
    )  # fmt: skip


def _counts(asked: Asked, counts: Counts) -> list[Count]:
    return [
        Count(
            name, NAMES[name], getattr(counts, name),
            asked.href(state="" if asked.state == name else name), asked.state == name,
        )
        for name in FILTERS
    ]  # fmt: skip


def _more(items: Items, asked: Asked) -> int:
    """How many rows there are beyond those shown."""
    if items.next is None:
        return 0
    if items.total is None or asked.after:
        return -1
    return items.total - len(items.items)


def _incomplete(items: Items) -> str:
    """`Not complete: 3 of 12 partitions ...`."""
    seen = items.seen
    if seen.missing:
        return f"Not complete: {len(seen.missing)} of {seen.partitions} partitions cannot be seen now."
    if seen.catching_up:
        behind = f"{len(seen.catching_up)} of {seen.partitions} partitions"
        return f"Not complete: {behind} are still catching up with what happened."
    return ""


async def _calm(
    whole: Whole, person: Person, asked: Asked, items: Items, calendar: Calendar, zone: ZoneInfo
) -> str:  # fmt: skip
    """`Nothing is due before 17:00. Next: Tue 09:40, cardiology.`; empty where that cannot be said."""
    counts, now = items.counts, parse(items.seen.now)
    if counts.missed or counts.today or asked.q or asked.after or items.seen.missing:
        return ""
    rows = items.items
    if asked.state:
        rows = (await whole.items(asked.question(person.departments, state="", limit=LOOKED_AHEAD))).items
    coming = next((row for row in rows if row.due_at is not None and row.state != "paused"), None)
    said = NOTHING.get(asked.state) or _horizon(calendar, now, zone)
    return said if coming is None else f"{said} Next: {_coming(coming, now)}."


def _coming(row: Row, now: int) -> str:
    assert row.due_at is not None, "what comes next has a due time"
    return f"{words.when(row.due_at, ZoneInfo(row.timezone or 'UTC'), now)}, {row.department}"


def _horizon(calendar: Calendar, now: int, zone: ZoneInfo) -> str:
    """`Nothing is due before 17:00.`, the day's last closing."""
    try:
        closes = [end for _, end in calendar.windows_of(wall(now, calendar).toordinal()) if end > now]
    except CalendarRangeError:
        closes = []
    return f"Nothing is due before {words.when(max(closes), zone, now)}." if closes else "Nothing more is due today."


def departments(book: Book, person: Person, chosen: str) -> Sequence[str]:
    """Those that a person may choose from."""
    found = {*book.policy.departments, "unassigned"} if person.departments is None else set(person.departments)
    return sorted(found | ({chosen} if chosen else set()))
