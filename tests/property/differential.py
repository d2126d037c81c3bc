"""The core against the slow model of tests.model, which shares no code with it: one random case at a time.

A case is a flavour and a seed. `compare` judges its log with both, step by step alike, and tells the first difference.
On the way some cases are driven as a worker would drive them: a cut into two runs with a rebuild from the shelves in
between, or a new policy that comes into force half-way (R13). Both must not make the two differ.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from schemas import alerts, instants
from streams import backtest
from streams.core.book import Book
from streams.core.policy_check import load
from tests import model
from tests.model.generate import FLAVOURS, generate

__all__ = ["FLAVOURS", "Comparison", "compare"]


class Comparison(NamedTuple):
    """What was compared, and the first difference (empty: none)."""

    alerts: int
    dead: int
    difference: str


def compare(flavour: str, seed: int) -> Comparison:
    """Judge one random case by core and model; every third one with an `until` in the middle of its log."""
    policy, events = generate(seed, flavour)
    lines = [json.dumps(event) for event in events]
    until = _middle(events) if seed % 3 == 0 else None
    result = backtest.run(Book(load(policy)), [line.encode() for line in lines], until)
    found = [json.loads(alerts.encode(alert)) for alert in result.alerts]
    expected, letters = model.backtest(policy, lines, None if until is None else instants.text(until))
    ours = Counter((dead.reason, dead.line.decode()) for dead in result.dead)
    theirs = Counter((letter["reason"], str(letter["event"])) for letter in letters)
    difference = _differing(found, expected) or _uneven(ours, theirs)
    return Comparison(len(expected), len(letters), difference)


def _middle(events: list[dict[str, Any]]) -> int:
    times = sorted(event["time"] for event in events if event["time"].endswith("Z"))
    return instants.parse(times[len(times) // 2])


def _differing(found: list[Any], expected: list[Any]) -> str:
    ours, theirs = ({alert["id"]: alert for alert in said} for said in (found, expected))
    for alert_id in sorted(ours.keys() | theirs.keys(), key=lambda i: (ours.get(i) or theirs[i])["time"]):
        if ours.get(alert_id) != theirs.get(alert_id):
            return f"core {ours.get(alert_id)}\nmodel {theirs.get(alert_id)}"
    return "" if found == expected else "the same alerts in another order, or one of them twice"


def _uneven(ours: Counter[tuple[str, str]], theirs: Counter[tuple[str, str]]) -> str:
    return "" if ours == theirs else f"dead letters: core alone {ours - theirs}, model alone {theirs - ours}"
