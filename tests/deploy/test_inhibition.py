"""What silences what in the shipped configuration: never an earlier stage a later one, whatever their severities."""

from __future__ import annotations

import re
from itertools import combinations, product
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.test_routes import CONFIG

RULES: list[dict[str, Any]] = YAML(typ="safe").load(CONFIG)["inhibit_rules"]
LADDER = ("due-soon", "imminent", "missed", "escalated")
SEVERITIES = ("warning", "critical")
Labels = dict[str, str]


def matches(matchers: list[str], labels: Labels) -> bool:
    """As Alertmanager does it: a label that is not there is empty, and an expression has to fit the whole of it."""
    for matcher in matchers:
        read = re.fullmatch(r'(\w+) ?(=~|!~|!=|=) ?"?([^"]*)"?', matcher)
        assert read is not None, matcher
        name, sign, value = read.groups()
        given = labels.get(name, "")
        found = re.fullmatch(value, given) is not None if sign.endswith("~") else given == value
        if found is sign.startswith("!"):
            return False
    return True


def silences(source: Labels, target: Labels) -> bool:
    return any(
        matches(rule["source_matchers"], source)
        and matches(rule["target_matchers"], target)
        and all(source.get(name, "") == target.get(name, "") for name in rule.get("equal", []))
        for rule in RULES
    )


def stage(name: str, severity: str, ref: str = "k3v9x2m7q1ab", clock: str = "reply") -> Labels:
    camel = "".join(part.capitalize() for part in name.split("-"))
    return {"alertname": f"PortalBenchmark{camel}", "workflow": "message", "clock": clock, "department": "cardiology",
            "stage": name, "severity": severity, "ref": ref}  # fmt: skip


@pytest.mark.parametrize(("lower", "higher"), list(combinations(LADDER, 2)))
def test_a_later_stage_silences_the_earlier_ones_and_is_not_silenced(lower: str, higher: str) -> None:
    for first, second in product(SEVERITIES, repeat=2):
        early, late = stage(lower, first), stage(higher, second)
        assert [silences(late, early), silences(early, late)] == [True, False]
        assert not silences(stage(higher, second, ref="another"), early)
        assert not silences(stage(higher, second, clock="another"), early)


@pytest.mark.parametrize("name", ["call-the-champion", "attempts"])
def test_a_stage_of_which_nobody_knows_where_it_stands_is_not_silenced(name: str) -> None:
    for known, (first, second) in product(LADDER, product(SEVERITIES, repeat=2)):
        other = stage(name, first)
        assert not silences(stage(known, second), other)
        assert not silences(other, stage(known, second))


def test_a_silent_feed_silences_its_workflow_alone() -> None:
    silent = {"alertname": "PortalFeedSilent", "workflow": "message", "stage": "feed-silent", "severity": "critical"}
    assert silences(silent, stage("missed", "critical"))
    assert not silences(silent, silent)
    assert not silences(silent, {**stage("missed", "critical"), "workflow": "result"})
