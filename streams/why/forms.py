"""What `portalwatch why --json` says. Instants are text, RFC 3339 in UTC; a field without a value is left out."""

from __future__ import annotations

from typing import Final

import msgspec

TOLD, TO_COME, COVERED, HELD, PAUSED, HOURS = "told", "to_come", "covered", "held", "paused", "hours"
OVER, GATE, UNSAID, SILENT = "over", "gate", "unsaid", "silent"
OUTCOMES: Final = (TOLD, TO_COME, COVERED, HELD, PAUSED, HOURS, OVER, GATE, UNSAID, SILENT)
"""Of a stage: an alert fired; its time is ahead; a later stage spoke in its name; an acknowledge or a snooze holds it
back; it waits for the patient; it waits for opening hours; the cycle ended before; the gate was shut at its time and a
later alert caught up; it had to be said and was not; it says nothing, for it is out of its turn."""
AHEAD, PASSED, UNKNOWN = "ahead", "passed", "unknown"
"""Of an alert at a sink, where the journal has no line: it has not come to it yet; it is past it; nobody knows."""


class _Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object of the answer."""


class Delivered(_Form, frozen=True, kw_only=True):
    """What became of one event of `portal.alerts` at one sink."""

    sink: str
    kind: str | None = None
    """`alertmanager`, `apprise` or `webhook`, if the sinks' file tells."""
    event: str
    state: str
    """A result of the journal (`delivered`, `failed`, ...), or `ahead`, `passed`, `unknown`."""
    at: str | None = None
    """When it was taken; if it was not, when that was first said in this way."""
    status: int | None = None
    reason: str | None = None
    recipients: tuple[str, ...] = ()
    service: int | None = None
    """Which of the recipient's services, if there are several: 0, 1 and so on."""
    failures: int = 0
    """Changes for the worse that the journal tells of."""
    before: int | None = None
    """Offsets that the sink has still to pass before it: at most so many records."""


class Told(_Form, frozen=True, kw_only=True):
    """An alert that was said."""

    id: str
    stage: str
    severity: str | None = None
    notify: list[str] = []
    recipients: list[str] = []
    fired_at: str
    stage_at: str | None = None
    catch_up: bool = False
    resolved_at: str | None = None
    reason: str | None = None
    """Why it was resolved."""
    sinks: list[Delivered] = []


class Stage(_Form, frozen=True, kw_only=True):
    """A stage of the ladder as it stands."""

    name: str
    at: str
    asked: str | None = None
    """Where the policy puts it, if the hours moved it (T7)."""
    severity: str
    notify: str
    recipients: list[str]
    outcome: str
    by: str | None = None
    """Who holds it back; or the stage that spoke in its name."""
    until: str | None = None
    """How long it is held back, or waits for the hours."""


class Hold(_Form, frozen=True, kw_only=True):
    """An acknowledge or a snooze."""

    kind: str
    by: str | None = None
    at: str
    until: str


class Judged(_Form, frozen=True, kw_only=True):
    """One clock of one cycle."""

    clock: str
    rule: int
    words: str
    """The rule."""
    why: str
    """When it is due by it, and what time counts."""
    due: str | None = None
    short_notice: bool = False
    error: str | None = None
    """Why there is no due: `anchor_missing`, `paused`."""
    timezone: str
    stages: list[Stage] = []
    holds: list[Hold] = []
    told: list[Told] = []


class Cycle(_Form, frozen=True, kw_only=True):
    """One cycle."""

    start: str
    end: str | None = None
    ending: str | None = None
    """`stop`, `cancel` or `expired`."""
    paused_since: str | None = None
    department: str
    clocks: list[Judged] = []


class Work(_Form, frozen=True, kw_only=True):
    """The item in one workflow."""

    workflow: str
    partition: int | None = None
    events: int
    """Accepted events and commands that the topics still have."""
    compared: bool
    """Whether what was said could be compared with what the core says."""
    note: str | None = None
    """Why not."""
    cycles: list[Cycle] = []
    told: list[Told] = []
    """Alerts of cycles that the events no longer tell of."""


class Refused(_Form, frozen=True, kw_only=True):
    """A dead letter of the item."""

    reason: str
    detail: str
    topic: str
    received_at: str
    letter: str
    """Its place, as `deadletters replay --offset` takes it."""


class Finding(_Form, frozen=True, kw_only=True):
    """Something that is not as it should be."""

    kind: str
    """`unknown`, `unsaid`, `unexpected`, `open`."""
    alert: str | None = None
    words: str


class Why(_Form, frozen=True, kw_only=True):
    """The whole answer."""

    item: str
    at: str
    answer: str
    """The first sentence of the text."""
    works: list[Work] = []
    refused: list[Refused] = []
    findings: list[Finding] = []
