"""How a worker ends: cleanly when asked, loudly when something is wrong, and always with a reason."""

from __future__ import annotations

import functools
import signal
import time
from collections.abc import Callable

from tests.runtime.harness import Bench, is_ready, until

Benches = Callable[[], Bench]
OPEN = {"t": "open", "id": "i1", "due": 0}


def test_failures_end_the_worker_and_commit_nothing(benches: Benches) -> None:
    """An agent's error, an undecodable record, an agent that does not come back, a loop that stands still; at once."""
    cases = {name: benches() for name in ("boom", "undecodable", "stall", "hang")}
    cases["boom"].put([OPEN, {"t": "flash", "id": "f"}, {"t": "boom", "id": "b"}])
    cases["stall"].put([OPEN, {"t": "flash", "id": "f"}, {"t": "stall", "id": "b"}])
    cases["hang"].put([OPEN, {"t": "flash", "id": "f"}])
    bad = cases["undecodable"]
    bad.producer.produce(f"{bad.prefix}.events", b"no event", b"k", partition=0)
    assert bad.producer.flush(20) == 0
    workers = {
        name: bench.worker(stall=4, **({"hang_at": "effects:1"} if name == "hang" else {}))
        for name, bench in cases.items()
    }
    ends = {name: worker.wait(40) for name, worker in workers.items()}
    assert ends["boom"] not in (0, 70)
    assert ends["undecodable"] not in (0, 70)
    assert (ends["stall"], ends["hang"]) == (70, 70)
    assert "stopping the worker: partition 0 in agent: RuntimeError('boom')" in workers["boom"].log()
    assert "stopping the worker: partition 0 in agent: JSONDecodeError" in workers["undecodable"].log()
    assert "WATCHDOG: partition 0 stuck in agent for" in workers["stall"].log()
    assert "WATCHDOG: the event loop stood still for" in workers["hang"].log()
    for name, bench in cases.items():
        assert bench.committed() == 0, name
        assert (bench.said(), bench.table("items")) == ([], {}), name


def test_asked_to_stop(benches: Benches) -> None:
    """By SIGTERM or SIGINT: the step is finished, committed, the group left."""
    numbers = {benches(): number for number in (signal.SIGTERM, signal.SIGINT)}
    workers = {bench: bench.worker() for bench in numbers}
    for bench, worker in workers.items():
        until(is_ready(worker), "ready")
        bench.put([OPEN | {"id": f"i{n}"} for n in range(500)])
        until(functools.partial(bench.table, "items"), "work is under way")
        began = time.monotonic()
        worker.signal(numbers[bench])
        assert worker.wait(10) == 0
        assert time.monotonic() - began < 8
        if bench.broker.kind == "kafka":
            assert "LeaveGroup request succeeded" in worker.log()
        assert bench.committed() == len(bench.table("items")) == bench.table("count")["0/n"]


def test_what_does_not_fit_is_refused_with_its_name(benches: Benches) -> None:
    other, fewer, early = benches(), benches(), benches()
    other.make("app-items-changelog", partitions=3)
    fewer.prefix = f"{fewer.prefix}x"
    fewer.make("events", "said")
    fewer.make("extras", partitions=3)
    fewer.make("open", config={"cleanup.policy": "compact"})
    early.prefix = f"{early.prefix}x"
    early.make("events", "extras")
    workers = {bench: bench.worker() for bench in (other, fewer, early)}
    for worker in workers.values():
        assert worker.wait() not in (0, 70)
    assert f"{other.prefix}.app-items-changelog has 3" in workers[other].log()
    assert f"{fewer.prefix}.extras has 3" in workers[fewer].log()
    wanted = f"{early.prefix}.open, {early.prefix}.said"  # a table that leads, and a topic that is guarded
    assert f"topics are missing: create {wanted} with 2 partitions" in workers[early].log()
