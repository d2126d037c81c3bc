"""The benchmark of lateness in short: every stage of the load is heard once, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from schemas.instants import SECOND
from tests.bench import lateness
from tests.bench.live import Load, due
from tests.bench.measure import Plan
from tests.brokers import Broker


@pytest.mark.brokers("kafka")
def test_every_alert_of_the_load_is_heard_and_no_other(broker: Broker, tmp_path: Path, prefix: str) -> None:
    sizes = lateness.QUICK._replace(seconds=4, rest=0.0, idle=0.3)
    found = {each.name: each for each in lateness.figures(broker, tmp_path, Plan(1, quick=True), sizes, prefix)}

    stages = due(Load("run0", sizes.seconds, sizes.rate), 0).fired.values()
    assert found["alerts whose lateness counts"].median == sum(stage < sizes.seconds * SECOND for stage in stages) > 5
    assert found["alerts missing"].median == 0
    assert found["alerts false"].median == 0
    p50, p99, most = (found[f"alert lateness {name}"].median for name in ("p50", "p99", "max"))
    assert 0 < p50 <= p99 <= most < 30_000
    assert 0 < found["until the worker decides it, p99"].median < most
    costs = [figure.median for name, figure in found.items() if "worker" in name]
    assert len(costs) == 5
    assert all(math.isfinite(each) for each in costs)
