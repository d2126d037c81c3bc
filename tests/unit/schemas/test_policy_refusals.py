"""Each way to spoil the contract's example is refused at its line and path, with what would be right."""

from __future__ import annotations

import pytest

from schemas.policy_file import PolicyError, Problem, parse
from tests.unit.schemas.policies import POLICY, spoiled


def problems(text: str) -> list[Problem]:
    with pytest.raises(PolicyError) as refused:
        parse(text)
    return refused.value.problems


def check(old: str, new: str, line: int, path: str, said: str) -> None:
    """Exactly one problem, there, that says so."""
    found = problems(spoiled(old, new))
    assert [(problem.line, problem.path) for problem in found] == [(line, path)], found
    assert said in found[0].message


C, R, S = "calendars.clinic", "clocks[0].rules", "clocks[0].stages"


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "said"),
    [
        ("version: 2026-11-01\n", "", 1, "(file)", "has no `version`; it needs version, calendars"),
        ("version: 2026-11-01", "version:", 1, "version", "is empty; write a name"),
        ("version: 2026-11-01", "version: '  '", 1, "version", "is empty"),
        ("version: 2026-11-01", "version: [1]", 1, "version", "is a list; it should be a single text"),
        ("settings:", "setings:", 41, "setings", "unknown key; did you mean `settings`? one of version, calendars"),
        ("    holidays: US-WI\n    not_", "    holiday: US-WI\n    holidays: US-WI\n    not_", 9, f"{C}.holiday",
         "did you mean `holidays`? one of timezone, hours, business_days"),
        ("{pool: oncology-nurses}", "{pol: x}", 15, "departments.oncology.pol", "did you mean `pool`? one of calendar"),
        ("{calendar: clinic, pool: portal-desk", "{calender: clinic, calendar: clinic, pool: portal-desk", 16,
         "defaults.calender", "did you mean `calendar`?"),
        ("    workflow: message\n", "", 18, "clocks[0]", "has no `workflow`; it needs name, workflow and rules"),
        ("    timezone: America/Chicago\n", "", 3, C, "has no `timezone`; it needs timezone and hours"),
        ("{name: due-soon, ", "{", 27, f"{S}[0]", "has no `name`"),
        ("within: 1 business day", "within: 1 business day\n        wihtin: 2 days", 25, f"{R}[1].wihtin",
         "unknown key; did you mean `within`? one of when, within, by, before, not_before, calendar"),
        ("{priority: urgent}", "{prio: urgent}", 21, f"{R}[0].when.prio", "one of department, site, pool, priority"),
        ("at: 75%, severity", "at: 75%, sevrity", 27, f"{S}[0].sevrity", "did you mean `severity`?"),
        ("{count: 3", "{times: 3, count: 3", 34, "clocks[1].attempts.times", "one of count, within, severity"),
        ("apply: all", "aply: all", 50, "settings.aply", "did you mean `apply`?"),
        ("silent_feed: {}", "silent_feed: {messages: 1 day}", 49, "settings.silent_feed.messages",
         "did you mean `message`? one of message, appointment, result, questionnaire"),
        ("    workflow: message\n", "    workflow: message\n    workflow: result\n", 20, "clocks[0].workflow",
         "is given twice, first on line 19; keep one"),
    ],
)  # fmt: skip
def test_keys(old: str, new: str, line: int, path: str, said: str) -> None:
    check(old, new, line, path, said)


def test_an_empty_mapping_lacks_everything() -> None:
    found = problems("\n{}\n")
    said = "has no `version`, `calendars`, `defaults` and `clocks`; it needs version, calendars, defaults and clocks"
    assert found == [Problem(2, "(file)", said)]


