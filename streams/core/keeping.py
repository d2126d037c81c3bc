"""How long an item is kept, and which events come too late for it (contract R3, R4).

All of it is by the greatest event time seen in the partition, `latest`, never by a clock.  An
item is kept whole, then remembered (the time of its last event and its routing), then forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.events import Entry, Event
from schemas.policy import Settings
from streams.core.fold import OPENS, Age, Folded, fold
from streams.core.routing import Routing
from streams.core.shares import KEPT, over, until
from streams.core.state import ItemState, Past

Ages = Sequence[Age]
LATE: Final = "time: at or before the last event of an item that is no longer kept"


def folded(state: ItemState, settings: Settings, now: int, ages: Ages = ()) -> Folded:
    """The item's cycles as they stand at `now`; `ages` as in `fold`."""
    base = Routing() if state.past is None else state.past.routing
    return fold(base, state.history, enforce_from=settings.enforce_from, max_age=settings.max_age, now=now, ages=ages)


def is_kept(state: ItemState, settings: Settings, latest: int, now: int, ages: Ages = ()) -> bool:
    """Until its cycles have ended and its last event is older than the window; or else while it is remembered."""
    if not state.history:
        return is_remembered(state, settings, latest)
    if state.history[-1].time >= latest - settings.reorder_window:
        return True
    return any(cycle.running for cycle in folded(state, settings, now, ages).cycles)


def is_remembered(state: ItemState, settings: Settings, latest: int) -> bool:
    """Whether the time of a last event is known, because the item was kept before."""
    return state.past is not None and state.past.last >= latest - settings.remember


def shrunk(
    state: ItemState, settings: Settings, latest: int, now: int, ages: Ages = (), windows: int | None = KEPT
) -> ItemState:
    """What stays of an item that is not kept: its past and its shares, and nothing once both are over.

    Args:
        windows: how long the shares' windows are kept after their end; None: for ever.
    """
    settled = [share for share in (*state.settled, *state.shares) if not over(share, latest, windows)]
    if state.history:
        past = Past(state.history[-1].time, folded(state, settings, now, ages).routing)
        state = ItemState(past=past, settled=settled)
    return ItemState(past=state.past if is_remembered(state, settings, latest) else None, settled=settled)


def fades(state: ItemState, settings: Settings, windows: int | None = KEPT) -> int | None:
    """The greatest event time up to which a shrunk item stays as it is; None: for ever."""
    first = until(state.settled, windows)
    past = None if state.past is None else state.past.last + settings.remember
    return min((at for at in (first, past) if at is not None), default=None)


def was_seen(history: list[Entry], entry: Entry) -> bool:
    """R4: the same source and id."""
    name, source = entry.id, entry.source
    for seen in history:  # noqa: SIM110 - `any` with a generator takes three times as long
        if seen.id == name and seen.source == source:
            return True
    return False


def why_late(state: ItemState, event: Event, settings: Settings, latest: int) -> str | None:
    """Why an event comes too late for its item; None if it does not."""
    past, time = state.past, event.time
    if past is not None and is_remembered(state, settings, latest):
        return LATE if time <= past.last else None
    if state.history:
        return None
    if time < latest - settings.remember:
        return "time: older than settings.remember, of an item that is not known"
    if event.action != OPENS and time < latest - settings.reorder_window:
        return "time: older than settings.reorder_window, of an item that is not known, and it does not open"
    return None
