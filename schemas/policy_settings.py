"""The section `settings` of the policy file; what it leaves out has the contract's default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.durations import duration, elapsed, instant, lead
from schemas.policy import WORKFLOWS, Duration, Settings
from schemas.policy_place import Place, one_of

_PARSERS: dict[str, Callable[[str], Any]] = {
    "enforce_from": instant,
    "lead": lead,
    "ack_for": duration,
    "reorder_window": elapsed,
    "remember": elapsed,
    "max_skew": elapsed,
    "max_age": elapsed,
    "apply": one_of("all", "new"),
    "partitioner": one_of("unchecked", "murmur2", "crc32"),
}


def settings(place: Place) -> Settings:
    """`settings`, each key optional."""
    fields = place.fields((*_PARSERS, "silent_feed"))
    given: dict[str, Any] = {}
    for key, parse in _PARSERS.items():
        read = fields[key].read(parse) if key in fields else None
        if read is not None:
            given[key] = read
    if "silent_feed" in fields:
        given["silent_feed"] = _silent_feed(fields["silent_feed"])
    return Settings(**given)


def _silent_feed(place: Place) -> dict[str, Duration]:
    """Workflow to the time after which its feed counts as silent."""
    found: dict[str, Duration] = {}
    for workflow, inner in place.fields(WORKFLOWS).items():
        read = inner.read(duration)
        if read is not None:
            found[workflow] = read
    return found
