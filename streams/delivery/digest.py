"""Who has still to be told what, and when: the judgement of a sink that tells people in digests.

Theory of operation. Each address (one service of one recipient) is owed what `portal.alerts` says to it, by partition
and in order. An alert that is over before it was told is struck out with its end. A digest takes all that an address is
owed at that moment, so how far an address came is one offset of each partition: that of the first thing that it is
still owed, or that was struck out since its last digest. What has been told is never asked for: it lies before that
offset, and whatever was struck out lies with its end on one side of it. Hence an end that comes to nothing owed is the
end of something told.

A digest is made `gather` seconds after the first thing that is owed, and `every` seconds after the last one of its
address at the earliest. While it is on its way what it tells stays owed; what ends meanwhile is struck out if the
digest fails, and told (if ends are) once it has arrived.

Pure: no clock, no I/O. `now` is UNIX seconds.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from schemas.alerts import AlertData
from streams.delivery import progress
from streams.delivery.progress import Place, Progress, Written

REMEMBERED: Final = 50_000
"""So many ids of a partition's events are kept, to know one that is said again (contract R12)."""


class Kind(Enum):
    """What an event is to those who are told."""

    BEGIN = "begin"
    END = "end"
    NOTICE = "notice"
    """Of something that has no end."""


@dataclass(frozen=True, slots=True)
class News:
    """What one event of `portal.alerts` says to some addresses."""

    kind: Kind
    alert: str
    """The id of the alert that begins or ends; of a notice its own."""
    event: str
    to: tuple[str, ...]
    """Addresses."""
    told: AlertData
    """What may be said."""
    item: str = ""
    """Whose it is; not to be told."""
    ref: str | None = None
    """Of its cycle."""
    mind: bool = False
    """Its end is told even where ends are not."""
    recipients: tuple[str, ...] = ()
    """By the names that may be told."""


@dataclass(slots=True, eq=False)
class Owed:
    """One thing that one address is owed."""

    news: News
    offset: int
    since: float
    over: str | None = None
    """The event that ended it while it was on its way."""
    on_its_way: bool = False
    failed: bool = False
    """A try to tell it failed."""


class Struck(NamedTuple):
    """What was over before it could be told."""

    address: str
    news: News


@dataclass(slots=True, eq=False)
class Part:
    """A partition while it is ours."""

    number: int
    told: Progress
    handed: int
    owed: dict[str, dict[str, Owed]] = field(default_factory=dict)
    """By address, then by event, in order of offset."""
    struck: dict[str, int] = field(default_factory=dict)
    """By address: the first offset of what was struck out since its last digest was made."""
    struck_before: dict[str, int] = field(default_factory=dict)
    """The same, up to the digest that is on its way."""
    known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """The ids of events that were taken in, the latest last."""

    def stands(self, address: str) -> int:
        """All before this offset is done for an address."""
        if owed := self.owed.get(address):
            first = next(iter(owed.values())).offset
            return min(first, self.struck.get(address, first), self.struck_before.get(address, first))
        return max(self.handed, self.told.of(address).offset)

    def strike(self, address: str, begun: Owed) -> Struck:
        """Take out what is over."""
        del self.owed[address][begun.news.event]
        self.goes_back(address, begun.offset)
        return Struck(address, begun.news)

    def goes_back(self, address: str, offset: int) -> None:
        """While an address is owed something it stands before what was struck out."""
        if self.owed.get(address):
            self.struck[address] = min(offset, self.struck.get(address, offset))
        else:
            self.struck.pop(address, None)


class Digest(NamedTuple):
    """What one address is to be told at once."""

    address: str
    items: list[tuple[Part, Owed]]

    @property
    def news(self) -> list[News]:
        """In the order in which it came."""
        return [owed.news for _, owed in sorted(self.items, key=lambda each: each[1].since)]


