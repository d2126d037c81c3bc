"""What is pending at a moment, kept up to date (contract section 8)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.pending import FEW, NEVER, Moments, Pending, standing
from streams.core.shares import MET, PAUSED, PENDING, Share


def share(start: int = 0, due: int | None = None, soon: int | None = None, **other: int | str) -> Share:
    fields = {"clock": "c", "department": "d", "outcome": PENDING} | other
    return Share(start, due=due, soon=soon, **fields)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 20)), st.data())
def test_a_bag_of_instants(instants: list[int], data: st.DataObject) -> None:
    bag, held = Moments(), list(instants)
    for at in instants:
        bag.add(at)
    for _ in range(data.draw(st.integers(0, 10))):
        removes = data.draw(st.booleans())
        if held and removes:
            gone = data.draw(st.sampled_from(held))
            bag.remove(gone)
            held.remove(gone)
        else:
            until = data.draw(st.integers(0, 20))
            assert bag.take(until) == sum(at <= until for at in held)
            held = [at for at in held if at > until]
        assert bag.first() == min(held, default=None)


def test_a_large_bag() -> None:
    """Past the size at which instants go to the array, many times over."""
    rnd, bag, held = random.Random(1), Moments(), list[int]()
    for round_ in range(40):
        for _ in range(FEW):
            at = rnd.randrange(10_000) + 50 * round_
            bag.add(at)
            held.append(at)
        for gone in rnd.sample(held, FEW // 2):
            bag.remove(gone)
            held.remove(gone)
        until = 100 * round_
        assert bag.take(until) == sum(at <= until for at in held)
        held = [at for at in held if at > until]
        assert bag.first() == min(held, default=None)


STANDINGS = [
    ([share(due=10, soon=5)], 4, (1, 0, 0, 0)),
    ([share(due=10, soon=5)], 5, (0, 1, 0, 0)),
    ([share(due=10, soon=5)], 10, (0, 0, 1, 0)),
    ([share(due=10)], 9, (1, 0, 0, 0)),
    ([share(due=10, soon=12)], 10, (0, 0, 1, 0)),
    ([share()], 10**9, (1, 0, 0, 0)),
    ([share(due=10, soon=5, outcome=PAUSED)], 20, (0, 0, 0, 1)),
    ([share(due=10, soon=5), share(due=30, soon=2, clock="e")], 3, (0, 1, 0, 0)),
    ([share(due=10, soon=5), share(due=30, soon=2, clock="e")], 10, (0, 0, 1, 0)),
    ([share(due=10, outcome=MET), share(start=20, due=30)], 25, (1, 0, 0, 0)),
]


@pytest.mark.parametrize(("shares", "now", "counts"), STANDINGS)
def test_the_most_urgent_of_several_clocks_counts(shares: list[Share], now: int, counts: tuple[int, ...]) -> None:
    pending = Pending()
    pending.change("message", [], shares)
    ((workflow, department, group),) = pending.at(now)
    assert (workflow, department, group.counts) == ("message", "d", counts)
    pending.change("message", shares, [])
    assert [(group.counts, group.oldest) for _, _, group in pending.at(now)] == [((0, 0, 0, 0), None)]


def test_what_has_ended_is_not_pending() -> None:
    assert standing([share(outcome=MET)]) is None
    assert standing([]) is None
    assert standing([share(3)]) == ("d", 3, NEVER, NEVER, False)


def test_the_oldest_is_the_earliest_start_of_those_that_run() -> None:
    pending = Pending()
    shares = [[share(start)] for start in (30, 10, 20)] + [[share(5, outcome=PAUSED)]]
    for each in shares:
        pending.change("message", [], each)
    assert [group.oldest for _, _, group in pending.at(40)] == [10]
    pending.change("message", shares[1], [share(10, outcome=MET)])
    assert [group.oldest for _, _, group in pending.at(40)] == [20]


def test_many_changes_at_random_moments() -> None:
    """Against a count of all, with moments that pass between a change and the next."""
    rnd, pending, items, now = random.Random(4), Pending(), dict[int, list[Share]](), 0
    for _ in range(3000):
        now += rnd.choice([0, 0, 1, 3])
        item = rnd.randrange(40)
        soon = now + rnd.randrange(-20, 30)
        after = [share(now, soon + rnd.randrange(9), soon, outcome=rnd.choice([PENDING, PENDING, PAUSED, MET]))]
        pending.change("m", items.get(item, []), after)
        items[item] = after
        if rnd.random() < 0.3:
            run = [one for shares in items.values() if (one := standing(shares)) is not None]
            late = sum(not paused and due <= now for _, _, _, due, paused in run)
            soon_now = sum(not paused and soon <= now < due for _, _, soon, due, paused in run)
            waiting = sum(paused for *_, paused in run)
            counts = [group.counts for _, _, group in pending.at(now)] or [(0, 0, 0, 0)]
            assert counts[0] == (len(run) - late - soon_now - waiting, soon_now, late, waiting)


def test_what_goes_is_let_go_though_nobody_looks() -> None:
    """Without a scrape, or behind one item that stays: what is held is a few times what is pending at most."""
    bag = Moments()
    bag.add(0)
    for at in range(1, 50_000):
        bag.add(at)
        bag.remove(at)
    assert len(bag) == 1
    assert bag.size < 8 * FEW
    assert bag.first() == 0
