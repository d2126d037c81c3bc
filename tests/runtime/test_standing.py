"""What a worker stands: a clock that is put back, a broker that answers no more, a restart under its own name."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from typing import Any

import pytest

from tests.brokers import Broker, running
from tests.runtime.harness import Bench, bench, is_ready, until
from tests.runtime.standins import House


def test_an_hour_put_back_holds_and_repeats_nothing(one: Bench) -> None:
    worker = one.worker()
    until(is_ready(worker), "ready")
    now = time.time()
    one.put([{"t": "open", "id": f"i{n}", "due": now + 1 + n} for n in range(6)])
    until(lambda: "i0:late" in one.said(), "the first is said")
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/back/", timeout=5) as answer:
        assert answer.status == 200
    one.put([{"t": "close", "id": "i5"}, {"t": "open", "id": "new", "due": now + 7}])
    until(lambda: "new:late" in one.said(), "time goes on")
    assert one.said() == [*(f"i{n}:late" for n in range(5)), "new:late"]
    assert time.time() - now < 20
    assert "the machine's clock was put back by 3600 s: going on at the pace of before" in worker.log()
    assert worker.status()["ready"]
    assert worker.stop() == 0


@pytest.mark.brokers("kafka")
def test_a_broker_that_answers_no_more_ends_the_worker_and_is_told_before(broker: Broker, prefix: str) -> None:
    with running(broker.kind) as frozen, bench(frozen, prefix) as one:  # of its own: others need theirs
        worker = one.worker(stall=6)
        until(is_ready(worker), "ready")
        began = time.monotonic()
        os.kill(frozen.pid, signal.SIGSTOP)
        why = until(lambda: (s := worker.status()) and not s["ready"] and s["why"], "not ready any more", 12)
        assert "made no progress for" in why
        assert worker.wait(15) == 70
        assert 5 < time.monotonic() - began < 15
        doomed = rf"WATCHDOG: partition \d made no progress for \d+ s; {one.prefix}.events at 0 of 0, committed 0"
        assert re.search(doomed, worker.log()), "whichever of its two partitions it was first"


@pytest.mark.brokers("kafka")
def test_a_static_member_that_comes_back_in_time_moves_nothing(one: Bench) -> None:
    a, b = (one.worker(name, session=6, instance=name) for name in "ab")
    until(lambda: is_ready(a, b)() and len(a.lanes()) == len(b.lanes()) == 1, "each holds one")
    mine = a.lanes().keys()
    turns = b.log().count("Revoking")
    a.signal(signal.SIGKILL)
    a.wait()
    a.start()
    until(lambda: is_ready(a)() and a.lanes().keys() == mine, "it is back with what it had")
    assert b.log().count("Revoking") == turns, "the other was not disturbed"
    for partition in range(2):
        one.put([{"t": "open", "id": f"i{partition}", "due": 1.0}], partition=partition)
    until(lambda: sorted(one.said()) == ["i0:late", "i1:late"], "both work")
    assert (a.stop(), b.stop()) == (0, 0)


@pytest.mark.brokers("kafka")
def test_a_partition_is_claimed_again_now_and_then_between_two_steps(one: Bench) -> None:
    worker = one.worker(claim=0.3)
    until(is_ready(worker), "ready")
    for n in range(20):
        one.put([{"t": "open", "id": f"i{n}", "due": 1.0}, {"t": "flash", "id": f"f{n}"}])
        time.sleep(0.05)
    until(lambda: one.committed() == 40, "all worked off")
    until(lambda: len(one.said()) == 40, "and said")
    assert sorted(one.said()) == sorted([*(f"i{n}:late" for n in range(20)), *(f"f{n}:flash" for n in range(20))])
    assert set(one.table("open")) == {f"i{n}" for n in range(20)}
    assert "another writer" not in worker.log()
    assert worker.log().count("for transactional id") > 2 * 2 * 2, "twice for each claim of each partition"
    assert worker.stop() == 0


async def test_a_recovery_says_once_a_second_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def agent(batch: Any) -> None:
        """Is not called."""

    caplog.set_level("INFO")
    house = House(agent)
    now = time.monotonic()
    for n, at in enumerate((0.2, 0.9, 1.1, 1.5, 2.0, 2.2)):
        monkeypatch.setattr("time.monotonic", lambda at=at: now + at)
        house.lane._beat(n * 100, 500)
    lines = [record.getMessage() for record in caplog.records if "offsets read" in record.getMessage()]
    assert lines == [
        "partition 0: 200 of 500 changelog offsets read",
        "partition 0: 500 of 500 changelog offsets read",
    ]
    assert (house.lane.recovery, house.lane.where()) == ((500, 500), "in at 0 of ?, committed ?")
