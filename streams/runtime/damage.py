"""Changelog records that are not a state of their table: found, named, and, if one says so, set aside.

Theory of operation. A table may say of a key and a value what is wrong with it (`Table(fit=...)`). What is not fit
was damaged, or written by something else. A worker that went on without it would forget part of its work, so it ends
and says which records they are: topic, partition and offset, never a key or a value. Told to skip (`skip_corrupt`), it
leaves them out, writes a tombstone over each with its next step, and hands the records over, so that they are kept
elsewhere. A batch whose checksum is wrong cannot be read at all: skipped, it is only told of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from streams.runtime.batch import Record

Fit = Callable[[bytes, bytes], str | None]
"""What is wrong with a key and its value, in words that hold neither; None if it is a state of the table."""
BREATH = 5_000  # so many records are looked at before the loop may turn
NAMED = 5  # so many are told of one by one


class Damaged(Exception):
    """A changelog cannot be believed; the message says where, and what can be done."""

    plain = True
    """Made for people: where it was raised helps nobody."""


async def unfit(latest: Mapping[bytes, bytes | None], fit: Fit) -> dict[bytes, str]:
    """The keys whose last value is not fit, and why."""
    found: dict[bytes, str] = {}
    for n, (key, value) in enumerate(latest.items(), 1):
        if not n % BREATH:
            await asyncio.sleep(0)
        if value is not None and (why := fit(key, value)) is not None:
            found[key] = why
    return found


def complaint(found: Sequence[tuple[Record, str]]) -> Damaged:
    """The error that names these records, each with what is wrong with it."""
    named = [f"{r.topic}[{r.partition}] at offset {r.offset}: {why}" for r, why in found[:NAMED]]
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return Damaged(f"the changelog holds what no worker wrote there: {'; '.join(named)}{more}; {CURE}")


NO_CURE = "restore the topic; until then start with --skip-corrupt to go on without that batch"
CURE = "restore the topic, or start once with --skip-corrupt to set these records aside and go on without them"
