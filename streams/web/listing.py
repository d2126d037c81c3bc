"""Pages and counts over the views that are at hand: what the question asks for, in order of due time.

Theory of operation. A page is a merge of sorted lists that begins behind the place where the last one ended; nothing is
remembered between two pages. The merge is taken up anew every `TURN` entries, since lists may change while the loop
turns. A count of what is due in a range is a search in each list; what is not a range is counted one by one, up to
`COUNT_MOST`.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from sortedcontainers import SortedList

from schemas.policy import HOUR
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.explain_intervals import wall
from streams.core.pending import NEVER
from streams.web.entries import Entry
from streams.web.forms import Counts
from streams.web.questions import Place, Question
from streams.web.turns import turn
from streams.web.view import Group, View

TURN: Final = 2_000
"""Entries between two turns of the loop: about a millisecond."""
COUNT_MOST: Final = 20_000
SHARED_MOST: Final = 5_000
"""Items of the list that many departments share that are looked at for a count: in one go, and it is a rare case."""
GROUPS_AT_ONCE: Final = 500
END: Final = 1 << 63
LONGEST_DAY: Final = 49 * HOUR
Bound = tuple[int, bytes, int]
"""Due, key and partition, as entries begin: what is not below it comes next."""
START: Final[Bound] = (-1, b"", -1)


class Days:
    """When the day ends, by department; `now` in microseconds."""

    def __init__(self, book: Book, now: int) -> None:
        self._book, self._now = book, now
        self._ends: dict[str | None, int] = {}

    def end(self, department: str | None) -> int:
        """The midnight that ends the day of a department's calendar, in microseconds."""
        found = self._ends.get(department)
        if found is None:
            found = self._ends[department] = midnight(self._book.calendar_of(department), self._now)
        return found


def midnight(calendar: Calendar, now: int) -> int:
    """The end of the local day in which `now` lies, in microseconds."""
    return calendar.instant((wall(now, calendar) + timedelta(days=1)).toordinal(), 0)


