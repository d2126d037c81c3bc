"""`portalwatch backtest --against`: whom two policies call over one log, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.commands.backtest import command

POLICY = """
version: one
calendars:
  office: {timezone: America/Chicago, hours: {daily: 00:00-24:00}}
departments:
  oncology: {pool: oncology-nurses}
defaults: {calendar: office, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 4 hours}]
    stages:
      - {name: due-soon, at: 50%, notify: pool}
      - {name: missed, at: due, severity: critical, notify: on_call}
settings: {lead: 0 minutes}
"""
SLOWER = (
    POLICY.replace("version: one", "version: two")
    .replace("4 hours", "8 hours")
    .replace("on_call: call", "on_call: night")
)


def event(item: str, verb: str, time: str, **data: str) -> str:
    return json.dumps(
        {
            "specversion": "1.0", "id": f"{item}-{verb}", "source": "/test", "type": f"portal.message.{verb}",
            "subject": item, "time": time, "data": data,
        }
    )  # fmt: skip


# m-1 is answered after 5 hours: the one policy calls twice, the other once, at the half of its 8.  m-2 is not answered;
# it is of Sunday 18:30 in Chicago, Monday in UTC: due at 22:30 in week 46 by the one, at 02:30 in week 47 by the other.
EVENTS = "\n".join(
    [
        event("m-1", "sent", "2026-11-12T15:00:00Z", department="oncology"),
        event("m-1", "replied", "2026-11-12T20:00:00Z"),
        event("m-2", "sent", "2026-11-16T00:30:00Z"),
    ]
)


def run(folder: Path, *options: str, other: str = SLOWER) -> Result:
    for name, text in (("p.yaml", POLICY), ("p2.yaml", other), ("events", EVENTS)):
        (folder / name).write_text(text, encoding="utf-8")
    files = ["--policy", str(folder / "p.yaml"), "--against", str(folder / "p2.yaml")]
    return CliRunner().invoke(command, [str(folder / "events"), *files, *options])


def test_pages_stand_side_by_side_by_local_week_and_recipient(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "3 events",
        f"P: {tmp_path}/p.yaml (version one): 4 alerts fired",
        f"P2: {tmp_path}/p2.yaml (version two): 3 alerts fired",
        "",
        "week      recipient             P      P2  change",
        "2026-W46  call                  2       0      -2",
        "2026-W46  desk                  1       1        ",
        "2026-W46  oncology-nurses       1       1        ",
        "2026-W47  night                 0       1      +1",
        "all                             4       3      -1",
        "",
        "only P sends (1):",
        "  2026-11-12T19:00:00Z missed message m-1 by reply → call",
        "",
        "both send, to others (1):",
        "  2026-11-16T04:30:00Z missed message m-2 by reply → call (P2: night)",
    ]


def test_as_json(tmp_path: Path) -> None:
    result = run(tmp_path, "--json")
    assert result.exit_code == 0
    said: dict[str, Any] = json.loads(result.stdout)
    assert said["policy"] == {"file": f"{tmp_path}/p.yaml", "version": "one", "alerts": 4}
    assert said["against"] == {"file": f"{tmp_path}/p2.yaml", "version": "two", "alerts": 3}
    assert said["weeks"][0] == {"week": "2026-W46", "recipient": "call", "policy": 2, "against": 0}
    (only,) = said["only_policy"]
    assert only == {
        "id": "message:m-1:reply:20261112T150000Z:missed", "time": "2026-11-12T19:00:00Z", "workflow": "message",
        "item": "m-1", "clock": "reply", "department": "oncology", "stage": "missed", "severity": "critical",
        "recipients": ["call"],
    }  # fmt: skip
    assert said["only_against"] == []
    assert [(each["id"], each["recipients"], each["recipients_against"]) for each in said["readdressed"]] == [
        ("message:m-2:reply:20261116T003000Z:missed", ["call"], ["night"])
    ]


def test_the_same_policy_sends_the_same(tmp_path: Path) -> None:
    said = json.loads(run(tmp_path, "--json", other=POLICY).stdout)
    assert (said["only_policy"], said["only_against"], said["readdressed"]) == ([], [], [])
    assert all(each["policy"] == each["against"] for each in said["weeks"])


def test_nobody_called_and_standard_input(tmp_path: Path) -> None:
    quiet = POLICY.replace("within: 4 hours", "when: {priority: never}, within: 4 hours")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(quiet, encoding="utf-8")
    files = ["--policy", str(tmp_path / "a.yaml"), "--against", str(tmp_path / "b.yaml")]
    result = CliRunner().invoke(command, ["-", *files], input=EVENTS)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Nobody is called by either."


def test_long_lists_are_cut_in_the_text_alone(tmp_path: Path) -> None:
    log = "\n".join(event(f"m-{number}", "sent", "2026-11-12T15:00:00Z") for number in range(30))
    (tmp_path / "p.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "p2.yaml").write_text(POLICY.replace("name: missed", "name: late"), encoding="utf-8")
    files = ["--policy", str(tmp_path / "p.yaml"), "--against", str(tmp_path / "p2.yaml")]
    lines = CliRunner().invoke(command, ["-", *files], input=log).stdout.splitlines()
    assert "only P sends (30):" in lines
    assert "only P2 sends (30):" in lines
    assert lines.count("  ... and 10 more; --json has them all") == 2
    said = json.loads(CliRunner().invoke(command, ["-", *files, "--json"], input=log).stdout)
    assert (len(said["only_policy"]), len(said["only_against"])) == (30, 30)


def test_a_refused_policy_is_wrong_use(tmp_path: Path) -> None:
    result = run(tmp_path, other=POLICY.replace("daily", "dayly"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{tmp_path}/p2.yaml:4: calendars.office.hours.dayly")


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_the_files_are_those_of_the_first_policy(tmp_path: Path, option: list[str]) -> None:
    run(tmp_path, "--alerts", str(tmp_path / "alerts"), *option)
    written = [json.loads(line) for line in (tmp_path / "alerts").read_text(encoding="utf-8").splitlines()]
    assert {each["data"]["policy"] for each in written} == {"one"}
