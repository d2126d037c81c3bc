"""Which worker holds which partitions: all topics of one number together, balanced, and moved as little as can be.

A partition that stays re-reads only the rest of its changelog, one that moves reads it all: so a member says on joining
what it held, and the leader lets it keep that up to its fair share. A member that was away may claim what others hold
by now; each assignment is numbered, and the claim of the later one counts.

An instance, not a class as aiokafka's own: what a member held is its own affair, and a process may hold several apps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


class Claim(NamedTuple):
    """What a member held, and by the assignment of which number."""

    round: int
    partitions: frozenset[int]


class StickyAssignor:
    """aiokafka's assignor interface (metadata, assign, on_assignment) on one member's claim."""

    name = "copartitioned-sticky"
    version = 0

    def __init__(self) -> None:
        self._claim = Claim(0, frozenset())

    def metadata(self, topics: Iterable[str]) -> Any:
        """What this member says on joining: its topics and its claim."""
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), encode(self._claim))

    def on_assignment(self, assignment: Any) -> None:
        """Keep what this member was given, for the next join."""
        given = frozenset(p for _, partitions in assignment.assignment for p in partitions)
        self._claim = Claim(decode(assignment.user_data).round, given)

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """As the group's leader: who gets what. Topics that a member did not subscribe to are left out for it."""
        claims = {member: decode(metadata.user_data) for member, metadata in members.items()}
        topics = {topic for metadata in members.values() for topic in metadata.subscription}
        numbers = {topic: cluster.partitions_for_topic(topic) or set() for topic in topics}
        shares = self.share(set().union(*numbers.values()), claims)
        number = 1 + max(claim.round for claim in claims.values())
        return {
            member: ConsumerProtocolMemberAssignment(
                self.version,
                [(t, sorted(shares[member] & numbers[t])) for t in sorted(set(metadata.subscription))],
                encode(Claim(number, frozenset())),
            )
            for member, metadata in members.items()
        }

    def share(self, partitions: set[int], claims: Mapping[str, Claim]) -> dict[str, set[int]]:
        """Partition numbers for each member."""
        return share(partitions, claims)


class SoleAssignor(StickyAssignor):
    """All partitions to one member, and to the same one as long as it is there; the others stand by."""

    name = "copartitioned-sole"

    def share(self, partitions: set[int], claims: Mapping[str, Claim]) -> dict[str, set[int]]:
        """All to whoever had something last, else to the first by id."""
        sole = min(claims, key=lambda member: (not claims[member].partitions, -claims[member].round, member))
        return {member: set(partitions) if member == sole else set() for member in claims}


def share(partitions: set[int], claims: Mapping[str, Claim]) -> dict[str, set[int]]:
    """Partition numbers for each member: shares differ by one at most, and members keep what they rightly claim."""
    kept: dict[str, list[int]] = {member: [] for member in claims}
    taken: set[int] = set()
    for member in sorted(claims, key=lambda m: (-claims[m].round, m)):
        kept[member] = sorted(claims[member].partitions & partitions - taken)
        taken.update(kept[member])
    floor, extra = divmod(len(partitions), len(claims))
    # Whoever holds most may have the larger share: that moves least.
    order = sorted(claims, key=lambda m: (-len(kept[m]), m))
    sizes = {member: floor + (n < extra) for n, member in enumerate(order)}
    shares = {member: set(kept[member][: sizes[member]]) for member in claims}
    free = iter(sorted(partitions.difference(*shares.values())))
    for member in sorted(order):
        shares[member].update(islice(free, sizes[member] - len(shares[member])))
    return shares


def encode(claim: Claim) -> bytes:
    """A claim as the group protocol's user data."""
    return json.dumps([claim.round, sorted(claim.partitions)]).encode()


def decode(data: bytes | None) -> Claim:
    """A claim from user data; none if a member sent none."""
    number, partitions = json.loads(data) if data else (0, ())
    return Claim(number, frozenset(partitions))
