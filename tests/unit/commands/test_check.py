"""`portalwatch check`: what it says, where it says it, and its status."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from streams.commands.check import command
from tests.unit.schemas.policies import POLICY, spoiled

FITTING = POLICY.replace("before: 1 business hour", "before: 30 business minutes")
"""The contract's example with a ladder that fits an urgent message, so that nothing is found."""


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(path), "--from", "2026-11-02", *options])


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_accepted_policy_is_said_back_in_words(tmp_path: Path) -> None:
    path = written(tmp_path, FITTING)
    result = run(path)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{path}: ok: version 2026-11-01, 1 calendar, 2 departments, 4 clocks"
    for said in (
        "  open Mon-Fri 08:00-12:00 12:30-17:00; Sat 09:00-12:00",
        "  business days are Mon-Fri; Sat is open time, but no business day",
        "  keeps the holidays of US-WI, but works on New Year's Eve",
        "  cardiology: calendar clinic, pool cardiology-nurses, on call cardiology-oncall, champion dr-lee, guide https://g/a",
        "  any other: calendar clinic, pool portal-desk, on call portal-oncall, champion portal-committee",
        "  1. priority urgent: within 4 business hours",
        "  2. department cardiology or oncology: within 1 business day",
        "  3. any other: within 2 business days",
        "    due-soon, at 75% of the time: tell its pool (warning)",
        "    imminent, 30 business minutes before the due: tell the one on call (critical)",
        "    missed, at the due: tell the one on call (critical)",
        "    escalated, 1 business day after the due: tell the champion (critical)",
        "  1. every item: by the end of 3 business days",
        "    attempts, once the patient has looked 3 times within 3 days and found nothing: tell its pool (warning)",
        "  1. every item: 1 business day before the visit",
        "  1. every item: within 1 business day or 4 hours before the requested slot, whichever comes first",
        "  a due comes at least 1 business hour after it can be known",
    ):  # fmt: skip
        assert said in lines, said
    assert lines[-1] == "No findings."


def test_the_closed_days_ahead_are_listed(tmp_path: Path) -> None:
    lines = run(written(tmp_path, FITTING)).stdout.splitlines()
    begin = lines.index("Calendar clinic, the twelve months from Mon 2 Nov 2026") + 1
    assert lines[begin : begin + 6] == [
        "  Wed 11 Nov 2026: closed (Veterans Day)",
        "  Thu 26 Nov 2026: closed (Thanksgiving Day)",
        "  Thu 24 Dec 2026: closed (Christmas Eve)",
        "  Fri 25 Dec 2026: closed (Christmas Day)",
        "  Sat 26 Dec 2026: 09:00-12:00",
        "  Fri 1 Jan 2027: closed (New Year's Day)",
    ]


RARE = """\
version: rare
calendars:
  desk: {timezone: UTC, hours: {mon-wed: 09:00-17:00, fri: 10:00-12:00, sun: 10:00-12:00}, closed: [2026-11-10]}
  night: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  urology: {pool: urology-nurses}
defaults: {calendar: desk, pool: portal-desk}
clocks:
  - name: quiet
    workflow: result
    rules:
      - {when: {site: [north, south], kind: biopsy}, by: end of 0 business days, calendar: night}
      - {when: {priority: urgent}, within: 1.5 hours, by: end of 1 business day, not_before: 30 minutes}
    stages: []
  - name: loud
    workflow: result
    rules: [{within: 2 days}]
    stages:
      - {name: late, after: 12 hours, hours: always}
settings:
  lead: 0 minutes
  enforce_from: 2026-01-01T00:00:00Z
  max_skew: 1.5 minutes
  apply: new
  partitioner: crc32
  silent_feed: {result: 1 business hour}
"""
FLOORED = (
    "  2. priority urgent: within 1.5 hours or by the end of 1 business day, whichever comes first, "
    "and no sooner than 30 minutes after the start"
)