def test_a_misspelt_key_that_must_be_there_is_two_problems() -> None:
    found = problems(spoiled("    workflow: message", "    workflw: message"))
    assert [(p.line, p.path) for p in found] == [(18, "clocks[0]"), (19, "clocks[0].workflw")]
    assert "did you mean `workflow`?" in found[1].message


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "said"),
    [
        ("mon-fri: 08:00", "mon-fry: 08:00", 6, f"{C}.hours.mon-fry", "`fry` is no day"),
        ("mon-fri: 08:00-12:00 12:30-17:00", "mon-fri: 08:00", 6, f"{C}.hours.mon-fri", "write `HH:MM-HH:MM`"),
        ("sat: 09:00-12:00", "sat: 08:00-08:00", 7, f"{C}.hours.sat", "all day is `00:00-24:00`"),
        ("sat: 09:00-12:00", "sat: 09:00-12:00 11:00-13:00", 7, f"{C}.hours.sat", "overlap"),
        ("sat: 09:00-12:00", "fri: 09:00-12:00", 7, f"{C}.hours.fri", f"names fri again, which {C}.hours.mon-fri has"),
        ("sat: 09:00-12:00", "daily: 22:00-06:00", 7, f"{C}.hours.daily", "names mon again"),
        ("sat: 09:00-12:00", "sun: 22:00-09:00", 6, f"{C}.hours.mon-fri", "on mon `08:00-12:00` overlaps"),
        ("sat: 09:00-12:00", "sat: 22:00-06:00\n      sun: 05:00-12:00", 8, f"{C}.hours.sun", "on sun `05:00-12:00`"),
        ("sat: 09:00-12:00", "sat:", 7, f"{C}.hours.sat", "names no window"),
        ("sat: 09:00-12:00", "sat: [09:00-12:00]", 7, f"{C}.hours.sat", "is a list; it should be a single text"),
        ("business_days: mon-fri", "business_days: weekdays", 8, f"{C}.business_days", "`weekdays` is no day"),
        ("business_days: mon-fri", "business_days: sun", 8, f"{C}.business_days", "names no day that has hours"),
        ("    holidays: US-WI\n", "", 9, f"{C}.not_holidays", "has no `holidays` beside it"),
        ("[2026-12-24]", "[2026-12-23, 2026-13-01]", 11, f"{C}.closed[1]", "`2026-13-01` does not exist"),
        ("[2026-12-24]", "2026-12-24", 11, f"{C}.closed", "is the text `2026-12-24`; it should be a list"),
        ("{2026-12-26: 09", "{2026-12-32: 09", 12, f"{C}.open.2026-12-32", "`2026-12-32` does not exist"),
        ("{2026-12-26: 09:00-12:00}", "{2026-12-26: closed}", 12, f"{C}.open.2026-12-26", "`closed` is no window"),
        ("{2026-12-26: 09:00-12:00}", "[2026-12-26]", 12, f"{C}.open", "is a list; it should be a mapping"),
        ("cardiology: {calendar: clinic", "cardiology: {calendar: clnic", 14, "departments.cardiology.calendar",
         "`clnic` is no calendar of this file; did you mean `clinic`? one of clinic"),
        ("defaults: {calendar: clinic", "defaults: {calendar: other", 16, "defaults.calendar", "`other` is no"),
        ("defaults: {calendar: clinic, ", "defaults: {", 16, "defaults", "has no `calendar`"),
        ("oncology: {pool: oncology-nurses}", "oncology: nurses", 15, "departments.oncology", "is the text `nurses`"),
        ("{pool: oncology-nurses}", "{pool: ''}", 15, "departments.oncology.pool", "is empty; write a name"),
        ("oncology: {pool", "'': {pool", 15, "departments.''", "is empty; write a name"),
    ],
)  # fmt: skip
def test_calendars_and_departments(old: str, new: str, line: int, path: str, said: str) -> None:
    check(old, new, line, path, said)


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "said"),
    [
        ("name: message-reply", "name: message reply", 18, "clocks[0].name", "letters, digits, `.`, `_` and `-`"),
        ("name: message-reply", "name: a:b", 18, "clocks[0].name", "`a:b` is no name"),
        ("name: result-release", "name: message-reply", 31, "clocks[1]", "is that of clocks[0] too"),
        ("workflow: message", "workflow: mesage", 19, "clocks[0].workflow", "did you mean `message`? one of message"),
        ("[{by: end of 3 business days}]", "[]", 33, "clocks[1].rules", "has no rule"),
        ("[{by: end of 3 business days}]", "{by: end of 3 business days}", 33, "clocks[1].rules", "should be a list"),
        ("{by: end of 3 business days}", "{by: 3 business days}", 33, "clocks[1].rules[0].by", "`end of N "),
        ("{by: end of 3 business days}", "{not_before: 1 day}", 33, "clocks[1].rules[0]", "give within, by or before"),
        ("within: 4 business hours", "within: 4 buisness hours", 22, f"{R}[0].within", "write `N minutes`"),
        ("within: 4 business hours", "within: 0 hours", 22, f"{R}[0].within", "above 0"),
        ("within: 1 business day", "within: 1.5 business days", 24, f"{R}[1].within", "business days are whole"),
        ("before: 4 hours}", "before: 4.123 hours}", 40, "clocks[3].rules[0].before", "at most two"),
        ("before: 4 hours}", "before: 4 hours, not_before: soon}", 40, "clocks[3].rules[0].not_before", "write `N min"),
        ("before: 4 hours}", "before: 4 hours, calendar: x}", 40, "clocks[3].rules[0].calendar", "one of clinic"),
        ("[oncology, cardiology]", "[]", 23, f"{R}[1].when.department", "is an empty list"),
        ("[oncology, cardiology]", "[oncology, '']", 23, f"{R}[1].when.department[1]", "is empty"),
        ("[oncology, cardiology]", "{a: b}", 23, f"{R}[1].when.department", "it should be a list"),
        ("at: 75%", "at: 75", 27, f"{S}[0].at", "write `due`, or a percentage such as `75%`"),
        ("at: 75%", "at: 0%", 27, f"{S}[0].at", "above 0% and below 100%"),
        ("at: 75%", "at: 0.00%", 27, f"{S}[0].at", "above 0% and below 100%"),
        ("at: 75%", "at: 100%", 27, f"{S}[0].at", "the due itself is `due`"),
        ("at: 75%", "at: 33.333%", 27, f"{S}[0].at", "at most two"),
        ("at: 75%", "at: 75%, before: 1 hour", 27, f"{S}[0]", "has at and before; a stage has exactly one"),
        ("at: 75%, ", "", 27, f"{S}[0]", "has none of them; a stage has exactly one of at, before or after"),
        ("before: 1 business hour,", "before: 0 hours,", 28, f"{S}[1].before", "above 0"),
        ("severity: warning, notify", "severity: page, notify", 27, f"{S}[0].severity", "one of warning, critical"),
        ("notify: pool}", "notify: nurse}", 27, f"{S}[0].notify", "one of owner, pool, on_call, champion"),
        ("notify: pool}", "notify: pool, hours: closed}", 27, f"{S}[0].hours", "one of open, always"),
        ("name: due-soon", "name: due:soon", 27, f"{S}[0].name", "`due:soon` is no name"),
        ("name: escalated", "name: missed", 30, f"{S}[3]", f"the name `missed` is that of {S}[2] too"),
        ("name: due-soon", "name: attempts", 27, f"{S}[0].name", "choose another"),
        ("name: due-soon", "name: too-early", 27, f"{S}[0].name", "choose another"),
        ("name: due-soon", "name: acknowledged", 27, f"{S}[0].name", "choose another"),
        ("name: due-soon", "name: catch-up", 27, f"{S}[0].name", "choose another"),
        ("name: due-soon", "name: resolved", 27, f"{S}[0].name", "choose another"),
        ("name: due-soon", "name: feed-silent", 27, f"{S}[0].name", "choose another"),
        ("count: 3", "count: 0", 34, "clocks[1].attempts.count", "a whole number from 1 on"),
        ("count: 3", "count: three", 34, "clocks[1].attempts.count", "a whole number from 1 on"),
        ("within: 3 days", "within: 3 business days", 34, "clocks[1].attempts.within", "but this is elapsed time"),
        ("{count: 3, ", "{", 34, "clocks[1].attempts", "has no `count`; it needs count and within"),
        ("lead: 1 business hour", "lead: 1 hour", 43, "settings.lead", "or `0 minutes` to turn it off"),
        ("ack_for: 2 business hours", "ack_for: 0 hours", 44, "settings.ack_for", "above 0"),
        ("reorder_window: 7 days", "reorder_window: 7 business days", 45, "settings.reorder_window", "elapsed time"),
        ("remember: 30 days", "remember: a month", 46, "settings.remember", "`N minutes`, `N hours` or `N days`"),
        ("max_skew: 5 minutes", "max_skew: 5", 47, "settings.max_skew", "`N minutes`, `N hours` or `N days`"),
        ("max_age: 90 days", "max_age: 90 business days", 48, "settings.max_age", "elapsed time"),
        ("silent_feed: {}", "silent_feed: {message: soon}", 49, "settings.silent_feed.message", "write `N minutes`"),
        ("apply: all", "apply: some", 50, "settings.apply", "one of all, new"),
        ("partitioner: unchecked", "partitioner: murmur", 51, "settings.partitioner", "did you mean `murmur2`?"),
        ("1970-01-01T00:00:00Z", "2026-01-01T00:00:00", 42, "settings.enforce_from", "has no offset; give one"),
    ],
)  # fmt: skip
def test_clocks_and_settings(old: str, new: str, line: int, path: str, said: str) -> None:
    check(old, new, line, path, said)


