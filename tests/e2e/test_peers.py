"""The race in short: a worker and aiokafka alone read one log and find the same, which is what is true of it."""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.bench.peers import jobs
from tests.bench.peers.bed import Bed
from tests.bench.peers.entrants import PEERS, Made
from tests.bench.peers.environments import PROGRAMS
from tests.bench.peers.runs import run_peer
from tests.bench.peers.worker import run_worker
from tests.brokers import Broker

EVENTS = 2_000


@pytest.mark.brokers("kafka")
def test_portalwatch_and_raw_aiokafka_find_what_is_true(broker: Broker, tmp_path: Path) -> None:
    prefix, bed = f"x{uuid.uuid4().hex[:8]}", Bed(broker, tmp_path)
    job, *_ = jobs.jobs(time.time_ns() // 1_000)
    truth = job.truth(EVENTS)
    bed.fill(f"{prefix}.messages", job.records(EVENTS))
    (peer,) = (peer for peer in PEERS if peer.name == "raw aiokafka")
    made = Made((sys.executable, PROGRAMS / "raw_aiokafka.py"), ())

    before = bed.topics()
    found = [
        run_worker(bed, job.policy, prefix, truth, f"{prefix}-worker"),
        run_peer(bed, peer, made, f"{prefix}.messages", truth, f"{prefix}-peer"),
    ]
    for run in found:
        assert (run.met, run.missed, run.alerts) == (truth.met, truth.missed, len(truth.standing))
        assert run.seconds > 0
        assert run.peak_bytes > 10 << 20
    assert found[0].said == len(truth.standing)  # the worker called nobody whom the log went on to answer
    assert bed.topics() == before
