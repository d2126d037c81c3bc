"""A policy said back in words: what its author may compare with what was meant.

Each function gives lines, without an end of line, or sentences for JSON; everything that the file leaves out stands
there as what holds instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas import instants
from schemas.policy import UNASSIGNED, WORKFLOWS, CalendarSpec, Clock, Department, Policy, Rule, Settings
from schemas.policy_clocks import DEFAULT_STAGES
from streams.findings import phrases

FIELDS: Final = {"pool": "pool", "on_call": "on call", "champion": "champion", "guide": "guide"}
"""What a department has, and how it is called."""
REST: Final = "any other"
"""How departments are called that the policy does not know."""


def calendar(spec: CalendarSpec) -> list[str]:
    """The zone, the week, the business days and the exceptions of a calendar, a sentence each."""
    open_days = {day for day, found in enumerate(spec.hours) if found}
    said = [f"local time of {spec.timezone}", f"open {phrases.week(spec.hours) or 'on no weekday'}"]
    if spec.business_days is not None:
        said.append(f"business days are {phrases.days(spec.business_days & open_days)}{_no_business(spec, open_days)}")
    if spec.holidays is None:
        said.append("keeps no public holidays")
    else:
        works = f", but works on {phrases.ands(sorted(spec.not_holidays))}" if spec.not_holidays else ""
        said.append(f"keeps the holidays of {spec.holidays}{works}")
    return said


def _no_business(spec: CalendarSpec, open_days: set[int]) -> str:
    left = open_days - (spec.business_days or frozenset())
    return f"; {phrases.days(left)} is open time, but no business day" if left else ""


def department(policy: Policy, name: str | None) -> str:
    """Whose calendar a department goes by and who is called; None: a department that the policy does not know."""
    own = policy.departments.get(name or UNASSIGNED, Department()) if name is not None else Department()
    said = [f"calendar {own.calendar or policy.defaults.calendar}"]
    for field, label in FIELDS.items():
        given, default = getattr(own, field), getattr(policy.defaults, field)
        if given or default:
            said.append(f"{label} {given or default}{'' if given or name is None else ' (default)'}")
        elif field != "guide":
            said.append(f"{label} nobody")
    return ", ".join(said)


def departments(policy: Policy) -> dict[str, str]:
    """Each department of the file, and `any other`, in words."""
    return {name: department(policy, name) for name in policy.departments} | {REST: department(policy, None)}


def rules(clock: Clock) -> list[str]:
    """The rules of a clock, in their order, and what becomes of the items that none matches."""
    said = [_rule(rule, clock.workflow, last=index > 0) for index, rule in enumerate(clock.rules)]
    if all(rule.when for rule in clock.rules):
        said.append("any other: not judged by this clock")
    return said


def _rule(rule: Rule, workflow: str, *, last: bool) -> str:
    who = phrases.when(rule.when) if rule.when or not last else REST
    of = f", by calendar {rule.calendar}" if rule.calendar else ""
    return f"{who}: {phrases.target(rule, workflow)}{of}"


def stages(clock: Clock) -> list[str]:
    """The ladder and the attempts of a clock, a sentence for each stage."""
    said = [f"{stage.name}, {phrases.point(stage)}: tell {phrases.call(stage)}" for stage in clock.stages]
    if clock.attempts is not None:
        said.append(f"attempts, {phrases.attempts(clock.attempts)}: tell {phrases.call(clock.attempts)}")
    return said or ["tells nobody: it counts"]


def settings(given: Settings) -> list[str]:
    """What holds for all clocks."""
    lead = f"a due comes at least {given.lead.text} after it can be known" if given.lead.amount else "no fair notice"
    who = "to every pending item at once" if given.apply == "all" else "to cycles that start after it"
    said = [
        lead,
        f"an acknowledgement holds back what comes before the due for {given.ack_for.text}",
        f"a cycle that still runs after {phrases.elapsed(given.max_age)} has expired",
        f"a late event is taken for {phrases.elapsed(given.reorder_window)}",
        f"an item is remembered for {phrases.elapsed(given.remember)} after its last event",
        f"an event may be {phrases.elapsed(given.max_skew)} ahead of the clock",
        f"a new policy applies {who}",
    ]
    if given.enforce_from:
        said.append(f"no cycle starts before {instants.text(given.enforce_from)}")
    for workflow, silence in given.silent_feed.items():
        said.append(f"the feed of {workflow}s counts as silent after {silence.text}")
    if given.partitioner != "unchecked":
        said.append(f"a record on another partition than {given.partitioner} gives its key is refused")
    return said


def policy(given: Policy) -> Iterator[str]:
    """The whole policy but for its days, as lines."""
    for name, spec in given.calendars.items():
        yield from _section(f"Calendar {name}", calendar(spec))
    yield from _section("Departments", [f"{name}: {said}" for name, said in departments(given).items()])
    for clock in given.clocks:
        yield from _section(f"Clock {clock.name} ({clock.workflow}s)", list(_clock(clock)))
    judged = {clock.workflow for clock in given.clocks}
    if unjudged := [workflow for workflow in WORKFLOWS if workflow not in judged]:
        yield from _section("No clock", [f"{workflow}s are followed, but not judged" for workflow in unjudged])
    yield from _section("Settings", settings(given.settings))


def _clock(clock: Clock) -> Iterator[str]:
    for number, said in enumerate(rules(clock), 1):
        yield f"{number}. {said}" if number <= len(clock.rules) else said
    usual = " (the usual ladder)" if clock.stages == DEFAULT_STAGES else ""
    yield f"then{usual}:"
    yield from (f"  {said}" for said in stages(clock))


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield title
    yield from (f"  {line}" for line in lines)
    yield ""
