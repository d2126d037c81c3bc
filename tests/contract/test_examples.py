"""`backtest` on every recorded log gives the alerts that the contract asks for, in every field (sections 5, 6, 9).

The expected files were not made by this program. Alerts are compared as JSON, so all but the order of keys counts, and
as a list, so their order (time, then id) counts too; dead letters by reason and event id, in any order.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas import alerts, instants
from streams import backtest
from streams.commands import main
from streams.core.book import Book
from streams.core.policy_check import load

DATA = Path(__file__).parents[1] / "data"
CASES = sorted(folder.name for folder in (DATA / "cases").iterdir() if folder.is_dir())
LOGS = sorted(file.stem for file in (DATA / "random").glob("*.yaml"))
HELPDESK_EVENTS = 400


def judged(policy: Path, events: list[bytes], until: int | None = None) -> backtest.Result:
    return backtest.run(Book(load(policy.read_bytes(), policy.name)), events, until)


def as_json(result: backtest.Result) -> list[Any]:
    return [json.loads(alerts.encode(alert)) for alert in result.alerts]


def as_bytes(result: backtest.Result) -> bytes:
    return b"\n".join([*map(alerts.encode, result.alerts), *map(backtest.dead_line, result.dead)])


def read_json(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def until_of(case: str) -> str:
    return (DATA / "cases" / case / "until").read_text().strip()


def helpdesk(capsys: pytest.CaptureFixture[str]) -> list[bytes]:
    """The first events of the public log, made by the script that came with it."""
    folder = DATA / "helpdesk"
    spec = importlib.util.spec_from_file_location("helpdesk_to_events", folder / "helpdesk_to_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(folder / "helpdesk.csv")
    return capsys.readouterr().out.encode().splitlines()[:HELPDESK_EVENTS]


def test_there_are_examples() -> None:
    """Without data the tests below would pass by being empty."""
    assert len(CASES) == 8
    assert len(LOGS) == 13


@pytest.mark.parametrize("case", CASES)
def test_recorded_fault(case: str) -> None:
    folder = DATA / "cases" / case
    events = (folder / "events.ndjson").read_bytes().splitlines()
    result = judged(folder / "policy.yaml", events, instants.parse(until_of(case)))
    assert as_json(result) == read_json(folder / "expected.ndjson")
    assert not result.dead


@pytest.mark.parametrize("log", LOGS)
def test_random_log(log: str) -> None:
    folder = DATA / "random"
    result = judged(folder / f"{log}.yaml", (folder / f"{log}.events.ndjson").read_bytes().splitlines())
    assert as_json(result) == read_json(folder / f"{log}.expected.ndjson")
    expected = read_json(folder / f"{log}.deadletters.ndjson")
    found = sorted((dead.reason, json.loads(dead.line)["id"]) for dead in result.dead)
    assert found == sorted((dead["reason"], dead["id"]) for dead in expected)


def test_helpdesk_log(capsys: pytest.CaptureFixture[str]) -> None:
    folder = DATA / "helpdesk"
    result = judged(folder / "helpdesk-policy.yaml", helpdesk(capsys))
    assert as_json(result) == read_json(folder / "expected-400.ndjson")
    assert result.events == HELPDESK_EVENTS
    assert not result.dead


@pytest.mark.parametrize("log", ["dense-510", "plain-520", "rich-503"])
def test_same_input_same_bytes(log: str) -> None:
    """Section 9: same input, same output, byte for byte; no state is left from one run to the next."""
    folder = DATA / "random"
    events = (folder / f"{log}.events.ndjson").read_bytes().splitlines()
    first, second = (judged(folder / f"{log}.yaml", events) for _ in range(2))
    assert as_bytes(first) == as_bytes(second)
    assert first.alerts


def test_command_writes_what_the_run_says(tmp_path: Path) -> None:
    """Section 9: `backtest --policy P EVENTS --alerts FILE --deadletters FILE`, byte for byte the run's."""
    folder = DATA / "random"
    log = folder / "rich-500"
    arguments = ["backtest", "--policy", f"{log}.yaml", f"{log}.events.ndjson"]
    written = ["--alerts", str(tmp_path / "alerts"), "--deadletters", str(tmp_path / "dead")]
    done = CliRunner().invoke(main, [*arguments, *written])
    assert done.exit_code == 0, done.output
    assert read_json(tmp_path / "alerts") == read_json(folder / "rich-500.expected.ndjson")
    result = judged(folder / "rich-500.yaml", (folder / "rich-500.events.ndjson").read_bytes().splitlines())
    assert (tmp_path / "alerts").read_bytes() == b"".join(alerts.encode(alert) + b"\n" for alert in result.alerts)
    assert (tmp_path / "dead").read_bytes() == b"".join(backtest.dead_line(dead) + b"\n" for dead in result.dead)


def test_command_reads_standard_input_until_an_instant(tmp_path: Path) -> None:
    """Section 9: `-` is standard input, `--until` is inclusive, and `--alerts -` is standard output."""
    folder = DATA / "cases" / "04-dst"
    arguments = ["backtest", "-", "--policy", str(folder / "policy.yaml"), "--until", until_of(folder.name)]
    done = CliRunner().invoke(main, [*arguments, "--alerts", "-"], input=(folder / "events.ndjson").read_bytes())
    assert done.exit_code == 0, done.output
    assert [json.loads(line) for line in done.stdout.splitlines()] == read_json(folder / "expected.ndjson")