class Listing:
    """A question, asked of these views at `now` (microseconds)."""

    def __init__(self, views: Sequence[View], question: Question, book: Book, now: int) -> None:
        self._views, self._asked, self._now, self._days = views, question, now, Days(book, now)
        self._prefix = f"{question.workflow}:".encode()
        self._plain = not (question.q or question.held is not None or question.states & {"due_soon", "on_time"})

    async def entries(self) -> AsyncIterator[Entry]:
        """What matches, in order, from the place after which it is asked for."""
        after, behind = self._asked.after, START
        if after is not None:  # of alerts: the item itself may have further ones
            behind = (after.due, after.key.encode(), -1 if after.alert else END)
        async for one in self._all(behind):
            if one is not None and self.matches(one):
                yield one

    async def _all(self, behind: Bound) -> AsyncIterator[Entry | None]:
        """Every entry of the lists behind a place, matching or not; None at each turn of the loop."""
        while True:
            number = 0
            for number, one in enumerate(self._merged(behind), 1):
                behind = (*one[:2], END)
                yield one
                if number == TURN:
                    break
            if number < TURN:
                return
            yield None
            await turn()

    def matches(self, one: Entry) -> bool:
        """Whether an entry is asked for."""
        asked = self._asked
        if asked.workflow is not None and not one.key.startswith(self._prefix):
            return False
        if asked.departments is not None and one.department not in asked.departments:
            return False
        if asked.department is not None and one.department != asked.department:
            return False
        if asked.held is not None and asked.held is not (one.held > self._now):
            return False
        if asked.q and asked.q.encode() not in one.key[one.key.index(b":") :]:
            return False
        return not asked.states or self._is_in(one)

    def _is_in(self, one: Entry) -> bool:
        states, now = self._asked.states, self._now
        if one.paused:
            return "paused" in states
        if one.due <= now:
            return "missed" in states
        if ("due_soon" if one.soon <= now else "on_time") in states:
            return True
        if "next_hour" in states and one.due <= now + HOUR:
            return True
        return "today" in states and one.due < self._days.end(one.department)

    async def counts(self) -> dict[int, Counts]:
        """By partition, whatever states are asked for."""
        found: dict[int, Counts] = {}
        for view in self._views:
            sums: Counter[str] = Counter()
            for number, group in enumerate(list(self._groups([view])), 1):
                sums.update(self._group_counts(group))
                if not number % GROUPS_AT_ONCE:
                    await turn()
            found[view.partition] = Counts(
                **{name: sums[name] for name in ("missed", "next_hour", "today", "paused", "pending")}
            )
        return found

    def _group_counts(self, group: Group) -> dict[str, int]:
        if group.department is None and (self._asked.department or self._asked.departments is not None):
            return self._one_by_one(group)
        missed = upto(group, self._now)
        return {
            "missed": missed,
            "next_hour": upto(group, self._now + HOUR) - missed,
            "today": max(missed, upto(group, self._days.end(group.department) - 1)) - missed,
            "paused": len(group.waiting),
            "pending": len(group.running) + len(group.waiting),
        }

    def _one_by_one(self, group: Group) -> Counter[str]:
        """Of the list that many departments share: at most the first `SHARED_MOST` are looked at."""
        sums: Counter[str] = Counter()
        asked, now = self._asked, self._now
        for number, one in enumerate((*group.waiting, *group.running)):
            if number >= SHARED_MOST:
                break
            if asked.departments is not None and one.department not in asked.departments:
                continue
            if asked.department is not None and one.department != asked.department:
                continue
            sums["pending"] += 1
            sums["paused"] += one.paused
            sums["missed"] += not one.paused and one.due <= now
            sums["next_hour"] += not one.paused and now < one.due <= now + HOUR
            sums["today"] += not one.paused and now < one.due < self._days.end(one.department)
        return sums

    async def totals(self, counts: dict[int, Counts]) -> dict[int, int | None]:
        """How many match, by partition; None where it would take too long to say."""
        states = self._asked.states
        if self._plain and len(states) <= 1:
            name = next(iter(states), "pending")
            return {partition: getattr(each, name) for partition, each in counts.items()}
        sums: Counter[int] = Counter()
        seen = 0
        async for one in self._all(START):
            if one is not None:
                sums[one.partition] += self.matches(one)
                seen += 1
            elif seen >= COUNT_MOST:
                return dict.fromkeys(counts)
        return {partition: sums[partition] for partition in counts}

    def _merged(self, behind: Bound) -> Iterator[Entry]:
        low, high = self._span()
        behind = max(behind, (low, b"", -1))
        wide = self._asked.department is None and self._asked.departments is None
        groups = (view.whole for view in self._views) if wide else self._groups(self._views)
        lists = (part for group in groups for part in self._lists(group))
        return heapq.merge(*(part.irange(behind, (high, b"", -1)) for part in lists))

    def _span(self) -> tuple[int, int]:
        """From and until when (exclusive) what is asked for may be due."""
        states, now = self._asked.states, self._now
        if not states or "paused" in states:
            return -1, END
        low = -1 if "missed" in states else now + 1
        if states & {"on_time", "due_soon"}:
            return low, END
        return low, now + (LONGEST_DAY if "today" in states else HOUR + 1 if "next_hour" in states else 1)

    def _lists(self, group: Group) -> Iterator[SortedList[Entry]]:
        states = self._asked.states
        if group.running and states != {"paused"}:
            yield group.running
        if group.waiting and (not states or "paused" in states):
            yield group.waiting

    def _groups(self, views: Iterable[View]) -> Iterator[Group]:
        """The lists in which something may match."""
        asked = self._asked
        for view in views:
            for group in view.groups.values():
                if asked.workflow is not None and group.workflow != asked.workflow:
                    continue
                name = group.department
                if name is None or (
                    asked.department in (None, name) and (asked.departments is None or name in asked.departments)
                ):
                    yield group


def upto(group: Group, at: int) -> int:
    """How many are due at `at` or before."""
    return int(group.running.bisect_left((at + 1,)))


def place_of(one: Entry) -> Place:
    """Where an entry stands."""
    return Place(one.due, one.key.decode())


assert NEVER < END
