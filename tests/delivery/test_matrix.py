"""The short form of the matrix: nothing is lost, doubled or out of order, whatever the receiver or the worker does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.delivery.__main__ import ROWS, table
from tests.delivery.run import matrix

SHORT = {"webhook": ("refuses", "cuts", "410", "killed")}
"""Those that differ most; `python -m tests.delivery` has them all."""


@pytest.mark.brokers("kafka")  # `python -m tests.delivery --broker embedded` is the other half
@pytest.mark.timeout(180)
@pytest.mark.parametrize("sink", SHORT)
def test_all_is_told_whatever_fails(broker: Broker, tmp_path: Path, prefix: str, sink: str) -> None:
    with matrix(broker, prefix, tmp_path, ROWS[sink](), items=12, length=0.5) as under_test:
        results = [under_test.fault(kind) for kind in SHORT[sink]]
    print(table(results))
    assert all(each.came.good for each in results), "\n" + table(results)
