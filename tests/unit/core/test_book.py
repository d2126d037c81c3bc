"""A policy made ready to judge by: whom a target reaches, which rule matches (section 3); case 27 of the faults."""

from __future__ import annotations

import pytest

from streams.core.book import MATCHES_KEPT, Book
from streams.core.policy_check import PolicyError, load
from streams.core.routing import Routing
from tests.contract.build import ALL_HOURS, book, clock, policy

DEPARTMENTS = (
    "{eye: {pool: eye-desk, on_call: eye-call, champion: dr-lee, guide: https://g/eye}, ear: {pool: ear-desk}}"
)
BOOK = book(f"[{clock('{within: 1 hour}')}]", departments=DEPARTMENTS)


@pytest.mark.parametrize(
    ("target", "routing", "expected"),
    [
        pytest.param("owner", Routing("eye", owner="o"), "o", id="owner-the-item's"),
        pytest.param("owner", Routing("eye", pool="p"), "p", id="owner-else-the-item's-pool"),
        pytest.param("owner", Routing("eye"), "eye-desk", id="owner-else-the-department's-pool"),
        pytest.param("owner", Routing("nose"), "desk", id="owner-else-the-default-pool"),
        pytest.param("pool", Routing("eye", pool="p", owner="o"), "p", id="pool-the-item's"),
        pytest.param("pool", Routing("eye"), "eye-desk", id="pool-else-the-department's"),
        pytest.param("pool", Routing(), "desk", id="pool-else-the-default"),
        pytest.param("on_call", Routing("eye"), "eye-call", id="on_call-the-department's"),
        pytest.param("on_call", Routing("ear"), "first", id="on_call-else-the-default"),
        pytest.param("champion", Routing("eye"), "dr-lee", id="champion-the-department's"),
        pytest.param("champion", Routing("nose"), "boss", id="R17-a-department-that-is-unknown"),
    ],
)
def test_targets(target: str, routing: Routing, expected: str) -> None:
    assert BOOK.target(target, routing) == expected


def test_recipients_in_order_each_once() -> None:
    assert BOOK.recipients(["champion", "owner", "pool", "on_call"], Routing("ear")) == ["boss", "ear-desk", "first"]


@pytest.mark.parametrize("target", ["owner", "pool", "on_call", "champion"])
def test_case_27_a_step_that_reaches_nobody_is_refused(target: str) -> None:
    """Case 27: every target that a stage names must resolve, for every department and for `unassigned`."""
    missing = "pool" if target in {"owner", "pool"} else target
    text = policy(
        f"[{clock('{within: 1 hour}', f'{{name: missed, at: due, notify: {target}}}')}]", departments=DEPARTMENTS
    )
    names = {"pool": "pool: desk, ", "on_call": "on_call: first, ", "champion": ", champion: boss"}
    with pytest.raises(PolicyError) as refused:
        load(text.replace(names[missing], ""), "clinic.yaml")
    problem = refused.value.problems[0]
    assert problem.path == "clocks[0].stages[0].notify" or problem.path.startswith("clocks[0].stages[0]")
    assert problem.line > 0
    assert str(refused.value).startswith(f"clinic.yaml:{problem.line}")


def test_which_rule_is_remembered_without_end() -> None:
    """Free text of senders is part of what is remembered, so it is bounded, and forgetting changes nothing."""
    judge_by = book(f"[{clock('{when: {kind: k}, within: 1 hour}, {within: 2 hours}')}]")
    (only,) = judge_by.clocks["message"]
    for n in range(MATCHES_KEPT + 10):
        assert judge_by.match(only, Routing(kind=f"k{n}"), "routine") == 1
    assert judge_by.match(only, Routing(kind="k"), "routine") == 0
    assert len(judge_by._matches) <= MATCHES_KEPT


def test_clocks_by_workflow() -> None:
    two = f"[{clock('{within: 1 hour}')}, {clock('{within: 1 hour}', workflow='result', name='release')}]"
    judge_by = Book(load(policy(two, ALL_HOURS)))
    assert {workflow: [each.name for each in clocks] for workflow, clocks in judge_by.clocks.items()} == {
        "message": ["reply"], "appointment": [], "result": ["release"], "questionnaire": [],
    }  # fmt: skip
