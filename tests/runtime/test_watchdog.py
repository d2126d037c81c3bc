"""The watchdog's verdicts, by the times it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streams.runtime.settings import Settings
from streams.runtime.watchdog import Watchdog

SETTINGS = Settings(stall_timeout=60.0)
PHASES = ["recovery", "agent", "fence", "lead", "effects", "changelog", "lost", "fetch", "claim"]


@dataclass
class Lane:
    partition: int = 3
    phase: str = "fetch"
    since: float = 1000.0
    progress_at: float = 1000.0
    uncommitted_at: float | None = None

    def anew(self, now: float) -> None:
        self.since = self.progress_at = now
        self.uncommitted_at = self.uncommitted_at and now

    def where(self) -> str:
        return "in at 5 of 9, committed 4"


def dog(lane: Lane | None = None) -> Watchdog:
    one = Watchdog({lane.partition: lane} if lane else {}, SETTINGS)
    one.beat, one.joining = 1000.0, None
    return one


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_may_last_so_long(phase: str) -> None:
    one = dog(Lane(phase=phase, progress_at=1061.0))
    one.beat = 1060.0
    assert one.verdict(1060.0) is None
    assert one.verdict(1061.0) == f"partition 3 stuck in {phase} for 61 s; in at 5 of 9, committed 4"


@pytest.mark.parametrize("phase", [*PHASES, "idle"])
def test_rounds_without_progress(phase: str) -> None:
    """As with a dead broker, or with one input of several that is not answered: phases come and go, `known` stays."""
    one = dog(Lane(phase=phase, since=1060.0))
    one.beat = 1060.0
    assert one.verdict(1060.0) is None
    assert one.verdict(1061.0) == "partition 3 made no progress for 61 s; in at 5 of 9, committed 4"


def test_work_that_cannot_be_committed() -> None:
    one = dog(Lane(since=1060.0, progress_at=1060.0, uncommitted_at=1000.0))
    one.beat = 1060.0
    assert one.verdict(1060.0) is None
    assert one.verdict(1061.0) == "partition 3 could not commit for 61 s; in at 5 of 9, committed 4"


def test_it_can_be_asked_before_the_time_is_up() -> None:
    one = dog(Lane(since=1030.0))
    one.beat = 1030.0
    assert one.verdict(1031.0) is None
    assert one.verdict(1031.0, 0.5) == "partition 3 made no progress for 31 s; in at 5 of 9, committed 4"


def test_the_loop() -> None:
    assert dog().verdict(1030.0) is None
    assert dog().verdict(1031.0) == "the event loop stood still for 31 s"


def test_joining_the_group() -> None:
    one = dog()
    one.beat, one.joining = 1091.0, 1000.0
    assert one.verdict(1090.0) is None
    assert one.verdict(1091.0) == "no assignment for 91 s"


def test_an_idle_worker_without_partitions_is_well() -> None:
    one = dog()
    one.beat = 99_999.0
    assert one.verdict(99_999.0) is None


def test_a_worker_that_is_being_stopped_has_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    one = dog(Lane(phase="agent"))
    one.doom("stop", 20.0)
    one.doom("a second reason", 1.0)
    assert one.verdict(1019.0) is None
    assert one.verdict(1021.0) == "did not stop in time after: stop"


def test_all_clocks_start_anew_when_the_process_had_been_stopped() -> None:
    lane = Lane(phase="agent", uncommitted_at=1000.0)
    one = dog(lane)
    one.joining = 1000.0
    one._start_anew(5000.0)
    assert (lane.since, lane.progress_at, lane.uncommitted_at) == (5000.0, 5000.0, 5000.0)
    assert (one.beat, one.joining) == (5000.0, 5000.0)
    assert one.verdict(5001.0) is None
