"""Why a date on which a calendar's weekday has hours has none: the holiday's name, or the policy's `closed`.

The `holidays` package names a day in several languages.  The environment never decides (see
`streams.core.regions`): English where the package has it for the country, else the country's own.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from schemas.policy import CalendarSpec
from streams.core.regions import days_off

HOLIDAY, CLOSED_DATE = "holiday: ", "closed: "
"""What such a reason begins with; the holiday's name or the date (`2026-12-24`) follows."""


def off(spec: CalendarSpec, day: date) -> str | None:
    """`holiday: Veterans Day` or `closed: 2026-12-24`; None if nothing but the weekday decides.

    A holiday on a weekday without hours changes nothing, so it is no reason.
    """
    if day in spec.open or not spec.hours[day.weekday()]:
        return None
    if spec.holidays is not None:
        name = _names(spec.holidays, spec.not_holidays, day.year).get(day)
        if name is not None:
            return HOLIDAY + name
    return CLOSED_DATE + day.isoformat() if day in spec.closed else None


@lru_cache(256)
def _names(region: str, works: frozenset[str], year: int) -> dict[date, str]:
    """The holidays of a year on which such a calendar does not work, by name."""
    country, _, subdivision = region.partition("-")
    plain = holidays.country_holidays(country, subdiv=subdivision or None)
    language = _language(plain.supported_languages, plain.default_language)
    table = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=language)
    return {day: ", ".join(dict.fromkeys(table.get_list(day))) for day in days_off(region, works, year)}


def _language(known: tuple[str, ...], default: str | None) -> str | None:
    if default is None or default.startswith("en"):
        return default
    return next((language for language in sorted(known, reverse=True) if language.startswith("en")), default)
