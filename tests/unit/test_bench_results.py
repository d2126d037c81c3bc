"""What the race of `tests.bench.peers` comes to: ratios, tables, and RESULTS.md of all that was measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.bench import report, results
from tests.bench.measure import Figure, Plan
from tests.bench.peers import race, runs, table
from tests.bench.peers.race import Row
from tests.bench.peers.runs import Run
from tests.bench.peers.worker import NAME


def row(name: str, *rates: float, job: str = "toy", why_not: str = "") -> Row:
    made = [
        Run(events=1_000, seconds=1_000 / rate, cpu_seconds=1, broker_cpu_seconds=2, peak_bytes=3_000_000, met=4,
            missed=5, alerts=6, said=7, waited=9)
        for rate in rates
    ]  # fmt: skip
    return Row(job, name, 1_000, runs.run_peer, ("it 1.0",), made, why_not)  # type: ignore[arg-type]


ROWS = [
    row(NAME, 150, 310, 200),
    row("Kafka Streams", 100, 200, 100),
    row("Kafka Streams, tuned", 90, 90, 900),
    row("swift", 100, 310, 800),
    row("wrong", 1, why_not="counts differ: met 1 instead of 4"),
    row(NAME, 50, 100, 50, job="ladder"),
]


def test_ratios_are_taken_within_a_round_and_held_against_the_aims() -> None:
    found = {figure.name: figure for figure in race.figures(ROWS)}
    assert found["toy 1,000: Portalwatch to Kafka Streams"].values == pytest.approx((1.5, 1.55, 2.0))
    assert found["toy 1,000: Portalwatch to Kafka Streams"].reached
    assert found["toy 1,000: Portalwatch to swift"].values == pytest.approx((1.5, 1.0, 0.25))
    assert found["ladder 1,000: Portalwatch to Kafka Streams"].reached is False
    assert found["toy 1,000: swift"].more["ratio"] == pytest.approx(1.55)


def test_who_was_wrong_has_a_row_without_figures_and_a_reason() -> None:
    text = table.table(list(race.figures(ROWS)))
    lines = [line.split() for line in text.splitlines()]
    assert ["toy", "1,000", "wrong"] in lines
    assert "toy 1,000: wrong: counts differ: met 1 instead of 4" in text.splitlines()
    assert ["toy", "1,000", "swift", "310", "100", "to", "800", "1.55", "1", "2", "3", "4", "5", "6", "7"] in lines


def test_without_kafka_streams_there_are_no_ratios_to_it() -> None:
    found = list(race.figures([ROWS[0], row("Kafka Streams", why_not="`mvn` is missing"), ROWS[3]]))
    assert [figure.name for figure in found if not figure.more] == ["toy 1,000: Portalwatch to swift"]
    assert "ratio" not in found[0].more
    assert math.isnan(found[1].median)


# -- RESULTS.md -------------------------------------------------------------------------------------


def document(name: str, figures: list[Figure], quick: bool = False) -> dict[str, Any]:
    facts = {
        "machine": {"cpu": "a|b", "cores": 2, "memory_bytes": 24 << 30, "load": 0.1, "system": "s"},
        "python": "CPython 3.11.7",
        "versions": {"aiokafka": "0.14.0"},
        "commit": "abc",
        "date": "2026-11-28T20:00:00+00:00",
        "command": f"python -m tests.bench {name}",
    }
    return report.document(name, Plan(3, quick), figures, facts)


def test_results_are_what_the_files_say_peers_first_and_quick_runs_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write(tmp_path / "core.json", document("core", [Figure("it", "s", (1.0, 2.0, 3.0))]))
    report.write(tmp_path / "peers.json", document("peers", list(race.figures(ROWS))))
    report.write(tmp_path / "board.json", document("board", [Figure("it", "s", (1.0,))], quick=True))
    results.main(["--folder", str(tmp_path), "--to", str(tmp_path / "RESULTS.md")])
    text = (tmp_path / "RESULTS.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## peers", "## core"]
    assert "| toy | 1,000 | swift | 310 | 100 to 800 | 1.55 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |" in text
    assert "| toy | 1,000 | wrong |  |  |  |  |  |  |  |  |  |  |" in text
    assert "- toy 1,000: wrong: counts differ: met 1 instead of 4" in text
    assert "- swift: it 1.0" in text
    assert "| it | 2 | s | 1 to 3 |  |  |" in text
    assert "`python -m tests.bench core`, commit abc: a|b, 2 cores, 24 GiB, load 0.1 before" in text
    assert capsys.readouterr().out == f"written to {tmp_path / 'RESULTS.md'}: core, peers\n"


def test_what_was_not_measured_again_stays(tmp_path: Path) -> None:
    told = tmp_path / "RESULTS.md"
    (older := tmp_path / "older").mkdir()
    (newer := tmp_path / "newer").mkdir()
    for name in ("core", "peers", "lateness"):
        report.write(older / f"{name}.json", document(name, [Figure(f"{name} then", "s", (1.0,))]))
    results.main(["--folder", str(older), "--to", str(told)])
    before = dict(results.sections(told.read_text()))
    report.write(newer / "core.json", document("core", [Figure("core now", "s", (2.0,))]))
    results.main(["--folder", str(newer), "--to", str(told)])
    after = dict(results.sections(told.read_text()))
    assert list(after) == ["peers", "core", "lateness"]
    assert (after["peers"], after["lateness"]) == (before["peers"], before["lateness"])
    assert "core now" in after["core"]
    assert "core then" not in after["core"]
    results.main(["--folder", str(newer), "--to", str(told)])
    assert dict(results.sections(told.read_text())) == after


def test_without_anything_measured_no_results_are_written(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is nothing measured in"):
        results.main(["--folder", str(tmp_path), "--to", str(tmp_path / "RESULTS.md")])
    assert not (tmp_path / "RESULTS.md").exists()
