"""Random events for the stateful machine: few items, every type of their workflows, and all that an event may carry.

An outline has no time yet: the machine gives it one, from its present moment on or back from it, and makes its line.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from hypothesis import strategies as st

from schemas import instants
from schemas.instants import SECOND
from schemas.policy import HOUR, MINUTE

START = instants.parse("2026-11-09T08:00:00Z")
ITEMS = {"m-1": "message", "m-2": "message", "a-1": "appointment", "r-1": "result", "q-1": "questionnaire"}
VERBS = {
    "message": "sent sent sent replied closed awaiting_patient awaiting_patient assigned",
    "appointment": "requested requested confirmed declined offered offered answered answered cancelled assigned moved",
    "result": "promised promised released looked_up looked_up looked_up cancelled assigned moved",
    "questionnaire": "submitted submitted reviewed cancelled assigned moved",
}
COMMANDS = ("acknowledged", "acknowledged", "snoozed", "assigned")
ROUTING = {
    "department": ("a", "b", "z"), "pool": ("pz", "pb"), "owner": ("me", "you"), "priority": ("urgent", "routine"),
    "kind": ("k",), "site": ("s",),
}  # fmt: skip
AHEAD = st.sampled_from((0, 0, 1, SECOND)) | st.integers(1, 40).map(lambda n: n * 15 * MINUTE)
"""Microseconds from the present moment to an event that comes in order."""
BACK = st.sampled_from((1, SECOND)) | st.integers(1, 80).map(lambda n: n * 15 * MINUTE)
"""Microseconds from an event that comes late to the present moment."""
LONG = AHEAD | st.integers(10, 100).map(lambda n: n * HOUR)


class Outline(NamedTuple):
    """An event without its time; `ahead` are the instants in its data, in microseconds from that time."""

    item: str
    kind: str
    data: dict[str, str]
    ahead: dict[str, int]


@st.composite
def outlines(draw: st.DrawFn) -> Outline:
    """One event of a random item: mostly of its workflow, else a command."""
    item = draw(st.sampled_from(sorted(ITEMS)))
    workflow, ahead = ITEMS[item], dict[str, int]()
    data = {name: draw(st.sampled_from(values)) for name, values in ROUTING.items() if draw(st.integers(0, 4)) == 4}
    if draw(st.integers(0, 3)) == 3:
        ahead["anchor"] = draw(st.integers(-8, 80)) * 30 * MINUTE
    if draw(st.integers(0, 5)) < 5:
        return Outline(item, f"{workflow}.{draw(st.sampled_from(VERBS[workflow].split()))}", data, ahead)
    verb = draw(st.sampled_from(COMMANDS))
    if verb == "snoozed":
        ahead["until"] = draw(st.integers(-4, 24)) * HOUR
    return Outline(item, f"command.{verb}", data | {"workflow": workflow, "by": "staff"}, ahead)


def line(outline: Outline, ident: str, time: int) -> str:
    """The event as a log has it; `time` in microseconds."""
    data = outline.data | {name: instants.text(time + after) for name, after in outline.ahead.items()}
    said = {"specversion": "1.0", "id": ident, "source": "/s", "type": f"portal.{outline.kind}"}
    return json.dumps(said | {"subject": outline.item, "time": instants.text(time), "data": data})
