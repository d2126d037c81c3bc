"""Cohorts on their way to `portal.scorecards`, and back (contract section 7).

Theory of operation. The topic is the changelog of a table, so what was published is read back when a partition is
taken: rows whose sums differ from what follows from the items are published again, whatever had been on its way when
the owner before died. A row that changes is published at once, and from then on at most once a minute; its window over,
it gets a tombstone. All moments are those of the worker's clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from schemas import instants, scorecards
from schemas.policy import HOUR, MINUTE
from schemas.scorecards import ResponseSeconds, Scorecard, ScorecardData
from streams.core.cohorts import BOUNDS, Cohort, Cohorts, Key
from streams.core.shares import OUTCOMES
from streams.core.shelf import Shelf

EVERY: Final = MINUTE
"""A row is published at most so often."""
LOOK: Final = 1_000_000
"""Rows that are due are gathered for so long, to be written together."""
AT_ONCE: Final = 500
"""Rows that are written in one step: after a backlog there are many, and events must not wait for them."""
LIMITS: Final = (*(str(bound // 1_000_000) for bound in BOUNDS), "+Inf")
"""The buckets of `response_open_seconds`, as they are named."""


class Cards:
    """Publishes one partition's rows to its slice of the scorecards' table."""

    def __init__(self, cohorts: Cohorts, published: Shelf, source: str, partition: int) -> None:
        self._cohorts, self._published = cohorts, published
        self._source, self._partition = source, partition
        self._last: dict[Key, int] = {}  # when a row was published, of those that were in the last minute
        self._due: list[tuple[int, Key]] = []
        self._waiting: set[Key] = set()
        self._looked = 0

    def compare(self) -> None:
        """Note what was published and is no longer so: for a partition that was just taken."""
        found = {key_of(card.data): card for card in map(scorecards.decode, _values(self._published))}
        for key, row in self._cohorts:
            if key not in found or cohort_of(found[key].data) != row:
                self._cohorts.changed[key] = None
        for key, card in found.items():
            self._last[key] = instants.parse(card.time)
            if key not in self._cohorts.rows and cohort_of(card.data):
                self._cohorts.changed[key] = None

    def publish(self, now: int, policy: str) -> int:
        """Put the rows that are due on the shelf; how many.

        Args:
            now: microseconds.
            policy: version of the one in force.
        """
        if self._looked <= now < self._looked + LOOK or not (self._cohorts.changed or self._due):
            return 0
        self._looked = now
        for key in self._cohorts.take_changed():
            if key in self._waiting:
                continue
            due = now if self._is_over(key, now) else self._last.get(key, now - EVERY) + EVERY
            heapq.heappush(self._due, (due, key))
            self._waiting.add(key)
        count = 0
        while self._due and self._due[0][0] <= now:
            if count >= AT_ONCE:
                self._looked = 0
                break
            _, key = heapq.heappop(self._due)
            self._waiting.discard(key)
            self._put(key, now, policy)
            count += 1
        if len(self._last) > 2 * len(self._waiting) + 100:
            self._last = {key: at for key, at in self._last.items() if at > now - EVERY}
        return count

    def _put(self, key: Key, now: int, policy: str) -> None:
        self._last[key] = now
        row, name = self._cohorts.rows.get(key), name_of(key, self._partition)
        if self._is_over(key, now):
            self._published.pop(name.encode())
        else:
            card = scorecard(key, row or Cohort(), self._source, self._partition, now, policy)
            self._published.put(name.encode(), scorecards.encode(card))

    def _is_over(self, key: Key, now: int) -> bool:
        return key not in self._cohorts.rows and key.window + HOUR + (self._cohorts.kept or 0) < now


def name_of(key: Key, partition: int) -> str:
    """The key of a record: `workflow/clock/department/window start/partition`."""
    return f"{'/'.join(key[:3])}/{instants.text(key.window)}/{partition}"


def scorecard(key: Key, row: Cohort, source: str, partition: int, now: int, policy: str) -> Scorecard:
    """A row as it is published; `now` in microseconds."""
    at = instants.text(now)
    data = ScorecardData(
        workflow=key.workflow,
        clock=key.clock,
        department=key.department,
        window_start=instants.text(key.window),
        window_end=instants.text(key.window + HOUR),
        partition=partition,
        policy=policy,
        opened=row.opened,
        **{name: row.count(number) for number, name in enumerate(OUTCOMES)},
        short_notice=row.short_notice,
        alerted=row.alerted,
        response_open_seconds=ResponseSeconds(
            sum=row.response_sum / 1e6,
            count=row.responses,
            buckets=dict(zip(LIMITS, accumulate(row.buckets), strict=True)),
        ),
    )
    name = name_of(key, partition)
    return Scorecard(
        id=f"{name}:{instants.compact(now)}", source=source, subject=name.rpartition("/")[0], time=at, data=data
    )


def key_of(data: ScorecardData) -> Key:
    """Which row it is of."""
    return Key(data.workflow, data.clock, data.department, instants.parse(data.window_start))


def cohort_of(data: ScorecardData) -> Cohort:
    """The row's sums."""
    upto = [data.response_open_seconds.buckets.get(limit, 0) for limit in LIMITS]
    alone = [count - before for before, count in zip((0, *upto), upto, strict=False)]
    outcomes = (getattr(data, name) for name in OUTCOMES)
    total = round(data.response_open_seconds.sum * 1e6)
    return Cohort((*outcomes, data.short_notice, data.alerted, total, data.response_open_seconds.count, *alone))


class Partials:
    """What a reader of the whole topic has of it: the last record of each key."""

    def __init__(self) -> None:
        self._latest: dict[bytes, Scorecard] = {}

    def take(self, key: bytes, value: bytes | None) -> None:
        """A record, in the order of its partition.

        Raises:
            msgspec.DecodeError, msgspec.ValidationError: it is not a scorecard.
        """
        if value is None:
            self._latest.pop(key, None)
        else:
            self._latest[key] = scorecards.decode(value)

    def cards(self) -> Iterable[Scorecard]:
        """The records that count, in no order."""
        return self._latest.values()

    def summed(self) -> dict[Key, Cohort]:
        """The rows, summed over partitions; without those of which all went."""
        rows: dict[Key, Cohort] = {}
        for card in self._latest.values():
            rows.setdefault(key_of(card.data), Cohort()).merge(cohort_of(card.data))
        return {key: row for key, row in sorted(rows.items()) if row}


def _values(shelf: Shelf) -> Iterable[bytes]:
    return (value for _, value in shelf.items())
