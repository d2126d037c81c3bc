"""Two workers in the race: when their run begins, who shares evenly, and against whom they are held."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import instants
from tests.bench import workers as bench_workers
from tests.bench.peers import race, runs, worker
from tests.bench.peers.entrants import KAFKA_STREAMS
from tests.bench.peers.runs import Wrong
from tests.e2e.cluster import Worker


def workers(folder: Path, *logs: str) -> list[Worker]:
    made = []
    for number, text in enumerate(logs):
        path = folder / f"worker-{number}.log"
        path.write_text(text)
        made.append(Worker({}, path))
    return made


def recovered(*partitions: int, second: int = 0) -> str:
    return "".join(
        f"2026-11-28T20:00:0{second}+00:00 INFO app: partition {each}: 0 records recovered in 0.01 s\n"
        for each in partitions
    )


def test_a_run_begins_when_the_first_of_the_workers_has_recovered(tmp_path: Path) -> None:
    crew = workers(tmp_path, recovered(0, 1, second=3), recovered(2, 3, second=2))
    assert worker._began(crew) == instants.parse("2026-11-28T20:00:02Z") / 1e6
    worker._check_shares(crew)


@pytest.mark.parametrize(
    "shares",
    [((0, 1, 2, 3), ()), ((0, 1, 2), (3,)), ((0, 1, 2, 3), (2, 3)), ((0, 1, 2, 3, 0, 1), (2, 3))],
)
def test_workers_that_do_not_share_evenly_from_the_start_have_no_figures(
    tmp_path: Path, shares: tuple[tuple[int, ...], ...]
) -> None:
    with pytest.raises(Wrong, match="not shared evenly from the start"):
        worker._check_shares(workers(tmp_path, *(recovered(*share) for share in shares)))


def row(name: str, seconds: float, why_not: str = "") -> race.Row:
    run = runs.Run(
        events=100, seconds=seconds, cpu_seconds=1.0, broker_cpu_seconds=1.0, peak_bytes=1, met=1, missed=1, alerts=1,
        said=1, waited=seconds,
    )  # fmt: skip
    return race.Row("toy", name, 100, lambda _: run, (), [run], why_not)


def test_two_workers_run_in_the_race_and_are_no_peer_of_one() -> None:
    rows = [row(worker.NAME, 4.0), row(worker.TWO, 2.0), row(KAFKA_STREAMS[1], 5.0), row("Pathway", 8.0)]
    held = {figure.name: figure.values for figure in race.figures(rows) if not figure.more}
    assert held == {
        f"toy 100: {worker.NAME} to {KAFKA_STREAMS[1]}": (1.25,),
        f"toy 100: {worker.NAME} to Pathway": (2.0,),
        f"toy 100: {worker.TWO} to {KAFKA_STREAMS[1]}": (2.5,),
        f"toy 100: {worker.TWO} to Pathway": (4.0,),
    }


def test_two_workers_are_held_against_one_of_the_same_core() -> None:
    rows = [row(worker.NAME, 4.0), row(worker.TWO, 2.5), row(worker.TWO_COMPILED, 2.0), row(worker.COMPILED, 3.0, "no")]
    figures = list(bench_workers.figures({each.name: each for each in rows}))
    assert [figure.values for figure in figures] == [(25.0,), (40.0,), (50.0,), (), (1.6,)]
    assert figures[3].note == "no"
    assert figures[4].name == "Portalwatch, two workers, to one"
