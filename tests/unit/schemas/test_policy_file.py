"""A policy file in typed form: every place of the contract's example, and each default."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.policy import DAY, HOUR, MINUTE, Attempts, Department, Duration, Point, Rule, Settings, Stage, Unit
from schemas.policy_file import PolicyError, Problem, parse
from tests.unit.schemas.policies import POLICY, spoiled

ROOT = Path(__file__).parents[3]
SMALLEST = """\
version: 1.10
calendars: {c: {timezone: UTC, hours: {daily: 00:00-24:00}}}
defaults: {calendar: c, pool: p, on_call: o, champion: h}
clocks: [{name: n, workflow: message, rules: [{within: 1 hour}]}]
"""
BUSINESS_DAY = Duration(Unit.BUSINESS_DAYS, 1, "1 business day")
BUSINESS_HOUR = Duration(Unit.OPEN, HOUR, "1 business hour")
LADDER = (
    Stage("due-soon", Point.PERCENT, percent=7500),
    Stage("imminent", Point.BEFORE, offset=BUSINESS_HOUR, severity="critical", notify="on_call"),
    Stage("missed", Point.DUE, severity="critical", notify="on_call"),
    Stage("escalated", Point.AFTER, offset=BUSINESS_DAY, severity="critical", notify="champion"),
)


def test_the_calendar_of_the_example() -> None:
    clinic = parse(POLICY).calendars["clinic"]
    weekday = ((480, 720), (750, 1020))
    assert (clinic.name, clinic.timezone, clinic.holidays) == ("clinic", "America/Chicago", "US-WI")
    assert clinic.hours == (weekday,) * 5 + (((540, 720),), ())
    assert clinic.business_days == frozenset(range(5))
    assert clinic.not_holidays == {"New Year's Eve"}
    assert clinic.closed == {date(2026, 12, 24)}
    assert clinic.open == {date(2026, 12, 26): ((540, 720),)}


def test_the_departments_of_the_example() -> None:
    policy = parse(POLICY)
    assert policy.departments == {
        "cardiology": Department("clinic", "cardiology-nurses", "cardiology-oncall", "dr-lee", "https://g/a"),
        "oncology": Department(pool="oncology-nurses"),
    }
    assert policy.defaults == Department("clinic", "portal-desk", "portal-oncall", "portal-committee")


def test_the_clocks_of_the_example() -> None:
    message, result, questionnaire, appointment = parse(POLICY).clocks
    assert message.rules == (
        Rule({"priority": frozenset({"urgent"})}, within=Duration(Unit.OPEN, 4 * HOUR, "4 business hours")),
        Rule({"department": frozenset({"oncology", "cardiology"})}, within=BUSINESS_DAY),
        Rule(within=Duration(Unit.BUSINESS_DAYS, 2, "2 business days")),
    )
    assert message.stages == LADDER
    assert (result.name, result.workflow, result.rules) == ("result-release", "result", (Rule(by=3),))
    assert result.attempts == Attempts(3, 3 * DAY, "warning", "pool", always=False)
    assert questionnaire.rules == (Rule(before=BUSINESS_DAY),)
    assert appointment.rules == (Rule(within=BUSINESS_DAY, before=Duration(Unit.ELAPSED, 4 * HOUR, "4 hours")),)
    assert [clock.attempts for clock in (message, questionnaire, appointment)] == [None] * 3


def test_a_clock_without_stages_has_the_ladder_of_the_contract() -> None:
    assert parse(SMALLEST).clocks[0].stages == LADDER


def test_the_settings_shown_in_the_contract_are_the_defaults() -> None:
    assert parse(POLICY).settings == parse(SMALLEST).settings == Settings()
    assert parse(SMALLEST + "settings:\n").settings == Settings()


def test_every_setting_is_read() -> None:
    text = SMALLEST + (
        "settings: {enforce_from: 2010-01-01T00:00:00+01:00, lead: 0 minutes, ack_for: 12 hours, remember: 1 day,\n"
        "  reorder_window: 36 hours, max_skew: 90 minutes, max_age: 25.5 days, apply: new, partitioner: murmur2,\n"
        "  silent_feed: {message: 2 business hours, result: 1 day}}\n"
    )
    assert parse(text).settings == Settings(
        enforce_from=1_262_300_400_000_000,
        lead=Duration(Unit.OPEN, 0, "0 minutes"),
        ack_for=Duration(Unit.ELAPSED, 12 * HOUR, "12 hours"),
        reorder_window=36 * HOUR,
        remember=DAY,
        max_skew=90 * MINUTE,
        max_age=612 * HOUR,
        silent_feed={
            "message": Duration(Unit.OPEN, 2 * HOUR, "2 business hours"),
            "result": Duration(Unit.ELAPSED, DAY, "1 day"),
        },
        apply="new",
        partitioner="murmur2",
    )


def test_a_stage_is_read_with_its_defaults() -> None:
    stages = "[{name: a.b_c-1, at: 33.33%}, {name: b, before: 2 days, hours: always}, {name: c, after: 1 hour}]"
    assert parse(SMALLEST.replace("rules:", f"stages: {stages}, rules:")).clocks[0].stages == (
        Stage("a.b_c-1", Point.PERCENT, percent=3333, severity="warning", notify="pool", always=False),
        Stage("b", Point.BEFORE, offset=Duration(Unit.ELAPSED, 2 * DAY, "2 days"), always=True),
        Stage("c", Point.AFTER, offset=Duration(Unit.ELAPSED, HOUR, "1 hour")),
    )


def test_text_is_typed_by_its_place_alone() -> None:
    text = spoiled("oncology: {pool", "on: {pool").replace("US-WI", "NO", 1).replace("2026-11-01", "1.10", 1)
    policy = parse(text)
    assert policy.version == "1.10"
    assert policy.calendars["clinic"].holidays == "NO"
    assert "on" in policy.departments


def test_every_path_has_its_line() -> None:
    lines = parse(POLICY).lines
    rows = POLICY.splitlines()
    assert lines["clocks[0].rules[1].within"] == 24
    assert lines["clocks[0].stages[2].notify"] == 29
    assert lines["calendars.clinic.not_holidays[0]"] == 10
    assert lines["calendars.clinic.open.2026-12-26"] == 12
    assert all(
        path.rsplit(".", 1)[-1].split("[")[0] in rows[line - 1] for path, line in lines.items() if "]" not in path
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sat: 09:00-12:00", "sat: 12:00-09:00"),
        ("sat: 09:00-12:00", "sat: 00:00-24:00"),
        ("sat: 09:00-12:00", "sat: 22:00-06:00\n      sun: 06:00-12:00"),
        ("sat: 09:00-12:00", "sun: 12:00-08:00"),
        ("business_days: mon-fri", "business_days: fri-mon"),
        ("    holidays: US-WI\n    not_holidays: [New Year's Eve]\n", ""),
        ("oncology: {pool: oncology-nurses}", "oncology:"),
        ("oncology: {pool: oncology-nurses}", "unassigned: {pool: front-desk}"),
        ("when: {priority: urgent}", "when: {priority: [urgent], kind: k1, site: s1, pool: p}"),
        ("when: {priority: urgent}", "when: {department: [unassigned, nowhere]}"),
        ("when: {priority: urgent}", "when: {}"),
        ("within: 4 business hours", "within: 4 business hours\n        calendar: clinic\n        not_before: 1 day"),
        ("at: 75%", "at: 0.01%"),
        ("at: 75%", "at: 99.99%"),
        ("name: escalated, after: 1 business day", "name: escalated, at: due"),
        ("before: 1 business hour", "before: 1 business day"),
        ("{name: due-soon, at: 75%", "{name: due-soon, before: 1 business hour"),
        ("{name: due-soon, at: 75%", "{name: due-soon, before: 1 business day"),
        ("max_age: 90 days", "max_age: 6 days"),
        ("silent_feed: {}", "silent_feed:"),
        ("rules: [{by: end of 3 business days}]", "rules: [{by: end of 0 business days}]"),
        (
            "attempts: {count: 3, within: 3 days,",
            "stages: []\n    attempts: {count: 1, within: 90 minutes, hours: always,",
        ),
    ],
)
def test_what_the_contract_allows_is_accepted(old: str, new: str) -> None:
    assert len(parse(spoiled(old, new)).clocks) == 4


def test_the_shipped_policy_and_all_recorded_ones_are_accepted() -> None:
    recorded = [*ROOT.glob("tests/data/cases/*/policy.yaml"), *ROOT.glob("tests/data/random/*.yaml")]
    assert len(recorded) >= 20
    for path in [ROOT / "deploy/policies/clinic.yaml", *recorded]:
        assert parse(path.read_bytes(), path.name).clocks


def test_all_problems_are_found_at_once_and_said_line_by_line() -> None:
    text = spoiled("within: 4 business hours", "wihtin: 4 business hours").replace("[2026-12-24]", "[2026-13-01]", 1)
    unknown = "unknown key; did you mean `within`? one of when, within, by, before, not_before, calendar"
    with pytest.raises(PolicyError) as refused:
        parse(text, "p.yaml")
    assert refused.value.name == "p.yaml"
    assert str(refused.value).splitlines() == [
        "p.yaml:11: calendars.clinic.closed[0]: `2026-13-01` does not exist; write YYYY-MM-DD, such as 2026-12-24",
        "p.yaml:21: clocks[0].rules[0]: sets no due time; give within, by or before, such as `within: 2 business days`",
        f"p.yaml:22: clocks[0].rules[0].wihtin: {unknown}",
    ]
    assert all(isinstance(problem, Problem) for problem in refused.value.problems)
