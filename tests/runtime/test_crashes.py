"""A worker killed (-9) at each point of a step, and workers killed, stopped and joined under load: nothing is lost.

What can be seen after the kill shows the order: open alerts, effects, tombstones and tables, offsets.
"""

from __future__ import annotations

import functools
import json
import random
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.runtime.harness import Bench, Worker, until

Benches = Callable[[], Bench]
KILLED = -signal.SIGKILL
ENDS, CHUNK = 2, 100
"""Steps that `test_two_workers...` cuts off, and records of a step."""

# In one step: an item opens, one is open and ends, one comes and goes.
EVENTS: list[dict[str, Any]] = [
    {"t": "open", "id": "i1", "due": 0},
    {"t": "add", "id": "i1", "n": 3},
    {"t": "flash", "id": "i2"},
]
ITEMS = {"i1": {"due": 0, "sum": 3, "late": False}}


def test_killed_at_each_phase(benches: Benches) -> None:
    """Every phase at once, each on topics of its own."""
    phases = {phase: benches() for phase in ("agent", "lead", "effects", "changelog", "idle")}
    for phase, bench in phases.items():
        bench.put(EVENTS)
        bench.worker(session=2, die_at=f"{phase}:1", commit=30)
    for bench in phases.values():
        assert bench.workers[0].wait() == KILLED, bench.workers[0].log()[-2000:]
    seen = {phase: what_is_seen(bench) for phase, bench in phases.items()}
    nothing = {"open": 0, "said": [], "items": {}, "committed": 0}
    assert seen["agent"] == seen["lead"] == nothing
    assert seen["effects"] == nothing | {"open": 1}
    assert seen["changelog"] == nothing | {"open": 1, "said": ["i2:flash"]}
    assert seen["idle"] == {"open": 2, "said": ["i2:flash"], "items": ITEMS, "committed": 0}
    for bench in phases.values():
        bench.worker("b", session=2)
    for phase, bench in phases.items():
        until(functools.partial(has_committed, bench, 3), f"{phase}: all worked off and committed")
        assert bench.table("items") == ITEMS
        assert bench.table("open") == {}
        assert bench.table("count") == {"0/n": 3}
        repeats = 2 if phase == "changelog" else 1
        assert bench.said() == ["i2:flash"] * repeats, f"{phase}: only between effect and mark is a repeat allowed"


def has_committed(bench: Bench, offset: int) -> bool:
    return bench.committed() == offset


def what_is_seen(bench: Bench) -> dict[str, Any]:
    items = bench.table("items")
    return {"open": len(bench.read("open")), "said": bench.said(), "items": items, "committed": bench.committed()}


