"""A policy of seconds to minutes, with every kind of clock that time alone can move.

`bursts` is closed for a minute of every five: such gaps hold nobody's call back (T7), but open time stands still in
them. Cycles expire and items are forgotten within the run, so memory has an end too.
"""

from __future__ import annotations

import os

from schemas.policy_file import parse
from streams.core.book import Book


def _bursts() -> str:
    opens = [f"{h:02}:{m:02}-{h:02}:{m + 4:02}" for h in range(24) for m in range(0, 60, 5)]
    return " ".join(opens)


MAX_AGE = os.environ.get("PORTALWATCH_TEST_MAX_AGE", "5 minutes")
"""Short, so that cycles expire in a run; `absence` needs them to live longer than it lasts."""
TEXT = f"""
version: chaos
calendars:
  always: {{timezone: UTC, hours: {{daily: 00:00-24:00}}}}
  bursts: {{timezone: UTC, hours: {{daily: {_bursts()}}}}}
departments:
  a: {{pool: pool-a, on_call: call-a, champion: champion-a}}
  b: {{pool: pool-b}}
  c: {{pool: pool-c, on_call: call-c, calendar: bursts}}
defaults: {{calendar: always, pool: desk, on_call: call, champion: committee}}
clocks:
  - name: reply
    workflow: message
    rules:
      - {{when: {{priority: urgent}}, within: 0.2 minutes}}
      - {{when: {{department: b}}, within: 0.5 minutes}}
      - {{within: 0.7 business minutes}}
    stages:
      - {{name: due-soon, at: 50%, notify: owner}}
      - {{name: imminent, at: 75%, severity: critical, notify: on_call}}
      - {{name: missed, at: due, severity: critical, notify: on_call}}
      - {{name: escalated, after: 0.2 minutes, severity: critical, notify: champion}}
  - name: first-look
    workflow: message
    rules:
      - {{when: {{priority: urgent, department: [a, b]}}, within: 0.1 minutes}}
      - {{when: {{department: a}}, within: 1 minute}}
    stages:
      - {{name: half, at: 50%, notify: pool}}
      - {{name: missed, at: due, severity: critical, notify: pool}}
      - {{name: escalated, after: 0.5 minutes, severity: critical, notify: on_call}}
  - name: confirm
    workflow: appointment
    rules:
      - {{when: {{priority: urgent}}, within: 0.3 business minutes, before: 0.2 minutes}}
      - {{within: 0.8 minutes, before: 0.3 minutes}}
    stages:
      - {{name: due-soon, at: 40%, notify: pool}}
      - {{name: imminent, before: 0.1 minutes, severity: critical, notify: owner}}
      - {{name: missed, at: due, severity: critical, notify: on_call}}
      - {{name: escalated, after: 0.3 business minutes, severity: critical, notify: champion}}
  - name: release
    workflow: result
    rules: [{{within: 1.2 business minutes, not_before: 0.1 minutes}}]
    attempts: {{count: 2, within: 0.6 minutes, severity: warning, notify: pool}}
    stages:
      - {{name: due-soon, at: 60%, notify: pool}}
      - {{name: missed, at: due, severity: critical, notify: on_call}}
      - {{name: escalated, after: 0.4 minutes, severity: critical, notify: champion}}
  - name: review
    workflow: questionnaire
    rules:
      - {{when: {{kind: intake}}, before: 0.4 minutes}}
      - {{before: 0.2 business minutes}}
    stages:
      - {{name: due-soon, before: 0.3 minutes, notify: owner}}
      - {{name: missed, at: due, severity: critical, notify: on_call}}
      - {{name: escalated, after: 0.2 minutes, severity: critical, notify: champion}}
settings:
  lead: 0.1 business minutes
  ack_for: 0.3 business minutes
  max_age: {MAX_AGE}
  reorder_window: 10 minutes
  remember: 20 minutes
"""

BOOK = Book(parse(TEXT))
