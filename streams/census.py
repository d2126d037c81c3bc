"""What is pending on this worker now, by workflow, department and state (contract section 8's states).

The counts are kept (`streams.core.accounts`); what is due next is looked for among all shares, so this is for looking,
not for a hot path. A department that the policy does not know is `other`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from schemas import instants
from streams.core.accounts import shares_of
from streams.core.engine import Engine
from streams.core.pending import STATES
from streams.core.shares import PENDING

NEXT = 20
AT_ONCE = 1_000


async def census(engines: Iterable[Engine], now: int) -> dict[str, Any]:
    """`{rows: [{workflow, department, state, count}], next: [{workflow, item, clock, department, due_at}]}`.

    `next` has the soonest dues that are still ahead, at most 20. `now` is microseconds.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    ahead: list[tuple[int, str, str, str, str]] = []
    for engine in engines:
        for workflow, department, group in engine.accounts.pending.at(now):
            counts.update({(workflow, department, s): n for s, n in zip(STATES, group.counts, strict=True) if n})
        ahead += await _ahead(engine, now)
    rows = [
        {"workflow": workflow, "department": department, "state": state, "count": count}
        for (workflow, department, state), count in sorted(counts.items())
    ]
    soon = [
        {"workflow": workflow, "item": item, "clock": clock, "department": department, "due_at": instants.text(due)}
        for due, workflow, item, clock, department in sorted(ahead)[:NEXT]
    ]
    return {"rows": rows, "next": soon}


async def _ahead(engine: Engine, now: int) -> list[tuple[int, str, str, str, str]]:
    """The soonest dues of a partition; now and then the loop may turn, which also judges and sends the heartbeats."""
    found: list[tuple[int, str, str, str, str]] = []
    keys = list(engine.items)
    for begin in range(0, len(keys), AT_ONCE):
        part = ((key, value) for key in keys[begin : begin + AT_ONCE] if (value := engine.items.get(key)) is not None)
        for workflow, key, shares in shares_of(part):
            item = key.decode().partition(":")[2]
            found += [
                (share.due, workflow, item, share.clock, share.department)
                for share in shares
                if share.outcome == PENDING and share.due is not None and share.due > now
            ]
        found = sorted(found)[:NEXT]
        await asyncio.sleep(0)
    return found
