"""What the sections of a policy file owe each other (contract section 3, `Refused`).

A stage that calls a target which resolves to nobody would be silence at the worst moment; an item
that ends by age before its own due could never be missed.  Both are refused here, after every
section by itself was found right.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.policy import DAY, UNASSIGNED, Department, Duration, Policy, Rule, Unit
from schemas.policy_place import listed
from schemas.policy_tree import Problem

STRANGERS = "departments that the policy does not know"


def cross_checks(policy: Policy) -> list[Problem]:
    """Problems between the sections."""
    return [*_targets(policy), *_ages(policy), *_calendars(policy)]


def _targets(policy: Policy) -> Iterator[Problem]:
    for path, target, what in _calls(policy):
        silent = [who for who, department in _audience(policy) if not _resolves(target, department, policy.defaults)]
        if silent:
            message = f"{what} `{target}` resolves to nobody for {_who(silent)}; give defaults.{_key(target)}"
            yield Problem(policy.lines[path], path, message)
    if policy.settings.silent_feed and policy.defaults.on_call is None:
        message = "calls the default `on_call`, which resolves to nobody; give defaults.on_call"
        yield Problem(policy.lines["settings.silent_feed"], "settings.silent_feed", message)


def _who(silent: list[str]) -> str:
    return ", ".join(who if who is STRANGERS else f"`{who}`" for who in silent)


def _key(target: str) -> str:
    """`owner` is the item's, else its pool: only the pool can be relied on."""
    return "pool" if target == "owner" else target


def _calls(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Every call that the policy may make: its path, its target, and what makes it."""
    for number, clock in enumerate(policy.clocks):
        path = f"clocks[{number}]"
        for index, stage in enumerate(clock.stages):
            own = f"{path}.stages" in policy.lines
            what = "notify" if own else f"the stage `{stage.name}` of the ladder that a clock gets without `stages`:"
            yield (_given(policy, f"{path}.stages[{index}]", "notify") if own else path), stage.notify, what
        if clock.attempts is not None:
            yield _given(policy, f"{path}.attempts", "notify"), clock.attempts.notify, "notify"
        for index, rule in enumerate(clock.rules):
            if rule.not_before is not None:
                yield f"{path}.rules[{index}].not_before", "pool", "a stop before it gives a notice to the pool:"


def _given(policy: Policy, path: str, key: str) -> str:
    return f"{path}.{key}" if f"{path}.{key}" in policy.lines else path


def _audience(policy: Policy) -> Iterator[tuple[str, Department]]:
    """Every department that an item may have: those of the file, none, and unknown ones (R17)."""
    yield from policy.departments.items()
    if UNASSIGNED not in policy.departments:
        yield UNASSIGNED, Department()
    else:
        yield STRANGERS, Department()


def _resolves(target: str, department: Department, defaults: Department) -> bool:
    key = _key(target)
    return getattr(department, key) is not None or getattr(defaults, key) is not None


def _ages(policy: Policy) -> Iterator[Problem]:
    """`max_age` against the longest `within` or `by`; business days taken as two days each."""
    longest = max(_amounts(policy), default=(0, "", ""), key=lambda found: found[0])
    amount, path, text = longest
    if amount <= policy.settings.max_age:
        return
    right = f"max_age must be at least {amount / DAY:.10g} days (a business day taken as two)"
    where, wrong = path, f"`{text}` is longer than settings.max_age, by default 90 days"
    if "settings.max_age" in policy.lines:
        where, wrong = "settings.max_age", f"is shorter than `{text}` of {path}"
    yield Problem(policy.lines[where], where, f"{wrong}; {right}")


def _amounts(policy: Policy) -> Iterator[tuple[int, str, str]]:
    for number, clock in enumerate(policy.clocks):
        for index, rule in enumerate(clock.rules):
            path = f"clocks[{number}].rules[{index}]"
            yield from ((amount, f"{path}.{key}", text) for key, amount, text in _parts(rule))


def _parts(rule: Rule) -> Iterator[tuple[str, int, str]]:
    if rule.within is not None:
        yield "within", _at_most(rule.within), rule.within.text
    if rule.by is not None:
        yield "by", rule.by * 2 * DAY, f"end of {rule.by} business day{'' if rule.by == 1 else 's'}"


def _at_most(duration: Duration) -> int:
    return duration.amount * 2 * DAY if duration.unit is Unit.BUSINESS_DAYS else duration.amount


def _calendars(policy: Policy) -> Iterator[Problem]:
    """A department without a calendar has the default's; an unknown department has no other."""
    if policy.defaults.calendar is None:
        names = listed(sorted(policy.calendars), "or")
        yield Problem(
            policy.lines["defaults"], "defaults", f"has no `calendar`, which unknown departments need; give {names}"
        )
