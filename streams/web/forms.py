"""The forms of the JSON that is answered and taken. Instants are RFC 3339 in UTC; what has no value is left out.

The OpenAPI document is made from these forms, and their docstrings are its descriptions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.alerts import AlertData

Workflow = Literal["message", "appointment", "result", "questionnaire"]
State = Literal["missed", "due_soon", "on_time", "paused"]
Outcome = Literal["met", "missed", "cancelled", "expired"]
Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Of a person, a pool or a department, as somebody may give it."""


class Form(msgspec.Struct, omit_defaults=True):
    """An answer, or a part of one."""


class Firing(Form, kw_only=True):
    """An alert that fires."""

    id: str
    clock: str
    stage: str
    severity: str
    recipients: list[str]
    """Who was told."""
    fired_at: str


class Row(Form, kw_only=True):
    """One item, as a line of the board has it."""

    workflow: str
    item: str
    ref: str
    """Opaque reference to the cycle, 12 characters; `/api/refs/{ref}` resolves it."""
    partition: int
    state: str
    """`missed`, `due_soon` (a stage before the due has come), `on_time` or `paused` (waiting for the patient); of
    several clocks the most urgent counts. Of an item that has ended: `resolved`."""
    opened_at: str
    clock: str | None = None
    """The clock whose due comes first."""
    due_at: str | None = None
    soon_at: str | None = None
    """When the first stage before the due comes, or came."""
    left: float | None = None
    """Seconds that count until the due (open time of the calendar, or elapsed time if the benchmark says so); negative:
    how many have counted since."""
    counting: bool = False
    """Whether time counts now; if not, `left` stands still."""
    changes_at: str | None = None
    """When `counting` changes next."""
    department: str
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    guide: str | None = None
    """Where the department says what to do."""
    timezone: str | None = None
    """Of the calendar that judges it."""
    stage: str | None = None
    """Of the most urgent of `alerts`."""
    severity: str | None = None
    recipients: list[str] = []
    """Who was told, by all of `alerts`."""
    alerts: list[Firing] = []
    held_until: str | None = None
    """Acknowledged or snoozed: until then no stage before the due fires."""
    acknowledged_by: str | None = None
    """Who acknowledged last, while that holds."""
    short_notice: bool = False
    follow_ups: int = 0
    attempts: int = 0
    outcome: str | None = None
    closed_at: str | None = None


class Counts(Form, kw_only=True):
    """How many items there are, by what the board filters for; with the filters of the question but `state`."""

    missed: Count
    next_hour: Count
    """Due within the next hour."""
    today: Count
    """Due before the department's day ends, the next hour included."""
    paused: Count
    """Waiting for the patient."""
    pending: Count
    """All of them."""


class SilentFeed(Form, kw_only=True):
    """A feed that is said to be silent: what comes of its workflow may be out of date."""

    workflow: str
    alert: str
    since: str


class Seen(Form, kw_only=True):
    """How much of the whole an answer covers."""

    now: str
    """The moment of the answer, by the clock that judges."""
    rate: float
    """How fast that clock runs; not 1 in a demo."""
    policy: str
    """Version of the policy in force."""
    partitions: Count
    """How many there are."""
    missing: list[int] = []
    """Partitions that nobody answered for."""
    catching_up: list[int] = []
    """Partitions whose inputs have not been read to their ends: what is said of them may be out of date."""


class Items(Form, kw_only=True):
    """A page of items in order of their due time; those without one come last."""

    seen: Seen
    counts: Counts
    total: int | None = None
    """How many match in all; left out where counting them would take too long."""
    items: list[Row]
    next: str | None = None
    """Give it as `after` for the next page; left out on the last one."""
    feeds: list[SilentFeed] = []


class AlertRow(Form, kw_only=True):
    """An alert that fires: its data as on the topic (contract section 5), and the reference to its cycle."""

    ref: str | None = None
    data: AlertData


class Alerts(Form, kw_only=True):
    """A page of alerts that fire, in order of their items' due times; silent feeds come first."""

    seen: Seen
    alerts: list[AlertRow]
    next: str | None = None


class Happened(Form, kw_only=True):
    """One event of an item's history."""

    time: str
    action: str
    """`open`, `stop`, `cancel`, `pause`, `resume`, `route`, `attempt`, `acknowledge` or `snooze`."""
    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    anchor: str | None = None
    by: str | None = None
    until: str | None = None
    act: str | None = None
    """Of an act that was taken by this interface: its id."""


class Interval(Form, rename={"start": "from", "end": "to"}, kw_only=True):
    """A stretch of time, half-open."""

    start: str
    end: str
    counted: bool
    why: str
    """`open`, `elapsed`, `closed`, `paused`, `holiday: NAME` or `closed: DATE`."""


class Rung(Form, kw_only=True):
    """A stage of a clock's ladder."""

    name: str
    at: str
    severity: str
    notify: list[str]
    recipients: list[str]
    """Who would be told now; once it was said, who was told."""
    state: str
    """`to_come`, `waiting` (its time has come; it is held back, or its hours do not allow it yet), `firing`, `told` (it
    fired, and that is resolved), `covered` (another fired in its name) or `not_needed`."""
    alert: str | None = None
    """Id of the alert, while it fires."""
    fired_at: str | None = None


class Judged(Form, kw_only=True):
    """How one clock judges the cycle, and why."""

    clock: str
    rule: int
    """Index of the rule that matches, from 0."""
    start: str
    due: str | None = None
    error: str | None = None
    """Why there is no due: `anchor_missing` or `paused`."""
    short_notice: bool = False
    not_before: str | None = None
    outcome: str
    """`pending`, `paused`, `met`, `missed`, `cancelled` or `expired`."""
    timezone: str
    words: str
    """The same in words, in the calendar's local time."""
    stages: list[Rung] = []
    intervals: list[Interval] = []


class Pause(Form, rename={"start": "from", "end": "to"}, kw_only=True):
    """The patient had the turn; without `to` the pause lasts."""

    start: str
    end: str | None = None


class CycleForm(Form, kw_only=True):
    """One stretch in which the clinic owed something."""

    ref: str
    start: str
    end: str | None = None
    ending: str | None = None
    """`stop`, `cancel` or `expired`."""
    priority: str
    anchor: str | None = None
    follow_ups: int = 0
    attempts: list[str] = []
    pauses: list[Pause] = []
    snoozed_until: str | None = None
    last_useful_at: str | None = None
    """The last moment before a due at which somebody is told: as far as a snooze makes sense."""
    clocks: list[Judged] = []


class Item(Form, kw_only=True):
    """One item: its row, its history, its cycles, each with the explanation of each clock."""

    now: str
    rate: float
    row: Row
    history: list[Happened]
    cycles: list[CycleForm]
    """The earliest first; of many the last ten."""


class Resolved(Form, kw_only=True):
    """What a `ref` stands for."""

    workflow: str
    item: str
