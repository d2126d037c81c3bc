"""Where what was said and what the core says differ.

Some differences are as they should be. What the gate held back (R11) is caught up: an alert with `catch_up` in the same
cycle tells of it, and whatever happened meanwhile was decided in another order, or at once. And a stage that comes so
near to an event (`replay.CLOSE`) may be armed anew by it or not (R6): it fires under one id or the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from schemas import instants
from schemas.alerts import FIRED, RESOLVED, Alert
from streams.why.evidence import Said
from streams.why.forms import Finding
from streams.why.replay import Account

RESOLUTION: Final = ":resolved"
REARMED: Final = ("moved", "paused", "policy")
"""Reasons of a resolution that makes room for another arming (R6)."""


class Told(NamedTuple):
    """What was said of an item, and when its events came. `close`: microseconds."""

    said: Mapping[str, Said]
    arrivals: Sequence[int]
    close: int

    def is_near(self, alert: Alert) -> bool:
        """Whether it came near an event."""
        at = instants.parse(alert.time)
        return any(abs(each - at) <= self.close for each in self.arrivals)

    def is_caught_up(self, alert: Alert) -> bool:
        """Whether the gate may have been shut at its time."""
        return caught_up(alert, self.said.values())


def caught_up(alert: Alert, said: Iterable[Said]) -> bool:
    """Whether an alert of its cycle and clock was said once the gate was open, at its time or later."""
    at = instants.parse(alert.time)
    return any(
        other.alert.type == FIRED
        and bool(other.alert.data.catch_up)
        and _cycle(other.alert) == _cycle(alert)
        and instants.parse(other.alert.time) >= at
        for other in said
    )


def differences(account: Account, told: Told, until: int) -> Iterator[Finding]:
    """What was not said and had to be, and what was said and had not to be.

    Args:
        until: microseconds; what had to be said after it may still be on its way.
    """
    said = told.said
    for alert_id, alert in account.must.items():
        if alert_id not in said and instants.parse(alert.time) <= until and not told.is_caught_up(alert):
            yield from _missing(alert, said)
    for alert_id, each in said.items():
        alert, of = each.alert, alert_id.removesuffix(RESOLUTION)
        if alert_id in account.both or (alert.type == RESOLVED and of not in account.both):
            continue
        moved = alert.type == FIRED or alert.data.reason in REARMED
        armed = moved and any(_stage(other) == _stage(alert) for other in account.both.values())
        if not (armed and (told.is_near(alert) or told.is_caught_up(alert))):
            words = f"`{alert_id}` was said at {alert.time}, and by the item's events and the policy it should not be"
            yield Finding(kind="unexpected", alert=alert_id, words=words)


def _missing(alert: Alert, said: Mapping[str, Said]) -> Iterator[Finding]:
    if alert.type != RESOLVED:
        words = (
            f"`{alert.id}` should have been said at {alert.time}, and was not; workers that were down, or had not read "
            "so far, would explain it if its cycle changed or ended before they had"
        )
        yield Finding(kind="unsaid", alert=alert.id, words=words)
    elif alert.id.removesuffix(RESOLUTION) in said:
        words = f"`{alert.data.alert}` should have been resolved at {alert.time} ({alert.data.reason}), and was not"
        yield Finding(kind="unsaid", alert=alert.id, words=words)


def _cycle(alert: Alert) -> tuple[str | None, str | None]:
    return alert.data.clock, alert.data.opened_at


def _stage(alert: Alert) -> tuple[str | None, ...]:
    return alert.data.clock, alert.data.opened_at, alert.data.stage


def standing(said: Mapping[str, Said], open_ids: Iterable[str], until: int) -> Iterator[Finding]:
    """What stands open although it is over by what was said, and the other way round; as of now alone."""
    firing = {
        i
        for i, each in said.items()
        if each.alert.type == FIRED and i + RESOLUTION not in said and instants.parse(each.alert.time) <= until
    }
    known, there = {i for i, each in said.items() if each.alert.type == FIRED}, set(open_ids)
    for alert_id in sorted(firing - there):
        yield Finding(kind="open", alert=alert_id, words=f"`{alert_id}` fires, and does not stand open")
    for alert_id in sorted((there & known) - firing):
        if alert_id + RESOLUTION in said and instants.parse(said[alert_id + RESOLUTION].alert.time) <= until:
            words = f"`{alert_id}` stands open although it was said to be resolved"
            yield Finding(kind="open", alert=alert_id, words=words)
