"""The job of the runtime's tests: items open, are added to, close; one whose due time passes is said to be late.

Two inputs (`events`, `extras`), a table that leads (`open`, on the topic `<prefix>.open`), two that do not (`items`,
`count`), effects on `<prefix>.said`. Settings come from the environment, and so do its faults: a phase at whose n-th
entry the process kills itself, stops itself or hangs, an event that raises, a wall clock that is put back. The runtime
knows of none of them.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from faust.types import StreamT

from streams.runtime import App, Batch, Record, Table, lane
from streams.runtime.lane import Lane

PREFIX = os.environ.get("JOB_PREFIX", "job")
NAME = os.environ.get("JOB_NAME", "a")
SAID = f"{PREFIX}.said"


def fit(key: bytes, value: bytes) -> str | None:
    """What is wrong with a record of the items' changelog."""
    try:
        return None if set(json.loads(value)) == {"due", "sum", "late"} else "not an item"
    except ValueError:
        return "not JSON"


app = App(
    f"{PREFIX}.app",
    broker=os.environ.get("JOB_BROKER", "kafka://127.0.0.1:9092"),
    topic_partitions=int(os.environ.get("JOB_PARTITIONS", "2")),
    datadir=os.environ.get("JOB_DATADIR", "."),
    chunk=int(os.environ.get("JOB_CHUNK", "100")),
    commit_every=float(os.environ.get("JOB_COMMIT", "0.1")),
    stall_timeout=float(os.environ.get("JOB_STALL", "60")),
    broker_session_timeout=float(os.environ.get("JOB_SESSION", "3")),
    broker_heartbeat_interval=0.4,
    broker_rebalance_timeout=10.0,
    consumer_group_instance_id=os.environ.get("JOB_INSTANCE"),
    skip_corrupt="JOB_SKIP" in os.environ,
    rewind="JOB_REWIND" in os.environ,
    guarded=[SAID],
    web_port=int(os.environ.get("JOB_PORT", "6066")),
    web_bind="127.0.0.1",
    broker_client_id=NAME,
)
items: Table = app.Table("items", fit=fit)  # type: ignore[assignment] # faust.App.Table knows only of its own kind
count: Table = app.Table("count")  # type: ignore[assignment]
said: Table = app.Table("open", changelog=f"{PREFIX}.open", leads=True)  # type: ignore[assignment]
set_aside: list[dict[str, Any]] = []
put_back = 0.0
due: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)


@app.lanes.recovered
def rebuild(partition: int) -> None:
    due[partition] = []
    for key, value in items.slice(partition).items():
        watch(partition, key.decode(), json.loads(value))


@app.lanes.set_aside
def keep(partition: int, records: Sequence[Record]) -> None:
    set_aside.extend({"topic": r.topic, "offset": r.offset, "value": (r.value or b"").decode()} for r in records)


@app.lanes.released
async def forget(partition: int) -> None:
    due.pop(partition, None)  # it may go before it was recovered


def watch(partition: int, item: str, state: dict[str, Any]) -> None:
    if state["due"] and not state["late"]:
        heapq.heappush(due[partition], (state["due"], item))


def say(batch: Batch, what: str, item: str) -> None:
    value = {"id": f"{item}:{what}", "by": NAME, "pid": os.getpid(), "known": batch.known, "at": time.time()}
    batch.send(SAID, item.encode(), json.dumps(value).encode(), partition=batch.partition, headers=[("what", b"x")])


