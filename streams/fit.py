"""Whether what a changelog holds is a state of ours: asked of every record that is read back.

Theory of operation. Each is decoded whole, as the engine does when it needs it: a record that cannot be is found when a
partition is taken, not when a patient's deadline passes. What is said holds neither key nor value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from schemas import alerts, scorecards
from streams.core import feeds, reign
from streams.core import state as states
from streams.core.agenda import OWN

READERS: Mapping[bytes, Callable[[bytes], object]] = {
    OWN: states.decode_times,
    reign.POLICIES: states.decode_terms,
    feeds.FEEDS: feeds.check,
}
"""What stands among the items and is none, by key."""


def item(key: bytes, value: bytes) -> str | None:
    """What is wrong with a record of the items' table; None if nothing is."""
    try:
        READERS.get(key, states.decode)(value)
    except (msgspec.MsgspecError, ValueError):
        return "not an item's state"
    return None


def open_alert(_key: bytes, value: bytes) -> str | None:
    """What is wrong with a record of the open alerts; None if nothing is."""
    try:
        alerts.decode(value)
    except (msgspec.MsgspecError, ValueError):
        return "not an alert"
    return None


def scorecard(_key: bytes, value: bytes) -> str | None:
    """What is wrong with a record of the scorecards; None if nothing is."""
    try:
        scorecards.decode(value)
    except (msgspec.MsgspecError, ValueError):
        return "not a scorecard"
    return None
