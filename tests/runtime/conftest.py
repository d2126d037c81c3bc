"""A bench on each broker: topics, a producer, workers of the test job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.brokers import Broker
from tests.runtime.harness import Bench, bench

Benches = Callable[[], Bench]


@pytest.fixture
def benches(broker: Broker, prefix: str) -> Iterator[Benches]:
    """As many benches as a test asks for, each with topics of its own."""
    with ExitStack() as stack:
        count = iter(range(100))
        yield lambda: stack.enter_context(bench(broker, f"{prefix}-{next(count)}"))


@pytest.fixture
def one(benches: Benches) -> Bench:
    return benches()