@pytest.mark.parametrize("section", ["calendars", "clocks"])
@pytest.mark.parametrize("nothing", ["", " {}", " []"])
def test_a_policy_has_at_least_one_calendar_and_clock(section: str, nothing: str) -> None:
    start = POLICY.index(f"{section}:")
    end = POLICY.index("departments:" if section == "calendars" else "settings:")
    found = problems(POLICY[:start] + f"{section}:{nothing}\n" + POLICY[end:])
    line = POLICY[:start].count("\n") + 1
    assert any((p.line, p.path) == (line, section) and "a policy needs one" in p.message for p in found)


def test_a_calendar_needs_a_window() -> None:
    text = POLICY.replace("      mon-fri: 08:00-12:00 12:30-17:00\n      sat: 09:00-12:00\n", "")
    found = problems(text.replace("    open: {2026-12-26: 09:00-12:00}\n", ""))
    assert [(p.line, p.path) for p in found] == [(5, "calendars.clinic.hours")]
    assert "has no window at all" in found[0].message
    assert "names no day that has hours" in problems(text)[0].message, "26 December 2026 is a Saturday"


def ladder(*stages: str) -> str:
    rows = "".join(f"      - {{name: s{number}, {stage}}}\n" for number, stage in enumerate(stages))
    start, end = POLICY.index("      - {name: due-soon"), POLICY.index("  - name: result-release")
    return POLICY[:start] + rows + POLICY[end:]


