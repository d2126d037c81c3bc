"""The benchmarks: the form of what they say, and that they measure what they name.  No speed is tested."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from schemas.events import Action, Event, decode
from streams.core import state as states
from streams.core.engine import Engine
from streams.core.shelf import Shelf
from tests.bench import books, loads, report
from tests.bench.__main__ import main
from tests.bench.apart import apart
from tests.bench.drive import SPEAKER, drive, fresh
from tests.bench.measure import Aim, Figure, Plan
from tests.bench.population import Population, copy_name, events, settle, shelves
from tests.bench.registry import BENCHMARKS, Benchmark

ROOT = Path(__file__).parents[2]
AIMS = {
    ("events/s", ">=", 60_000),
    ("µs", "<=", 1.5),
    ("bytes", "<", 700),
    ("s", "<", 10),
    ("s", "<", 20),
    ("ms", "<=", 200),
    ("ms", "<", 1),
}


class Ran:
    """What `python -m tests.bench core --quick` said."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "new" / "core.json"
        self.arguments = ["core", "--quick", "--runs", "1", "--json", str(self.path)]
        command = [sys.executable, "-m", "tests.bench", *self.arguments]
        self.output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        self.said: dict[str, Any] = json.loads(self.path.read_text())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def population() -> Population:
    return settle(books.sample(), 600, 2)


def test_the_json_file_says_where_and_how_it_was_measured(ran: Ran) -> None:
    said = ran.said
    assert (said["benchmark"], said["quick"], said["runs"]) == ("core", True, 1)
    assert said["command"].split() == ["python", "-m", "tests.bench", *ran.arguments]
    assert said["python"].endswith(sys.version.split()[0])
    assert datetime.fromisoformat(said["date"]).tzinfo is not None
    machine = said["machine"]
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert machine["memory_bytes"] > 1 << 28
    assert {"msgspec", "faust-streaming", "holidays", "tzdata"} <= said["versions"].keys()


def test_every_figure_has_its_values_and_what_follows_from_them(ran: Ran) -> None:
    figures = ran.said["figures"]
    assert len({figure["name"] for figure in figures}) == len(figures)
    for figure in figures:
        values = figure["values"]
        assert len(values) == 1, figure
        assert all(value > 0 for value in values), figure
        assert (figure["median"], figure["min"], figure["max"]) == (median(values), min(values), max(values))
        assert (figure["reached"] is None) == (figure["aim"] is None)
        if figure["aim"] is not None:
            assert figure["reached"] == Aim(**figure["aim"]).reached(figure["median"])


def test_every_aim_is_measured_against(ran: Ran) -> None:
    aims = {(figure["unit"], *figure["aim"].values()) for figure in ran.said["figures"] if figure["aim"]}
    assert aims == AIMS


def test_the_table_has_a_line_for_each_figure(ran: Ran) -> None:
    lines = ran.output.splitlines()
    for figure in ran.said["figures"]:
        (line,) = (line for line in lines if line.startswith(f"{figure['name']}  "))
        assert f"  {report.number(figure['median'])}  {figure['unit']}  " in line
    assert lines[-1] == f"written to {ran.path}"


def nothing(plan: Plan) -> Iterator[Figure]:
    yield Figure("nothing", "s", (1.0,) * plan.runs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["cores"],
            f"no such benchmark: cores; known: {', '.join(BENCHMARKS)}, nothing",
        ),
        (["--runs", "0"], "`0` is no number of runs; give one from 1 up"),
        (["--runs", "some"], "`some` is no number of runs; give one from 1 up"),
        (["peers", "--events", "0"], "`0` is no number of events; give one from 1 up"),
        (
            ["peers", "--only", "Flink"],
            "called Flink; known: Portalwatch; Portalwatch, core compiled; Portalwatch, two workers; ",
        ),
        (
            ["core", "nothing", "--json", "f"],
            "--json FILE takes the figures of one benchmark; name one, or leave it out",
        ),
    ],
)
def test_wrong_use_is_status_2_and_says_what_is_right(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(BENCHMARKS, "nothing", Benchmark("nothing", nothing))
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_benchmark_writes_to_the_file_of_its_name_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BENCHMARKS, "nothing", Benchmark("nothing", nothing))
    monkeypatch.chdir(tmp_path)
    main(["nothing", "nothing", "--runs", "2"])
    said = json.loads((tmp_path / ".cache/bench/nothing.json").read_text())
    assert [figure["values"] for figure in said["figures"]] == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("aim", "values", "reached"),
    [
        (Aim(">=", 3.0), (1.0, 3.0, 9.0), True),
        (Aim(">=", 3.1), (1.0, 3.0, 9.0), False),
        (Aim("<=", 3.0), (1.0, 3.0, 9.0), True),
        (Aim("<", 3.0), (1.0, 3.0, 9.0), False),
        (None, (1.0,), None),
    ],
)
def test_the_median_is_held_against_the_aim(aim: Aim | None, values: tuple[float, ...], reached: bool | None) -> None:
    assert Figure("it", "s", values, aim).reached is reached


