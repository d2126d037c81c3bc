"""A worker that wakes in the middle of a step, when its partition has had another owner and that one has died too.

The window that no check can close: the worker is stopped between its last word from the group and the broker's append.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.harness import Bench, Worker, is_ready, until

OPEN: list[dict[str, Any]] = [{"t": "open", "id": f"i{n}", "due": 0} for n in range(3)]
KILLED = -signal.SIGKILL
REFUSED = "partition 0: the broker refused our writing in "


def written(bench: Bench) -> dict[str, list[tuple[bytes, bytes | None]]]:
    """All that was ever written of partition 0, but for position marks."""
    topics = (f"{bench.prefix}.app-items-changelog", f"{bench.prefix}.open", f"{bench.prefix}.said")
    return {t: [(m.key(), m.value()) for m in bench.read(t) if m.key()[:1] != b"\x00"] for t in topics}


def is_stopped(worker: Worker) -> bool:
    stat = Path(f"/proc/{worker.process.pid}/stat").read_text()
    return stat.rsplit(")", 1)[1].split()[0] == "T"


@pytest.mark.brokers("kafka")
@pytest.mark.parametrize("phase", ["lead", "effects", "changelog"])
def test_what_wakes_when_its_heir_has_died_is_refused(one: Bench, phase: str) -> None:
    """A stops in a step; B takes over, works, and is killed; A wakes, is refused, and goes on from what B left."""
    first = one.worker("first", session=2)
    one.put([*OPEN, {"t": "open", "id": "late", "due": 1.0}])
    until(lambda: one.said() == ["late:late"] and one.committed() == 4, "worked off")
    assert first.stop() == 0
    a = one.worker("a", session=2, stop_at=f"{phase}:1")
    until(is_ready(a), "ready again")
    one.put([{"t": "add", "id": "i0", "n": 1}, {"t": "close", "id": "late"}, {"t": "flash", "id": "f"}])
    until(lambda: is_stopped(a), f"it stops in {phase}")
    b = one.worker("b", session=2)
    until(lambda: one.committed() == 7, "its heir does the step")
    one.put([{"t": "add", "id": "i0", "n": 10}, {"t": "close", "id": "i1"}])
    until(lambda: one.committed() == 9, "and the next")
    b.signal(signal.SIGKILL)
    assert b.wait() == KILLED
    before = written(one)
    a.signal(signal.SIGCONT)
    until(lambda: REFUSED + phase in a.log(), "refused")
    one.put([{"t": "add", "id": "i0", "n": 100}])
    until(lambda: one.committed() == 10, "it takes the partition anew, and goes on")
    items, *_ = before
    state = b'{"due": 0, "sum": 111, "late": false}'
    assert written(one) == before | {items: [*before[items], (b"i0", state)]}
    assert one.table("count")["0/n"] == 10
    assert one.table("open") == {}
    assert a.stop() == 0
