"""The section `clocks` of the policy file: rules, stages and attempts (contract section 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.durations import duration, elapsed, end_of_day
from schemas.policy import HOUR, TARGETS, WORKFLOWS, Attempts, Clock, Duration, Point, Rule, Stage, Unit
from schemas.policy_calendars import known_calendar
from schemas.policy_ladder import check_order
from schemas.policy_place import Place, listed, one_of, word

_CLOCK = ("name", "workflow", "rules", "stages", "attempts")
_RULE = ("when", "within", "by", "before", "not_before", "calendar")
_WHEN = ("department", "site", "pool", "priority", "kind")
_STAGE = ("name", "at", "before", "after", "severity", "notify", "hours")
_ATTEMPTS = ("count", "within", "severity", "notify", "hours")
_DUE_PARTS = ("within", "by", "before")
_POINTS = ("at", "before", "after")

RESERVED = ("attempts", "too-early", "acknowledged", "catch-up", "resolved", "feed-silent")
"""Stage names that alerts use for other things."""

DEFAULT_STAGES = (
    Stage("due-soon", Point.PERCENT, percent=7500, severity="warning", notify="pool"),
    Stage("imminent", Point.BEFORE, offset=Duration(Unit.OPEN, HOUR, "1 business hour"), severity="critical",
          notify="on_call"),
    Stage("missed", Point.DUE, severity="critical", notify="on_call"),
    Stage("escalated", Point.AFTER, offset=Duration(Unit.BUSINESS_DAYS, 1, "1 business day"), severity="critical",
          notify="champion"),
)  # fmt: skip
"""The ladder of a clock without `stages`."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]+))?%")
_COUNT = re.compile(r"0*[1-9][0-9]{0,5}")


def clocks(place: Place, calendar_names: Sequence[str]) -> tuple[Clock, ...]:
    """`clocks`: at least one; names are unique, for alerts and tables go by them."""
    found: list[Clock] = []
    names: dict[str, str] = {}
    if place.blank:
        place.refuse("names no clock; a policy needs one, such as `- {name: ..., workflow: message, rules: [...]}`")
    for inner in place.items():
        clock = _clock(inner, calendar_names)
        found.append(clock)
        if clock.name and clock.name in names:
            inner.refuse(f"the name `{clock.name}` is that of {names[clock.name]} too; give each clock its own")
        names.setdefault(clock.name, inner.path)
    return tuple(found)


def _clock(place: Place, calendar_names: Sequence[str]) -> Clock:
    fields = place.fields(_CLOCK, required=("name", "workflow", "rules"))
    name = fields["name"].read(identifier) if "name" in fields else None
    workflow = fields["workflow"].read(one_of(*WORKFLOWS)) if "workflow" in fields else None
    return Clock(
        name=name or "",
        workflow=workflow or "",
        rules=_rules(fields["rules"], calendar_names) if "rules" in fields else (),
        stages=_stages(fields["stages"]) if "stages" in fields else DEFAULT_STAGES,
        attempts=_attempts(fields["attempts"]) if "attempts" in fields else None,
    )


def identifier(text: str) -> str:
    """A name that becomes a part of alert ids, whose parts stand between colons."""
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"`{text}` is no name; a name is made of letters, digits, `.`, `_` and `-`")
    return text


def _rules(place: Place, calendar_names: Sequence[str]) -> tuple[Rule, ...]:
    if place.blank:
        place.refuse("has no rule; a clock needs at least one, such as `- within: 2 business days`")
    return tuple(_rule(inner, calendar_names) for inner in place.items())


def _rule(place: Place, calendar_names: Sequence[str]) -> Rule:
    fields = place.fields(_RULE)
    if not any(part in fields for part in _DUE_PARTS):
        place.refuse(f"sets no due time; give {listed(_DUE_PARTS, 'or')}, such as `within: 2 business days`")
    calendar = fields["calendar"].read(known_calendar(calendar_names)) if "calendar" in fields else None
    return Rule(
        when=_when(fields["when"]) if "when" in fields else {},
        within=fields["within"].read(duration) if "within" in fields else None,
        by=fields["by"].read(end_of_day) if "by" in fields else None,
        before=fields["before"].read(duration) if "before" in fields else None,
        not_before=fields["not_before"].read(duration) if "not_before" in fields else None,
        calendar=calendar,
    )


