"""`portalwatch explain`: what it says as JSON and in words, what it refuses, and that a backtest agrees."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from schemas import instants
from streams import backtest
from streams.commands import main
from streams.core.book import Book
from streams.core.policy_check import load
from tests.unit.schemas.policies import POLICY, spoiled

OPENED = "2026-11-10T16:00:00-06:00"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, POLICY)


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def run(policy: Path, workflow: str, opened: str, *options: str) -> Result:
    where = ["explain", "--policy", str(policy), "--workflow", workflow, "--opened", opened]
    return CliRunner().invoke(main, [*where, *options])


def said(policy: Path, workflow: str, opened: str, *options: str) -> str:
    result = run(policy, workflow, opened, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_as_json(policy: Path) -> None:
    result = run(policy, "message", OPENED, "--priority", "urgent", "--department", "cardiology", "--json")
    assert result.exit_code == 0
    assert orjson.loads(result.stdout) == [
        {
            "clock": "message-reply",
            "rule": 0,
            "start": "2026-11-10T22:00:00Z",
            "due": "2026-11-12T17:00:00Z",
            "short_notice": False,
            "stages": [
                _stage("due-soon", "2026-11-12T16:00:00Z", "pool", "cardiology-nurses"),
                _stage("imminent", "2026-11-12T16:00:00Z", "on_call", "cardiology-oncall"),
                _stage("missed", "2026-11-12T17:00:00Z", "on_call", "cardiology-oncall"),
                _stage("escalated", "2026-11-13T17:00:00Z", "champion", "dr-lee"),
            ],
            "intervals": [
                _interval("2026-11-10T22:00:00Z", "2026-11-10T23:00:00Z", "open"),
                _interval("2026-11-10T23:00:00Z", "2026-11-11T06:00:00Z", "closed"),
                _interval("2026-11-11T06:00:00Z", "2026-11-12T06:00:00Z", "holiday: Veterans Day"),
                _interval("2026-11-12T06:00:00Z", "2026-11-12T14:00:00Z", "closed"),
                _interval("2026-11-12T14:00:00Z", "2026-11-12T17:00:00Z", "open"),
            ],
        }
    ]


def _stage(name: str, at: str, notify: str, recipient: str) -> dict[str, object]:
    return {"name": name, "at": at, "notify": [notify], "recipients": [recipient]}


def _interval(start: str, end: str, why: str) -> dict[str, object]:
    return {"from": start, "to": end, "counted": why == "open", "why": why}


def test_a_missing_anchor_as_json_and_in_words(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("{before: 1 business day}", "{before: 1 business day, not_before: 1 hour}"))
    assert orjson.loads(run(path, "questionnaire", OPENED, "--json").stdout) == [
        {
            "clock": "questionnaire-review",
            "rule": 0,
            "start": "2026-11-10T22:00:00Z",
            "not_before": "2026-11-10T23:00:00Z",
            "error": "anchor_missing",
            "intervals": [],
        }
    ]
    text = said(path, "questionnaire", OPENED)
    assert "no due: it hangs on the visit, and no anchor is given" in text
    assert text.endswith(
        "Give the anchor to see when it is due: --anchor T, the visit, the slot asked for or the date promised.\n"
    )


def test_short_notice_as_json(policy: Path) -> None:
    found = orjson.loads(run(policy, "questionnaire", OPENED, "--anchor", "2026-11-10T16:30:00-06:00", "--json").stdout)
    assert (found[0]["due"], found[0]["short_notice"]) == ("2026-11-10T22:30:00Z", True)


def test_no_clock_judges_it(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("      - within: 2 business days\n", ""))
    assert run(path, "message", OPENED, "--json").stdout == "[]\n"
    result = run(path, "message", OPENED)
    assert result.exit_code == 0
    assert (
        result.stdout
        == "Not judged: no rule of message-reply matches this work; see the `when` of each in the policy.\n"
    )


def test_before_the_policy_is_in_force_nothing_is_judged(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("enforce_from: 1970-01-01T00:00:00Z", "enforce_from: 2026-11-11T00:00:00Z"))
    assert run(path, "message", OPENED, "--json").stdout == "[]\n"
    assert said(path, "message", OPENED) == (
        "Not judged: it opened before the policy's enforce_from, 2026-11-11T00:00:00Z.\n"
    )


def test_a_workflow_without_a_clock(tmp_path: Path) -> None:
    text = POLICY[: POLICY.index("  - name: result-release")] + POLICY[POLICY.index("  - name: questionnaire-review") :]
    path = written(tmp_path, text)
    assert said(path, "result", OPENED) == "Not judged: the policy has no clock for the workflow result.\n"


@pytest.mark.parametrize(
    ("workflow", "opened", "options", "message"),
    [
        ("message", "2026-11-10T16:00:00", (), "--opened has no offset; give one, as in 2026-11-02T08:00:00-06:00"),
        ("message", "yesterday", (), "--opened is not RFC 3339 with an offset, as in 2026-11-02T08:00:00-06:00"),
        ("message", "1999-12-31T00:00:00Z", (), "--opened lies outside 2000-01-01 to 2099-12-31 UTC"),
        ("message", "2099-12-31T20:00:00Z", (), "calendar clinic: answers only from 2000-01-01 to 2099-12-31 UTC"),
        ("questionnaire", OPENED, ("--anchor", "2026-11-12T09:00"), "--anchor has no offset; give one"),
        ("questionnaire", OPENED, ("--anchor", "2101-01-01T00:00:00Z"), "--anchor lies outside 2000-01-01"),
        ("message", OPENED, ("--site", ""), "--site must not be empty; leave it out instead"),
        ("mesage", OPENED, (), "'mesage' is not one of 'message', 'appointment', 'result', 'questionnaire'"),
    ],
)
def test_wrong_use_is_told_what_would_be_right(
    policy: Path, workflow: str, opened: str, options: tuple[str, ...], message: str
) -> None:
    result = run(policy, workflow, opened, *options, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_a_policy_that_is_refused_or_not_there(tmp_path: Path) -> None:
    result = run(written(tmp_path, spoiled("within: 1 business day", "within: tomorrow")), "message", OPENED)
    assert result.exit_code == 2
    assert "clocks[0].rules[1].within: `tomorrow` is no duration here" in result.stderr
    result = run(tmp_path / "none.yaml", "message", OPENED)
    assert result.exit_code == 2
    assert "can not be read" in result.stderr


def test_help_has_examples() -> None:
    result = CliRunner().invoke(main, ["explain", "--help"])
    assert result.exit_code == 0
    assert "Examples:\n    portalwatch explain --policy clinic.yaml --workflow message \\\n" in result.stdout
    assert "holiday: NAME" in result.stdout


@pytest.mark.parametrize(
    ("workflow", "type_", "opened", "data"),
    [
        ("message", "portal.message.sent", OPENED, {"department": "oncology"}),
        ("message", "portal.message.sent", "2026-10-31T18:00:00-05:00", {"department": "nowhere"}),
        ("result", "portal.result.promised", "2026-12-22T16:30:00-06:00", {"site": "west"}),
        ("appointment", "portal.appointment.requested", OPENED, {"anchor": "2026-11-12T11:00:00-06:00"}),
        ("questionnaire", "portal.questionnaire.submitted", OPENED, {"anchor": "2026-11-11T09:00:00-06:00"}),
    ],
)
def test_a_backtest_of_such_work_fires_what_was_explained(
    policy: Path, workflow: str, type_: str, opened: str, data: dict[str, str]
) -> None:
    options = [word for name, value in data.items() for word in (f"--{name}", value)]
    [found] = orjson.loads(run(policy, workflow, opened, *options, "--json").stdout)
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "test",
        "type": type_,
        "subject": "m-1",
        "time": opened,
        "data": data,
    }
    fired = [
        alert.data
        for alert in backtest.run(
            Book(load(POLICY)), [orjson.dumps(event)], instants.parse("2027-01-08T00:00:00Z")
        ).alerts
        if alert.type == "portal.alert.fired"
    ]
    last = {stage["at"]: stage["name"] for stage in found["stages"]}
    assert [(data.stage_at, data.stage) for data in fired] == list(last.items())
    assert {data.due_at for data in fired} == {found["due"]}
    assert {data.short_notice or False for data in fired} == {found["short_notice"]}
