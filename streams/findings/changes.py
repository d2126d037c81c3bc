"""What one policy changes against another, and for whom: by effect, not by text.

A department is compared by the calendar and the people that it ends up with, whoever gave them; a clock by the targets
that each kind of item gets, whatever rule gives it; a stage by its name.  So a moved default is told for the ones that
live by it, and a rule that is only written another way is no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas import instants
from schemas.policy import UNASSIGNED, Department, Duration, Policy, Settings
from schemas.policy_place import listed
from streams.findings import phrases
from streams.findings.changed_calendars import calendar_changes
from streams.findings.changed_clocks import rule_changes, same_duration, stage_changes

OTHER = "other"
"""How a change calls the departments that a policy does not know (R17)."""
FIELDS = {"pool": "pool", "on_call": "on call", "champion": "champion", "guide": "guide"}


class Change(NamedTuple):
    """One change: where, what in a sentence, and whom it concerns; a change of the version alone concerns nobody."""

    subject: str
    message: str
    departments: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Pools and persons who are called, or called no longer."""


def changes(old: Policy, new: Policy) -> list[Change]:
    """All changes from the old policy to the new one; none: they judge alike and say the same."""
    return [
        *_version(old, new),
        *_departments(old, new),
        *_calendars(old, new),
        *_people(old, new),
        *_clocks(old, new),
        *_settings(old, new),
    ]


def departments(*policies: Policy) -> tuple[str, ...]:
    """Every department that one of the policies knows, `unassigned` and those that none knows."""
    known = dict.fromkeys(name for policy in policies for name in policy.departments)
    return (*known, *([] if UNASSIGNED in known else [UNASSIGNED]), OTHER)


def effective(policy: Policy, name: str) -> Department:
    """What a department has in the end: its own entries, else the defaults'."""
    own, default = policy.departments.get(name, Department()), policy.defaults
    return Department(
        own.calendar or default.calendar,
        own.pool or default.pool,
        own.on_call or default.on_call,
        own.champion or default.champion,
        own.guide or default.guide,
    )


def _version(old: Policy, new: Policy) -> Iterator[Change]:
    if old.version != new.version:
        yield Change("version", phrases.turned(old.version, new.version))


def _departments(old: Policy, new: Policy) -> Iterator[Change]:
    for name in new.departments.keys() - old.departments.keys():
        yield Change(f"department {name}", "is new: it was counted among the others", (name,), *_judged(new))
    for name in old.departments.keys() - new.departments.keys():
        yield Change(f"department {name}", "is gone: it is counted among the others", (name,), *_judged(old))


def _judged(*policies: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The workflows and the clocks of policies."""
    clocks = [clock for policy in policies for clock in policy.clocks]
    return tuple(sorted({clock.workflow for clock in clocks})), tuple(dict.fromkeys(clock.name for clock in clocks))


def _calendars(old: Policy, new: Policy) -> Iterator[Change]:
    """By pairs of calendars, since departments that went by one may go by several now."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for name in departments(old, new):
        was, becomes = effective(old, name).calendar, effective(new, name).calendar
        pairs.setdefault((was or "", becomes or ""), []).append(name)
    for (was, becomes), who in pairs.items():
        subject = f"calendar {was}" if was == becomes else f"calendar {phrases.turned(was, becomes)}"
        for message in calendar_changes(old.calendars[was], new.calendars[becomes]):
            yield Change(subject, message, tuple(who), *_judged(old, new))


def _people(old: Policy, new: Policy) -> Iterator[Change]:
    moved: dict[tuple[str, str | None, str | None], list[str]] = {}
    for name in departments(old, new):
        was, becomes = effective(old, name), effective(new, name)
        for field in FIELDS:
            pair = getattr(was, field), getattr(becomes, field)
            if pair[0] != pair[1]:
                moved.setdefault((field, *pair), []).append(name)
    for (field, was_name, new_name), who in moved.items():
        message = f"{FIELDS[field]}: {phrases.turned(was_name or 'nobody', new_name or 'nobody')}"
        called = () if field == "guide" else tuple(each for each in (was_name, new_name) if each)
        yield Change("people", message, tuple(who), *_judged(old, new), called)


def _clocks(old: Policy, new: Policy) -> Iterator[Change]:
    was = {(clock.name, clock.workflow): clock for clock in old.clocks}
    becomes = {(clock.name, clock.workflow): clock for clock in new.clocks}
    everyone = departments(old, new)
    for key in [*was, *(key for key in becomes if key not in was)]:
        name, workflow = key
        if key not in becomes or key not in was:
            message = f"is new: it judges {workflow}s" if key in becomes else f"is gone: it judged {workflow}s"
            policy, clock = (new, becomes[key]) if key in becomes else (old, was[key])
            called = _called([policy], {stage.notify for stage in clock.stages})
            yield Change(f"clock {name}", message, everyone, (workflow,), (name,), called)
            continue
        for message, who in rule_changes(old, new, was[key], becomes[key], everyone):
            yield Change(f"clock {name}", message, who, (workflow,), (name,))
        for message, targets in stage_changes(was[key], becomes[key]):
            yield Change(f"clock {name}", message, everyone, (workflow,), (name,), _called([old, new], targets))


def _called(policies: Iterable[Policy], targets: Iterable[str]) -> tuple[str, ...]:
    """The names that targets resolve to, for any department, where the item itself gives none."""
    fields = {"pool" if target == "owner" else target for target in targets}
    names = {
        getattr(effective(policy, department), field)
        for policy in policies
        for department in departments(policy)
        for field in fields
    }
    return tuple(sorted(name for name in names if name))


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    was, becomes = old.settings, new.settings
    everyone = departments(old, new)
    for name, before, after in _values(was, becomes):
        yield Change("settings", f"{name}: {phrases.turned(before, after)}", everyone, *_judged(old, new))
    for workflow in sorted(was.silent_feed.keys() | becomes.silent_feed.keys()):
        one, other = was.silent_feed.get(workflow), becomes.silent_feed.get(workflow)
        if not same_duration(one, other):
            said = phrases.turned(one.text if one else "not watched", other.text if other else "not watched")
            called = tuple(sorted({each for each in (old.defaults.on_call, new.defaults.on_call) if each}))
            yield Change("settings", f"silent_feed of {workflow}s: {said}", everyone, (workflow,), (), called)


def _values(was: Settings, becomes: Settings) -> Iterator[tuple[str, str, str]]:
    """The settings that differ: name, old and new, in words."""
    for name in ("lead", "ack_for"):
        one, other = getattr(was, name), getattr(becomes, name)
        if not same_duration(one, other):
            yield name, _lead(one), _lead(other)
    for name in ("reorder_window", "remember", "max_skew", "max_age"):
        if getattr(was, name) != getattr(becomes, name):
            yield name, phrases.elapsed(getattr(was, name)), phrases.elapsed(getattr(becomes, name))
    if was.enforce_from != becomes.enforce_from:
        yield "enforce_from", instants.text(was.enforce_from), instants.text(becomes.enforce_from)
    for name in ("apply", "partitioner"):
        if getattr(was, name) != getattr(becomes, name):
            yield name, getattr(was, name), getattr(becomes, name)


def _lead(given: Duration) -> str:
    return given.text if given.amount else "off"


def whom(names: Iterable[str]) -> str:
    """Departments in a sentence: `cardiology, oncology and any other department`."""
    said = ["any other department" if name == OTHER else name for name in names]
    return listed(said, "and")
