"""Ends: for how long they are told and kept, for whom, and that they are let go of."""

from __future__ import annotations

import pytest

from streams.delivery.standing import FORGET_AT_ONCE
from tests.unit.delivery.test_standing import KEPT, LONGEST, Told, refs


@pytest.fixture
def told() -> Told:
    return Told()


def test_an_end_is_told_for_a_while_and_then_let_go(told: Told) -> None:
    told.fire("a")
    told.end("a", 100)
    told.tell_all()
    told.forget(100 + KEPT - 1)
    told.begin_round()
    assert told.take() == ["a"]
    told.forget(100 + KEPT)
    assert [told.part.entries, told.part.over, told.first.under_way, told.take()] == [{}, {}, {}, []]


@pytest.mark.parametrize("how", ["waits", "in flight", "in flight and due", "failed"])
def test_an_end_that_was_not_taken_is_kept_for_longer(told: Told, how: str) -> None:
    told.fire("a")
    told.tell_all()
    told.end("a", 100)
    told.standing.landed(told.second, told.standing.take(told.second, [0], 1))
    if how == "in flight and due":
        told.begin_round()
    if how != "waits":
        assert told.take() == ["a"]
    if how == "failed":
        told.fail("a")
    told.forget(100 + KEPT)
    assert list(told.part.entries) == [b"a"]
    told.forget(100 + LONGEST)
    assert [told.part.entries, told.standing.backlog, dict(told.first.under_way), bool(told.first)] == [
        {},
        0,
        {},
        False,
    ]


def test_all_that_was_told_long_enough_is_let_go_of_a_little_at_a_time(told: Told) -> None:
    count = 10 * FORGET_AT_ONCE
    for n in range(count):
        told.end(f"a{n}", 1)
    told.end("b", 2)
    told.tell_all()
    assert told.forget(1 + KEPT) > count / FORGET_AT_ONCE
    assert [list(told.part.entries), list(told.part.over)] == [[b"b"], [b"b"]]


def test_an_end_is_let_go_of_though_a_newer_one_was_heard_of_before_it(told: Told) -> None:
    """As where somebody else said it, and it is read after what we say ourselves."""
    told.end("new", 500)
    told.was_over("old", 1)
    told.tell_all()
    told.forget(1 + KEPT)
    assert list(told.part.entries) == [b"new"]


def test_partitions_and_ends_may_come_and_go_while_it_lets_go_of_ends(told: Told) -> None:
    for n in range(3 * FORGET_AT_ONCE):
        told.end(f"a{n}", 1)
    told.tell_all()
    steps = told.standing.forget(1 + KEPT)
    next(steps)
    told.fire(f"a{FORGET_AT_ONCE}", at=2)
    next(steps)
    assert len(told.part.entries) == FORGET_AT_ONCE + 1
    told.standing.begin(0)
    told.standing.drop(0)
    assert [list(steps), len(told.part.entries)] == [[None], FORGET_AT_ONCE + 1]


def test_a_round_has_no_end_that_was_told_long_enough_though_another_lacks_it(told: Told) -> None:
    told.fire("b")
    told.tell_all()
    told.end("a", 1)
    told.end("w", 1)
    assert sorted(told.take()) == ["a", "w"]
    told.land("a", "w")
    told.forget(1 + KEPT)
    assert sorted(told.part.over) == [b"a", b"w"]
    told.begin_round(1 + KEPT)
    assert told.take() == ["b"]


def test_ends_that_are_not_taken_hold_up_no_other(told: Told) -> None:
    for n in range(FORGET_AT_ONCE):
        told.end(f"a{n}", 1)
    told.standing.landed(told.second, told.standing.take(told.second, [0], 500))
    assert len(told.take()) == FORGET_AT_ONCE
    told.fail(*(f"a{n}" for n in range(FORGET_AT_ONCE)))
    told.end("b", 2)
    assert told.take(1) == ["b"]
    told.land("b")
    told.standing.landed(told.second, told.standing.take(told.second, [0], 500))
    told.forget(2 + KEPT)
    assert [b"b" in told.part.entries, len(told.part.entries)] == [False, FORGET_AT_ONCE]


def test_what_is_forgotten_is_not_told_though_the_round_had_it(told: Told) -> None:
    told.fire("a")
    told.end("a", 1)
    told.tell_all()
    told.begin_round()
    told.forget(1 + KEPT)
    assert told.take() == []


def test_an_end_that_only_the_second_receiver_lacks_is_kept_for_it(told: Told) -> None:
    told.fire("a")
    told.tell_all()
    told.end("a", 100)
    assert [told.take(), told.land("a")] == [["a"], ["a:over"]]
    told.forget(100 + KEPT)
    assert told.standing.take(told.second, [0], 9) == refs("a")


def test_an_end_that_nobody_took_in_all_that_time_is_let_go_of_and_owed_no_more(told: Told) -> None:
    told.fire("a")
    told.end("a", 100)
    told.forget(100 + KEPT)
    assert told.standing.backlog == 1
    told.forget(100 + LONGEST)
    assert [told.standing.backlog, bool(told.first), bool(told.second)] == [0, False, False]


def test_a_workflow_that_is_heard_again_is_let_go_of_whole(told: Told) -> None:
    told.fire("w", whole=True)
    told.end("w", 1)
    told.tell_all()
    told.forget(1 + KEPT)
    assert [told.part.entries, told.part.whole] == [{}, {}]
