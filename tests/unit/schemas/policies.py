"""The contract's example policy, and ways to spoil it."""

from __future__ import annotations

POLICY = """\
version: 2026-11-01
calendars:
  clinic:
    timezone: America/Chicago
    hours:
      mon-fri: 08:00-12:00 12:30-17:00
      sat: 09:00-12:00
    business_days: mon-fri
    holidays: US-WI
    not_holidays: [New Year's Eve]
    closed: [2026-12-24]
    open: {2026-12-26: 09:00-12:00}
departments:
  cardiology: {calendar: clinic, pool: cardiology-nurses, on_call: cardiology-oncall, champion: dr-lee, guide: https://g/a}
  oncology: {pool: oncology-nurses}
defaults: {calendar: clinic, pool: portal-desk, on_call: portal-oncall, champion: portal-committee}
clocks:
  - name: message-reply
    workflow: message
    rules:
      - when: {priority: urgent}
        within: 4 business hours
      - when: {department: [oncology, cardiology]}
        within: 1 business day
      - within: 2 business days
    stages:
      - {name: due-soon, at: 75%, severity: warning, notify: pool}
      - {name: imminent, before: 1 business hour, severity: critical, notify: on_call}
      - {name: missed, at: due, severity: critical, notify: on_call}
      - {name: escalated, after: 1 business day, severity: critical, notify: champion}
  - name: result-release
    workflow: result
    rules: [{by: end of 3 business days}]
    attempts: {count: 3, within: 3 days, severity: warning, notify: pool}
  - name: questionnaire-review
    workflow: questionnaire
    rules: [{before: 1 business day}]
  - name: appointment-confirm
    workflow: appointment
    rules: [{within: 1 business day, before: 4 hours}]
settings:
  enforce_from: 1970-01-01T00:00:00Z
  lead: 1 business hour
  ack_for: 2 business hours
  reorder_window: 7 days
  remember: 30 days
  max_skew: 5 minutes
  max_age: 90 days
  silent_feed: {}
  apply: all
  partitioner: unchecked
"""


def spoiled(old: str, new: str) -> str:
    """The example with its first `old` replaced; `old` must be there."""
    assert old in POLICY, f"the example has no {old!r}"
    return POLICY.replace(old, new, 1)
