"""What is told next, told again, and let go of: the cases in which the state that is shown does not tell them apart."""

from __future__ import annotations

import pytest

from streams.delivery.entries import Entry, Part, Ref
from streams.delivery.standing import Standing
from streams.delivery.wording import Worded

KEPT, LONGEST = 900.0, 86_400.0


def worded(labels: str, starts: float = 0.0, *, whole: bool = False) -> Worded:
    return Worded(labels.encode(), f"{labels}@{starts}".encode(), starts, (), whole)


class Told:
    """One partition, two receivers."""

    def __init__(self) -> None:
        self.standing = Standing(2, KEPT, LONGEST)
        self.part: Part = self.standing.begin(0)
        self.first, self.second = self.standing.queues
        self.superseded: list[str] = []
        self.standing.on_superseded = lambda entry: self.superseded.append(entry.event)

    def fire(self, labels: str, alert: str = "", at: float = 0.0, *, whole: bool = False) -> None:
        self.standing.fired(self.part, alert or labels, worded(labels, at, whole=whole), at)

    def end(self, labels: str, at: float = 1.0, alert: str = "") -> None:
        alert = alert or labels
        self.standing.resolved(self.part, alert, f"{alert}:over", worded(labels), at)

    def was_over(self, labels: str, at: float, alert: str = "") -> None:
        self.standing.was_resolved(self.part, alert or labels, f"{alert or labels}:over@{at}", worded(labels), at)

    def take(self, most: int = 500) -> list[str]:
        """Labels that the first receiver is told next."""
        return [ref.key.decode() for ref in self.standing.take(self.first, [0], most)]

    def land(self, *labels: str) -> list[str]:
        """Events that had not been told to anybody."""
        return [each.event for each in self.standing.landed(self.first, refs(*labels))]

    def fail(self, *labels: str, later: bool = False) -> list[str]:
        return [each.event for each in self.standing.failed(self.first, refs(*labels), later=later)]

    def tell_all(self) -> None:
        for queue in self.standing.queues:
            while taken := self.standing.take(queue, [0], 500):
                self.standing.landed(queue, taken)

    def begin_round(self, now: float = 0.0) -> None:
        self.standing.begin_round(self.first, now)

    def forget(self, now: float) -> int:
        """The steps that it took."""
        return sum(1 for _ in self.standing.forget(now)) + 1

    def entry(self, labels: str) -> Entry:
        return self.part.entries[labels.encode()]


def refs(*labels: str) -> list[Ref]:
    return [Ref(0, each.encode()) for each in labels]


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_last_to_change_is_told_first_and_no_more_than_is_asked_for(told: Told) -> None:
    for labels in "abc":
        told.fire(labels)
    told.end("a")
    assert [told.take(2), told.take(2)] == [["a", "c"], ["b"]]


def test_a_round_has_what_silences_a_workflow_first_and_then_the_last_to_change(told: Told) -> None:
    told.fire("w", whole=True)
    for labels in "abc":
        told.fire(labels)
    told.end("a")
    told.tell_all()
    told.begin_round()
    assert [told.take(2), told.take(2)] == [["w", "a"], ["c", "b"]]


def test_a_round_that_takes_too_long_goes_on_where_it_was(told: Told) -> None:
    told.fire("w", whole=True)
    for labels in "abcdefgh":
        told.fire(labels)
    told.tell_all()
    rounds = []
    for _ in range(4):
        told.begin_round()
        rounds.append("".join(told.take(4)))
        told.land(*rounds[-1])
    assert rounds == ["whgf", "wedc", "wbah", "wgfe"]
    assert len(told.first.round[0]) <= len(told.part.entries)


def test_partitions_take_turns_though_a_round_takes_too_long(told: Told) -> None:
    others = [told.standing.begin(number) for number in (1, 2)]
    for part in (told.part, *others):
        for labels in "ab":
            told.standing.fired(part, f"{part.number}{labels}", worded(labels), 0)
    while taken := told.standing.take(told.first, [0, 1, 2], 9):
        told.standing.landed(told.first, taken)
    rounds = []
    for _ in range(3):
        told.begin_round()
        taken = told.standing.take(told.first, [0, 1, 2], 3)
        told.standing.landed(told.first, taken)
        rounds.append([f"{ref.partition}{ref.key.decode()}" for ref in taken])
    assert rounds == [["0b", "0a", "1b"], ["2b", "2a", "0b"], ["1a", "1b", "2b"]]


