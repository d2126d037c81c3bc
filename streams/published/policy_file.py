"""The JSON Schema of the policy file, for editors: completion, and slips marked while one writes.

It is looser than `portalwatch check` in two ways.  A YAML tool types scalars by their looks, so where free text stands
a number or a truth value is taken too.  And what needs a calendar, a name of this file or an order is left to `check`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.published.common import INSTANT, Schema, document, parts, plain

AMOUNT = r"[0-9]{1,9}(\.[0-9]{1,2})?"
DAY = "(mon|tue|wed|thu|fri|sat|sun)"
CLOCK = r"([01][0-9]|2[0-4]):[0-5][0-9]"

Text = Annotated[str, Meta(min_length=1)] | int | float | bool
Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+$")] | int | float
Duration = Annotated[
    str,
    Meta(
        pattern=rf"^({AMOUNT} +(business +)?(minute|hour)s?|{AMOUNT} +days?|[0-9]{{1,9}} +business +days?)$",
        description="`N minutes|hours|days`, `N business minutes|hours|days`.",
    ),
]
Elapsed = Annotated[str, Meta(pattern=rf"^{AMOUNT} +(minute|hour|day)s?$", description="`N minutes|hours|days`.")]
Lead = Annotated[
    str,
    Meta(pattern=rf"^({AMOUNT} +business +(minute|hour)s?|0+(\.0{{1,2}})? +(minute|hour)s?)$"),
]
EndOfDay = Annotated[str, Meta(pattern=r"^end +of +[0-9]{1,9} +business +days?$")]
Windows = Annotated[
    str,
    Meta(pattern=rf"^ *{CLOCK}-{CLOCK}( +{CLOCK}-{CLOCK})* *$", description="`08:00-12:00 12:30-17:00`, local time."),
]
Days = Annotated[str, Meta(pattern=rf"^(daily| *{DAY}(-{DAY})? *(, *{DAY}(-{DAY})? *)*)$")]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Meta(ge=1, le=999_999)] | Annotated[str, Meta(pattern=r"^0*[1-9][0-9]{0,5}$")]
Asked = Text | Annotated[list[Text], Meta(min_length=1)]
Severity = Literal["warning", "critical"]
Target = Literal["owner", "pool", "on_call", "champion"]
Hours = Literal["open", "always"]
Workflow = Literal["message", "appointment", "result", "questionnaire"]
Feed = Annotated[str, Meta(pattern="^(message|appointment|result|questionnaire)$")]


class Calendar(Struct, forbid_unknown_fields=True):
    """Open time: hours of the week, holidays and dates of their own."""

    timezone: Annotated[str, Meta(description="An IANA name, such as America/Chicago.")]
    hours: Annotated[dict[Days, Windows], Meta(min_length=1)]
    business_days: Days | None = None
    holidays: Annotated[str, Meta(description="A country or country-subdivision, such as US-WI.")] | None = None
    not_holidays: Annotated[list[Text], Meta(description="Holidays on which this calendar works.")] | None = None
    closed: list[Date] | None = None
    open: Annotated[dict[Date, Windows], Meta(description="Dates with windows of their own.")] | None = None


class Department(Struct, forbid_unknown_fields=True):
    """Who works and answers for a department; what it leaves out comes from `defaults`."""

    calendar: Text | None = None
    pool: Text | None = None
    on_call: Text | None = None
    champion: Text | None = None
    guide: Text | None = None


class When(Struct, forbid_unknown_fields=True):
    """Whom a rule is for: a value or a list for each key."""

    department: Asked | None = None
    site: Asked | None = None
    pool: Asked | None = None
    priority: Asked | None = None
    kind: Asked | None = None


class Rule(Struct, forbid_unknown_fields=True):
    """A target; the first rule whose `when` matches wins, and of several parts the earliest due."""

    when: When | None = None
    within: Duration | None = None
    by: EndOfDay | None = None
    before: Annotated[Duration, Meta(description="Before the anchor.")] | None = None
    not_before: Duration | None = None
    calendar: Text | None = None


class Stage(Struct, forbid_unknown_fields=True):
    """A rung of the ladder, at exactly one point."""

    name: Identifier
    at: Annotated[str, Meta(pattern=r"^(due|[0-9]{1,3}(\.[0-9]{1,2})?%)$")] | None = None
    before: Duration | None = None
    after: Duration | None = None
    severity: Severity | None = None
    notify: Target | None = None
    hours: Hours | None = None


class Attempts(Struct, forbid_unknown_fields=True):
    """The patient looked so many times within a time, and found nothing."""

    count: Count
    within: Elapsed
    severity: Severity | None = None
    notify: Target | None = None
    hours: Hours | None = None


class Clock(Struct, forbid_unknown_fields=True):
    """One benchmark of one workflow."""

    name: Identifier
    workflow: Workflow
    rules: Annotated[list[Rule], Meta(min_length=1)]
    stages: list[Stage] | None = None
    attempts: Attempts | None = None


class Settings(Struct, forbid_unknown_fields=True):
    """What holds for all clocks."""

    enforce_from: Annotated[str, Meta(pattern=INSTANT)] | None = None
    lead: Lead | None = None
    ack_for: Duration | None = None
    reorder_window: Elapsed | None = None
    remember: Elapsed | None = None
    max_skew: Elapsed | None = None
    max_age: Elapsed | None = None
    silent_feed: dict[Feed, Duration] | None = None
    apply: Literal["all", "new"] | None = None
    partitioner: Literal["unchecked", "murmur2", "crc32"] | None = None


class PolicyFile(Struct, forbid_unknown_fields=True):
    """What each kind of portal work is owed, and who is called when it is about to be late."""

    version: Annotated[Text, Meta(description="Free text, carried by every alert.")]
    calendars: Annotated[dict[str, Calendar], Meta(min_length=1)]
    defaults: Department
    clocks: Annotated[list[Clock], Meta(min_length=1)]
    departments: dict[str, Department | None] | None = None
    settings: Settings | None = None


def policy_schema() -> Schema:
    """The JSON Schema document."""
    found = parts(PolicyFile)
    for part in found.values():
        part["properties"] = {name: _field(given) for name, given in part["properties"].items()}
    found["Rule"]["anyOf"] = [{"required": [part]} for part in ("within", "by", "before")]
    found["Stage"]["oneOf"] = [{"required": [point]} for point in ("at", "before", "after")]
    names = ["PolicyFile", *(name for name in found if name != "PolicyFile")]
    return document("policy", "Portalwatch policy file", {name: found[name] for name in names})


def _field(given: Schema) -> Schema:
    """A text may not be empty; of a list or a mapping, `key:` with nothing after it is an empty one."""
    kinds = given.get("anyOf", [given])
    collection = any("$ref" in kind or kind.get("type") in ("array", "object") for kind in kinds)
    return {key: value for key, value in given.items() if key != "default"} if collection else plain(given)
