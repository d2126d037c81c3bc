"""What is pending on this worker now, by workflow, department and state (contract section 8's states).

Every item that is kept is folded and judged for it, so this is for looking, not for a hot path.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import instants
from schemas.policy import UNASSIGNED
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.fold import Cycle
from streams.core.keeping import folded
from streams.core.ladder import stage_times

ON_TIME, DUE_SOON, MISSED, PAUSED = "on_time", "due_soon", "missed", "paused"
URGENCY = (ON_TIME, DUE_SOON, MISSED)
NEXT = 20
AT_ONCE = 100


async def census(engines: Iterable[Engine], now: int) -> dict[str, Any]:
    """`{rows: [{workflow, department, state, count}], next: [{workflow, item, clock, department, due_at}]}`.

    `next` has the soonest dues that are still ahead, at most 20. `now` is microseconds.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    ahead: list[tuple[int, str, str, str, str]] = []
    for engine in engines:
        for number, (workflow, item, cycle) in enumerate(running(engine)):
            if not number % AT_ONCE:
                await asyncio.sleep(0)  # the loop that counts also judges, and sends the heartbeats
            department = cycle.routing.department or UNASSIGNED
            try:
                state, dues = standing(engine.chain.of(cycle.start), workflow, cycle, now)
            except CalendarRangeError:
                state, dues = ON_TIME, []  # its due lies past the calendars' years
            counts[workflow, department, state] += 1
            ahead.extend((due, workflow, item, clock, department) for clock, due in dues if due > now)
    rows = [
        {"workflow": workflow, "department": department, "state": state, "count": count}
        for (workflow, department, state), count in sorted(counts.items())
    ]
    soon = [
        {"workflow": workflow, "item": item, "clock": clock, "department": department, "due_at": instants.text(due)}
        for due, workflow, item, clock, department in sorted(ahead)[:NEXT]
    ]
    return {"rows": rows, "next": soon}


def running(engine: Engine) -> Iterator[tuple[str, str, Cycle]]:
    """Workflow, item and cycle of all that runs or is paused in a partition."""
    for key, value in list(engine.items.items()):
        if not key.startswith(OWN) and (state := states.decode(value)).history:
            workflow, _, item = key.decode().partition(":")
            for cycle in folded(state, engine.book.settings, engine.now, engine.chain.ages).cycles:
                if cycle.running:
                    yield workflow, item, cycle


def standing(book: Book, workflow: str, cycle: Cycle, now: int) -> tuple[str, list[tuple[str, int]]]:
    """A running cycle's state, of several clocks the most urgent, and the dues that are known."""
    state, dues = ON_TIME, []
    for clock in book.clocks[workflow]:
        verdict = judge(book, clock, cycle)
        if verdict.due is None:
            continue
        dues.append((clock.name, verdict.due))
        early = [at for stage, at in zip(clock.stages, stage_times(clock, verdict, cycle), strict=True) if stage.early]
        found = MISSED if verdict.due <= now else DUE_SOON if any(at <= now for at in early) else ON_TIME
        state = max(state, found, key=URGENCY.index)
    return PAUSED if cycle.paused else state, dues
