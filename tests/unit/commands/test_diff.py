"""`portalwatch diff`: what changes for whom, and that what is only written another way is no change."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from streams.commands.diff import command
from streams.core.policy_check import load
from streams.findings import changed_clocks
from streams.findings.changes import changes
from tests.unit.schemas.policies import POLICY

ROOT = Path(__file__).parents[3]
ALL = ("cardiology", "oncology", "unassigned", "other")
REST = ("oncology", "unassigned", "other")


def changed(*pairs: tuple[str, str]) -> str:
    text = POLICY
    for old, new in pairs:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def run(folder: Path, old: str, new: str, *options: str) -> Result:
    for name, text in (("old.yaml", old), ("new.yaml", new)):
        (folder / name).write_text(text, encoding="utf-8")
    return CliRunner().invoke(command, [str(folder / "old.yaml"), str(folder / "new.yaml"), *options])


@pytest.mark.parametrize(
    ("pairs", "subject", "message", "departments", "people"),
    [
        ([("version: 2026-11-01", "version: 2026-12-01")], "version", "2026-11-01 → 2026-12-01", (), ()),
        # calendars
        ([("mon-fri: 08:00-12:00 12:30-17:00", "mon-fri: 08:00-17:00")], "calendar clinic",
         "Mon-Fri: 08:00-12:00 12:30-17:00 → 08:00-17:00", ALL, ()),
        ([("America/Chicago", "America/New_York")], "calendar clinic",
         "time zone: America/Chicago → America/New_York", ALL, ()),
        ([("business_days: mon-fri", "business_days: mon-sat")], "calendar clinic",
         "business days: Mon-Fri → Mon-Sat", ALL, ()),
        ([("[New Year's Eve]", "[]")], "calendar clinic", "New Year's Eve: worked → closed", ALL, ()),
        ([("closed: [2026-12-24]", "closed: [2026-11-27]")], "calendar clinic",
         "Fri 27 Nov 2026: its weekly hours → closed", ALL, ()),
        ([("{2026-12-26: 09:00-12:00}", "{2026-12-26: 09:00-11:00}")], "calendar clinic",
         "Sat 26 Dec 2026: 09:00-12:00 → 09:00-11:00", ALL, ()),
        # people
        ([("pool: oncology-nurses", "pool: infusion-nurses")], "people",
         "pool: oncology-nurses → infusion-nurses", ("oncology",), ("oncology-nurses", "infusion-nurses")),
        ([("on_call: portal-oncall", "on_call: night-desk")], "people",
         "on call: portal-oncall → night-desk", REST, ("portal-oncall", "night-desk")),
        ([(", guide: https://g/a", "")], "people", "guide: https://g/a → nobody", ("cardiology",), ()),
        # rules
        ([("within: 2 business days", "within: 3 business days")], "clock message-reply",
         ("any priority but urgent and any department but cardiology or oncology: within 2 business days → within 3 "
         "business days"), ("unassigned", "other"), ()),
        ([("within: 4 business hours", "within: 5 business hours")], "clock message-reply",
         "priority urgent: within 4 business hours → within 5 business hours", ALL, ()),
        ([("[oncology, cardiology]", "cardiology")], "clock message-reply",
         "any priority but urgent and department oncology: within 1 business day → within 2 business days",
         ("oncology",), ()),
        ([("[{before: 1 business day}]", "[{when: {kind: intake}, before: 1 business day}]")],
         "clock questionnaire-review", "any kind but intake: 1 business day before the visit → not judged", ALL, ()),
        ([("by: end of 3", "by: end of 3 business days, calendar: clinic}, {by: end of 3")], "", "", (), ()),
        # stages
        ([("at: 75%", "at: 60%")], "clock message-reply", "stage due-soon: at 75% of the time → at 60% of the time",
         ALL, ("cardiology-nurses", "oncology-nurses", "portal-desk")),
        ([("warning, notify: pool}\n      - {name: imm", "critical, notify: owner}\n      - {name: imm")],
         "clock message-reply", "stage due-soon: tells its pool (warning) → its owner, else its pool (critical)",
         ALL, ("cardiology-nurses", "oncology-nurses", "portal-desk")),
        ([("at: due, severity: critical", "at: due, hours: always, severity: critical")], "clock message-reply",
         "stage missed: tells the one on call (critical) → the one on call (critical), at any hour",
         ALL, ("cardiology-oncall", "portal-oncall")),
        ([("      - {name: escalated, after: 1 business day, severity: critical, notify: champion}\n", "")],
         "clock message-reply", "stage escalated is gone: 1 business day after the due, tell the champion (critical)",
         ALL, ("dr-lee", "portal-committee")),
        ([("{count: 3,", "{count: 2,")], "clock result-release",
         ("attempts: once the patient has looked 3 times within 3 days and found nothing: tell its pool (warning) → "
         "once the patient has looked 2 times within 3 days and found nothing: tell its pool (warning)"),
         ALL, ("cardiology-nurses", "oncology-nurses", "portal-desk")),
        # settings
        ([("lead: 1 business hour", "lead: 0 minutes")], "settings", "lead: 1 business hour → off", ALL, ()),
        ([("max_age: 90 days", "max_age: 60 days")], "settings", "max_age: 90 days → 60 days", ALL, ()),
        ([("enforce_from: 1970", "enforce_from: 2026")], "settings",
         "enforce_from: 1970-01-01T00:00:00Z → 2026-01-01T00:00:00Z", ALL, ()),
        ([("silent_feed: {}", "silent_feed: {result: 4 business hours}")], "settings",
         "silent_feed of results: not watched → 4 business hours", ALL, ("portal-oncall",)),
        ([("apply: all", "apply: new")], "settings", "apply: all → new", ALL, ()),
    ],
)  # fmt: skip
def test_a_change_is_told_for_whom_it_is(
    pairs: list[tuple[str, str]], subject: str, message: str, departments: tuple[str, ...], people: tuple[str, ...]
) -> None:
    found = changes(load(POLICY), load(changed(*pairs)))
    expected = [(subject, message, departments, people)] if subject else []
    assert [(each.subject, each.message, each.departments, each.people) for each in found] == expected


@pytest.mark.parametrize(
    "pairs",
    [
        [("version:", "# the same\nversion:")],
        [("ack_for: 2 business hours", "ack_for: 120 business minutes")],
        [("reorder_window: 7 days", "reorder_window: 168 hours")],
        [("holidays: US-WI", "holidays: US-WI # closed already"), ("closed: [2026-12-24]", "closed: [2026-12-25]")],
        [("oncology: {pool", "oncology: {on_call: portal-oncall, champion: portal-committee, pool")],
        [("      - when: {priority: urgent}\n        within: 4 business hours\n", ("      - {when: {priority: urgent, "
          "department: oncology}, within: 4 business hours}\n      - {when: {priority: urgent}, within: 240 business "
          "minutes}\n"))],
        [("  - name: message-reply", ("  - name: reply-aside\n    workflow: message\n    rules: [{within: 3 days}]\n"
          "    stages: []\n  - name: message-reply"))],
        [("departments:\n", "  spare: {timezone: UTC, hours: {mon: 08:00-09:00}}\ndepartments:\n")],
        [("calendars:\n  clinic:", "calendars:\n  desk:"), ("{calendar: clinic, pool: c", "{calendar: desk, pool: c"),
         ("defaults: {calendar: clinic", "defaults: {calendar: desk")],
    ],
)  # fmt: skip
def test_what_is_only_written_another_way_is_no_change(pairs: list[tuple[str, str]]) -> None:
    found = changes(load(POLICY), load(changed(*pairs)))
    assert [each for each in found if each.clocks != ("reply-aside",)] == []


def test_clocks_and_departments_come_and_go() -> None:
    new = changed(
        ("  oncology: {pool: oncology-nurses}", "  urology: {pool: urology-nurses}"),
        ("name: questionnaire-review", "name: form-review"),
        ("[oncology, cardiology]", "cardiology"),
    )
    found = {(each.subject, each.message): each for each in changes(load(POLICY), load(new))}
    assert found["department urology", "is new: it was counted among the others"].departments == ("urology",)
    assert found["department oncology", "is gone: it is counted among the others"].departments == ("oncology",)
    assert found["people", "pool: oncology-nurses → portal-desk"].departments == ("oncology",)
    assert found["people", "pool: portal-desk → urology-nurses"].departments == ("urology",)
    gone = found["clock questionnaire-review", "is gone: it judged questionnaires"]
    assert (gone.workflows, gone.clocks) == (("questionnaire",), ("questionnaire-review",))
    assert found["clock form-review", "is new: it judges questionnaires"].clocks == ("form-review",)


def test_a_rule_may_go_by_the_calendar_of_its_department_or_by_another() -> None:
    other = "  evening: {timezone: America/Chicago, hours: {mon-fri: 16:00-21:00}, holidays: US-WI}\ndepartments:\n"
    old = changed(("departments:\n", other))
    named = old.replace("within: 2 business days", "within: 2 business days\n        calendar: clinic")
    assert changes(load(old), load(named)) == []
    moved = old.replace("within: 2 business days", "within: 2 business days\n        calendar: evening")
    (found,) = changes(load(old), load(moved))
    assert found.message.endswith("within 2 business days → within 2 business days, by calendar evening")


def test_the_order_of_stages_may_change() -> None:
    two = "    stages:\n      - {name: a, at: 50%}\n      - {name: b, before: 1 business hour}\n"
    old = changed(("    rules: [{before: 1 business day}]\n", "    rules: [{before: 1 business day}]\n" + two))
    new = old.replace("{name: a, at: 50%}", "{name: b, before: 1 business hour}", 1)
    first, _, second = new.rpartition("{name: b, before: 1 business hour}")
    (found,) = changes(load(old), load(first + "{name: a, at: 50%}" + second))
    assert (found.subject, found.message) == ("clock questionnaire-review", "order of the stages: a, b → b, a")


def test_more_kinds_of_items_than_can_be_compared_are_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_clocks, "MOST_CELLS", 3)
    new = changed(("within: 2 business days", "within: 3 business days"))
    (found,) = changes(load(POLICY), load(new))
    assert found.message == "its rules are others, too many to be compared one by one"
    assert found.departments == ALL
    assert changes(load(POLICY), load(POLICY)) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/data/random/*.yaml")), ids=lambda path: path.stem)
def test_a_policy_does_what_it_does(path: Path) -> None:
    policy = load(path.read_bytes())
    assert changes(policy, policy) == []


def test_text_and_status(tmp_path: Path) -> None:
    new = changed(("pool: oncology-nurses", "pool: infusion-nurses"), ("version: 2026-11-01", "version: 2"))
    result = run(tmp_path, POLICY, new)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        f"{tmp_path}/old.yaml → {tmp_path}/new.yaml: 2 changes",
        "",
        "version",
        "  2026-11-01 → 2",
        "",
        "people",
        "  pool: oncology-nurses → infusion-nurses, for oncology [oncology-nurses, infusion-nurses]",
    ]
    same = run(tmp_path, POLICY, POLICY)
    assert (same.exit_code, same.stdout) == (0, f"{tmp_path}/old.yaml and {tmp_path}/new.yaml do the same.\n")


def test_as_json(tmp_path: Path) -> None:
    result = run(tmp_path, POLICY, changed(("within: 2 business days", "within: 3 business days")), "--json")
    assert result.exit_code == 1
    said = orjson.loads(result.stdout)
    assert not said["same"]
    assert said["old"] == {"file": f"{tmp_path}/old.yaml", "version": "2026-11-01"}
    (change,) = said["changes"]
    assert change["departments"] == ["unassigned", "other"]
    assert (change["workflows"], change["clocks"], change["people"]) == (["message"], ["message-reply"], [])
    same = run(tmp_path, POLICY, POLICY, "--json")
    assert (same.exit_code, orjson.loads(same.stdout)["same"], orjson.loads(same.stdout)["changes"]) == (0, True, [])


def test_a_refused_file_is_wrong_use(tmp_path: Path) -> None:
    result = run(tmp_path, POLICY, changed(("apply: all", "apply: some")))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{tmp_path}/new.yaml:50: settings.apply: `some` is none of them")
