"""The policies that benchmarks judge by: the sample policy, two edits of it, and the smallest there can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.core.book import Book
from streams.core.policy_check import load
from streams.demo import policy

EDITS: Final = {"version: 2026-11-01": "version: 2026-12-01", "within: 2 business days": "within: 3 business days"}
"""What `edited` says otherwise: the benchmark of most messages, so that their due times and stages move."""

TOY: Final = """\
version: toy
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
defaults: {calendar: always, pool: desk, on_call: desk-oncall, champion: desk-champion}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 8 hours}]
    stages: [{name: missed, at: due, hours: always}]
"""
"""One clock, one stage, elapsed time."""


CALENDAR: Final = "  always: {timezone: UTC, hours: {daily: 00:00-24:00}}"
CLOCK: Final = """\
  - name: timed
    workflow: message
    rules: [{when: {kind: timed}, within: 0.1 minutes, calendar: always}]
    stages:
      - {name: due-soon, at: 50%, hours: always, notify: pool}
      - {name: missed, at: due, hours: always, severity: critical, notify: on_call}"""
TIMED: Final = {"\ncalendars:\n": f"\ncalendars:\n{CALENDAR}\n", "\nclocks:\n": f"\nclocks:\n{CLOCK}\n"}
"""What `timed` says besides: a clock of six seconds for messages of the kind `timed`, at any hour."""


def sample() -> Book:
    """The clinic's policy of the demo."""
    return _book(policy.text().decode())


def edited() -> Book:
    """The sample policy as somebody might change it."""
    return _book(_changed(EDITS))


def timed() -> Book:
    """The clinic's policy with a clock more, whose stages come within seconds."""
    return _book(_changed(TIMED))


def toy() -> Book:
    """The smallest policy."""
    return _book(TOY)


def _changed(edits: Mapping[str, str]) -> str:
    """The sample policy with other words."""
    text = policy.text().decode()
    for old, new in edits.items():
        if old not in text:
            raise LookupError(f"the sample policy no longer says `{old}`; the edits must name what it says")
        text = text.replace(old, new)
    return text


def _book(text: str) -> Book:
    return Book(load(text, "benchmark"), text.encode())