def take(batch: Batch, event: dict[str, Any]) -> None:
    mine, item = items.slice(batch.partition), event["id"]
    key = item.encode()
    now = mine.get(key)
    state = json.loads(now) if now else None
    match event["t"]:
        case "open":
            state = {"due": event.get("due", 0), "sum": 0, "late": False}
            watch(batch.partition, item, state)
            mine.put(key, json.dumps(state).encode())
        case "add" if state:
            mine.put(key, json.dumps(state | {"sum": state["sum"] + event["n"]}).encode())
        case "close" if state:
            mine.pop(key)
            if said.slice(batch.partition).pop(key):
                say(batch, "ended", item)
        case "flash":  # there and gone within one step
            said.slice(batch.partition).put(key, b"flash")
            say(batch, "flash", item)
            said.slice(batch.partition).pop(key)
        case "echo":
            batch.send(SAID, key, json.dumps({"id": f"{item}:echo", "pad": event["pad"]}).encode())
        case "boom":
            raise RuntimeError("boom")


async def work(batch: Batch) -> None:
    async with batch:
        for record in batch.records:
            take(batch, json.loads(record.value or b""))
            if json.loads(record.value or b"")["t"] == "stall":
                await asyncio.sleep(3600)
        if batch.records:
            total = count.slice(batch.partition)
            total.put(b"n", str(int(total.get(b"n") or 0) + len(batch.records)).encode())
        if due[batch.partition]:
            batch.wake_at = due[batch.partition][0][0]


@app.agent(app.batches(f"{PREFIX}.events"))
async def events(stream: StreamT[Batch]) -> None:
    async for batch in stream:
        await work(batch)


@app.agent(app.batches(f"{PREFIX}.extras"))
async def extras(stream: StreamT[Batch]) -> None:
    async for batch in stream:
        await work(batch)


@app.agent(app.ticks)
async def ticks(stream: StreamT[Batch]) -> None:
    async for batch in stream:
        async with batch:
            heap, mine, told = due[batch.partition], items.slice(batch.partition), said.slice(batch.partition)
            while heap and heap[0][0] <= batch.known:
                _, item = heapq.heappop(heap)
                key = item.encode()
                state = json.loads(mine.get(key) or b"null")
                if state and not state["late"]:
                    told.put(key, b"late")
                    say(batch, "late", item)
                    mine.put(key, json.dumps(state | {"late": True}).encode())
            if heap:
                batch.wake_at = heap[0][0]


@app.page("/status/")
async def status(view: Any, request: Any) -> Any:
    ready, why = app.lanes.ready()
    return view.json({"ready": ready, "why": why, "lanes": app.lanes.status(), "pid": os.getpid(), "aside": set_aside})


@app.page("/back/")
async def back(view: Any, request: Any) -> Any:
    """The wall clock of this process is put back by an hour."""
    global put_back  # noqa: PLW0603 - a clock is global
    put_back += 3600
    return view.json({"put_back": put_back})


def wall(real: Callable[[], float] = time.time) -> float:
    return real() - put_back


def arm() -> None:
    """Faults by environment: JOB_DIE_AT, _STOP_AT, _HANG_AT = `phase:n`, the n-th entry of partition 0 to the phase."""
    enter = Lane.enter
    left = {kind: parse(os.environ.get(kind)) for kind in ("JOB_DIE_AT", "JOB_STOP_AT", "JOB_HANG_AT")}

    def faulty(self: Lane, phase: str) -> None:
        for kind, fault in left.items():
            if fault and phase == fault[0] and self.partition == 0:
                fault[1] -= 1
                if not fault[1] and kind == "JOB_DIE_AT":
                    os.write(2, f"DIE {phase}\n".encode())
                    os.kill(os.getpid(), signal.SIGKILL)
                elif not fault[1] and kind == "JOB_STOP_AT":
                    os.write(2, f"STOP {phase}\n".encode())
                    os.kill(os.getpid(), signal.SIGSTOP)
                elif not fault[1]:
                    os.write(2, f"HANG {phase}\n".encode())
                    time.sleep(3600)
        enter(self, phase)

    Lane.enter = faulty  # type: ignore[method-assign]


def parse(text: str | None) -> list[Any] | None:
    if not text:
        return None
    phase, n = text.split(":")
    return [phase, int(n)]


arm()
time.time = wall
lane.CLAIM_EVERY = float(os.environ.get("JOB_CLAIM", lane.CLAIM_EVERY))
