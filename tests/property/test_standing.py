"""What Alertmanager shows is what stands open: any history of `standing_world`, and those that are known to be hard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.standing_world import LABELS, PARTITIONS, RECEIVERS, WORKERS, World

History = list[tuple[str, tuple[Any, ...]]]

partition, worker, receiver = (st.integers(0, n - 1) for n in (PARTITIONS, WORKERS, RECEIVERS))
label, which = st.integers(0, LABELS - 1), st.integers(0, 9)
SAID = st.one_of(
    st.tuples(st.just("fire"), st.tuples(partition, label)),
    st.tuples(st.just("resolve"), st.tuples(partition, which, st.sampled_from([0.0, 30.0]))),
    st.tuples(st.just("move"), st.tuples(partition, which, label)),
    st.tuples(st.just("take_over"), st.tuples(partition, worker)),
)
UNDER_WAY = SAID | st.tuples(st.sampled_from(["cut", "cancel"]), st.just(()))
HAPPENS = st.one_of(
    SAID,
    st.tuples(st.sampled_from(["round", "quiet"]), st.just(())),
    st.tuples(st.just("tell"), st.tuples(worker, receiver, st.none() | UNDER_WAY)),
    st.one_of(
        st.tuples(st.just("half_resolve"), st.tuples(partition, which)),
        st.tuples(st.just("lose"), st.tuples(partition)),
        st.tuples(st.just("fail"), st.tuples(receiver)),
        st.tuples(st.just("refuse"), st.tuples(receiver, st.just("0-1"))),
        st.tuples(st.just("come_back"), st.tuples(receiver, st.booleans())),
        st.tuples(st.just("later"), st.tuples(st.sampled_from([0.5, 1.0]))),
    ),
)
FIRE, ROUND, QUIET = ("fire", (0, 1)), ("round", ()), ("quiet", ())
RESOLVE = ("resolve", (0, 0))
HARD: dict[str, History] = {
    "labels change": [FIRE, QUIET, ("move", (0, 0, 2)), QUIET],
    "labels change in flight": [FIRE, ("tell", (0, 0, ("move", (0, 0, 2)))), QUIET],
    "over in flight": [FIRE, ("tell", (0, 0, RESOLVE)), QUIET],
    "over in flight of the round": [FIRE, QUIET, FIRE, ROUND, RESOLVE, ("tell", (0, 0, RESOLVE)), QUIET],
    "fires anew while its end is in flight": [FIRE, QUIET, RESOLVE, ("tell", (0, 0, FIRE)), QUIET],
    "fires anew under another id": [FIRE, QUIET, RESOLVE, QUIET, ("later", (1.0,)), FIRE, QUIET, ROUND, QUIET],
    "two of the same labels, one over": [FIRE, FIRE, QUIET, RESOLVE, QUIET, RESOLVE, QUIET],
    "its end is ahead of our clock": [FIRE, QUIET, ("resolve", (0, 0, 30.0)), QUIET],
    "away for longer than it goes on": [FIRE, QUIET, ("fail", (0,)), *[ROUND] * 7, ("come_back", (0, False)), QUIET],
    "away, and over meanwhile": [FIRE, QUIET, ("fail", (0,)), ROUND, RESOLVE, ("come_back", (0, True)), QUIET],
    "handed over with an end untold": [FIRE, QUIET, ("later", (1.0,)), RESOLVE, ("take_over", (0, 1)), QUIET],
    "handed over in flight": [FIRE, ("tell", (0, 0, ("take_over", (0, 1)))), RESOLVE, QUIET],
    "over while nobody's": [FIRE, QUIET, ("lose", (0,)), RESOLVE, ROUND, ("take_over", (0, 1)), QUIET],
    "said to be over, and not done": [FIRE, QUIET, ("half_resolve", (0, 0)), ("take_over", (0, 1)), QUIET, ROUND],
    "so, and other labels": [FIRE, ROUND, ("half_resolve", (0, 0)), ("move", (0, 0, 0)), ("take_over", (0, 1)), QUIET],
    "refused alone": [FIRE, ("fire", (0, 2)), ("refuse", (0, "0-1")), ROUND, ROUND, ("come_back", (0, False)), ROUND],
    "taken, and the answer lost": [FIRE, ("tell", (0, 0, ("cut", ()))), RESOLVE, ("tell", (0, 0, ("cut", ()))), QUIET],
    "given up": [FIRE, ("tell", (0, 0, ("cancel", ()))), QUIET],
    "forgets all": [FIRE, QUIET, ("come_back", (0, True)), ROUND, QUIET],
    "many": [*(("fire", (0, n)) for n in range(LABELS)), ("tell", (0, 0)), *[ROUND] * 7, QUIET],
}


def live(history: History) -> None:
    """Let it happen, and then let everything be well: at once it shows what stands, and at last only that is kept."""
    world = World()
    for method, arguments in history:
        getattr(world, method)(*arguments)
    for number, each in enumerate(world.partitions):
        if each.owner is None:
            world.take_over(number, 0)
    for number in range(RECEIVERS):
        world.come_back(number, forgets=False)
    world.now += 1
    world.quiet()
    for _ in range(20):
        world.round()
        world.quiet()
    fires = world.fires()
    assert [each.firing(world.now) for each in world.receivers] == [fires] * RECEIVERS
    left = {ref for standing in world.standings for part in standing.parts.values() for ref in part.entries}
    assert left == {labels.encode() for labels in fires}


@pytest.mark.parametrize("name", HARD)
def test_what_is_hard(name: str) -> None:
    live(HARD[name])


@given(st.lists(HAPPENS, max_size=60))
def test_what_is_shown_is_what_stands(history: History) -> None:
    live(history)


def shown(world: World) -> set[str]:
    return world.receivers[0].firing(world.now)


def test_who_was_away_and_forgot_all_is_told_all_as_soon_as_it_answers() -> None:
    world = World()
    world.fire(0, 1)
    world.fire(1, 1)
    world.quiet()
    world.fail(0)
    world.fire(0, 2)
    world.tell(0, 0)
    world.come_back(0, forgets=True)
    world.drain(0, 0)
    assert shown(world) == world.fires() == {"0-1", "1-1", "0-2"}


def test_what_is_surely_not_ours_holds_up_nothing_that_is() -> None:
    world = World()
    world.fire(0, 1)
    world.fire(1, 1)
    world.partitions[0].owner = None  # and the worker was not told so yet
    world.tell(0, 0)
    assert shown(world) == {"1-1"}


def test_one_that_is_refused_holds_up_no_other_until_the_next_round() -> None:
    world = World()
    world.fire(0, 1)
    world.fire(0, 2)
    world.refuse(0, "0-1")
    world.drain(0, 0)
    assert shown(world) == {"0-2"}


def test_requests_grow_again_when_they_are_taken() -> None:
    world = World()
    world.members[0][0]._most = 1
    for n in range(3):
        world.fire(0, n)
    world.tell(0, 0)
    world.tell(0, 0)
    assert shown(world) == world.fires()


def test_a_receiver_that_is_so_slow_that_no_round_is_through_in_time_ends_nothing() -> None:
    """Three requests for all that fires, and one in each minute: what is told every three does not end after five."""
    world = World()
    for number in range(PARTITIONS):
        for n in range(1, LABELS):
            world.fire(number, n)
    world.quiet()
    for _ in range(20):
        for number in range(RECEIVERS):
            world.members[0][number]._begin_round()
            world.tell(0, number)
        world.later(60)
    assert shown(world) == world.fires()