class Load:
    """Items opened, added to, closed, at random, on both partitions; what the tables must be in the end."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.random, self.n = bench, random.Random(7), 0
        self.items: dict[str, dict[str, Any]] = {}
        self.count = {"0/n": 0, "1/n": 0}
        self.late: set[str] = set()

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.burst()
            time.sleep(0.05)

    def burst(self) -> None:
        partition = self.random.randrange(2)
        events = [self.event(partition) for _ in range(20)]
        self.count[f"{partition}/n"] += len(events)
        self.bench.put(events, "events", partition)

    def event(self, partition: int) -> dict[str, Any]:
        mine = [item for item in self.items if item.startswith(f"p{partition}-")]
        choice = self.random.random()
        if choice < 0.4 or not mine:
            self.n += 1
            item = f"p{partition}-{self.n}"
            due = 1.0 if self.random.random() < 0.3 else 0  # long past: late at the first tick; or never
            self.items[item] = {"due": due, "sum": 0, "late": bool(due)}
            if due:
                self.late.add(f"{item}:late")
            return {"t": "open", "id": item, "due": due}
        item = self.random.choice(mine)
        if choice < 0.9 or self.items[item]["due"]:
            self.items[item]["sum"] += 1
            return {"t": "add", "id": item, "n": 1}
        del self.items[item]
        return {"t": "close", "id": item}


def holds(*workers: Worker) -> bool:
    """Whether these workers together hold both partitions, and each is ready."""
    lanes = [one.lanes() for one in workers]
    return sorted(p for each in lanes for p in each) == [0, 1] and all(one.status().get("ready") for one in workers)


def test_two_workers_under_kill_stop_and_rebalance(one: Bench) -> None:
    a = one.worker("a", session=2)
    until(lambda: holds(a), "the first worker holds all")
    load = Load(one)
    load.run(0.6)
    b = one.worker("b", session=2)
    until(lambda: holds(a, b) and len(a.lanes()) == 1, "each holds one")
    (kept,) = a.lanes()
    tail = a.log()[a.log().rindex("partitions: ") :]
    assert f"partition {kept}: 0 records recovered" in tail, "what stays is not read again"
    load.run(0.6)
    b.signal(signal.SIGKILL)
    b.wait()
    load.run(0.6)
    b.start()
    load.run(0.6)
    until(lambda: holds(a, b), "both are back")
    a.signal(signal.SIGSTOP)
    load.run(3.5)  # longer than its session: b takes over
    a.signal(signal.SIGCONT)
    load.run(0.6)
    until(lambda: holds(a, b), "both are back again")
    all_is_right(load)
    assert b.stop() == 0
    until(lambda: holds(a), "the one that is left holds all")
    assert a.stop() == 0


def all_is_right(load: Load) -> None:
    """All offsets committed, every late item said and nothing else, the tables as worked out without a runtime."""
    one = load.bench
    total = {p: load.count[f"{p}/n"] for p in range(2)}
    until(lambda: {p: one.committed("events", p) for p in range(2)} == total, f"all committed: {total}")
    until(lambda: load.late <= set(one.said()), "every late item is said")
    assert one.table("items") == load.items
    # Of two tables the one without the mark is written first: a kill between them repeats that step's count, no more.
    over = {place: count - load.count[place] for place, count in one.table("count").items()}
    assert all(0 <= more <= ENDS * CHUNK for more in over.values()), over
    assert {name for name in one.said() if not name.endswith(":ended")} == load.late


def test_a_table_is_read_back_and_a_strangers_records_are_written_over(one: Bench) -> None:
    a = one.worker("a", session=2)
    one.put([{"t": "open", "id": item, "due": due} for item, due in (("i1", 0), ("i2", 1.0), ("i3", 0))])
    until(lambda: one.said() == ["i2:late"], "the late one is said")
    before = one.table("items")
    stranger = json.dumps({"due": 1.0, "sum": 99, "late": False})
    for key, value in (("i1", stranger), ("i2", None), ("i4", stranger), (b"\x00position", json.dumps({"x": 1}))):
        one.producer.produce(f"{one.prefix}.app-items-changelog", value, key, partition=0)
    for key, value in (("i2", None), ("i1", "late")):
        one.producer.produce(f"{one.prefix}.open", value, key, partition=0)
    assert one.producer.flush(20) == 0
    one.put([{"t": "add", "id": "i3", "n": 1}, {"t": "flash", "id": "f"}])
    until(lambda: one.committed() == 5, "the step that notices")
    assert one.table("items") == before | {"i3": {"due": 0, "sum": 1, "late": False}}
    assert one.table("open") == {"i2": "late"}
    assert a.log().count("records of another writer") == 2
    marks = [json.loads(m.value()) for m in one.read(f"{one.prefix}.app-items-changelog") if m.key()[:1] == b"\x00"]
    assert marks[-1] == {f"{one.prefix}.events": 5, f"{one.prefix}.extras": 0}
    a.signal(signal.SIGKILL)
    a.wait()
    b = one.worker("b", session=2)
    one.put([{"t": "add", "id": "i1", "n": 5}, {"t": "close", "id": "i2"}])
    until(lambda: one.committed() == 7, "the next worker goes on")
    assert one.table("items") == {
        "i1": {"due": 0, "sum": 5, "late": False},
        "i3": {"due": 0, "sum": 1, "late": False},
    }
    assert one.said() == ["i2:late", "f:flash", "i2:ended"]
    assert one.table("open") == {}
    assert b.stop() == 0
