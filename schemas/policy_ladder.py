"""The order of a clock's stages (contract section 3, `Refused`).

A ladder is climbed downwards in the file: stages before the due, then the due, then those after.
Where two stages are measured alike, the file must not turn back in time.  Unlike measures can not
be compared without a calendar, but for one pair: so much open time takes at least as much elapsed
time.  What remains open is put in order when it is judged (T7, last sentence).
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.policy import Duration, Point, Stage, Unit
from schemas.policy_place import Place


def check_order(stages: Sequence[tuple[Place, Stage]]) -> None:
    """Refuse each stage that certainly lies before one that is listed above it."""
    for index, (place, stage) in enumerate(stages):
        above = [earlier for _, earlier in stages[:index]]
        message = _turns_back(stage, above)
        if message:
            place.refuse(message)


def _turns_back(stage: Stage, above: Sequence[Stage]) -> str | None:
    if stage.early:
        late = next((other for other in above if not other.early), None)
        if late is not None:
            return f"comes before the due, but is listed after `{late.name}`, which does not; list it above that one"
    if stage.point is Point.DUE:
        after = next((other for other in above if other.point is Point.AFTER), None)
        return f"is the due, but is listed after `{after.name}`, which follows it; list it above" if after else None
    for other in above:
        if other.point is stage.point and _falls(stage, other):
            return f"lies before `{other.name}`, which is listed above it; list them in the order in which they come"
    return None


def _falls(stage: Stage, above: Stage) -> bool:
    """Whether a stage certainly lies before one of the same kind above it."""
    if stage.point is Point.PERCENT:
        return stage.percent < above.percent
    assert stage.offset is not None
    assert above.offset is not None
    if stage.point is Point.BEFORE:
        return _longer(stage.offset, above.offset)
    return _longer(above.offset, stage.offset)


def _longer(one: Duration, other: Duration) -> bool:
    """Whether `one` certainly takes longer than `other`, on every calendar."""
    alike = one.unit is other.unit
    open_over_elapsed = one.unit is Unit.OPEN and other.unit is Unit.ELAPSED
    return (alike or open_over_elapsed) and one.amount > other.amount
