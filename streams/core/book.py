"""A policy made ready to judge by: its calendars built, its names resolved.

`Book` answers what the policy file says by name: which rule matches, which calendar counts,
whom a target reaches (contract section 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.policy import UNASSIGNED, WORKFLOWS, Clock, Department, Policy, Rule
from streams.core.calendars import Calendar
from streams.core.routing import Routing

_NOBODY = Department()
OTHER: Final = "other"
"""In labels: a department that the policy does not know (R17)."""
MATCHES_KEPT = 10_000
"""Free text of senders is part of the key, so what is kept is bounded."""


class Line:
    """A clock, and the rule of it that judges a piece of work.

    `index`: the rule's place. `early`, `always`: of the clock's first stage, whether it stands before the due, and
    whether it may fire at all hours; False if the clock has none.
    """

    __slots__ = ("always", "calendar", "clock", "early", "index", "name", "rule")

    def __init__(self, clock: Clock, index: int, calendar: Calendar) -> None:
        self.clock, self.name, self.index, self.calendar = clock, clock.name, index, calendar
        self.rule: Rule = clock.rules[index]
        self.early: bool = bool(clock.stages) and clock.stages[0].early
        self.always: bool = bool(clock.stages) and clock.stages[0].always


class Plan:
    """By what a workflow judges a routing and priority: `lines`, in order of the clocks; `label` as metrics name it."""

    __slots__ = ("label", "lines")

    def __init__(self, label: str, lines: list[Line]) -> None:
        self.label, self.lines = label, lines


class Book:
    """A compiled policy; `text` is the file that it was read from, where it has to be kept."""

    def __init__(self, policy: Policy, text: bytes = b"") -> None:
        self.policy, self.settings, self.version, self.text = policy, policy.settings, policy.version, text
        self.calendars = {name: Calendar(spec) for name, spec in policy.calendars.items()}
        self.clocks: dict[str, tuple[Clock, ...]] = {
            w: tuple(c for c in policy.clocks if c.workflow == w) for w in WORKFLOWS
        }
        self.names = {workflow: frozenset(clock.name for clock in clocks) for workflow, clocks in self.clocks.items()}
        """Of each workflow's clocks."""
        self._labels = frozenset(policy.departments) | {UNASSIGNED}
        self._matches: dict[tuple[str | None, ...], int | None] = {}
        self._plans: dict[tuple[str | None, ...], Plan] = {}

    def warm(self, at: int) -> None:
        """Build the calendars' years around `at`, before it matters how long that takes."""
        for calendar in self.calendars.values():
            calendar.is_open(at)

    def department(self, routing: Routing) -> Department:
        """The department's entry; an empty one if the policy does not know it."""
        return self.policy.departments.get(routing.department or UNASSIGNED, _NOBODY)

    def label(self, routing: Routing) -> str:
        """The department as metrics and scorecards name it: a sender may write anything."""
        name = routing.department
        return UNASSIGNED if name is None else name if name in self._labels else OTHER

    def pool(self, routing: Routing) -> str | None:
        """The item's pool, else the department's, else the default."""
        return routing.pool or self.department(routing).pool or self.policy.defaults.pool

    def target(self, name: str, routing: Routing) -> str | None:
        """Whom a stage's `notify` reaches."""
        if name == "owner":
            return routing.owner or self.pool(routing)
        if name == "pool":
            return self.pool(routing)
        own: str | None = getattr(self.department(routing), name)
        default: str | None = getattr(self.policy.defaults, name)
        return own or default

    def recipients(self, notify: Iterable[str], routing: Routing) -> list[str]:
        """The names that targets resolve to, in their order, each once."""
        found = (self.target(name, routing) for name in notify)
        return list(dict.fromkeys(name for name in found if name))

    def calendar(self, rule: Rule, routing: Routing) -> Calendar:
        """The rule's calendar, else the department's, else the default."""
        return self._named(rule.calendar or self.department(routing).calendar)

    def calendar_of(self, department: str | None = None) -> Calendar:
        """A department's own calendar, else the default; without a department the default."""
        own = None if department is None else self.policy.departments.get(department)
        return self._named(None if own is None else own.calendar)

    def _named(self, name: str | None) -> Calendar:
        name = name or self.policy.defaults.calendar
        assert name is not None, "a policy without a default calendar is refused when it is read"
        return self.calendars[name]

    def clock(self, workflow: str, name: str | None) -> Clock | None:
        """A workflow's clock of this name; None if the policy has none."""
        return next((clock for clock in self.clocks[workflow] if clock.name == name), None)

    def match(self, clock: Clock, routing: Routing, priority: str) -> int | None:
        """Index of the first rule that matches; None if the clock does not judge the item."""
        key = clock.name, routing.department, routing.site, routing.pool, routing.kind, priority
        try:
            return self._matches[key]
        except KeyError:
            if len(self._matches) >= MATCHES_KEPT:
                self._matches.clear()
            found = self._matches[key] = self._first(clock, routing, priority)
            return found

    def plan(
        self, workflow: str, department: str | None, site: str | None, pool: str | None, kind: str | None, priority: str
    ) -> Plan:
        """The clocks that judge a piece of work, each with its rule."""
        key = workflow, department, site, pool, kind, priority
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= MATCHES_KEPT:
                self._plans.clear()
            routing = Routing(department, site, pool, None, kind)
            found = self._plans[key] = self._planned(workflow, routing, priority)
        return found

    def _planned(self, workflow: str, routing: Routing, priority: str) -> Plan:
        lines: list[Line] = []
        for clock in self.clocks[workflow]:
            index = self.match(clock, routing, priority)
            if index is not None:
                lines.append(Line(clock, index, self.calendar(clock.rules[index], routing)))
        return Plan(self.label(routing), lines)

    def _first(self, clock: Clock, routing: Routing, priority: str) -> int | None:
        for index, rule in enumerate(clock.rules):
            when = rule.when
            if not when or all(self._value(key, routing, priority) in values for key, values in when.items()):
                return index
        return None

    def _value(self, key: str, routing: Routing, priority: str) -> str | None:
        if key == "department":
            return routing.department or UNASSIGNED
        if key == "pool":
            return self.pool(routing)
        if key == "priority":
            return priority
        return routing.site if key == "site" else routing.kind
