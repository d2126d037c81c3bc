"""Findings about accepted policies, each at its line, with hand-checked days and instants; none where all is well."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.policy_tree import Problem
from streams.core.book import Book
from streams.core.policy_check import load
from streams.findings import year
from streams.findings.find import find
from tests.unit.schemas.policies import POLICY, spoiled

ROOT = Path(__file__).parents[3]
START = date(2026, 11, 2)
NIGHT = (
    "`22:00-06:00` of Tue 10 Nov 2026 runs on into Wed 11 Nov 2026, which is closed (Veterans Day) (and on 4 more "
    "such days), for a window belongs to the day on which it opens; say what is meant, as in `open: "
    "{2026-11-10: 22:00-24:00}`"
)
"""The others of the year: the eves of 26 November, 24 December, 1 January and 18 June."""
LADDER = "`due-soon` and `imminent` come at one instant by rule 1 (within 4 business hours)"
EXAMPLE = POLICY.replace("before: 1 business hour", "before: 30 business minutes")
"""The contract's example with a ladder that fits an urgent message."""


def findings(text: str, start: date = START) -> list[Problem]:
    return find(Book(load(text)), start)


def changed(*pairs: tuple[str, str]) -> str:
    text = EXAMPLE
    for old, new in pairs:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("start", [date(2026, 11, 2), date(2027, 6, 30), date(2028, 2, 29), date(2090, 1, 1)])
def test_nothing_is_odd_about_the_example_and_the_clinic(start: date) -> None:
    assert findings(EXAMPLE, start) == []
    clinic = (ROOT / "deploy/policies/clinic.yaml").read_text(encoding="utf-8")
    observed = [each for each in findings(clinic, start) if "(observed)" not in each.message]
    assert observed == []


def test_the_demo_works_by_the_policy_that_is_shipped() -> None:
    shipped = (ROOT / "deploy/policies/clinic.yaml").read_bytes()
    assert (ROOT / "streams/demo/clinic.yaml").read_bytes() == shipped


def test_the_usual_ladder_has_two_rungs_at_one_instant_on_four_hours() -> None:
    """75% of 4 open hours is one open hour before their end: 11:00 for a message of 08:00."""
    (found,) = findings(POLICY)
    assert (found.line, found.path) == (28, "clocks[0].stages[1]")
    assert found.message == (
        f"{LADDER}: opened on Mon 2 Nov 2026 08:00 (clinic) it is due Mon 2 Nov 2026 12:00, both at Mon 2 Nov 2026 "
        "11:00, and only `imminent` is said; move one of them"
    )


@pytest.mark.parametrize(
    ("pairs", "line", "path", "said"),
    [
        # days
        ([("    holidays: US-WI\n    not_holidays: [New Year's Eve]\n    closed: [2026-12-24]\n", "")],
         3, "calendars.clinic", "keeps no holidays, so its hours are open on all of them; give `holidays`, such as"),
        ([("closed: [2026-12-24]", "closed: [2026-11-29]")],
         11, "calendars.clinic.closed", "Sun 29 Nov 2026 has no hours anyway"),
        ([("closed: [2026-12-24]", "closed: [2026-12-26]")],
         12, "calendars.clinic.open.2026-12-26", "`closed` has the date too, and `open` wins: 09:00-12:00"),
        ([("mon-fri: 08:00-12:00 12:30-17:00", "mon-fri: 08:00-12:00 22:00-06:00")],
         5, "calendars.clinic.hours", NIGHT),
        ([("[New Year's Eve]", "[Independence Day]")],
         10, "calendars.clinic.not_holidays",
         "works on `Independence Day`, but is closed on `Independence Day (observed)`, Mon 5 Jul 2027; list that name"),
        ([("departments:\n", "  scanner: {timezone: UTC, hours: {daily: 00:00-24:00}}\ndepartments:\n")],
         13, "calendars.scanner", "no department, default or rule goes by it"),
        ([("    holidays: US-WI\n    not_holidays: [New Year's Eve]\n", "    holidays: UA\n")],
         9, "calendars.clinic.holidays", "the holidays package has none of UA for the year from Mon 2 Nov 2026"),
        # whom it names
        ([("oncology: {pool: oncology-nurses}", "oncology: {calendar: clinic}")],
         15, "departments.oncology",
         "no staff of its own: all its calls go to the defaults `portal-desk`, `portal-oncall` and `portal-committee`"),
        ([("[oncology, cardiology]", "[oncolgy, cardiology]")],
         23, "clocks[0].rules[1].when.department",
         "`oncolgy` is no department of this policy; did you mean `oncology`?"),
        ([("{department: [oncology, cardiology]}", "{pool: nurses-of-nowhere}")],
         23, "clocks[0].rules[1].when.pool",
         "is no pool of this policy; it has cardiology-nurses, oncology-nurses and portal-desk"),
        ([("{department: [oncology, cardiology]}", "{priority: Urgent}")],
         23, "clocks[0].rules[1].when.priority", "`Urgent` is `urgent` elsewhere"),
        ([("{department: [oncology, cardiology]}", "{priority: urgent, department: oncology}")],
         23, "clocks[0].rules[1]", "can never match: rule 1 takes all that it asks for"),
        ([("{department: [oncology, cardiology]}", "{priority: [urgent, high]}")],
         23, "clocks[0].rules[1].when.priority", "`urgent` never gets here, for rule 1 comes first"),
        ([("[{by: end of 3 business days}]", "[{by: end of 3 business days}, {when: {site: a}, within: 4 days}]")],
         33, "clocks[1].rules[1]", "can never match: rule 1 takes"),
        # ladders
        ([("within: 4 business hours", "within: 30 business minutes")],
         28, "clocks[0].stages[1]", "`due-soon` and `imminent` come at one instant by rule 1 (within 30 business"),
        ([("at: 75%", "before: 2 business hours"), ("within: 4 business hours", "within: 2 business hours")],
         27, "clocks[0].stages[0]",
         "`due-soon` comes with the opening itself by rule 1 (within 2 business hours): opened on Mon 2 Nov 2026"),
        ([("by: end of 3 business days", "by: end of 1 business day, not_before: 3 business days")],
         33, "clocks[1].rules[0]", "starts tried the due comes too soon for its floor, `3 business days`, and"),
    ],
)  # fmt: skip
def test_what_is_odd_is_told_at_its_line(pairs: list[tuple[str, str]], line: int, path: str, said: str) -> None:
    found = findings(changed(*pairs))
    assert [(each.line, each.path) for each in found] == [(line, path)], found
    assert said in found[0].message


