"""What the sections owe each other: every target resolves to somebody, and no item expires before its due."""

from __future__ import annotations

import pytest

from schemas.policy_file import PolicyError, Problem, parse
from tests.unit.schemas.policies import spoiled

POLICY = """\
version: t
calendars: {c: {timezone: UTC, hours: {mon-fri: 08:00-17:00}}}
departments:
  a: {pool: pa, on_call: oa, champion: ca}
  b: {pool: pb}
defaults: {calendar: c, pool: p, on_call: o, champion: h}
clocks:
  - name: n
    workflow: message
    rules: [{within: 1 hour}]
    stages:
      - {name: early, at: 50%}
      - name: late
        at: due
        notify: on_call
"""


def problems(*changes: tuple[str, str]) -> list[Problem]:
    text = POLICY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    try:
        parse(text)
    except PolicyError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    ("changes", "line", "path", "said"),
    [
        ([(", on_call: o,", ",")], 15, "clocks[0].stages[1].notify",
         "notify `on_call` resolves to nobody for `b`, `unassigned`; give defaults.on_call"),
        ([(" pool: p, on", " on")], 12, "clocks[0].stages[0]",
         "notify `pool` resolves to nobody for `unassigned`; give defaults.pool"),
        ([(" pool: p, on", " on"), ("at: 50%", "at: 50%, notify: owner")], 12, "clocks[0].stages[0].notify",
         "notify `owner` resolves to nobody for `unassigned`; give defaults.pool"),
        ([(", champion: h", ""), ("notify: on_call", "notify: champion")], 15, "clocks[0].stages[1].notify",
         "`champion` resolves to nobody for `b`, `unassigned`"),
        ([(", on_call: o,", ","), ("b: {pool: pb}", "unassigned: {pool: pb, on_call: ob}")], 15,
         "clocks[0].stages[1].notify", "for departments that the policy does not know; give defaults.on_call"),
        ([(", champion: h", ""), ("{within: 1 hour}]",
           "{within: 1 hour}]\n    attempts: {count: 2, within: 1 day, notify: champion}")],
         11, "clocks[0].attempts.notify", "resolves to nobody for `b`, `unassigned`"),
        ([(" pool: p, on", " on"), ("at: 50%", "at: 50%, notify: on_call"), ("{within: 1 hour}",
           "{within: 1 hour, not_before: 1 minute}")], 10, "clocks[0].rules[0].not_before",
         "a stop before it gives a notice to the pool: `pool` resolves to nobody for `unassigned`"),
    ],
)  # fmt: skip
def test_a_target_that_resolves_to_nobody(changes: list[tuple[str, str]], line: int, path: str, said: str) -> None:
    found = problems(*changes)
    assert [(problem.line, problem.path) for problem in found] == [(line, path)]
    assert said in found[0].message


def test_the_default_ladder_needs_its_targets_too() -> None:
    start = POLICY.index("    stages:")
    found = problems((POLICY[start:], ""), (", on_call: o, champion: h", ""))
    assert [(problem.line, problem.path) for problem in found] == [(8, "clocks[0]")] * 3
    assert [problem.message.split("`")[1] for problem in found] == ["imminent", "missed", "escalated"]


def test_a_silent_feed_calls_the_default_on_call() -> None:
    changes = [
        (", on_call: o,", ","),
        ("notify: on_call\n", "notify: pool\nsettings: {silent_feed: {message: 1 day}}\n"),
    ]
    assert [(p.line, p.path) for p in problems(*changes)] == [(16, "settings.silent_feed")]


def test_targets_that_resolve_everywhere_are_enough() -> None:
    assert problems() == []
    assert problems(("b: {pool: pb}", "b:"), (", champion: h", "")) == [], "nobody notifies the champion"


@pytest.mark.parametrize(
    ("target", "age", "fits"),
    [
        ("within: 90 days", "90 days", True),
        ("within: 90.01 days", "90 days", False),
        ("within: 2160 business hours", "90 days", True),
        ("within: 2161 business hours", "90 days", False),
        ("within: 45 business days", "90 days", True),
        ("within: 46 business days", "90 days", False),
        ("by: end of 2 business days", "4 days", True),
        ("by: end of 2 business days", "95.99 hours", False),
        ("by: end of 0 business days", "1 minute", True),
        ("before: 100 days", "1 day", True),
    ],
)
def test_max_age_is_no_shorter_than_a_target(target: str, age: str, fits: bool) -> None:
    found = problems(("within: 1 hour", target), ("notify: on_call\n", f"notify: pool\nsettings:\n  max_age: {age}\n"))
    assert [(p.line, p.path) for p in found] == ([] if fits else [(17, "settings.max_age")])
    assert fits or f"is shorter than `{target.split(': ')[1]}` of clocks[0].rules[0]." in found[0].message


def test_a_target_beyond_the_default_max_age_is_at_its_own_line() -> None:
    found = problems(("within: 1 hour", "within: 91 days"))
    assert [(p.line, p.path) for p in found] == [(10, "clocks[0].rules[0].within")]
    assert "max_age must be at least 91 days" in found[0].message


def test_case_27_a_step_that_resolves_to_nobody() -> None:
    text = spoiled("on_call: portal-oncall, ", "")
    with pytest.raises(
        PolicyError, match=r"^clinic.yaml:28: clocks\[0\]\.stages\[1\]\.notify: .*nobody for `oncology`"
    ):
        parse(text, "clinic.yaml")
