"""After a crash: what is open and unknown to an item's state counts as fired (contract R12).

An alert goes to the open alerts before the state that knows of it is written, so a crash between
the two leaves an open alert whose stage still seems to be pending.  It fired: the state is told,
and the alert is sent again under its id, since it may not have reached `portal.alerts`.
"""

from __future__ import annotations

import msgspec

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy import Clock
from streams.core import feeds
from streams.core import state as states
from streams.core.arming import rung
from streams.core.chain import Chain
from streams.core.shelf import Shelf
from streams.core.speech import ATTEMPTS
from streams.core.state import ClockState, CycleState, ItemState, Rung


def reconcile(chain: Chain, items: Shelf, open_alerts: Shelf, now: int) -> list[Alert]:
    """Tell the items of what was said unknown to them; returns it, to be sent again.

    What belongs to no item or no clock any more is resolved: nobody else would. `now`: microseconds.
    """
    again: list[Alert] = []
    for alert in sorted((alerts.decode(value) for _, value in open_alerts.items()), key=_order):
        if alert.data.item is None:
            again += _feed(items, alert)
            continue
        item_key = f"{alert.data.workflow}:{alert.data.item}".encode()
        kept = items.get(item_key)
        state = None if kept is None else states.decode(kept)
        if state is not None and _knows(state, alert.id):
            continue
        again.append(alert)
        if state is None:
            again.append(_ended(open_alerts, alert, "moved", now))
        elif _adopt(chain, state, alert):
            items.put(item_key, states.encode(state))
        else:
            again.append(_ended(open_alerts, alert, "policy", now))
    return again


def _ended(open_alerts: Shelf, alert: Alert, reason: str, now: int) -> Alert:
    open_alerts.pop(alert.id.encode())
    at = instants.text(now)
    data = msgspec.structs.replace(alert.data, state="resolved", reason=reason, resolved_at=at)
    return msgspec.structs.replace(alert, id=f"{alert.id}:resolved", type=alerts.RESOLVED, time=at, data=data)


def _order(alert: Alert) -> tuple[int, str]:
    """As they were said: a stage that fired before another did not fire in its name."""
    return instants.parse(alert.time), alert.id


def _feed(items: Shelf, alert: Alert) -> list[Alert]:
    """A feed's alert that is unknown to what is kept of the feeds: it fired."""
    if alert.id in feeds.known_silent(items):
        return []
    feeds.adopt(items, alert)
    return [alert]


def _knows(state: ItemState, alert_id: str) -> bool:
    return any(
        clock.attempts == alert_id or any(each.alert == alert_id for each in clock.stages.values())
        for cycle in state.cycles
        for clock in cycle.told()
    )


def _adopt(chain: Chain, state: ItemState, alert: Alert) -> bool:
    """The stage of this alert fired; False if the policy knows no such clock."""
    data = alert.data
    opened = None if data.opened_at is None else instants.parse(data.opened_at)
    cycle: CycleState | None = next((c for c in state.cycles if c.start == opened), None)
    book = chain.of(opened or 0)
    clock = book.clock(data.workflow, data.clock)
    if opened is None or clock is None or data.stage is None:
        return False
    if cycle is None:  # nothing had been said of it before
        cycle = CycleState(opened)
        state.cycles.append(cycle)
    said = cycle.clocks[clock.name] = cycle.clock(clock.name)
    said.alerted = True
    for share in state.shares:
        if (share.start, share.clock) == (opened, clock.name):
            share.alerted = True
    state.said.append(alert.id[len(data.workflow) + len(data.item or "") + 2 :])
    if data.stage == ATTEMPTS:
        said.attempts = alert.id
    else:
        _fired(clock, said, alert.id, data.stage).recipients = data.recipients or []
    return True


def _fired(clock: Clock, said: ClockState, alert_id: str, stage: str) -> Rung:
    """All that was pending up to the stage has come, and it fired in the name of all."""
    names = []
    known = any(each.name == stage for each in clock.stages)  # else a new policy lacks it, and will end it
    for each in clock.stages if known else ():
        if not rung(said, each.name).done:
            names.append(each.name)
        rung(said, each.name).done = True
        if each.name == stage:
            break
    fired = rung(said, stage)
    fired.done = True
    fired.alert, fired.names = alert_id, names or [stage]
    armed = alert_id.rpartition(":")[2]
    if armed != stage:
        fired.armed = instants.parse_compact(armed)
    return fired