@pytest.mark.parametrize(
    "pairs",
    [
        [("[New Year's Eve]", "[Independence Day, Independence Day (observed)]")],
        [("closed: [2026-12-24]", "closed: [2020-11-29]")],  # past: an old date of a Sunday troubles nobody
        [("mon-fri: 08:00-12:00 12:30-17:00\n      sat: 09:00-12:00", "daily: 00:00-24:00"), ("    holidays: US-WI\n",
          ""), ("    not_holidays: [New Year's Eve]\n", ""), ("    closed: [2026-12-24]\n", "")],
        [("[oncology, cardiology]", "[oncology, unassigned]")],
        [("when: {department: [oncology, cardiology]}", "when: {priority: urgent-ish}")],
        [("priority: urgent}", "priority: urgent, site: north}"), ("{department: [oncology, cardiology]}",
          "{priority: urgent}")],
    ],
)  # fmt: skip
def test_what_may_well_be_meant_is_no_finding(pairs: list[tuple[str, str]]) -> None:
    assert findings(changed(*pairs)) == []


def test_rules_together_may_shadow_one() -> None:
    rules = """\
      - {when: {department: oncology, priority: urgent}, within: 5 business hours}
      - {when: {department: cardiology}, within: 6 business hours}
      - {when: {priority: urgent, department: [oncology, cardiology]}, within: 7 business hours}
"""
    found = findings(changed(("      - when: {priority: urgent}\n        within: 4 business hours\n", rules)))
    assert [(each.line, each.path) for each in found] == [
        (23, "clocks[0].rules[2]"),
        (24, "clocks[0].rules[3].when.department"),
    ]
    assert "one of the rules 1 and 2 takes all" in found[0].message
    assert "`cardiology` never gets here, for rule 2 comes first" in found[1].message


def test_a_calendar_without_holidays_is_told_one_that_another_keeps() -> None:
    other = "  evening: {timezone: America/Chicago, hours: {mon-fri: 16:00-21:00}}\ndepartments:\n"
    (found,) = findings(changed(("departments:\n", other), ("oncology: {", "oncology: {calendar: evening, ")))
    assert (found.line, found.path) == (13, "calendars.evening")
    assert "Wed 11 Nov 2026 is Veterans Day for `clinic`, and open here" in found.message


def test_a_night_that_is_written_out_is_meant() -> None:
    """Every eve of a day off has windows of its own, so nothing runs on unsaid."""
    night = changed(("mon-fri: 08:00-12:00 12:30-17:00", "mon-fri: 22:00-06:00"))
    assert len(findings(night)) == 1
    spec = load(night).calendars["clinic"]
    eves = [day for day in year.following(START) if date.fromordinal(day.toordinal() + 1) in year.off(spec, START)]
    said = ", ".join(f"{day.isoformat()}: 22:00-24:00" for day in eves)
    assert findings(night.replace("closed: [2026-12-24]", "closed: []").replace("open: {", f"open: {{{said}, ")) == []


def test_times_out_of_reach_are_told() -> None:
    text = changed(("within: 2 business days", "within: 36000 days"), ("max_age: 90 days", "max_age: 36500 days"))
    (found,) = findings(text)
    assert (found.line, found.path) == (18, "clocks[0]")
    assert "its times are out of reach: calendar clinic: answers only from 2000-01-01" in found.message


def test_a_place_that_the_file_leaves_out_is_told_at_its_clock() -> None:
    text = changed(("by: end of 3 business days", "within: 4 business hours"))
    assert [(each.line, each.path) for each in findings(text)] == [(31, "clocks[1]")]


def test_twelve_months_from_a_leap_day() -> None:
    days = year.following(date(2028, 2, 29))
    assert (days[0], days[-1], len(days)) == (date(2028, 2, 29), date(2029, 2, 28), 366)
    assert len(year.following(date(2026, 3, 1))) == 365


def test_the_days_ahead_have_names_and_hours() -> None:
    spec = load(spoiled("closed: [2026-12-24]", "closed: [2026-12-23]")).calendars["clinic"]
    days = {each.date: (each.windows, each.why) for each in year.special(spec, START)}
    assert days[date(2026, 11, 11)] == ((), "Veterans Day")
    assert days[date(2026, 12, 23)] == ((), "by the policy")
    assert days[date(2026, 12, 26)] == (((540, 720),), ""), "a date with windows of its own"
    assert date(2026, 12, 31) not in days, "a holiday that is worked"
    assert date(2027, 7, 4) not in days, "a Sunday is closed anyway"


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/data/**/*.yaml")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_finding_has_the_line_of_its_path(path: Path) -> None:
    """On policies made at random, too: whatever is found stands where it is said to stand, and nothing fails."""
    policy = load(path.read_bytes())
    for each in find(Book(policy), START):
        assert each.line == policy.lines[each.path]
        assert each.message
