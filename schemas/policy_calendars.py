"""The sections `calendars`, `departments` and `defaults` of the policy file (contract section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from schemas.policy import CalendarSpec, Department, Window
from schemas.policy_days import WEEKDAYS, calendar_date, days, spill, windows
from schemas.policy_place import Place, nearest, word

_CALENDAR = ("timezone", "hours", "business_days", "holidays", "not_holidays", "closed", "open")
_DEPARTMENT = ("calendar", "pool", "on_call", "champion", "guide")


def calendars(place: Place) -> dict[str, CalendarSpec]:
    """`calendars`: at least one, by name."""
    if place.blank:
        place.refuse("names no calendar; a policy needs one, such as `clinic: {timezone: ..., hours: ...}`")
    return {name: _calendar(name, inner) for name, inner in _named(place)}


def known_calendar(names: Sequence[str]) -> Callable[[str], str]:
    """A parser that takes the name of a calendar of this file."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"`{text}` is no calendar of this file; {nearest(text, names)}")
        return text

    return parse


def department(place: Place, names: Sequence[str]) -> Department:
    """One of `departments`, or `defaults`; `names` are those of the calendars."""
    fields = place.fields(_DEPARTMENT)
    calendar = fields["calendar"].read(known_calendar(names)) if "calendar" in fields else None
    texts = {key: fields[key].read(word) for key in _DEPARTMENT[1:] if key in fields}
    return Department(calendar=calendar, **texts)


def departments(place: Place, names: Sequence[str]) -> dict[str, Department]:
    """`departments`, by name."""
    return {name: department(inner, names) for name, inner in _named(place)}


def _named(place: Place) -> Iterator[tuple[str, Place]]:
    """The places of a mapping from names that people chose."""
    for name, inner in place.entries().items():
        try:
            word(name)
        except ValueError as error:
            inner.refuse(str(error))
        yield name, inner


def _calendar(name: str, place: Place) -> CalendarSpec:
    before = len(place.sheet.problems)
    fields = place.fields(_CALENDAR, required=("timezone", "hours"))
    zone = fields["timezone"].read(word) if "timezone" in fields else None
    hours = _hours(fields["hours"]) if "hours" in fields else ((),) * 7
    counted = fields["business_days"].read(days) if "business_days" in fields else None
    region = fields["holidays"].read(word) if "holidays" in fields else None
    spec = CalendarSpec(
        name=name,
        timezone=zone or "",
        hours=hours,
        business_days=counted,
        holidays=region,
        not_holidays=_names(fields, region),
        closed=_closed(fields["closed"]) if "closed" in fields else frozenset(),
        open=_open(fields["open"]) if "open" in fields else {},
    )
    if len(place.sheet.problems) == before:
        _has_business_day(spec, fields)
    return spec


def _hours(place: Place) -> tuple[tuple[Window, ...], ...]:
    """Weekly hours: each weekday at most once, and no window over another, past midnight included."""
    week: list[tuple[Window, ...]] = [()] * 7
    places: dict[int, Place] = {}
    for key, inner in place.entries().items():
        try:
            named = days(key)
        except ValueError as error:
            inner.refuse(str(error))
            continue
        found = inner.read(windows)
        for day in sorted(named):
            if day in places:
                first = places[day].path
                inner.refuse(f"names {WEEKDAYS[day]} again, which {first} has; name each day in one key")
                break
            places[day] = inner
            week[day] = found or ()
    for day, inner in places.items():
        wrong = spill(week[day - 1], week[day])
        if wrong:
            inner.refuse(f"on {WEEKDAYS[day]} {wrong}")
    return tuple(week)


def _names(fields: dict[str, Place], region: str | None) -> frozenset[str]:
    if "not_holidays" not in fields:
        return frozenset()
    place = fields["not_holidays"]
    if region is None and "holidays" not in fields:
        place.refuse("has no `holidays` beside it to take days from; add one, such as `holidays: US-WI`")
    read = [inner.read(word) for inner in place.items()]
    return frozenset(name for name in read if name is not None)


def _closed(place: Place) -> frozenset[date]:
    read = [inner.read(calendar_date) for inner in place.items()]
    return frozenset(found for found in read if found is not None)


def _open(place: Place) -> dict[date, tuple[Window, ...]]:
    found: dict[date, tuple[Window, ...]] = {}
    for key, inner in place.entries().items():
        try:
            day = calendar_date(key)
        except ValueError as error:
            inner.refuse(str(error))
            continue
        read = inner.read(windows)
        if read is not None:
            found[day] = read
    return found


def _has_business_day(spec: CalendarSpec, fields: dict[str, Place]) -> None:
    """A calendar that never has a business day could answer nothing."""
    weekdays = {day for day in range(7) if spec.hours[day]} | {day.weekday() for day in spec.open}
    if not weekdays:
        fields["hours"].refuse("has no window at all; give at least one day hours, such as `mon-fri: 08:00-17:00`")
    elif spec.business_days is not None and not weekdays & spec.business_days:
        fields["business_days"].refuse("names no day that has hours; name at least one that `hours` or `open` opens")
