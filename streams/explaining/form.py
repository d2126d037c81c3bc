"""An explanation as JSON (contract section 9): `{clock, rule, start, due, ...}`."""

from __future__ import annotations

from schemas import instants
from streams.core.explain import Explanation, Rung
from streams.core.explain_intervals import Interval


def form(found: Explanation) -> dict[str, object]:
    """One entry of the list of section 9; instants in UTC with `Z`.

    `notify` and `recipients` are lists, as in alerts.  `not_before` is there if the rule has one.
    Without a due there is no `due`, `short_notice` or `stages`, but an `error`: `anchor_missing`,
    or, which only a pause can do, `paused`.
    """
    said: dict[str, object] = {"clock": found.clock.name, "rule": found.position}
    said["start"] = instants.text(found.cycle.start)
    if found.due is not None:
        said |= {"due": instants.text(found.due), "short_notice": found.short}
    if found.floor is not None:
        said["not_before"] = instants.text(found.floor)
    if found.due is not None:
        said["stages"] = [_stage(rung) for rung in found.stages]
    else:
        said["error"] = found.error
    return said | {"intervals": [_interval(each) for each in found.intervals]}


def _stage(rung: Rung) -> dict[str, object]:
    return {
        "name": rung.stage.name,
        "at": instants.text(rung.at),
        "notify": [rung.stage.notify],
        "recipients": rung.recipients,
    }


def _interval(each: Interval) -> dict[str, object]:
    return {
        "from": instants.text(each.start),
        "to": instants.text(each.end),
        "counted": each.counted,
        "why": each.why,
    }
