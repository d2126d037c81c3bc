"""The policy file in typed form (contract section 3).

`schemas.policy_file` reads YAML into these; `streams.core` judges by them.  Amounts of time are
integers: microseconds, or whole business days.  Clock times of a window are minutes since the
local midnight of the date to which the window belongs; an end above 1440 lies on the next date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WORKFLOWS = ("message", "appointment", "result", "questionnaire")
TARGETS = ("owner", "pool", "on_call", "champion")
UNASSIGNED = "unassigned"

Window = tuple[int, int]
"""(opens, closes) in local minutes of its date, `closes > opens`; past midnight `closes > 1440`."""


class Unit(Enum):
    """What a duration counts."""

    ELAPSED = "elapsed"
    """Microseconds of elapsed time."""
    OPEN = "open"
    """Microseconds of a calendar's open time."""
    BUSINESS_DAYS = "business_days"
    """Whole business days (T3)."""


@dataclass(frozen=True)
class Duration:
    """`N minutes|hours|days`, `N business minutes|hours|days`."""

    unit: Unit
    amount: int
    """Microseconds, or whole business days."""
    text: str
    """As the file has it, for people."""


@dataclass(frozen=True)
class Rule:
    """A target; the first rule whose `when` matches wins."""

    when: dict[str, frozenset[str]] = field(default_factory=dict)
    """Key (`department`, `site`, `pool`, `priority`, `kind`) to the values that match."""
    within: Duration | None = None
    by: int | None = None
    """N of `end of N business days`."""
    before: Duration | None = None
    not_before: Duration | None = None
    calendar: str | None = None


class Point(Enum):
    """How a stage's time is given."""

    PERCENT = "percent"
    BEFORE = "before"
    DUE = "due"
    AFTER = "after"


@dataclass(frozen=True)
class Stage:
    """A rung of the ladder."""

    name: str
    point: Point
    percent: int = 0
    """Hundredths of a percent, for PERCENT: 75% is 7500."""
    offset: Duration | None = None
    """For BEFORE and AFTER."""
    severity: str = "warning"
    notify: str = "pool"
    always: bool = False
    """`hours: always`."""

    @property
    def early(self) -> bool:
        """Whether it is a stage before the due."""
        return self.point in (Point.PERCENT, Point.BEFORE)


@dataclass(frozen=True)
class Attempts:
    """So many attempts no further apart than `within` (microseconds) fire the stage `attempts`."""

    count: int
    within: int
    severity: str = "warning"
    notify: str = "pool"
    always: bool = False


@dataclass(frozen=True)
class Clock:
    """One benchmark of one workflow."""

    name: str
    workflow: str
    rules: tuple[Rule, ...]
    stages: tuple[Stage, ...]
    attempts: Attempts | None = None


@dataclass(frozen=True)
class CalendarSpec:
    """A calendar as written."""

    name: str
    timezone: str
    hours: tuple[tuple[Window, ...], ...]
    """Seven tuples of windows, Monday first, each in order of opening."""
    business_days: frozenset[int] | None = None
    """Weekdays (Monday 0) that business days count; None: every day with a window."""
    holidays: str | None = None
    """`US` or `US-WI`: a country or country-subdivision of the `holidays` package."""
    not_holidays: frozenset[str] = frozenset()
    closed: frozenset[date] = frozenset()
    open: dict[date, tuple[Window, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Department:
    """Who works and answers for a department; None falls back to the defaults."""

    calendar: str | None = None
    pool: str | None = None
    on_call: str | None = None
    champion: str | None = None
    guide: str | None = None


@dataclass(frozen=True)
class Settings:
    """`settings` of the policy file; times in microseconds."""

    enforce_from: int = 0
    lead: Duration = Duration(Unit.OPEN, HOUR, "1 business hour")
    """In open time; amount 0 turns T11 off."""
    ack_for: Duration = Duration(Unit.OPEN, 2 * HOUR, "2 business hours")
    reorder_window: int = 7 * DAY
    remember: int = 30 * DAY
    max_skew: int = 5 * MINUTE
    max_age: int = 90 * DAY
    silent_feed: dict[str, Duration] = field(default_factory=dict)
    apply: str = "all"
    partitioner: str = "unchecked"


@dataclass(frozen=True)
class Policy:
    """The policy in force."""

    version: str
    calendars: dict[str, CalendarSpec]
    departments: dict[str, Department]
    defaults: Department
    clocks: tuple[Clock, ...]
    settings: Settings = Settings()
    lines: dict[str, int] = field(default_factory=dict)
    """Path in the file (`clocks[0].rules[1].within`) to its line, for findings; not part of the judgement."""
