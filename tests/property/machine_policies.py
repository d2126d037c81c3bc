"""A handful of small policies for the stateful machine: the same four workflows, each time judged otherwise.

From one to the next the rules, ladders, calendars, targets and settings change, clocks and stages come and go, and a
rule may lack the anchor that it counts from.  All are in force for every pending item at once (R13, `apply: all`).
A clock whose ladder changes has one target, and a ladder that was left does not come back: what R6 makes of such
changes is for tests of their own.
"""

from __future__ import annotations

from schemas.policy import DAY

LEAST_REMEMBERED = DAY
"""The shortest `remember` of them."""

HEAD = """\
version: {version}
calendars:
  day: {{timezone: UTC, hours: {{daily: 08:00-12:00 14:30-18:00}}}}
  round: {{timezone: America/Chicago, hours: {{daily: 00:00-24:00}}}}
departments:
  a: {{pool: pa, on_call: oa, calendar: round}}
  b: {{pool: pb, champion: cb}}
defaults: {{calendar: {calendar}, pool: desk, on_call: {on_call}, champion: boss}}
"""

TWO_HOURS = """\
clocks:
  - name: reply
    workflow: message
    rules: [{when: {priority: urgent}, within: 2 hours}, {when: {pool: [pz, pa]}, within: 4 business hours},
            {when: {department: [b, unassigned]}, within: 1 business day}]
    stages: [{name: soon, at: 50%, notify: owner}, {name: near, before: 30 minutes, notify: on_call, hours: always},
             {name: missed, at: due, severity: critical, notify: on_call}, {name: late, after: 4 hours}]
  - name: visit
    workflow: appointment
    rules: [{when: {department: a}, before: 3 hours}, {within: 6 business hours, before: 1 hour}]
    stages: [{name: soon, at: 75%}, {name: missed, at: due, severity: critical}, {name: late, after: 1 business day}]
  - name: result
    workflow: result
    rules: [{within: 8 hours, not_before: 3 hours}]
    stages: [{name: missed, at: due, severity: critical, notify: on_call, hours: always}]
    attempts: {count: 2, within: 5 hours, notify: pool}
  - name: form
    workflow: questionnaire
    rules: [{when: {priority: urgent}, within: 3 hours}, {before: 2 business hours}]
settings: {lead: 1 business hour, ack_for: 3 hours, max_age: 4 days, reorder_window: 12 hours, remember: 1 day}
"""

OTHER_LADDERS = """\
clocks:
  - name: answer
    workflow: message
    rules: [{when: {department: a}, within: 3 business hours}, {when: {priority: urgent}, within: 90 minutes},
            {when: {pool: [pb, desk]}, within: 10 hours}]
    stages: [{name: early, at: 25%, notify: champion}, {name: soon, at: 75%, notify: pool},
             {name: missed, at: due, severity: critical, notify: owner, hours: always},
             {name: later, after: 1 business day, severity: critical, notify: champion}]
  - name: closing
    workflow: message
    rules: [{by: end of 1 business day, calendar: day}]
    stages: [{name: missed, at: due, notify: champion}]
  - name: visit
    workflow: appointment
    rules: [{before: 6 business hours}]
    stages: [{name: near, before: 1 business hour}, {name: missed, at: due, severity: critical, hours: always}]
  - name: result
    workflow: result
    rules: [{when: {kind: k}, within: 2 business days}, {within: 5 hours}]
    stages: [{name: soon, at: 50%, notify: on_call}, {name: missed, at: due, notify: on_call}]
    attempts: {count: 2, within: 12 hours, notify: on_call, hours: always}
  - name: form
    workflow: questionnaire
    rules: [{within: 1 business day, before: 1 business day, not_before: 1 business hour}]
settings: {lead: 0 minutes, ack_for: 2 business hours, max_age: 30 days, reorder_window: 7 days, remember: 30 days}
"""

FEW_RULES = """\
clocks:
  - name: respond
    workflow: message
    rules: [{when: {priority: urgent}, within: 1 hour}, {when: {department: a}, before: 2 hours}]
    stages: [{name: soon, at: 50%, notify: owner}, {name: near, before: 30 minutes, notify: on_call, hours: always},
             {name: missed, at: due, severity: critical, notify: on_call}, {name: late, after: 4 hours}]
  - name: visit
    workflow: appointment
    rules: [{when: {department: [a, b]}, within: 5 hours, not_before: 1 hour}]
    stages: [{name: near, before: 2 business hours}, {name: hurry, at: 90%}, {name: missed, at: due},
             {name: after, after: 2 hours, hours: always}]
  - name: result
    workflow: result
    rules: [{when: {pool: [pa, pz]}, by: end of 0 business days}]
    stages: [{name: missed, at: due, notify: on_call}, {name: later, after: 1 business hour, notify: on_call}]
  - name: form
    workflow: questionnaire
    rules: [{when: {department: b}, before: 4 business hours, within: 20 hours, calendar: round}]
settings: {lead: 2 business hours, ack_for: 30 minutes, max_age: 3 days, reorder_window: 1 day, remember: 2 days}
"""

POLICIES = {
    "v1": HEAD.format(version="v1", calendar="day", on_call="first") + TWO_HOURS,
    "v2": HEAD.format(version="v2", calendar="round", on_call="first") + TWO_HOURS,
    "v3": HEAD.format(version="v3", calendar="day", on_call="second") + TWO_HOURS,
    "v4": HEAD.format(version="v4", calendar="day", on_call="first") + OTHER_LADDERS,
    "v5": HEAD.format(version="v5", calendar="round", on_call="second") + FEW_RULES,
}
"""By version."""
ALIKE = ("v1", "v2", "v3")
"""They differ in the calendar and in one recipient alone; a machine begins with one of them."""
NEW_CLOCKS = ("answer", "closing", "respond")
"""Those that the first policies do not have."""


def reachable(left: set[str], present: str) -> list[str]:
    """Versions that may come next: a ladder that was left does not come back while its cycles run."""
    return [version for version in POLICIES if version not in left and version != present] or [present]


def leaves(present: str, then: str) -> set[str]:
    """Versions that may not come back after this change."""
    if present in ALIKE:
        return set() if then in ALIKE else set(ALIKE)
    return {present} - {then}
