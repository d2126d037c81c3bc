"""What is kept of an item, and its encoded form.

An item is kept as bytes (msgspec, array-like), its next moment first, and decoded only when an
event or its moment touches it: the changelog value is ready, and a rebuild reads one field.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import astuple

from schemas.events import Entry
from streams.core.kept import ClockState, CycleState, Head, Item, Past, Rung, Shares, Terms, Told
from streams.core.shares import Share

__all__ = [
    "ClockState", "CycleState", "ItemState", "Past", "Rung", "Terms", "decode", "decode_terms", "decode_times",
    "encode", "encode_terms", "encode_times", "moment", "shares", "told",
]  # fmt: skip


class ItemState:
    """One item of one partition, to be worked with; `kept.Item` says what the fields are."""

    __slots__ = ("acknowledged", "cycles", "history", "moment", "past", "said", "settled", "shares", "touched")

    def __init__(
        self, moment: int = 0, shares: list[Share] | None = None, settled: list[Share] | None = None,
        past: Past | None = None, history: list[Entry] | None = None, touched: int = 0,
        cycles: list[CycleState] | None = None, acknowledged: list[str] | None = None, said: list[str] | None = None,
    ) -> None:  # fmt: skip
        self.moment, self.touched, self.past = moment, touched, past
        self.shares: list[Share] = [] if shares is None else shares
        self.settled: list[Share] = [] if settled is None else settled
        self.history: list[Entry] = [] if history is None else history
        self.cycles: list[CycleState] = [] if cycles is None else cycles
        self.acknowledged: list[str] = [] if acknowledged is None else acknowledged
        self.said: list[str] = [] if said is None else said

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemState) and encode(self) == encode(other)

    __hash__ = None  # type: ignore[assignment]  # fields change

    def __repr__(self) -> str:
        return f"ItemState{_taken_apart(_ITEM(encode(self)))}"


_ENCODED: Final = msgspec.msgpack.Encoder().encode
_ITEM: Final = msgspec.msgpack.Decoder(Item).decode
_TIMES: Final = msgspec.msgpack.Decoder(tuple[int, int])
_TERMS: Final = msgspec.msgpack.Decoder(Terms)
_HEAD: Final = msgspec.msgpack.Decoder(Head)
_SHARES: Final = msgspec.msgpack.Decoder(Shares)
_TOLD: Final = msgspec.msgpack.Decoder(Told)
_taken_apart: Final = astuple


def encode(item: ItemState) -> bytes:
    """An item as it stands in its table: as a `kept.Item`."""
    return _ENCODED(
        (
            item.moment, item.shares, item.settled, item.past, item.history, item.touched, item.cycles,
            item.acknowledged, item.said,
        )
    )  # fmt: skip


def decode(value: bytes) -> ItemState:
    """An item as `encode` wrote it.

    Raises:
        msgspec.MsgspecError: the bytes are not an item's.
    """
    given = _taken_apart(_ITEM(value))
    return ItemState(
        given[0], given[1], given[2], given[3], given[4], given[5], given[6], given[7], given[8]
    )  # fmt: skip


def moment(value: bytes) -> int:
    """The next moment of an encoded item, without decoding the rest."""
    return _HEAD.decode(value).moment


def shares(value: bytes) -> list[Share]:
    """All shares of an encoded item, without decoding the rest."""
    found = _SHARES.decode(value)
    return found.shares + found.settled if found.settled else found.shares


def told(value: bytes) -> tuple[list[Share], list[str]]:
    """All shares of an encoded item and the ids that were said of it, without decoding the rest."""
    found = _TOLD.decode(value)
    return found.shares + found.settled if found.settled else found.shares, found.said


def encode_times(latest: int, now: int) -> bytes:
    """What a partition remembers of itself: the greatest event time, the greatest moment decided."""
    return _ENCODED((latest, now))


def decode_times(value: bytes) -> tuple[int, int]:
    """What `encode_times` wrote.

    Raises:
        msgspec.MsgspecError: the bytes are not a partition's times.
    """
    return _TIMES.decode(value)


def encode_terms(terms: list[tuple[int, int, bytes]], *, adopting: bool) -> bytes:
    """The policies by which a partition judges, as they are stored."""
    return _ENCODED(Terms(adopting, terms))


def decode_terms(value: bytes) -> Terms:
    """What `encode_terms` wrote.

    Raises:
        msgspec.MsgspecError: the bytes are not policies as they are stored.
    """
    return _TERMS.decode(value)
