"""The assignor: all of a partition number together, balanced, and moved as little as can be."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.assignor import Claim, SoleAssignor, StickyAssignor, share

MEMBERS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=7, unique=True)
NONE = Claim(0, frozenset())


class Cluster:
    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self.counts[topic])) if topic in self.counts else None


def join(cluster: Cluster, members: Mapping[str, StickyAssignor], topics: list[str]) -> dict[str, dict[str, list[int]]]:
    """One round of the group protocol, led by the first member."""
    leader = next(iter(members.values()))
    given = leader.assign(cluster, {name: one.metadata(topics) for name, one in members.items()})
    for name, one in members.items():
        one.on_assignment(given[name])
    return {name: dict(assignment.assignment) for name, assignment in given.items()}


@given(st.integers(0, 40), MEMBERS, st.data())
def test_every_partition_has_one_holder_and_shares_differ_by_one(
    count: int, members: list[str], data: st.DataObject
) -> None:
    numbers = st.frozensets(st.integers(0, 45))
    claims = {name: Claim(data.draw(st.integers(0, 3)), data.draw(numbers)) for name in members}
    shares = share(set(range(count)), claims)
    assert sorted(p for held in shares.values() for p in held) == list(range(count))
    sizes = [len(held) for held in shares.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 40), MEMBERS, st.sampled_from("xyz"))
def test_a_member_that_stays_keeps_what_its_share_allows(count: int, members: list[str], new: str) -> None:
    partitions = set(range(count))
    before = share(partitions, dict.fromkeys(members, NONE))
    claims = {name: Claim(1, frozenset(held)) for name, held in before.items()}
    grown = share(partitions, claims | {new: NONE})
    moved = sum(len(before[name] - grown[name]) for name in members)
    assert moved == len(grown[new]), "only what the new member gets has moved"
    left = share(partitions, {name: claims[name] for name in members[1:]}) if members[1:] else {}
    assert all(before[name] <= left[name] for name in members[1:]), "nobody loses when another goes"
    assert share(partitions, claims) == before, "and without a change nothing moves"


def test_the_claim_of_the_later_assignment_counts() -> None:
    claims = {
        "away": Claim(3, frozenset({0, 1})),
        "here": Claim(4, frozenset({0, 1})),
        "more": Claim(4, frozenset({2})),
    }
    shares = share({0, 1, 2, 3}, claims)
    assert shares["here"] == {0, 1}
    assert shares["more"] >= {2}
    assert not shares["away"] & {0, 1}


def test_all_topics_of_a_number_go_together_and_stay() -> None:
    cluster = Cluster({"a": 4, "b": 4})
    one, two, three = StickyAssignor(), StickyAssignor(), StickyAssignor()
    assert join(cluster, {"1": one}, ["b", "a"]) == {"1": {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3]}}
    both = join(cluster, {"1": one, "2": two}, ["a", "b"])
    assert both == {"1": {"a": [0, 1], "b": [0, 1]}, "2": {"a": [2, 3], "b": [2, 3]}}
    # Another leader, who is new: it only knows what the members claim.
    after = join(cluster, {"3": three, "2": two}, ["a", "b"])
    assert after["2"] == both["2"]
    assert after["3"] == both["1"]


def test_a_topic_without_metadata_or_subscription_is_left_out() -> None:
    cluster = Cluster({"a": 2, "b": 2})
    old, new = StickyAssignor(), StickyAssignor()
    members = {"old": old.metadata(["a", "gone"]), "new": new.metadata(["a", "b"])}
    given = new.assign(cluster, members)
    assert dict(given["old"].assignment) == {"a": [1], "gone": []}
    assert dict(given["new"].assignment) == {"a": [0], "b": [0]}


def test_more_members_than_partitions() -> None:
    shares = share({0}, {"a": NONE, "b": Claim(1, frozenset({0}))})
    assert shares == {"a": set(), "b": {0}}


def test_a_sole_member_has_all_and_keeps_it_while_others_come() -> None:
    cluster, a, b, c = Cluster({"x": 3}), SoleAssignor(), SoleAssignor(), SoleAssignor()
    assert join(cluster, {"b": b, "c": c}, ["x"]) == {"b": {"x": [0, 1, 2]}, "c": {"x": []}}
    assert join(cluster, {"a": a, "b": b, "c": c}, ["x"]) == {"a": {"x": []}, "b": {"x": [0, 1, 2]}, "c": {"x": []}}
    assert join(cluster, {"a": a, "c": c}, ["x"]) == {"a": {"x": [0, 1, 2]}, "c": {"x": []}}
    # One that had it long ago, and was away when another got it, does not take it back.
    assert join(cluster, {"a": a, "b": b}, ["x"]) == {"a": {"x": [0, 1, 2]}, "b": {"x": []}}
