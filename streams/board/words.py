"""Words of the board: amounts, local times, urgency. `static/words.js` says amounts in the same way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas import instants

DAY, HOUR, MINUTE = 86_400, 3_600, 60
WHAT: Final = {
    "message": "Message",
    "appointment": "Appointment request",
    "result": "Result",
    "questionnaire": "Questionnaire",
}
URGENCY: Final = {
    "missed": "Missed",
    "due_soon": "Due soon",
    "on_time": "On time",
    "paused": "Waiting",
    "resolved": "Resolved",
}
OUTCOMES: Final = {"met": "Met", "missed": "Missed", "cancelled": "Cancelled", "expired": "Expired"}
STAGES: Final = {"due-soon": "due soon", "imminent": "imminent", "missed": "missed", "escalated": "escalated"}


def span(seconds: float, *, elapsed: bool = False) -> str:
    """`40 s`, `38 min`, `2 h 10`, `17 h`, and in elapsed time `9 d 4 h`; what is begun does not count."""
    whole = int(abs(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    hours, minutes = whole // HOUR, whole % HOUR // MINUTE
    if elapsed and hours >= 48:
        return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
    return f"{hours} h {minutes:02}" if minutes and hours < 10 else f"{hours} h"


def left(seconds: float, *, elapsed: bool = False) -> str:
    """`38 min open`, `2 d left` in elapsed time, `2 h 10 late`."""
    if seconds < 0:
        return f"{span(seconds, elapsed=elapsed)} late"
    return f"{span(seconds, elapsed=elapsed)} {'left' if elapsed else 'open'}"


def wall(at: str | int, zone: ZoneInfo) -> datetime:
    """The local time of an instant (RFC 3339 text, or microseconds)."""
    micros = instants.parse(at) if isinstance(at, str) else at
    return datetime.fromtimestamp(micros // 1_000_000, zone)


def when(at: str | int, zone: ZoneInfo, now: int) -> str:
    """`09:40` today, `Tue 09:40` within six days, else `Tue 17 Nov 09:40`."""
    local, today = wall(at, zone), wall(now, zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if abs(local.date() - today) < timedelta(days=7):
        return f"{local:%a %H:%M}"
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def dated(at: str | int, zone: ZoneInfo) -> str:
    """`Tue 17 Nov 09:40`."""
    local = wall(at, zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def clock(now: int, zone: ZoneInfo) -> str:
    """`14:02 CST`."""
    return f"{wall(now, zone):%H:%M %Z}"


def stage(name: str) -> str:
    """A stage's name as words."""
    return STAGES.get(name, name.replace("-", " "))


def plural(count: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def zone(name: str | None) -> ZoneInfo:
    """A time zone by its name."""
    return ZoneInfo(name or "UTC")