def _when(place: Place) -> dict[str, frozenset[str]]:
    """Any department may be named: one that the policy does not know keeps its name (R17)."""
    found: dict[str, frozenset[str]] = {}
    for key, inner in place.fields(_WHEN).items():
        values = [value.read(word) for value in inner.one_or_more()]
        found[key] = frozenset(value for value in values if value is not None)
    return found


def _stages(place: Place) -> tuple[Stage, ...]:
    """An empty list is a clock that counts and calls nobody."""
    found: list[tuple[Place, Stage]] = []
    names: dict[str, str] = {}
    for inner in place.items():
        before = len(inner.sheet.problems)
        stage = _stage(inner)
        if stage.name and stage.name in names:
            inner.refuse(f"the name `{stage.name}` is that of {names[stage.name]} too; give each stage its own")
        names.setdefault(stage.name, inner.path)
        if len(inner.sheet.problems) == before:
            found.append((inner, stage))
    check_order(found)
    return tuple(stage for _, stage in found)


def _stage(place: Place) -> Stage:
    fields = place.fields(_STAGE, required=("name",))
    point, percent, offset = _point(place, fields)
    severity, notify, always = _call(fields)
    name = fields["name"].read(_stage_name) if "name" in fields else None
    return Stage(name or "", point, percent, offset, severity, notify, always)


def _stage_name(text: str) -> str:
    if text in RESERVED:
        raise ValueError(f"`{text}` is a name that alerts use for something else; choose another")
    return identifier(text)


def _point(place: Place, fields: dict[str, Place]) -> tuple[Point, int, Duration | None]:
    """When the stage comes: exactly one of `at`, `before`, `after`."""
    given = [key for key in _POINTS if key in fields]
    if len(given) != 1:
        has = f"has {listed(given, 'and')}" if given else "has none of them"
        place.refuse(f"{has}; a stage has exactly one of {listed(_POINTS, 'or')}")
        return Point.DUE, 0, None
    key = given[0]
    if key == "at":
        percent = fields["at"].read(_percent) or 0
        return (Point.PERCENT if percent else Point.DUE), percent, None
    return (Point.BEFORE if key == "before" else Point.AFTER), 0, fields[key].read(duration)


def _percent(text: str) -> int:
    """`due` as 0, a percentage as its hundredths."""
    if text == "due":
        return 0
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no point; write `due`, or a percentage such as `75%` or `33.33%`")
    decimals = match[2] or ""
    if len(decimals) > 2:
        raise ValueError(f"`{text}` has more than two decimals; at most two are read")
    percent = int(match[1] + decimals.ljust(2, "0"))
    if not 0 < percent < 10_000:
        raise ValueError(f"`{text}` is out of range; above 0% and below 100%, and the due itself is `due`")
    return percent


def _call(fields: dict[str, Place]) -> tuple[str, str, bool]:
    """Severity, whom to notify, and whether at all hours."""
    severity = fields["severity"].read(one_of("warning", "critical")) if "severity" in fields else None
    notify = fields["notify"].read(one_of(*TARGETS)) if "notify" in fields else None
    hours = fields["hours"].read(one_of("open", "always")) if "hours" in fields else None
    return severity or "warning", notify or "pool", hours == "always"


def _attempts(place: Place) -> Attempts:
    fields = place.fields(_ATTEMPTS, required=("count", "within"))
    severity, notify, always = _call(fields)
    count = fields["count"].read(_count) if "count" in fields else None
    within = fields["within"].read(elapsed) if "within" in fields else None
    return Attempts(count or 0, within or 0, severity, notify, always)


def _count(text: str) -> int:
    if _COUNT.fullmatch(text) is None:
        raise ValueError(f"`{text}` is no count; write a whole number from 1 on, such as 3")
    return int(text)