def test_what_is_rare_has_words_too(tmp_path: Path) -> None:
    """A silent feed calls the default on_call, so it comes in a second file, which has one."""
    text = RARE.replace("  silent_feed: {result: 1 business hour}\n", "")
    lines = run(written(tmp_path, text)).stdout.splitlines()
    for said in (
        "  open Mon-Wed 09:00-17:00; Fri, Sun 10:00-12:00",
        "  keeps no public holidays",
        "  open every day 00:00-24:00",
        "  Tue 10 Nov 2026: closed (by the policy)",
        "  keeps its weekly hours throughout",
        "  urology: calendar desk, pool urology-nurses, on call nobody, champion nobody",
        "  1. site north or south and kind biopsy: by the end of the day on which it begins, by calendar night",
        FLOORED,
        "  any other: not judged by this clock",
        "    tells nobody: it counts",
        "    late, 12 hours after the due: tell its pool (warning), at any hour",
        "  messages are followed, but not judged",
        "  no fair notice",
        "  no cycle starts before 2026-01-01T00:00:00Z",
        "  an event may be 1.5 minutes ahead of the clock",
        "  a new policy applies to cycles that start after it",
        "  a record on another partition than crc32 gives its key is refused",
    ):
        assert said in lines, said
    feed = run(written(tmp_path, RARE.replace("pool: portal-desk}", "pool: portal-desk, on_call: portal-oncall}")))
    assert "  the feed of results counts as silent after 1 business hour" in feed.stdout.splitlines()


def test_a_finding_is_said_with_its_line_and_costs_status_1(tmp_path: Path) -> None:
    path = written(tmp_path, POLICY)
    result = run(path)
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{path}: 1 finding: version 2026-11-01")
    assert lines[-1].startswith(f"{path}:28: clocks[0].stages[1]: `due-soon` and `imminent` come at one instant")


def test_today_is_the_start_unless_a_date_is_given(tmp_path: Path) -> None:
    path = written(tmp_path, FITTING)
    said = orjson.loads(CliRunner().invoke(command, [str(path), "--json"]).stdout)["from"]
    assert abs((date.fromisoformat(said) - datetime.now(UTC).date()).days) <= 1


@pytest.mark.parametrize(("day", "said"), [
    ("tomorrow", "--from: `tomorrow` is no date; write YYYY-MM-DD"),
    ("2026-02-30", "--from: `2026-02-30` does not exist"),
    ("2099-01-01", "--from: `2099-01-01` is out of reach; give a date from 2000-01-01 to 2097-12-31"),
])  # fmt: skip
def test_a_bad_start_is_wrong_use(tmp_path: Path, day: str, said: str) -> None:
    result = CliRunner().invoke(command, [str(written(tmp_path, POLICY)), "--from", day])
    assert result.exit_code == 2
    assert result.stderr.startswith(said)


def test_a_refused_policy_is_said_line_by_line(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("within: 1 business day", "within: tomorrow").replace("apply: all", "apply: some"))
    result = run(path)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{path}:24: clocks[0].rules[1].within: `tomorrow` is no duration here; write `N minutes`")
    assert second == f"{path}:50: settings.apply: `some` is none of them; one of all, new"


def test_what_only_the_zones_can_tell_is_said_too(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("America/Chicago", "America/Chicagoo"))
    result = run(path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}:4: calendars.clinic.timezone: `America/Chicagoo` is no time zone")


def test_as_json(tmp_path: Path) -> None:
    good = run(written(tmp_path, FITTING), "--json")
    said = orjson.loads(good.stdout)
    assert (good.exit_code, said["ok"], said["problems"], said["findings"]) == (0, True, [], [])
    assert said["calendars"]["clinic"]["closed_days"][0] == {"date": "2026-11-11", "why": "Veterans Day"}
    assert said["calendars"]["clinic"]["special_days"] == [{"date": "2026-12-26", "hours": "09:00-12:00", "why": ""}]
    assert said["clocks"]["result-release"] == {
        "workflow": "result",
        "rules": ["every item: by the end of 3 business days"],
        "stages": said["clocks"]["result-release"]["stages"],
    }
    odd = run(written(tmp_path, POLICY), "--json")
    said = orjson.loads(odd.stdout)
    assert (odd.exit_code, said["ok"], said["problems"]) == (1, False, [])
    (found,) = said["findings"]
    assert (set(found), found["line"], found["path"]) == ({"line", "path", "message"}, 28, "clocks[0].stages[1]")


def test_a_refusal_as_json(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("apply: all", "apply: some"))
    result = run(path, "--json")
    assert (result.exit_code, result.stderr) == (2, "")
    message = "`some` is none of them; one of all, new"
    problem = {"file": str(path), "line": 50, "path": "settings.apply", "message": message}
    assert orjson.loads(result.stdout) == {"ok": False, "problems": [problem], "findings": []}


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    result = run(path)
    assert result.exit_code == 2
    said = "can not be read: No such file or directory; give the path of a policy file"
    assert result.stderr == f"{path}:1: (file): {said}\n"
    assert run(tmp_path).exit_code == 2, "a folder"
    assert not orjson.loads(run(path, "--json").stdout)["ok"]


def test_help_and_wrong_use() -> None:
    assert "Check a policy file" in CliRunner().invoke(command, ["--help"]).stdout
    assert CliRunner().invoke(command, []).exit_code == 2
