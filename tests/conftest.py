"""What every test may use: a real broker, a topic prefix of its own, and Hypothesis kept to a modest size.

`broker` runs a test once on each kind of broker (`--broker embedded|kafka|both`). `@pytest.mark.brokers("kafka")` keeps
a test to the kinds named. With CI set, or a kind asked for by name, a broker that is missing is a failure; else its
half of the tests is deselected, and a line says so. PORTALWATCH_TEST_PROFILE=deep lets Hypothesis search longer.

Several processes (`make test`; `-n 0` is one) share the work so: tests that wait for brokers and workers come first and
wait beside each other; those that only compute come last and do not disturb them. Each process has its own brokers,
started when first asked for.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import brokers

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("PORTALWATCH_TEST_PROFILE", "default"))

LONG = frozenset({"chaos", "e2e", "property", "runtime"})
"""In these folders each test is long enough to be dealt out by itself."""
TOGETHER = frozenset(
    {
        "tests/chaos/test_chaos.py",
        "tests/e2e/test_demo.py",
        "tests/property/test_helpdesk_report.py",
        "tests/runtime/stock/test_stories.py",
    }
)
"""But these share what is costly to make, or ports (a demo looks for free ones from the same ones on as another), or
would make each other late."""
LONGEST = frozenset({"test_compiled.py", "test_helpdesk_report.py", "test_report_doc.py"})
"""Of those that only compute these begin first: one process would be at them alone when the others have done."""
UNTRACED = frozenset({"board", "chaos", "delivery", "e2e", "model", "property"})
"""Tests in these folders are not traced for coverage: they compute for long, or start programs that are not traced
either, and go where other tests go too. Traced, they take up to four times as long."""
WAITING = frozenset({"broker", "composed", "secured"})
"""Fixtures that are other processes."""
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What waits goes first. Tests of a broker that was not asked for or, outside CI, cannot be had are deselected."""
    items.sort(key=lambda item: (not waits(item), item.path.name not in LONGEST))
    absent = config.stash.setdefault(ABSENT, {})
    needed = {kind for item in items if (kind := kind_of(item)) and kind not in absent}
    if "CI" not in os.environ and config.getoption("broker") == "both":
        absent.update({kind: why for kind in sorted(needed) if (why := brokers.why_not(kind))})
    dropped = [item for item in items if kind_of(item) in absent]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Without a tracer (pytest-cov's own mark `no_cover` only stops writing down under xdist, and saves no time)."""
    tracer = sys.gettrace()
    if not UNTRACED.isdisjoint(item.path.parts):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """One line for each kind of broker that is left out."""
    return left_out(config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """As one of several processes: tell the first what was left out."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["absent"] = session.config.stash.get(ABSENT, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """As the first of several processes: hear what one of the others left out."""
    node.config.stash.setdefault(ABSENT, {}).update(getattr(node, "workeroutput", {}).get("absent", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was left out, where it could not be told before: the first of several processes collects nothing itself."""
    if config.getoption("numprocesses", None):
        for line in left_out(config):
            terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As the first of several processes: deal out portions in the order that the tests have.

    xdist's own groups (3.8) go by a mark that it writes into the ids of tests, where pytest 9.2 no longer looks for it.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # by size
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = portion
    return scheduling


def portion(nodeid: str) -> str:
    """What one process runs as a whole: a module, or a single test of those that are long."""
    path = nodeid.partition("::")[0]
    return path if path in TOGETHER or LONG.isdisjoint(path.split("/")) else nodeid


def left_out(config: pytest.Config) -> list[str]:
    """One line for each kind of broker whose tests do not run."""
    absent = config.stash.get(ABSENT, {})
    return [f"tests on the {kind} broker are deselected: {why}" for kind, why in absent.items()]


def waits(item: pytest.Item) -> bool:
    """Whether a test spends its time on waiting for other processes."""
    processes = not WAITING.isdisjoint(getattr(item, "fixturenames", ()))
    return processes or not {"board", "e2e", "chaos"}.isdisjoint(item.path.parts)


def kind_of(item: pytest.Item) -> str | None:
    """The kind of broker on which this item runs, None if on none."""
    kind = (
        item.callspec.params.get("broker") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )
    return kind if isinstance(kind, str) else None


@pytest.fixture(scope="session")
def broker_of() -> Iterator[Callable[[str], brokers.Broker]]:
    """The session's broker of a kind, started when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, brokers.Broker] = {}

        def of(kind: str) -> brokers.Broker:
            if kind not in started:
                started[kind] = stack.enter_context(brokers.running(kind))
            return started[kind]

        yield of


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, broker_of: Callable[[str], brokers.Broker]) -> brokers.Broker:
    """A running broker, shared by the session: take topic names from `prefix`, and restart it if you stop it."""
    return broker_of(request.param)


@pytest.fixture
def prefix() -> str:
    """A topic prefix (and group name) that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"
