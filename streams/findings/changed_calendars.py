"""What changes between two calendars, aspect by aspect; their names do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from schemas.policy import CalendarSpec, Window
from streams.core.regions import days_off
from streams.findings import phrases

WEEKLY = "its weekly hours"


def calendar_changes(old: CalendarSpec, new: CalendarSpec) -> Iterator[str]:
    """A sentence for each change; none if both are open at the same times."""
    if old.timezone != new.timezone:
        yield f"time zone: {phrases.turned(old.timezone, new.timezone)}"
    yield from _hours(old, new)
    if _business(old) != _business(new):
        yield f"business days: {phrases.turned(phrases.days(_business(old)), phrases.days(_business(new)))}"
    if old.holidays != new.holidays:
        yield f"holidays: {phrases.turned(old.holidays or 'none', new.holidays or 'none')}"
    for name in sorted(old.not_holidays ^ new.not_holidays):
        worked = name in new.not_holidays
        yield f"{name}: {phrases.turned('closed', 'worked') if worked else phrases.turned('worked', 'closed')}"
    yield from _dates(old, new)


def _hours(old: CalendarSpec, new: CalendarSpec) -> Iterator[str]:
    """Weekdays that change alike are told together."""
    moved: dict[tuple[tuple[Window, ...], tuple[Window, ...]], list[int]] = {}
    for day, pair in enumerate(zip(old.hours, new.hours, strict=True)):
        if pair[0] != pair[1]:
            moved.setdefault(pair, []).append(day)
    for (was, becomes), days in moved.items():
        yield f"{phrases.days(days)}: {phrases.turned(phrases.windows(was), phrases.windows(becomes))}"


def _business(spec: CalendarSpec) -> frozenset[int]:
    """The weekdays with hours that business days count."""
    opens = frozenset(day for day, windows in enumerate(spec.hours) if windows)
    return opens if spec.business_days is None else opens & spec.business_days


def _dates(old: CalendarSpec, new: CalendarSpec) -> Iterator[str]:
    """The dates that one of the files names, where they end up another way; a holiday closed twice is closed."""
    for day in sorted({*old.closed, *new.closed, *old.open, *new.open}):
        was, becomes = _state(old, day), _state(new, day)
        if was != becomes:
            yield f"{phrases.day(day)}: {phrases.turned(was, becomes)}"


def _state(spec: CalendarSpec, day: date) -> str:
    if day in spec.open:
        return phrases.windows(spec.open[day])
    off = day in spec.closed or (spec.holidays and day in days_off(spec.holidays, spec.not_holidays, day.year))
    return "closed" if off else WEEKLY
