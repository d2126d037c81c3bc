"""What is odd about whom a policy names: departments without staff, rules that never match, strangers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import product
from math import prod

from schemas.policy import UNASSIGNED, Policy, Rule
from schemas.policy_place import listed
from schemas.policy_tree import Problem
from streams.core.fold import ROUTINE

STAFF = ("pool", "on_call", "champion")
FREE = {"site", "priority", "kind"}
"""What a rule may ask for that the policy does not list."""
MOST_COMBINATIONS = 20_000
"""More combinations of a rule's values than a person ever writes are not looked through one by one."""


def find(policy: Policy) -> Iterator[Problem]:
    """Findings about departments and about which rule matches whom."""
    yield from _staff(policy)
    for number, clock in enumerate(policy.clocks):
        for index, rule in enumerate(clock.rules):
            path = f"clocks[{number}].rules[{index}]"
            yield from _shadowed(policy, path, rule, clock.rules[:index])
            yield from _strangers(policy, path, rule)
    yield from _spelled(policy)


def _staff(policy: Policy) -> Iterator[Problem]:
    for department, own in policy.departments.items():
        if not any(getattr(own, field) for field in STAFF):
            called = [f"`{name}`" for field in STAFF if (name := getattr(policy.defaults, field))]
            whom = f"the defaults {listed(called, 'and')}" if called else "nobody"
            message = f"has no staff of its own: all its calls go to {whom}; give it {listed(STAFF, 'or')}"
            path = f"departments.{department}"
            yield Problem(policy.lines[path], path, message)


def _shadowed(policy: Policy, path: str, rule: Rule, earlier: Sequence[Rule]) -> Iterator[Problem]:
    """A rule, or a value of it, that earlier rules take in every case."""
    keys = list(rule.when)
    taken = [(number, above) for number, above in enumerate(earlier, 1) if above.when.keys() <= rule.when.keys()]
    if not taken or prod(len(rule.when[key]) for key in keys) > MOST_COMBINATIONS:
        return
    by: set[int] = set()
    alive: dict[str, set[str]] = {key: set() for key in keys}
    lives = False
    for values in product(*(sorted(rule.when[key]) for key in keys)):
        item = dict(zip(keys, values, strict=True))
        first = next((number for number, above in taken if _matches(above, item)), None)
        if first is not None:
            by.add(first)
            continue
        lives = True
        for key, value in item.items():
            alive[key].add(value)
    if not lives:
        yield Problem(policy.lines[path], path, f"can never match: {_rules(by)} takes all that it asks for; {_RIGHT}")
        return
    for key in keys:
        if dead := rule.when[key] - alive[key]:
            names = listed([f"`{value}`" for value in sorted(dead)], "and")
            message = f"{names} never gets here, for {_rules(by)} comes first; {_RIGHT}"
            yield Problem(policy.lines[f"{path}.when.{key}"], f"{path}.when.{key}", message)


_RIGHT = "put the narrower rule above, or take it out"


def _matches(rule: Rule, item: dict[str, str]) -> bool:
    return all(item[key] in values for key, values in rule.when.items())


def _rules(numbers: set[int]) -> str:
    named = [str(number) for number in sorted(numbers)]
    return f"rule {named[0]}" if len(named) == 1 else f"one of the rules {listed(named, 'and')}"


def _strangers(policy: Policy, path: str, rule: Rule) -> Iterator[Problem]:
    """A department or a pool in `when` that stands nowhere else in the file."""
    pools = {each.pool for each in (*policy.departments.values(), policy.defaults) if each.pool}
    for key, known in (("department", {*policy.departments, UNASSIGNED}), ("pool", pools)):
        for value in sorted(rule.when.get(key, frozenset()) - known):
            near = get_close_matches(value, sorted(known), n=1)
            names = listed(sorted(known), "and") if known else "none"
            hint = f"did you mean `{near[0]}`?" if near else f"it has {names}"
            where = f"{path}.when.{key}"
            yield Problem(policy.lines[where], where, f"`{value}` is no {key} of this policy; {hint}")


def _spelled(policy: Policy) -> Iterator[Problem]:
    """A value that an earlier rule spells in another way: `Urgent` and `urgent` are two values."""
    first = {("priority", ROUTINE): ROUTINE}  # an item that is given no priority has this one
    for number, clock in enumerate(policy.clocks):
        for index, rule in enumerate(clock.rules):
            for key in FREE & rule.when.keys():
                for value in sorted(rule.when[key]):
                    known = first.setdefault((key, _folded(value)), value)
                    if known != value:
                        where = f"clocks[{number}].rules[{index}].when.{key}"
                        message = f"`{value}` is `{known}` elsewhere, and one never matches the other; spell it one way"
                        yield Problem(policy.lines[where], where, message)


def _folded(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
