"""`portalwatch check`: what it says, where it says it, and its status."""

from __future__ import annotations

from pathlib import Path

import orjson
from click.testing import CliRunner, Result

from streams.commands.check import command
from tests.unit.schemas.policies import POLICY, spoiled


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(path), *options])


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_accepted_policy_is_summed_up(tmp_path: Path) -> None:
    path = written(tmp_path, POLICY)
    result = run(path)
    assert result.exit_code == 0
    assert result.stdout == f"{path}: ok: version 2026-11-01, 1 calendar, 2 departments, 4 clocks\n"
    assert result.stderr == ""


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
    assert orjson.loads(run(written(tmp_path, POLICY), "--json").stdout) == {"ok": True, "problems": []}
    path = written(tmp_path, spoiled("apply: all", "apply: some"))
    result = run(path, "--json")
    assert result.exit_code == 2
    assert result.stderr == ""
    message = "`some` is none of them; one of all, new"
    problem = {"file": str(path), "line": 50, "path": "settings.apply", "message": message}
    assert orjson.loads(result.stdout) == {"ok": False, "problems": [problem]}


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
