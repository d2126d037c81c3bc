"""What is kept of an item, and its encoded form: the next moment comes first and is read without the rest."""

from __future__ import annotations

import msgspec
import pytest

from schemas.events import Action, Entry
from streams.core import state as states
from streams.core.routing import Routing
from streams.core.state import ClockState, CycleState, ItemState, Past, Rung

FULL = ItemState(
    moment=17,
    past=Past(3, Routing("eye", "s", "p", "o", "k")),
    history=[Entry(5, "e1", "/s", Action.OPEN, "eye", anchor=9), Entry(6, "e2", "/s", Action.SNOOZE, by="b", until=8)],
    touched=6,
    cycles=[
        CycleState(
            5, {"reply": ClockState({"soon": Rung(7, True, "message:p:reply:x:soon", ["soon"])}, 6, ended=True)}, 11
        )
    ],
    acknowledged=["/s c1"],
    said=["reply:x:soon"],
)


@pytest.mark.parametrize("item", [ItemState(), ItemState(moment=-5, past=Past(3)), FULL])
def test_an_item_is_read_as_it_was_written(item: ItemState) -> None:
    value = states.encode(item)
    assert states.decode(value) == item
    assert states.moment(value) == item.moment


def test_the_moment_is_read_without_the_rest() -> None:
    """A rebuild reads one field of each item, whatever else stands there."""
    assert states.moment(msgspec.msgpack.encode([23, "what a later version keeps", {}])) == 23


@pytest.mark.parametrize(
    "value", [b"", b"\xc1", msgspec.msgpack.encode({"moment": 3}), msgspec.msgpack.encode(["now"])]
)
def test_other_bytes_are_refused(value: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        states.decode(value)


def test_times_are_read_as_they_were_written() -> None:
    assert states.decode_times(states.encode_times(2, 3)) == (2, 3)
