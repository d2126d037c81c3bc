"""What changes between two clocks: the targets that items get, and the ladders.

Rules are compared by what they do.  The values that rules ask for are put into classes that all rules treat alike, with
one class for every value that none asks for; each combination of classes is matched against both clocks; what changes
alike is put together again, so that the sentence names no more than it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import prod
from typing import NamedTuple

from schemas.policy import Attempts, CalendarSpec, Clock, Duration, Policy, Rule, Stage
from schemas.policy_place import listed
from streams.findings import phrases

DEPARTMENT = "department"
KEYS = ("priority", DEPARTMENT, "site", "pool", "kind")
REST = ""
"""The value of an item that no rule asks for; a policy file can not have it."""
OTHER = "other"
MOST_CELLS = 20_000
UNJUDGED = "not judged"

Cell = tuple[frozenset[int], ...]
"""For each key the classes that it covers, by index."""


class Key(NamedTuple):
    """A key of `when`, and its classes of values; the last one has REST."""

    name: str
    classes: list[tuple[str, ...]]


class Asked(NamedTuple):
    """What a rule asks, comparable: amounts, not texts."""

    within: tuple[object, int] | None
    by: int | None
    before: tuple[object, int] | None
    not_before: tuple[object, int] | None
    calendar: CalendarSpec | None


def same_duration(one: Duration | None, other: Duration | None) -> bool:
    """Whether two durations are the same time, however they are written."""
    return _amount(one) == _amount(other)


def _amount(given: Duration | None) -> tuple[object, int] | None:
    return None if given is None else (given.unit, given.amount)


def rule_changes(
    old: Policy, new: Policy, was: Clock, becomes: Clock, everyone: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each change of a target as a sentence, with the departments that it concerns."""
    keys = _keys(old, new, was, becomes, everyone)
    if prod(len(key.classes) for key in keys) > MOST_CELLS:
        if was.rules != becomes.rules:
            yield "its rules are others, too many to be compared one by one", tuple(everyone)
        return
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in product(*(range(len(key.classes)) for key in keys)):
        item = {key.name: key.classes[index][0] for key, index in zip(keys, cell, strict=True)}
        before, after = _target(old, was, item), _target(new, becomes, item)
        if before[0] != after[0]:
            groups.setdefault((before[1], after[1]), []).append(tuple(frozenset({index}) for index in cell))
    for (before_words, after_words), cells in groups.items():
        for merged in _merged(cells):
            yield f"{_who(keys, merged)}: {phrases.turned(before_words, after_words)}", _departments(keys, merged)


def _key(name: str, asked: Iterable[str], like: Callable[[str], object]) -> Key:
    """Values are in one class if they are alike."""
    alike: dict[object, list[str]] = {}
    for value in asked:
        alike.setdefault(like(value), []).append(value)
    return Key(name, [*(tuple(values) for values in alike.values()), (REST,)])


def _keys(old: Policy, new: Policy, was: Clock, becomes: Clock, everyone: Sequence[str]) -> list[Key]:
    """Values are alike if each rule has all of them or none; departments, if they also go by the same calendars."""
    rules = [rule for clock in (was, becomes) for rule in clock.rules]
    calendars = (old, new) if any(rule.calendar for rule in rules) else ()
    keys = []
    for name in KEYS:
        asked = {value for rule in rules for value in rule.when.get(name, frozenset())}
        if name == DEPARTMENT:
            names = [each for each in everyone if each != OTHER]
            values = [*names, *sorted(asked - set(names))]
            keys.append(_key(name, values, lambda v: (_in(rules, DEPARTMENT, v), *(_goes_by(p, v) for p in calendars))))
        elif asked:
            keys.append(_key(name, sorted(asked), partial(_in, rules, name)))
    return keys


def _in(rules: list[Rule], name: str, value: str) -> tuple[bool, ...]:
    return tuple(value in rule.when.get(name, frozenset()) for rule in rules)


def _goes_by(policy: Policy, department: str) -> str | None:
    own = policy.departments.get(department)
    return (own.calendar if own else None) or policy.defaults.calendar