def test_what_failed_comes_next_in_its_order_and_the_round_goes_on(told: Told) -> None:
    for labels in "abcd":
        told.fire(labels)
    told.tell_all()
    told.begin_round()
    told.fire("e")
    told.fire("f")
    assert told.take(4) == ["f", "e", "d", "c"]
    assert sorted(told.fail("f", "e", "d", "c")) == ["e", "f"]
    assert told.take(9) == ["f", "e", "d", "c", "b", "a"]


def test_what_is_refused_alone_waits_for_the_next_round(told: Told) -> None:
    told.fire("a")
    assert told.take() == ["a"]
    assert told.fail("a", later=True) == ["a"]
    assert [told.take(), told.standing.backlog] == [[], 1]
    told.begin_round()
    assert told.take() == ["a"]
    assert [told.land("a"), told.standing.backlog] == [["a"], 0]


def test_one_that_changed_in_flight_was_not_taken(told: Told) -> None:
    told.fire("a")
    assert told.take() == ["a"]
    told.end("a")
    assert told.superseded == ["a"]
    assert [told.land("a"), told.standing.backlog] == [[], 1]
    assert told.take() == ["a"]
    assert told.land("a") == ["a:over"]


def test_of_one_that_changed_in_flight_nobody_says_that_its_new_state_failed(told: Told) -> None:
    told.fire("a")
    assert told.take() == ["a"]
    told.end("a")
    told.fire("b")
    assert told.fail("a") == []
    assert told.take() == ["b", "a"]


def test_it_is_first_told_once_whoever_takes_it(told: Told) -> None:
    told.fire("a")
    other = told.standing.take(told.second, [0], 1)
    assert [told.take(), told.land("a")] == [["a"], ["a"]]
    assert told.standing.landed(told.second, other) == []


def test_whoever_told_it_is_gone_and_the_next_begins_anew(told: Told) -> None:
    told.fire("a")
    assert told.take() == ["a"]
    told.standing.recover(told.first)
    assert [told.take(), told.first.under_way] == [["a"], {Ref(0, b"a"): True}]


def test_of_a_partition_that_is_gone_nothing_is_left(told: Told) -> None:
    told.fire("a")
    told.fire("b")
    told.take(1)
    told.begin_round()
    told.standing.drop(0)
    assert not told.first
    assert [told.first.under_way, told.standing.backlog, told.take()] == [{}, 0, []]


def test_a_second_alert_of_the_same_labels_is_nothing_new(told: Told) -> None:
    told.fire("a", "1")
    told.tell_all()
    told.fire("a", "2")
    told.end("a", alert="1")
    assert [told.take(), told.standing.backlog] == [[], 0]


def test_one_that_fires_anew_has_its_own_beginning(told: Told) -> None:
    told.fire("a", "1", 10)
    told.end("a", 20, "1")
    told.fire("a", "2", 30)
    assert [told.entry("a").worded.starts, told.entry("a").ended, list(told.part.over)] == [30, None, []]


def test_one_that_is_worded_anew_under_the_same_labels_says_so_with_the_next_round(told: Told) -> None:
    told.fire("a", at=1)
    told.tell_all()
    told.fire("a", at=2)
    assert [told.take(), told.entry("a").worded.starts] == [[], 2]


def test_an_end_is_believed_if_it_is_newer_than_what_is_known(told: Told) -> None:
    told.was_over("a", 20, "1")
    told.tell_all()
    told.was_over("a", 10, "0")
    assert [told.take(), told.entry("a").ended] == [[], 20]
    told.was_over("a", 30, "2")
    assert [told.take(), told.entry("a").ended] == [["a"], 30]


def test_what_was_said_to_be_over_and_stands_is_not(told: Told) -> None:
    told.fire("a", "1")
    told.tell_all()
    told.was_over("a", 5, "1")
    told.was_over("b", 5, "1")  # in another policy's labels: it was never told to be over, nor was it
    told.end("a", alert="0")
    assert [told.take(), told.entry("a").ended, told.standing.backlog] == [[], None, 0]
