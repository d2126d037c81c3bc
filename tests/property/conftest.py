"""The searches are not traced for coverage: that takes four times as long, and they go where other tests go too."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Without a tracer (pytest-cov's own mark `no_cover` only stops writing down under xdist, and saves no time)."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