@pytest.mark.parametrize(
    ("value", "text"), [(61204.3, "61,204"), (700.0, "700"), (7.306, "7.31"), (0.8421, "0.842"), (1.5, "1.50")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert report.number(value) == text


def test_what_runs_apart_runs_in_another_process_and_its_errors_come_back() -> None:
    assert apart(int, "12") == 12
    with pytest.raises(ValueError, match="invalid literal"):
        apart(int, "twelve")


# -- loads ------------------------------------------------------------------------------------------


def decoded(load: list[loads.Sent]) -> list[Event]:
    found = (decode(record.value, (), record.workflow) for record in load)
    return [event for event in found if isinstance(event, Event)]


def test_the_clinics_load_is_seeded_and_its_clinics_share_no_item() -> None:
    load = loads.clinic(books.sample(), 600, 3)
    assert load == loads.clinic(books.sample(), 600, 3)
    assert len(load) == 600
    accepted = decoded(load)
    assert len(accepted) > 0.98 * len(load)
    assert {event.subject[:4] for event in accepted} == {"c00-", "c01-", "c02-"}
    assert {event.workflow for event in accepted} == {"message", "appointment", "result", "questionnaire"}


def test_the_toy_load_opens_and_closes_every_item() -> None:
    load = loads.toy(1000)
    accepted = decoded(load)
    assert len(accepted) == len(load) == 1000
    assert [event.entry.time for event in accepted] == sorted(event.entry.time for event in accepted)
    opened = [event.subject for event in accepted if event.entry.action == Action.OPEN]
    closed = [event.subject for event in accepted if event.entry.action == Action.STOP]
    assert len(set(opened)) == 500
    assert sorted(opened) == sorted(closed)


def test_driving_takes_in_every_event_and_leaves_the_items_that_it_made() -> None:
    engine = fresh(books.toy())
    tally = drive(engine, loads.toy(1200))
    assert (tally.events, tally.refused, tally.dead) == (1200, 0, 0)
    kept = items(engine.items)
    assert len(kept) == 600
    assert all(len(state.history) == 2 and state.moment < 0 for state in kept.values())


def test_the_edited_policy_gives_messages_another_benchmark() -> None:
    before, after = (book.clocks["message"][0].rules for book in (books.sample(), books.edited()))
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


# -- many items from few ----------------------------------------------------------------------------


def items(shelf: Shelf) -> dict[bytes, states.ItemState]:
    """Of a shelf, without what the engine keeps of itself."""
    return {key: states.decode(value) for key, value in shelf.items() if not key.startswith(b"@")}


@pytest.mark.parametrize("length", [7, 10])
def test_a_copy_has_a_name_of_its_own_as_long_as_the_other(length: int) -> None:
    names = {copy_name(b"m" * length, number) for number in range(1000)}
    assert len(names) == 1000
    assert {len(name) for name in names} == {length}


def test_copies_are_what_the_engine_would_have_written(population: Population) -> None:
    """All but what hangs on when it was looked at: stages fire between fetches."""
    count = len(population.templates)
    copied, _ = shelves(population, count)
    engine = fresh(books.sample())
    drive(engine, events(population, 1))
    found, expected = items(copied), items(engine.items)
    assert len(found) == count > 100
    assert {key: state.history for key, state in found.items()} == {k: s.history for k, s in expected.items()}
    same = sum(state == expected[key] for key, state in found.items())
    assert same > 0.9 * count


def test_a_rebuild_from_copies_owes_nothing_and_goes_on_where_they_stood(population: Population) -> None:
    count = 2 * len(population.templates) + 1
    kept, open_alerts = shelves(population, count)
    assert len(items(kept)) == count
    engine = Engine(books.sample(), SPEAKER, kept, open_alerts)
    assert engine.rebuild().alerts == []
    assert engine.next_moment() is not None
    assert engine.now > loads.START


def test_events_of_copies_make_so_many_open_items(population: Population) -> None:
    engine = fresh(books.sample())
    tally = drive(engine, events(population, 3))
    assert tally.events == 3 * len(population.sent)
    kept = items(engine.items)
    assert len(kept) == 3 * len(population.templates)
    assert all(state.moment > 0 for state in kept.values())
