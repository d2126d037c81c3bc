"""When, in which order and where alerts were said: what their words do not tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from schemas import instants
from schemas.alerts import FIRED, Alert
from tests.chaos.findings import RESOLVED, Finding, Have, Item
from tests.chaos.found import Found, Said
from tests.chaos.plan import SECOND, micros
from tests.chaos.replay import Came
from tests.chaos.windows import HOLDS, Window

SKEW = 0.5
"""Seconds that the broker's clock may be behind what a worker goes by."""
TARDY = micros(15.0)
"""An alert that no gate held back for so long after its moment is late, however slow the machine."""


def none_too_early(found: Found) -> Iterator[Finding]:
    """No stage fires before its time, and nothing stands on the broker before it was decided."""
    for alert_id, (first, *_) in found.said.items():
        alert = first.alert
        at = instants.parse(alert.time)
        if alert.data.stage_at is not None and at < instants.parse(alert.data.stage_at):
            yield Finding("early", at, f"{alert_id}: said before {alert.data.stage_at}")
        if at > micros(first.appended + SKEW):
            yield Finding("early", at, f"{alert_id}: on the broker at {instants.text(micros(first.appended))} already")


def none_out_of_order(found: Found) -> Iterator[Finding]:
    """What is resolved had been said to fire, and is not said to fire again."""
    for alert_id, resolved in found.said.items():
        fired = found.said.get(alert_id.removesuffix(RESOLVED)) if alert_id.endswith(RESOLVED) else None
        if fired is None:
            continue
        at = micros(resolved[0].appended)
        if before(resolved[0], fired[0]):
            yield Finding("disorder", at, f"{alert_id}: said before it fired")
        if before(resolved[-1], fired[-1]):
            yield Finding("disorder", at, f"{alert_id}: said to fire afterwards")


def none_again(found: Found, windows: Sequence[Window]) -> Iterator[Finding]:
    """What was said is said again after a crash alone (R12): in a fault's window, or some seconds after it."""
    for alert_id, said in found.said.items():
        for each in said[1:]:
            at = micros(each.appended)
            if not any(window.start <= at <= window.end + TARDY for window in windows):
                yield Finding("again", at, f"{alert_id}: said again, though nothing had happened")


def before(one: Said, other: Said) -> bool:
    """Whether one stands before the other; by the broker's clock where no offset is known."""
    known = min(one.offset, other.offset) >= 0 and one.partition == other.partition
    return one.offset < other.offset if known else one.appended < other.appended


def none_elsewhere(found: Found, partitions: Mapping[str, int]) -> Iterator[Finding]:
    """An item's alerts stand on the partition of its events (section 1). `partitions`: by item."""
    for alert_id, said in found.said.items():
        partition = partitions.get(":".join(alert_id.split(":", 2)[:2]))
        for each in said:
            if partition not in (None, each.partition):
                yield Finding("elsewhere", micros(each.appended), f"{alert_id}: on {each.partition}, not {partition}")


def tardy(
    item: Item, should: Iterable[Alert], have: Have, windows: Sequence[Window], *, usual: bool = True
) -> Iterator[Finding]:
    """What came long after its moment, though no gate was shut.

    Args:
        should: what was to be said, at its moment.
        windows: when gates may have been shut.
        usual: none was for this item. Else a moment, or one in a window, is one of those at which it may have come: a
            command that was read first may have held it back.
    """
    held = holds(item)
    for alert in should:
        appended = have.appended.get(alert.id)
        if appended is None:
            continue
        moment = instants.parse(alert.time)
        free = _free(item, moment, windows)
        shut = not usual or any(window.start <= moment <= window.end for window in windows)
        is_held = shut and any(moment <= each.time <= micros(appended) for each in held)
        if micros(appended) > free + TARDY and not is_held:
            late = appended - free / SECOND
            yield Finding("late", micros(appended), f"{alert.id}: {late:.1f} s after nothing held it back")


def holds(item: Item) -> list[Came]:
    """The events that hold stages back (R8)."""
    return [each for each in item.events if each.event.type in HOLDS]


def hasty(item: Item, should: Iterable[Alert], have: Have) -> Iterator[Finding]:
    """What was decided before its moment: before its hours, or an acknowledge or a snooze let it (R8).

    But such a command must have come before the stage: by what stood there then it is decided (R11).
    """
    for alert in should:
        if alert.type == FIRED and (said := have.alerts.get(alert.id)) is not None:
            at, stage = instants.parse(said.time), instants.parse(said.data.stage_at or said.time)
            if at < instants.parse(alert.time) and not any(
                each.time <= at and stage < each.came for each in holds(item)
            ):
                yield Finding("early", at, f"{alert.id}: decided before {alert.time}")


def _free(item: Item, moment: int, windows: Sequence[Window]) -> int:
    """From when on nothing held back what was to be said at a moment: its events had come, and the gate was open."""
    free = max((came.came for came in item.events if came.time <= moment), default=moment)
    free = max(free, moment)
    for window in sorted(windows):
        if window.start <= free and moment <= window.end:
            free = max(free, window.end)
    return free
