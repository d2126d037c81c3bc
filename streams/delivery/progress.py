"""How far each address has been told, as the short text that stands beside a committed offset.

Theory of operation. A consumer group has one offset for a partition, but people are told apart from each other: one
service is down while another goes on. The offset is where the farthest behind stands. The text beside it says up to
where all others have been told (the head), who is behind, and where; and for a while when somebody was told last, so
that a successor keeps the pace. An address is named by eight letters of a hash: a broker shows this text to whoever may
see its groups.

    1 4711 4802 1795968000 k3v9q2ma+3@12 ...
    |    |    |          |        |  |  `- told 12 s before `now`
    |    |    |          |        |  `- stands 3 past the floor; without a `+` at the head
    form floor head      now      an address

A broker takes 4,096 bytes: some 200 to 320 addresses, the farther apart the fewer. Those farthest behind are named
first. If one that is behind does not fit, the head is written as low as it stands: whoever is not named may then be
told again, by a successor, what lies between; nobody misses anything. What does not fit of the pace is left out.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

LONGEST: Final = 4_096
"""Bytes."""
FORM: Final = "1"
ENTRY: Final = re.compile(r"([a-z2-7]{8})(?:\+(\d+))?(?:@(\d+))?")


class Place(NamedTuple):
    """Where an address stands: all before `offset` is done; `at`: UNIX seconds when it was told last, 0 if long ago."""

    offset: int
    at: int = 0


class Progress(NamedTuple):
    """What a text says. `head`: the offset before which whoever has no place has been told all."""

    head: int
    places: Mapping[str, Place]
    """By mark."""

    def of(self, address: str) -> Place:
        """Where an address stands."""
        return self.places.get(mark(address), Place(self.head))


class Written(NamedTuple):
    """A text to be committed. `exact`: it names everybody who is behind."""

    floor: int
    text: str
    exact: bool


@lru_cache(4096)
def mark(address: str) -> str:
    """The eight letters of an address: 40 bits."""
    return base64.b32encode(blake2b(address.encode(), digest_size=5).digest()).decode().lower()


def write(handed: int, head: int, places: Mapping[str, Place], now: float) -> Written:
    """The text for these places, by address; `head`: where those stand that nothing is owed.

    `handed`: the offset after the last record that was read; no floor lies beyond it. `now`: UNIX seconds.
    """
    base = math.ceil(now)
    floor = min([handed, *(place.offset for place in places.values())])
    ordered = sorted(places.items(), key=lambda each: (each[1].offset, -each[1].at))
    behind = [each for each in ordered if each[1].offset < head]
    paced = sorted((each for each in ordered if each[1].offset >= head and each[1].at), key=lambda each: -each[1].at)
    start, room = f"{FORM} {floor} {head} {base}", LONGEST
    said: list[str] = []
    exact = True
    room -= len(start)
    for address, place in (*behind, *paced):
        entry = _entry(address, place, floor, head, base)
        if len(entry) + 1 > room:
            if place.offset < head:
                head, exact = place.offset, False
            break
        said.append(entry)
        room -= len(entry) + 1
    return Written(floor, " ".join([f"{FORM} {floor} {head} {base}", *said]), exact)


def _entry(address: str, place: Place, floor: int, head: int, now: int) -> str:
    stands = f"+{place.offset - floor}" if place.offset < head else ""
    return f"{mark(address)}{stands}" + (f"@{max(0, now - place.at)}" if place.at else "")


def read(text: str, begin: int) -> Progress:
    """What a text says beside the committed offset `begin`. One that is none of ours says nothing."""
    form, *numbers = (text.split(" ") + [""] * 4)[:4]
    if form != FORM or not all(number.isdigit() for number in numbers):
        return Progress(begin, {})
    floor, head, now = (int(number) for number in numbers)
    head = max(head, begin)
    places: dict[str, Place] = {}
    for entry in text.split(" ")[4:]:
        if found := ENTRY.fullmatch(entry):
            offset = head if found[2] is None else max(floor + int(found[2]), begin)
            known = places.get(found[1], Place(offset))
            at = 0 if found[3] is None else now - int(found[3])
            places[found[1]] = Place(min(known.offset, offset), max(known.at, at))
    return Progress(head, places)
