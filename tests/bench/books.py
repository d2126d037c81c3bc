"""The policies that benchmarks judge by: the sample policy, one edit of it, and the smallest there can be."""

from __future__ import annotations

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


def sample() -> Book:
    """The clinic's policy of the demo."""
    return _book(policy.text().decode())


def edited() -> Book:
    """The sample policy as somebody might change it."""
    text = policy.text().decode()
    for old, new in EDITS.items():
        if old not in text:
            raise LookupError(f"the sample policy no longer says `{old}`; EDITS must name what it says")
        text = text.replace(old, new)
    return _book(text)


def toy() -> Book:
    """The smallest policy."""
    return _book(TOY)


def _book(text: str) -> Book:
    return Book(load(text, "benchmark"), text.encode())
