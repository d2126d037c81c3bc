"""What every test may use: a real broker, a topic prefix of its own, and Hypothesis kept to a modest size.

`broker` runs a test once on each kind of broker (`--broker embedded|kafka|both`). `@pytest.mark.brokers("kafka")` keeps
a test to the kinds named. With CI set, or a kind asked for by name, a broker that is missing is a failure; else its
half of the tests is deselected, and a line says so. PORTALWATCH_TEST_PROFILE=deep lets Hypothesis search longer.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import brokers

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("PORTALWATCH_TEST_PROFILE", "default"))

ABSENT = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--broker`: the kinds of broker to test on."""
    parser.addoption(
        "--broker", choices=[*brokers.KINDS, "both"], default="both", help="the brokers to test on (default: both)"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `broker` once on each kind that the option and the test's marker name."""
    if "broker" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("broker")
    marker = metafunc.definition.get_closest_marker("brokers")
    kinds = brokers.KINDS if marker is None else marker.args
    unknown = set(kinds) - set(brokers.KINDS)
    if unknown:
        raise pytest.UsageError(f"no such broker: {', '.join(unknown)}; known: {', '.join(brokers.KINDS)}")
    metafunc.parametrize("broker", kinds, indirect=True, scope="session")
    metafunc.config.stash.setdefault(ABSENT, {}).update(
        {kind: f"--broker {asked}" for kind in kinds if asked not in ("both", kind)}
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of a broker that was not asked for or, outside CI, cannot be had."""
    absent = config.stash.setdefault(ABSENT, {})
    needed = {kind for item in items if (kind := kind_of(item)) and kind not in absent}
    if "CI" not in os.environ and config.getoption("broker") == "both":
        absent.update({kind: why for kind in sorted(needed) if (why := brokers.why_not(kind))})
    dropped = [item for item in items if kind_of(item) in absent]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """One line for each kind of broker that is left out."""
    absent = config.stash.get(ABSENT, {})
    return [f"tests on the {kind} broker are deselected: {why}" for kind, why in absent.items()]


def kind_of(item: pytest.Item) -> str | None:
    """The kind of broker on which this item runs, None if on none."""
    kind = (
        item.callspec.params.get("broker") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )
    return kind if isinstance(kind, str) else None


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[brokers.Broker]:
    """A running broker, shared by the session: take topic names from `prefix`, and restart it if you stop it."""
    with brokers.running(request.param) as running:
        yield running


@pytest.fixture
def prefix() -> str:
    """A topic prefix (and group name) that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"