def _target(policy: Policy, clock: Clock, item: dict[str, str]) -> tuple[Asked | None, str]:
    """What an item is asked, comparable and in words."""
    rule = next((each for each in clock.rules if _matches(each, item)), None)
    if rule is None:
        return None, UNJUDGED
    own = _calendar(policy, rule, item[DEPARTMENT])
    by = "" if own is None else f", by calendar {rule.calendar}"
    asked = Asked(_amount(rule.within), rule.by, _amount(rule.before), _amount(rule.not_before), own)
    return asked, phrases.target(rule, clock.workflow) + by


def _matches(rule: Rule, item: dict[str, str]) -> bool:
    return all(item.get(key, REST) in values for key, values in rule.when.items())


def _calendar(policy: Policy, rule: Rule, department: str) -> CalendarSpec | None:
    """The rule's own calendar, nameless; None if it is what the department goes by anyway."""
    name = _goes_by(policy, department)
    if rule.calendar is None or rule.calendar == name:
        return None
    spec = replace(policy.calendars[rule.calendar], name="")
    return None if name and spec == replace(policy.calendars[name], name="") else spec


def _merged(cells: list[Cell]) -> list[Cell]:
    """The same combinations in fewer cells: those that differ in one key are put together, key by key, while any do."""
    while True:
        before = len(cells)
        for place in range(len(cells[0])):
            alike: dict[tuple[Cell, Cell], frozenset[int]] = {}
            for cell in cells:
                others = cell[:place], cell[place + 1 :]
                alike[others] = alike.get(others, frozenset()) | cell[place]
            cells = [(*left, covered, *right) for (left, right), covered in alike.items()]
        if len(cells) == before:
            return cells


def _who(keys: list[Key], cell: Cell) -> str:
    """`priority urgent and department oncology`, `every item`; a key whose values are all meant is left out."""
    said = []
    for key, covered in zip(keys, cell, strict=True):
        if len(covered) == len(key.classes):
            continue
        rest = len(key.classes) - 1
        if rest in covered:
            left = [value for index, values in enumerate(key.classes) if index not in covered for value in values]
            said.append(f"any {key.name} but {phrases.ors(left)}")
        else:
            said.append(f"{key.name} {phrases.ors(value for index in covered for value in key.classes[index])}")
    return listed(said, "and") if said else "every item"


def _departments(keys: list[Key], cell: Cell) -> tuple[str, ...]:
    for key, covered in zip(keys, cell, strict=True):
        if key.name == DEPARTMENT:
            return tuple(value or OTHER for index in sorted(covered) for value in key.classes[index])
    return ()


def stage_changes(was: Clock, becomes: Clock) -> Iterator[tuple[str, set[str]]]:
    """Each change of the ladder and the attempts as a sentence, with the targets that are called or were."""
    old, new = ({stage.name: stage for stage in clock.stages} for clock in (was, becomes))
    for name in [*old, *(name for name in new if name not in old)]:
        if name in old and name in new:
            for message, targets in _stage(old[name], new[name]):
                yield f"stage {name}: {message}", targets
        else:
            stage = old.get(name) or new[name]
            fate = "is gone" if name in old else "is new"
            yield f"stage {name} {fate}: {phrases.point(stage)}, tell {phrases.call(stage)}", {stage.notify}
    common = [name for name in old if name in new]
    reordered = [name for name in new if name in old]
    if common != reordered:
        yield f"order of the stages: {phrases.turned(', '.join(common), ', '.join(reordered))}", set()
    if was.attempts != becomes.attempts:
        targets = {each.notify for each in (was.attempts, becomes.attempts) if each is not None}
        yield f"attempts: {phrases.turned(_attempts(was.attempts), _attempts(becomes.attempts))}", targets


def _stage(old: Stage, new: Stage) -> Iterator[tuple[str, set[str]]]:
    if _point(old) != _point(new):
        yield phrases.turned(phrases.point(old), phrases.point(new)), {old.notify, new.notify}
    if _call(old) != _call(new):
        yield f"tells {phrases.turned(phrases.call(old), phrases.call(new))}", {old.notify, new.notify}


def _point(stage: Stage) -> tuple[object, ...]:
    return stage.point, stage.percent, _amount(stage.offset)


def _call(stage: Stage) -> tuple[object, ...]:
    return stage.notify, stage.severity, stage.always


def _attempts(given: Attempts | None) -> str:
    return "none" if given is None else f"{phrases.attempts(given)}: tell {phrases.call(given)}"
