"""What a sink has to say of each partition now, and what of it each receiver has still to be told.

Theory of operation. A receiver knows an alert by its labels alone, and several of our alerts may have the same ones: a
stage that was armed anew fires under a new id and the old labels. So an `Entry` stands for a set of labels: it fires
while any of its alerts does, and is over when the last of them is. Nothing but the present state is kept, so whoever
was away is told that, and not the way to it.

For each receiver a `Queue` has the entries whose present state it has not taken (`fresh`: the last to change is told
first) and those that it is to be told again (`round`: all, the last to change first, since of one cycle a higher stage
comes after a lower one and silences it; what silences a whole workflow comes before everything). Partitions take turns.
What is on its way is in neither; if it fails it comes back.

Pure: no clock, no loop. Instants are UNIX seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from streams.delivery.entries import Entry, Part, Queue, Ref
from streams.delivery.wording import Worded

FORGET_AT_ONCE: Final = 200


class Standing:
    """The partitions of one sink with `receivers` receivers.

    Args:
        kept: seconds for which an end is told again.
        longest: seconds for which an end that a receiver has not taken is kept for it.
    """

    def __init__(self, receivers: int, kept: float, longest: float) -> None:
        self.parts: dict[int, Part] = {}
        self.queues = [Queue() for _ in range(receivers)]
        self.untold: dict[int, dict[bytes, None]] = {}
        """Entries whose present state no receiver has taken."""
        self.on_change: Callable[[], None] = lambda: None
        self.on_superseded: Callable[[Entry], None] = lambda _: None
        """Called with an entry whose state nobody has taken, before it has another."""
        self._kept, self._longest = kept, longest

    # -- what is said ---------------------------------------------------------------------------

    def begin(self, partition: int) -> Part:
        """A partition is ours, and nothing is known of it yet."""
        self.drop(partition)
        part = self.parts[partition] = Part(partition)
        return part

    def drop(self, partition: int) -> Part | None:
        """A partition is ours no more."""
        for queue in self.queues:
            queue.drop(partition)
        self.untold.pop(partition, None)
        return self.parts.pop(partition, None)

    def fired(self, part: Part, alert_id: str, worded: Worded, now: float, *, note: bool = True) -> None:
        """An alert fires, or fires under other labels now: then the old ones are over first."""
        before = part.keys.get(alert_id)
        if before == worded.key:
            part.entries[before].worded = worded
            return
        if before is not None:
            self._leave(part, before, alert_id, now, None)
        part.keys[alert_id] = worded.key
        entry = part.entries.get(worded.key) or part.add(worded)
        fires, entry.ids = bool(entry.ids), (*entry.ids, alert_id)
        if not fires:
            entry.worded, entry.ended = worded, None
            self._changed(part, worded.key, entry, alert_id if note and before is None else None)

    def resolved(self, part: Part, alert_id: str, event: str, worded: Worded, at: float) -> None:
        """An alert is over. `event`: the id of what says so."""
        key = part.keys.pop(alert_id, None)
        if key is not None:
            self._leave(part, key, alert_id, at, event)
        else:
            self._over(part, worded, event, at)

    def was_resolved(self, part: Part, alert_id: str, event: str, worded: Worded, at: float) -> None:
        """As `resolved`, of what somebody else said: it stands open still if the step was not done."""
        if alert_id not in part.keys:
            self._over(part, worded, event, at)

    def _leave(self, part: Part, key: bytes, alert_id: str, at: float, event: str | None) -> None:
        entry = part.entries[key]
        entry.ids = tuple(each for each in entry.ids if each != alert_id)
        if not entry.ids:
            self._end(part, key, entry, event, at)

    def _over(self, part: Part, worded: Worded, event: str, at: float) -> None:
        entry = part.entries.get(worded.key) or part.add(worded)
        if entry.ids or (entry.ended is not None and entry.ended >= at):
            return
        entry.worded = worded
        self._end(part, worded.key, entry, event, at)

    def _end(self, part: Part, key: bytes, entry: Entry, event: str | None, at: float) -> None:
        entry.ended = at
        self._changed(part, key, entry, event)

    def _changed(self, part: Part, key: bytes, entry: Entry, event: str | None) -> None:
        untold = self.untold.setdefault(part.number, {})
        if key in untold and entry.answer is not None:
            self.on_superseded(entry)
        untold[key] = None
        entry.event, entry.answer = event or "", None if event is None else ""
        part.entries[key] = part.entries.pop(key)
        part.over.pop(key, None)
        if entry.ended is not None:
            part.over[key] = None
        ref = Ref(part.number, key)
        for queue in self.queues:
            queue.changed(ref)
        self.on_change()

    # -- what is told ---------------------------------------------------------------------------

    @property
    def backlog(self) -> int:
        """Entries whose present state no receiver has taken."""
        return sum(map(len, self.untold.values()))

    def entry(self, ref: Ref) -> Entry | None:
        """An entry, if it is still there."""
        part = self.parts.get(ref.partition)
        return None if part is None else part.entries.get(ref.key)

    def begin_round(self, queue: Queue, now: float) -> None:
        """Everything is to be told again to this receiver, but for ends that were told long enough.

        What is left of the round before comes first, however long a round takes: else its last would never be told.
        """
        for partition, part in self.parts.items():
            past = {key for key in part.over if self._was_told(part.entries[key], now)}
            left = dict.fromkeys(key for key in queue.round.get(partition, ()) if key not in past)
            new = [key for key in part.entries if key not in past and key not in left]
            queue.round[partition] = [*new, *left, *(key for key in part.whole if key not in past)]

    def _was_told(self, entry: Entry, now: float) -> bool:
        """Whether an end was told for long enough."""
        return entry.ended is not None and now - entry.ended >= self._kept

    def take(self, queue: Queue, partitions: Collection[int], most: int) -> list[Ref]:
        """At most so many entries of these partitions to be told next. Then call `landed` or `failed`."""
        taken: dict[Ref, bool] = {}
        for ref in self._next_fresh(queue, partitions, most):
            taken[ref] = True
        again = self._next_again(queue, partitions)
        while len(taken) < most and (more := next(again, None)) is not None:
            taken.setdefault(more, False)
        queue.under_way.update(taken)
        return list(taken)

    def _next_fresh(self, queue: Queue, partitions: Collection[int], most: int) -> Iterator[Ref]:
        for partition in partitions:
            fresh = queue.fresh.get(partition)
            while fresh and most:
                key, _ = fresh.popitem()
                most -= 1
                yield Ref(partition, key)

    def _next_again(self, queue: Queue, partitions: Collection[int]) -> Iterator[Ref]:
        for partition in [each for each in queue.round if each in partitions]:
            keys = queue.round[partition] = queue.round.pop(partition)  # the others come before it the next time
            while keys:
                ref = Ref(partition, keys.pop())
                if self.entry(ref) is not None and not queue.has(ref):
                    yield ref

    def landed(self, queue: Queue, refs: Sequence[Ref]) -> list[Entry]:
        """The receiver took these; those whose present state nobody had taken before."""
        first: list[Entry] = []
        for ref in refs:
            if queue.under_way.pop(ref, None) is None or queue.has(ref):
                continue
            entry = self.entry(ref)
            if entry is not None and self.untold.get(ref.partition, {}).pop(ref.key, 0) is None:
                first.append(entry)
        return first

    def failed(self, queue: Queue, refs: Sequence[Ref], *, later: bool = False) -> list[Entry]:
        """The receiver did not take these: they come next, or `later`, with the next round; the fresh ones."""
        entries: list[Entry] = []
        for ref in reversed(refs):
            fresh = queue.under_way.pop(ref, None)
            if fresh is None or queue.has(ref) or (entry := self.entry(ref)) is None:
                continue
            if fresh:
                entries.append(entry)
            if later:
                continue
            if fresh:
                queue.fresh.setdefault(ref.partition, {})[ref.key] = None
            else:
                queue.round.setdefault(ref.partition, []).append(ref.key)
        return entries

    def recover(self, queue: Queue) -> None:
        """Whoever told this receiver has failed: what was under way was not taken."""
        self.failed(queue, list(queue.under_way))

    def forget(self, now: float) -> Iterator[None]:
        """Let go of the ends that were told long enough; each step of it looks at `FORGET_AT_ONCE`."""
        for part in list(self.parts.values()):
            for count, key in enumerate(list(part.over), 1):
                if key in part.over and self.parts.get(part.number) is part:
                    self._look_at(part, key, now)
                if not count % FORGET_AT_ONCE:
                    yield

    def _look_at(self, part: Part, key: bytes, now: float) -> None:
        entry, ref = part.entries[key], Ref(part.number, key)
        assert entry.ended is not None
        owed = now - entry.ended < self._longest and any(queue.has(ref) for queue in self.queues)
        if self._was_told(entry, now) and not owed:
            self._forget(part, ref)

    def _forget(self, part: Part, ref: Ref) -> None:
        part.remove(ref.key)
        self.untold.get(ref.partition, {}).pop(ref.key, None)
        for queue in self.queues:
            queue.forget(ref)
