"""The days of the next twelve months on which a calendar does not keep its weekly hours, and why.

A day is `off` if its weekday has windows and it has none: a holiday, or a date that the file closes.  A date with
windows of its own is given with them.  The names of holidays are told in English where the package has them so, else
in the country's own language; never in one that the environment chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

import holidays
from holidays import HolidayBase

from schemas.policy import CalendarSpec, Window
from streams.core.regions import days_off

ENGLISH: Final = "en_US"
CLOSED: Final = "by the policy"
FIRST, LAST = date(2000, 1, 1), date(2097, 12, 31)
"""The days from which the next twelve months lie within the calendars' reach (T9), with room for a benchmark."""


class Day(NamedTuple):
    """A date that differs from its weekday."""

    date: date
    windows: tuple[Window, ...]
    """Its own windows; none: it is closed."""
    why: str
    """The holiday's names, or that the file closes it; empty for an ordinary day with windows of its own."""


def following(start: date) -> list[date]:
    """The dates of the twelve months from `start` on."""
    years_on = date(start.year + 1, 3, 1) if (start.month, start.day) == (2, 29) else start.replace(year=start.year + 1)
    return [start + timedelta(days=n) for n in range((years_on - start).days)]


def off(spec: CalendarSpec, start: date) -> dict[date, str]:
    """The dates of twelve months that the calendar's holidays or `closed` take out, whatever their weekday, and why."""
    found: dict[date, str] = {}
    names = _names(spec, start)
    taken = _taken(spec, start)
    for each in following(start):
        if each in spec.open:
            continue
        if each in taken:
            found[each] = names.get(each, CLOSED)
        elif each in spec.closed:
            found[each] = CLOSED
    return found


def special(spec: CalendarSpec, start: date) -> list[Day]:
    """The dates of twelve months that do not keep their weekday's hours, in order."""
    closed = off(spec, start)
    names = _names(spec, start)
    return [
        Day(each, spec.open.get(each, ()), closed.get(each, names.get(each, "")))
        for each in following(start)
        if each in spec.open or (each in closed and spec.hours[each.weekday()])
    ]


def windows(spec: CalendarSpec, day: date, closed: dict[date, str]) -> tuple[Window, ...]:
    """The windows of a date, `closed` being what `off` gave."""
    if day in spec.open:
        return spec.open[day]
    return () if day in closed else spec.hours[day.weekday()]


def in_each_language(region: str, start: date) -> Iterator[dict[date, list[str]]]:
    """The holidays of twelve months by their names in each language of the country."""
    plain = _table(region, start, None)
    for language in plain.supported_languages or (plain.default_language,):
        table = _table(region, start, language)
        yield {each: table.get_list(each) for each in following(start) if each in table}


def _taken(spec: CalendarSpec, start: date) -> set[date]:
    if spec.holidays is None:
        return set()
    return {each for year in (start.year, start.year + 1) for each in days_off(spec.holidays, spec.not_holidays, year)}


def _names(spec: CalendarSpec, start: date) -> dict[date, str]:
    if spec.holidays is None:
        return {}
    plain = _table(spec.holidays, start, None)
    own, known = plain.default_language, plain.supported_languages
    english = own if own is not None and own.startswith("en") else ENGLISH
    table = _table(spec.holidays, start, english if english in known else own)
    return {each: ", ".join(dict.fromkeys(table.get_list(each))) for each in following(start) if each in table}


def _table(region: str, start: date, language: str | None) -> HolidayBase:
    country, _, subdivision = region.partition("-")
    years = (start.year, start.year + 1)
    return holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=language, expand=False)
