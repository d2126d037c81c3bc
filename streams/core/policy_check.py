"""Reading a policy in full: its form, and what only time zones and holiday tables can tell.

`schemas.policy_file` reads the form.  Here come the checks that need the IANA zones and the
`holidays` package: a zone, a region or a holiday name that does not exist, and a date with windows
of its own beside the overnight windows of its neighbours, which may be off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from schemas.policy import CalendarSpec, Policy, Window
from schemas.policy_days import spill
from schemas.policy_file import PolicyError, Problem, parse
from schemas.policy_tree import List, Map, Text, read
from streams.core.regions import countries, days_off, holiday_names, is_country, is_region, subdivisions

__all__ = ["PolicyError", "Problem", "load"]

_DAY = timedelta(days=1)


def load(text: str | bytes, name: str = "policy") -> Policy:
    """The policy of a file's text, fit to judge by; `name` is how its problems call the file.

    Raises PolicyError with every problem that was found.
    """
    policy = parse(text, name)
    problems = [problem for spec in policy.calendars.values() for problem in _calendar(policy, spec, text)]
    if problems:
        raise PolicyError(name, problems)
    return policy


def _calendar(policy: Policy, spec: CalendarSpec, text: str | bytes) -> Iterator[Problem]:
    path = f"calendars.{spec.name}"
    found = {f"{path}.timezone": _zone(spec.timezone)}
    if spec.holidays is not None:
        found[f"{path}.holidays"] = _region(spec.holidays)
        if is_region(spec.holidays):
            found |= _names(spec, path, text)
            found |= _neighbours(spec, path)
    else:
        found |= _neighbours(spec, path)
    for where, message in found.items():
        if message:
            yield Problem(policy.lines[where], where, message)


def _zone(zone: str) -> str | None:
    """`localtime` would be another zone on each machine."""
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        known = False
    else:
        known = zone != "localtime"
    if known:
        return None
    by_fold = {name.casefold(): name for name in available_timezones()}
    hint = _hint(zone.casefold().replace(" ", "_"), by_fold)
    return f"`{zone}` is no time zone; {hint}write an IANA name, such as America/Chicago"


def _region(region: str) -> str | None:
    if is_region(region):
        return None
    country, dash, subdivision = region.partition("-")
    if not is_country(country):
        hint = _hint(country.casefold(), {code.casefold(): code for code in countries()})
        return f"`{country}` is no country of the holidays package; {hint}write a code such as US, NO or US-WI"
    known = subdivisions(country)
    right = f"one of {', '.join(known)}" if known else f"it has none, write `{country}`"
    return f"`{subdivision if dash else region}` is no subdivision of {country}; {right}"


def _names(spec: CalendarSpec, path: str, text: str | bytes) -> dict[str, str | None]:
    """The paths of `not_holidays` whose name no date of 2000 to 2099 has."""
    if not spec.not_holidays or spec.holidays is None:
        return {}
    names = holiday_names(spec.holidays)
    by_fold = {name.casefold(): name for name in names}
    found: dict[str, str | None] = {}
    for index, name in enumerate(_written(spec, text)):
        if name not in names:
            hint = _hint(name.casefold(), by_fold) or f"it has {', '.join(sorted(names))}"
            found[f"{path}.not_holidays[{index}]"] = f"`{name}` is no holiday of {spec.holidays}; {hint}".rstrip("; ")
    return found


def _written(spec: CalendarSpec, text: str | bytes) -> list[str]:
    """`not_holidays` in the order of the file, which the typed form does not keep."""
    node: Text | Map | List = read(text)[0]
    for key in ("calendars", spec.name, "not_holidays"):
        node = node.entries[key][1] if isinstance(node, Map) else node
    return [item.value for item in node.items if isinstance(item, Text)] if isinstance(node, List) else []


def _neighbours(spec: CalendarSpec, path: str) -> dict[str, str | None]:
    """A date of `open` against what runs on into it, and what it runs on into; of two such dates the later is told."""
    found: dict[str, str | None] = {}
    for day, own in spec.open.items():
        after = day + _DAY
        wrong = spill(_windows(spec, day - _DAY), own)
        if after not in spec.open:
            wrong = wrong or spill(own, _windows(spec, after))
        found[f"{path}.open.{day.isoformat()}"] = wrong
    return found


def _windows(spec: CalendarSpec, day: date) -> tuple[Window, ...]:
    """The windows of a date: its own, none on a closed day or a holiday, else its weekday's."""
    if day in spec.open:
        return spec.open[day]
    if day in spec.closed or (spec.holidays and day in days_off(spec.holidays, spec.not_holidays, day.year)):
        return ()
    return spec.hours[day.weekday()]


def _hint(folded: str, by_fold: dict[str, str]) -> str:
    close = get_close_matches(folded, by_fold, n=1)
    return f"did you mean `{by_fold[close[0]]}`? " if close else ""
