"""Public holidays of a country or a subdivision, by the `holidays` package (contract section 3).

The package names its holidays in a language that it takes from the environment, if it is not told
one.  A policy must mean the same on every machine, so a name counts in any of the languages that
the package has for the country, and the environment never decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import holidays
from holidays import HolidayBase

YEARS = range(2000, 2100)
"""The years for which a calendar answers (T9)."""


def days_off(region: str, works: frozenset[str], year: int) -> set[date]:
    """The holidays of one year, but for those on which the calendar works.

    A date is worked if, in one language, all of its names are among `works`.
    """
    tables = list(_tables(region, [year])) if works else [_table(region, [year], None)]
    return {day for day in tables[0] if not any(works.issuperset(table.get_list(day)) for table in tables)}


def holiday_names(region: str) -> frozenset[str]:
    """Every name, in every language, that the package has for the region in 2000 to 2099."""
    return frozenset(name for table in _tables(region, YEARS) for day in table for name in table.get_list(day))


def countries() -> list[str]:
    """The codes of the countries that the package knows: two letters each."""
    return sorted(holidays.list_supported_countries(include_aliases=False))


def subdivisions(country: str) -> list[str]:
    """The codes of a country's subdivisions."""
    return sorted(holidays.list_supported_countries()[country])


def is_country(country: str) -> bool:
    """Whether the package knows the country, by two letters or three."""
    return country in holidays.list_supported_countries()


def is_region(region: str) -> bool:
    """Whether the package knows the country and, if there is one, its subdivision."""
    country, dash, subdivision = region.partition("-")
    if not is_country(country) or (dash and not subdivision):
        return False
    try:
        _table(region, [], None)
    except NotImplementedError:
        return False
    return True


def _tables(region: str, years: Iterable[int]) -> Iterator[HolidayBase]:
    """The same dates in each language of the country."""
    plain = _table(region, [], None)
    for language in plain.supported_languages or (plain.default_language,):
        yield _table(region, years, language)


def _table(region: str, years: Iterable[int], language: str | None) -> HolidayBase:
    country, _, subdivision = region.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=language)
