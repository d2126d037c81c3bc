"""Two workers of one static name: it is said, where the broker says nothing."""

from __future__ import annotations

import pytest
from faust.exceptions import ImproperlyConfigured

from streams.runtime.membership import Displaced
from tests.runtime.harness import Bench, is_ready, until


@pytest.mark.brokers("kafka")
@pytest.mark.parametrize("late", [False, True])
def test_two_workers_of_one_name_end_and_say_why(one: Bench, late: bool) -> None:
    first = one.worker("a", session=6, instance="same")
    if late:
        until(is_ready(first), "ready")
    workers = [first, one.worker("b", session=6, instance="same")]
    until(lambda: any(each.process.poll() is not None for each in workers), "one ends", 60)
    ended = next(each for each in workers if each.process.poll() is not None)
    assert ended.wait() == 1
    assert "another worker seems to have the same group instance id, same; give each worker its own" in ended.log(), (
        ended.log()
    )


def test_three_times_in_a_minute_are_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 50.0, 100.0, 150.0, 155.0])
    monkeypatch.setattr("streams.runtime.membership.time.monotonic", lambda: next(times))
    one = Displaced("same")
    for _ in range(4):
        one.again()
    with pytest.raises(ImproperlyConfigured, match="3 times within 55 seconds"):
        one.again()


def test_without_a_static_name_nobody_is_displaced() -> None:
    one = Displaced(None)
    for _ in range(9):
        one.again()
