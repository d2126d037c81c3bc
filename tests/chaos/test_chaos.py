"""The short form of the chaos suite: each kind of fault once, partitions on the move, kills in the middle of a batch.

The long forms are `python -m tests.chaos`, `python -m tests.chaos.rebalances` and `python -m tests.chaos.midbatch`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.chaos import midbatch, rebalances, report
from tests.chaos.faults import EMBEDDED
from tests.chaos.run import Outcome, Plan, run

SHORT = ("repolicy", "fulldisk", "bstop", "wshort", "move", "brestart")
"""Kills alone and rolls are in the other tests."""


def good(outcome: Outcome, folder: Path) -> None:
    """Nothing lost, false, orphaned or different; what is needed to study it is kept otherwise."""
    told = report.text(outcome)
    if outcome.judgement.findings:
        report.save(outcome, folder)
        kept = tempfile.mkdtemp(prefix="portalwatch-chaos-")  # pytest would soon remove its own
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        raise AssertionError(f"{told}\ntopics and logs are in {kept}")
    # One fault follows on the other here: most stages fall while some gate is shut, and yet most are said as usual.
    assert len(outcome.judgement.excused) < outcome.judgement.wanted / 2, told


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(400)
def test_faults_on_kafka(broker: Broker, tmp_path: Path, prefix: str) -> None:
    outcome = run(broker, prefix, tmp_path, Plan(list(SHORT), every=1, seed=1, stall=60))
    good(outcome, tmp_path)
    assert [each.kind for each in outcome.done] == list(SHORT)
    assert outcome.judgement.wanted > 1000


@pytest.mark.brokers("embedded")
@pytest.mark.timeout(300)
def test_faults_on_the_embedded_broker(broker: Broker, tmp_path: Path, prefix: str) -> None:
    outcome = run(broker, prefix, tmp_path, Plan(list(EMBEDDED), rate=40, every=1, seed=1))
    good(outcome, tmp_path)
    assert [each.kind for each in outcome.done] == list(EMBEDDED)
    assert outcome.judgement.wanted > 300


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(300)
def test_partitions_on_the_move(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """Also: more workers than two, and workers that are told to end."""
    outcome = run(broker, prefix, tmp_path, rebalances.plan(rate=130, seed=2), rebalances.story(items=600, every=3))
    good(outcome, tmp_path)
    assert {each.kind for each in outcome.done} == set(rebalances.ACTS)


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(300)
def test_killed_in_the_middle_of_a_batch(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """A backlog is soon worked off: on a busy machine the blow may come after it, and is tried again."""
    rounds, outcome = midbatch.run(broker, prefix, tmp_path, times=8, count=10_000, rest=1, seed=3, amid=1)
    good(outcome, tmp_path)
    assert outcome.judgement.excused == []
    assert any(made.amid for made in rounds)
