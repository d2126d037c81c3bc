"""What is kept of a run is enough to judge it again, and to print what the run itself printed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import again, report
from tests.chaos.crew import Ended
from tests.chaos.faults import Kill
from tests.chaos.made import SHUT, START, STOP, UNTIL, fired, found, held, sent
from tests.chaos.plan import SECOND
from tests.chaos.run import AFTER, BEFORE, Done, Outcome, judged

AT = START / SECOND


def outcome() -> Outcome:
    """A run with something of everything that is told of one."""
    log = sent(60)
    there = found(log, held)
    alert = fired(there, START, UNTIL)[-1]
    del there.said[alert.id]
    twice = fired(there, SHUT.start, UNTIL)[0].id
    there.said[twice].append(there.said[twice][0])
    there = replace(there, dead=["late: time: before it"], behind=["x.messages[0]: committed 3, end 4"])
    made = Outcome(
        done=[Done("kill9", SHUT.start / SECOND + BEFORE, SHUT.end / SECOND - AFTER, [Kill(AT + 21, frozenset({0}))])],
        sent=log,
        unsent=["2 events were not taken by the broker"],
        ended=[Ended(AT + 30, 1, 70)],
        memory=[(AT + n, 0, 100_000 + n) for n in range(9)],
        found=there,
        seconds=200.0,
        stop=STOP,
    )
    made.judgement = judged(made, jobs=1)
    return made


def test_a_run_is_told_again_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = outcome()
    assert {each.what for each in run.judgement.findings} >= {"lost", "dead letter", "offset", "unsent"}
    assert run.judgement.excused
    report.save(run, tmp_path)
    assert again.main([str(tmp_path), "--jobs", "1", "--json", str(tmp_path / "again.json")]) == 1
    assert capsys.readouterr().out == report.text(run, most=None) + "\n"
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads((tmp_path / "report.json").read_text())


def test_what_an_older_folder_does_not_tell_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.save(outcome(), tmp_path)
    told = json.loads((tmp_path / "report.json").read_text())
    for name in again.LATER:
        del told[name]
    (tmp_path / "report.json").write_text(json.dumps(told))
    assert again.main([str(tmp_path), "--jobs", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "not kept, so not judged: dead letters, committed offsets, what the broker did not take, "
        "values of what is open, and keys on two partitions"
    )


def test_a_good_run_ends_well(tmp_path: Path) -> None:
    run = outcome()
    run.found, run.unsent = found(run.sent), []
    report.save(run, tmp_path)
    assert again.main([str(tmp_path)]) == 0