class Digests:
    """See the module's docstring. `addresses`: all that may ever be told."""

    def __init__(self, addresses: Iterable[str], *, every: float, gather: float, resolved: bool) -> None:
        self._every, self._gather, self._resolved = every, gather, resolved
        self._last = dict.fromkeys(addresses, 0.0)
        self._parts: dict[int, Part] = {}
        self._on_its_way: dict[str, Digest] = {}

    # -- what comes in ----------------------------------------------------------------------------

    def opened(self, partition: int, begin: int, text: str) -> None:
        """A partition is ours from the committed offset `begin` on; `text` stands beside it."""
        part = self._parts[partition] = Part(partition, progress.read(text, begin), begin)
        for address, last in self._last.items():
            self._last[address] = max(last, part.told.of(address).at)

    def closed(self, partition: int) -> None:
        """It is no longer ours: forget what is owed of it."""
        self._parts.pop(partition, None)

    def take(self, partition: int, offset: int, news: News | None, now: float) -> list[Struck]:
        """The record at an offset (None: it concerns nobody); what is struck out by it."""
        part = self._parts[partition]
        part.handed = offset + 1
        if news is None or news.event in part.known:
            return []
        part.known[news.event] = None
        if len(part.known) > REMEMBERED:
            part.known.popitem(last=False)
        struck = self._strike(part, news) if news.kind is Kind.END else []
        gone = {each.address for each in struck}
        if news.kind is not Kind.END or news.mind or self._resolved:
            for address in news.to:
                if address not in gone and offset >= part.told.of(address).offset:
                    part.owed.setdefault(address, {})[news.event] = Owed(news, offset, now)
        return struck

    def passed(self, partition: int, handed: int) -> None:
        """All before this offset has been taken in."""
        self._parts[partition].handed = max(handed, self._parts[partition].handed)

    def _strike(self, part: Part, news: News) -> list[Struck]:
        struck = []
        for address, owed in part.owed.items():
            if (begun := owed.get(news.alert)) is None or begun.news.kind is not Kind.BEGIN:
                continue
            if begun.on_its_way:
                begun.over = news.event
            else:
                struck.append(part.strike(address, begun))
        return struck

    # -- what goes out ----------------------------------------------------------------------------

    def ready(self, address: str, now: float) -> float | None:
        """When an address may be told; None while it is owed nothing, or a digest of it is on its way.

        What was later than `now` counts as now: the wall was put back since, or another worker's ran ahead.
        """
        if address in self._on_its_way:
            return None
        firsts = [next(iter(owed.values())) for part in self._parts.values() if (owed := part.owed.get(address))]
        for first in firsts:
            first.since = min(first.since, now)
        self._last[address] = min(self._last[address], now)
        begun = min((first.since for first in firsts), default=None)
        return None if begun is None else max(begun + self._gather, self._last[address] + self._every)

    def make(self, address: str) -> Digest | None:
        """All that an address is owed, now on its way; None if that is nothing. `told` or `failed` has to follow."""
        assert address not in self._on_its_way, "one digest of an address at a time"
        items = [(part, owed) for part in self._parts.values() for owed in part.owed.get(address, {}).values()]
        if not items:
            return None
        for _, owed in items:
            owed.on_its_way = True
        for part in self._parts.values():
            if address in part.struck:
                part.struck_before[address] = part.struck.pop(address)
        digest = self._on_its_way[address] = Digest(address, items)
        return digest

    def told(self, digest: Digest, now: float) -> list[int]:
        """It arrived; the partitions whose progress has to be committed."""
        self._last[digest.address] = now
        del self._on_its_way[digest.address]
        for part, owed in digest.items:
            del part.owed[digest.address][owed.news.event]
        for part in self._parts.values():
            part.struck_before.pop(digest.address, None)
            if not part.owed.get(digest.address):
                part.struck.pop(digest.address, None)
        return sorted({part.number for part, _ in digest.items if self._parts.get(part.number) is part})

    def failed(self, digest: Digest) -> list[Struck]:
        """It did not arrive; what is struck out, for it was over meanwhile."""
        del self._on_its_way[digest.address]
        struck = []
        for part, owed in digest.items:
            owed.on_its_way, owed.failed = False, True
            if owed.over is not None:
                part.owed[digest.address].pop(owed.over, None)
                struck.append(part.strike(digest.address, owed))
        for part in self._parts.values():
            if (first := part.struck_before.pop(digest.address, None)) is not None:
                part.goes_back(digest.address, first)
        return struck

    # -- what is asked ----------------------------------------------------------------------------

    def progress(self, partition: int, now: float) -> Written:
        """What is to be committed of a partition."""
        part = self._parts[partition]
        head = max(part.handed, part.told.head)
        places = {
            address: Place(part.stands(address), math.ceil(last) if now - last < self._every else 0)
            for address, last in self._last.items()
        }
        return progress.write(part.handed, head, places, now)

    def backlog(self) -> int:
        """How many alerts have still to be told, each counted for each address."""
        return sum(len(owed) for part in self._parts.values() for owed in part.owed.values())

    def addresses(self) -> Iterator[str]:
        """All that may be told."""
        yield from self._last