@pytest.mark.parametrize(
    ("stages", "wrong"),
    [
        (("at: 50%", "at: 50%"), None),
        (("at: 50%", "at: 49.99%"), "lies before `s0`"),
        (("at: 50%", "before: 1 hour", "at: 40%"), "lies before `s0`"),
        (("before: 2 hours", "before: 120 minutes"), None),
        (("before: 2 hours", "before: 2.01 hours"), "lies before `s0`"),
        (("before: 1 business hour", "before: 61 business minutes"), "lies before `s0`"),
        (("before: 1 business day", "before: 2 business days"), "lies before `s0`"),
        (("before: 1 hour", "before: 2 business hours"), "lies before `s0`"),
        (("before: 1 business hour", "before: 2 hours"), None),
        (("before: 1 business day", "before: 30 business hours"), None),
        (("at: due", "at: due"), None),
        (("at: due", "at: 50%"), "comes before the due, but is listed after `s0`"),
        (("after: 1 hour", "before: 1 hour"), "comes before the due, but is listed after `s0`"),
        (("after: 1 hour", "at: due"), "is the due, but is listed after `s0`"),
        (("after: 1 hour", "after: 1 hour"), None),
        (("after: 1 hour", "after: 59 minutes"), "lies before `s0`"),
        (("after: 2 business days", "after: 1 business day"), "lies before `s0`"),
        (("after: 2 business hours", "after: 1 hour"), "lies before `s0`"),
        (("after: 2 hours", "after: 1 business hour"), None),
        (("after: 1 business day", "after: 2 business hours"), None),
    ],
)
def test_a_ladder_does_not_turn_back(stages: tuple[str, ...], wrong: str | None) -> None:
    if wrong is None:
        assert len(parse(ladder(*stages)).clocks[0].stages) == len(stages)
        return
    last = len(stages) - 1
    found = problems(ladder(*stages))
    assert [(p.line, p.path) for p in found] == [(27 + last, f"{S}[{last}]")]
    assert wrong in found[0].message
