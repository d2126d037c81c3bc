"""When each item wants to be looked at: in order, and only what its item confirms."""

from __future__ import annotations

import random
from unittest import mock

import msgspec
import pytest

from schemas.policy import DAY, MINUTE
from streams.core import agenda
from streams.core import state as states
from streams.core.agenda import Agenda, moment_of
from streams.core.shelf import DictShelf
from streams.core.state import ItemState

NOW = 1_790_000_000_000_000


def test_in_order_and_only_what_is_confirmed() -> None:
    """Against a plain search of the shelf, with moments that are put off, brought forward and taken back."""
    rnd, shelf = random.Random(5), DictShelf()
    found, moments, now = Agenda(shelf), dict[bytes, int](), NOW
    for _ in range(5000):
        key = b"message:m-%d" % rnd.randrange(300)
        moment = now + rnd.choice([0, rnd.randrange(90 * MINUTE), rnd.randrange(3 * DAY)])
        if rnd.random() < 0.3:
            moment = -moment
        shelf.put(key, states.encode(ItemState(moment=moment)))
        if moments.get(key) != moment:
            found.add(moment, key)
        moments[key] = moment
        if rnd.random() < 0.1:
            now += rnd.randrange(20 * MINUTE)
            while (coming := found.next()) is not None and coming[0] <= now:
                assert coming[0] == min(each for each in moments.values() if each >= 0) == moments[coming[1]]
                found.drop()
                shelf.pop(coming[1])
                del moments[coming[1]]
            assert not any(0 <= each <= now for each in moments.values())
            for gone in list(found.faded(now - DAY)):
                assert -moments.pop(gone) < now - DAY
                shelf.pop(gone)
            assert not any(now - DAY > -each > 0 for each in moments.values())
    assert moments


@pytest.mark.parametrize("many", [3, 10_000])
def test_very_many_of_one_minute(many: int) -> None:
    shelf = DictShelf()
    found = Agenda(shelf)
    for number in range(20):
        key = b"message:m-%d" % number
        shelf.put(key, states.encode(ItemState(moment=NOW + number % 2)))
        found.add(NOW + number % 2, key)
    shelf.pop(b"message:m-2")
    come: list[tuple[int, bytes]] = []
    with mock.patch.object(agenda, "MANY", many):
        while (coming := found.next()) is not None:
            found.drop()
            come.append(coming)
    assert come == sorted((NOW + number % 2, b"message:m-%d" % number) for number in range(20) if number != 2)


@pytest.mark.parametrize("moment", [0, 1, 23, 127, 1 << 20, 1 << 33, NOW, -1, -200, -(1 << 20), -(1 << 33), -NOW])
def test_a_moment_is_read_without_the_rest(moment: int) -> None:
    assert moment_of(states.encode(ItemState(moment=moment))) == moment
    assert moment_of(msgspec.msgpack.encode([moment, "what a later version keeps", *range(30)])) == moment
