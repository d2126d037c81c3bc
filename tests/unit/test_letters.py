"""Which dead letters are meant, and where they go (R14): the decisions of `deadletters list` and `replay`."""

from __future__ import annotations

from typing import Any

import pytest

from streams.deadletters import REASONS, Letter
from streams.intake import PARTITIONERS
from streams.letters import Filter
from streams.letters_replay import IMPOSSIBLE, LEFT_OUT, PLANNED, Planner

LETTER = Letter(1, 9, "future", "time: later", "portal.messages", 2, 7, 1_000_000, 1_000, 4, 5)
COUNTS = {"portal.messages": 4}
KEY = b"p-4821"
HOME = PARTITIONERS["murmur2"](KEY) % 4


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param({}, True, id="all"),
        pytest.param({"reasons": ("late", "future")}, True, id="one-of-the-reasons"),
        pytest.param({"reasons": ("late",)}, False, id="another-reason"),
        pytest.param({"topics": ("portal.messages",)}, True, id="its-topic"),
        pytest.param({"topics": ("portal.results",)}, False, id="another-topic"),
        pytest.param({"since": 1_000_000}, True, id="received-just-then"),
        pytest.param({"since": 1_000_001}, False, id="received-before"),
        pytest.param({"places": ((0, 9), (1, 9))}, True, id="its-place"),
        pytest.param({"places": ((9, 1), (2, 7))}, False, id="another-place"),
        pytest.param({"reasons": ("future",), "since": 1_000_001}, False, id="every-question-counts"),
    ],
)
def test_filters(asked: dict[str, Any], wanted: bool) -> None:
    assert Filter(**asked).wants(LETTER) is wanted


def planner(
    partitioner: str = "unchecked",
    *,
    counts: dict[str, int] = COUNTS,
    named: bool = False,
    reasons: tuple[str, ...] = (),
) -> Planner:
    return Planner(counts, partitioner, named, reasons)


@pytest.mark.parametrize("reason", REASONS)
def test_all_but_copies_and_what_is_late_go_back_where_they_came_from(reason: str) -> None:
    letter = LETTER._replace(reason=reason)
    plan = planner().plan(letter, KEY)
    if reason in ("late", "anchor_missing"):
        assert (plan.outcome, plan.why) == (LEFT_OUT, f"ask for it with --reason {reason}")
    else:
        assert (plan.outcome, plan.partition) == (PLANNED, 2)
    for asked in (planner(named=True), planner(reasons=(reason,))):
        assert (asked.plan(letter, KEY).outcome, asked.plan(letter, KEY).partition) == (PLANNED, 2)


@pytest.mark.parametrize(
    ("partitioner", "key", "partition"),
    [
        pytest.param("murmur2", KEY, HOME, id="case-21-to-the-partition-of-its-key"),
        pytest.param("crc32", KEY, PARTITIONERS["crc32"](KEY) % 4, id="case-21-by-the-policy-in-force"),
        pytest.param("unchecked", KEY, 2, id="unchecked-now-so-back"),
        pytest.param("murmur2", None, 2, id="no-key"),
    ],
)
def test_misrouted_case_21(partitioner: str, key: bytes | None, partition: int) -> None:
    plan = planner(partitioner).plan(LETTER._replace(reason="misrouted"), key)
    assert (plan.outcome, plan.partition) == (PLANNED, partition)
    assert planner(partitioner).plan(LETTER, key).partition == 2


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        pytest.param({}, "its topic is no input that is there", id="no-topic"),
        pytest.param({"portal.messages": 2}, "its topic has 2 partitions now", id="fewer-partitions"),
    ],
)
def test_what_cannot_go_back(counts: dict[str, int], why: str) -> None:
    plan = planner(counts=counts).plan(LETTER, KEY)
    assert (plan.outcome, plan.why) == (IMPOSSIBLE, why)
