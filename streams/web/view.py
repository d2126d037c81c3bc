"""A partition as people look at it: its running items in order of due time, by workflow and department.

Theory of operation. Sorted lists of entries, one pair for all and one for each workflow and department (of those that
run, and of those that wait for the patient), so a count of what is due by some moment is a search, and a page begins
anywhere. A view is made when somebody first asks: `build` goes through the items a few at a time, and what the engine
decides meanwhile comes in through `look`, so nothing has to stand still. From then on each decision replaces the item's
entry.

A sender may name any department: past `OWN_LISTS` names the rest share one list.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sortedcontainers import SortedList

from schemas.policy import DAY
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.engine import Engine
from streams.core.state import ItemState
from streams.web.entries import Ended, Entry, ended, entry

OWN_LISTS: Final = 300
"""Departments that have lists of their own."""
RESOLVED_FOR: Final = DAY
RESOLVED_MOST: Final = 20_000


class Group:
    """The items of one workflow and department; without a department, of many."""

    __slots__ = ("department", "running", "waiting", "workflow")

    def __init__(self, workflow: str, department: str | None) -> None:
        self.workflow, self.department = workflow, department
        self.running: SortedList[Entry] = SortedList()
        self.waiting: SortedList[Entry] = SortedList()

    def of(self, one: Entry) -> SortedList[Entry]:
        """The list in which an entry stands."""
        return self.waiting if one.paused else self.running


class View:
    """One partition; `engine` tells it of each item that it decides."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.partition = engine, engine.speaker.partition
        self.whole = Group("", None)
        self.groups: dict[tuple[str, str | None], Group] = {}
        self.resolved: SortedList[Ended] = SortedList()
        self.changed: dict[bytes, str | None] | None = None
        """Items that changed since somebody took note, each with the department of before (None: it was not pending);
        None: nobody takes note."""
        self._entries: dict[bytes, Entry] = {}
        self._ended: dict[bytes, Ended] = {}
        self._to_do: dict[bytes, None] = dict.fromkeys(engine.items)
        self._named: set[str] = set()
        engine.looker = self.look

    @property
    def built(self) -> bool:
        """Whether every item is in."""
        return not self._to_do

    def build(self, count: int) -> None:
        """Bring in at most `count` more items."""
        for key in list(islice(self._to_do, count)):
            del self._to_do[key]
            value = None if key.startswith(OWN) else self.engine.items.get(key)
            if value is not None:
                self._put(key, states.decode(value))

    def close(self) -> None:
        """Look no more."""
        if self.engine.looker == self.look:
            self.engine.looker = None

    def look(self, key: bytes, state: ItemState) -> None:
        """The engine put an item on its shelf."""
        before = self._entries.get(key)
        self._to_do.pop(key, None)
        after = self._put(key, state)
        if self.changed is not None and (before is not None or after is not None):
            self.changed.setdefault(key, None if before is None else before.department)

    def get(self, key: bytes) -> Entry | None:
        """The entry of an item that runs."""
        return self._entries.get(key)

    def keys(self) -> Iterator[bytes]:
        """Of all items that run."""
        return iter(self._entries)

    def state(self, key: bytes) -> ItemState | None:
        """An item's state; None if nothing is known of it, or nothing but that it was."""
        value = self.engine.items.get(key)
        return None if value is None or key.startswith(OWN) else states.decode(value)

    def __len__(self) -> int:
        return len(self._entries)

    def _put(self, key: bytes, state: ItemState) -> Entry | None:
        before, after = self._entries.get(key), entry(self.engine, key, state)
        if before != after:
            if before is not None:
                self._take_out(before)
            if after is not None:
                self._entries[key] = after
                self._group(after).of(after).add(after)
                self.whole.of(after).add(after)
        self._put_ended(key, ended(self.engine, key, state) if after is None else None)
        return after

    def _take_out(self, one: Entry) -> None:
        del self._entries[one.key]
        group = self._group(one)
        group.of(one).remove(one)
        self.whole.of(one).remove(one)
        if not group.running and not group.waiting:
            del self.groups[group.workflow, group.department]

    def _group(self, one: Entry) -> Group:
        name: str | None = one.department
        if name not in self._named:
            if len(self._named) < OWN_LISTS:
                self._named.add(one.department)
            else:
                name = None
        workflow = one.key[: one.key.index(b":")].decode()
        group = self.groups.get((workflow, name))
        if group is None:
            group = self.groups[workflow, name] = Group(workflow, name)
        return group

    def _put_ended(self, key: bytes, after: Ended | None) -> None:
        before = self._ended.get(key)
        if before == after:
            return
        if before is not None:
            del self._ended[key]
            self.resolved.remove(before)
        if after is not None:
            self._ended[key] = after
            self.resolved.add(after)
            self._forget()

    def _forget(self) -> None:
        """Those that ended more than a day before the last one, and the first of too many."""
        oldest = self.resolved[0].before + RESOLVED_FOR
        while len(self.resolved) > RESOLVED_MOST or self.resolved[-1].before > oldest:
            del self._ended[self.resolved.pop().key]
