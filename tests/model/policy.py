"""The policy file as plain dicts (contract section 3); a valid file is taken for granted, nothing is refused here.

`read_policy` reads every scalar as text and gives `{"version", "calendars", "departments", "defaults", "clocks",
"settings"}`: calendars as `calendars.py` wants them, rules and stages with their durations parsed and defaults filled.
"""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from ruamel.yaml import YAML

from .instants import parse_duration, parse_instant

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DEFAULT_STAGES: list[dict[str, str]] = [
    {"name": "due-soon", "at": "75%", "severity": "warning", "notify": "pool"},
    {"name": "imminent", "before": "1 business hour", "severity": "critical", "notify": "on_call"},
    {"name": "missed", "at": "due", "severity": "critical", "notify": "on_call"},
    {"name": "escalated", "after": "1 business day", "severity": "critical", "notify": "champion"},
]
DEFAULT_SETTINGS = {
    "enforce_from": "1970-01-01T00:00:00Z",
    "lead": "1 business hour",
    "ack_for": "2 business hours",
    "reorder_window": "7 days",
    "remember": "30 days",
    "max_age": "90 days",
    "apply": "all",
}


def weekdays(text: str) -> set[int]:
    """`mon`, `mon-fri`, `mon, wed`, `fri-mon` or `daily` as weekday numbers from 0."""
    if text == "daily":
        return set(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        day = WEEKDAYS.index(first)
        days.add(day)
        while last and day != WEEKDAYS.index(last):
            day = (day + 1) % 7
            days.add(day)
    return days


def windows(text: str) -> list[tuple[int, int]]:
    """`08:00-12:00 12:30-17:00` as minutes; a window that passes midnight closes past 1440."""
    found = []
    for opens, closes in re.findall(r"(\d\d:\d\d)-(\d\d:\d\d)", text):
        start, end = (int(edge[:2]) * 60 + int(edge[3:]) for edge in (opens, closes))
        found.append((start, end if end > start else end + 1440))
    return found


def read_holidays(text: str | None) -> Any:
    """The `holidays` package's dict-like for `US` or `US-WI`; None without a name."""
    if not text:
        return None
    country, _, subdivision = text.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)


def read_calendar(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    """One calendar in the form that `calendars.py` describes."""
    hours: dict[int, list[tuple[int, int]]] = {}
    for days, text in raw["hours"].items():
        for day in weekdays(days):
            hours.setdefault(day, []).extend(windows(text))
    business = raw.get("business_days")
    return {
        "name": name,
        "zone": ZoneInfo(raw["timezone"]),
        "hours": hours,
        "business_days": weekdays(business) if business else None,
        "holidays": read_holidays(raw.get("holidays")),
        "not_holidays": set(raw.get("not_holidays") or []),
        "closed": {date.fromisoformat(day) for day in raw.get("closed") or []},
        "open": {date.fromisoformat(day): windows(text) for day, text in (raw.get("open") or {}).items()},
        "cache": {},
    }


def as_list(value: Any) -> list[str]:
    """A value or a list of values as a list."""
    return list(value) if isinstance(value, list) else [value]


def read_rule(raw: dict[str, Any]) -> dict[str, Any]:
    """`when` as lists, `within`/`before`/`not_before` as durations, `by` as its number of business days, or None."""
    rule: dict[str, Any] = {"when": {key: as_list(value) for key, value in (raw.get("when") or {}).items()}}
    for part in ("within", "before", "not_before"):
        rule[part] = parse_duration(raw[part]) if part in raw else None
    found = re.fullmatch(r"end of (\d+) business days?", raw.get("by", ""))
    rule["by"] = int(found[1]) if found else None
    rule["calendar"] = raw.get("calendar")
    return rule


def read_stage(raw: dict[str, Any]) -> dict[str, Any]:
    """A stage with `kind` one of percent, due, before, after; `percent` in hundredths of a percent."""
    stage: dict[str, Any] = {
        "name": raw["name"],
        "severity": raw.get("severity", "warning"),
        "notify": raw.get("notify", "pool"),
        "always": raw.get("hours", "open") == "always",
    }
    if raw.get("at") == "due":
        return stage | {"kind": "due", "early": False}
    if "at" in raw:
        whole, _, cents = raw["at"].rstrip("%").strip().partition(".")
        return stage | {"kind": "percent", "percent": int(whole) * 100 + int(cents.ljust(2, "0")), "early": True}
    kind = "before" if "before" in raw else "after"
    return stage | {"kind": kind, "duration": parse_duration(raw[kind]), "early": kind == "before"}


def read_clock(raw: dict[str, Any]) -> dict[str, Any]:
    """One clock: name, workflow, rules, stages, attempts (or None)."""
    attempts = raw.get("attempts")
    return {
        "name": raw["name"],
        "workflow": raw["workflow"],
        "rules": [read_rule(rule) for rule in raw["rules"]],
        "stages": [read_stage(stage) for stage in raw.get("stages") or DEFAULT_STAGES],
        "attempts": attempts
        and {
            "name": "attempts",
            "count": int(attempts["count"]),
            "within": parse_duration(attempts["within"])["amount"],
            "severity": attempts.get("severity", "warning"),
            "notify": attempts.get("notify", "pool"),
            "always": attempts.get("hours", "open") == "always",
        },
    }


def read_settings(raw: dict[str, Any]) -> dict[str, Any]:
    """The settings that the judgement needs, in microseconds or as durations."""
    text = DEFAULT_SETTINGS | raw
    lead = "0 minutes" if re.fullmatch(r"0(\.0+)? .*", text["lead"]) else text["lead"]
    return {
        "enforce_from": parse_instant(text["enforce_from"]),
        "lead": parse_duration(lead)["amount"],
        "ack_for": parse_duration(text["ack_for"]),
        "reorder_window": parse_duration(text["reorder_window"])["amount"],
        "remember": parse_duration(text["remember"])["amount"],
        "max_age": parse_duration(text["max_age"])["amount"],
        "apply": text["apply"],
    }


def read_policy(text: str) -> dict[str, Any]:
    """The whole file."""
    raw = YAML(typ="base", pure=True).load(text)
    return {
        "version": raw["version"],
        "calendars": {name: read_calendar(name, body) for name, body in raw["calendars"].items()},
        "departments": raw.get("departments") or {},
        "defaults": raw["defaults"],
        "clocks": [read_clock(clock) for clock in raw["clocks"]],
        "settings": read_settings(raw.get("settings") or {}),
    }
