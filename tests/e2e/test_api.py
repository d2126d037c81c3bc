"""The HTTP interface of live workers: each answers for all, through a kill; streams go on; acts count (section 10)."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.http import ACTOR, NURSE, Stream, ask, tokens, until
from tests.e2e.test_worker import event

POLICY = """
version: hours
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  a: {pool: pool-a, on_call: call-a}
  b: {pool: pool-b}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{when: {priority: urgent}, within: 10 minutes}, {within: 2 hours}]
    stages:
      - {name: due-soon, at: 50%, notify: pool}
      - {name: missed, at: due, severity: critical, notify: on_call}
settings: {lead: 0 minutes}
"""
MARKER = "p-4821"
ITEMS = 24


def send(under_test: Cluster, number: int, verb: str = "sent", ago: float = 1.0, **data: str) -> None:
    given = event(number, f"m-{number}", verb, time.time() - ago, patient=MARKER, **data)
    if verb != "sent":
        given["id"] = f"e{number}-{verb}"
    under_test.publish("message", json.dumps(given).encode(), f"m-{number}")
    under_test.flush()


def pending(worker: Worker, query: str = "", token: str = ACTOR) -> set[str] | None:
    """The items that a worker tells of; None unless it answers for all."""
    answer = ask(worker.port, f"/api/items?limit=500{query}", token)
    assert MARKER not in json.dumps(answer.json)
    return {row["item"] for row in answer.json["items"]} if answer.status == 200 else None


def begun(under_test: Cluster) -> tuple[Worker, Worker]:
    """Two workers with partitions each, and their items."""
    workers = under_test.worker(), under_test.worker()
    for worker in workers:
        worker.wait_ready()
    until(lambda: all(1 <= len(w.get("/readyz")[1]["partitions"]) <= 3 for w in workers), 40)
    for number in range(ITEMS):
        send(under_test, number, department="ab"[number % 2])
    expected = {f"m-{number}" for number in range(ITEMS)}
    for worker in workers:
        until(lambda worker=worker: pending(worker) == expected, 30, worker.tail)  # type: ignore[misc]
    return workers


@pytest.mark.timeout(180)
def test_each_worker_answers_for_all_through_a_kill(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY, tokens=str(tokens(tmp_path))) as under_test:
        first, second = begun(under_test)
        everything = {f"m-{number}" for number in range(ITEMS)}
        evens = {f"m-{number}" for number in range(0, ITEMS, 2)}
        assert pending(first, token=NURSE) == pending(second, token=NURSE) == evens
        assert pending(second, "&department=b") == everything - evens
        for worker in (first, second):
            for number in range(ITEMS):
                assert ask(worker.port, f"/api/items/message/m-{number}").status == 200
            assert ask(worker.port, "/api/items/message/m-999").status == 404
        theirs = {int(p) for p in second.get("/readyz")[1]["partitions"]}

        stream, elsewhere = Stream(first.port), Stream(second.port)
        until_complete(stream)
        assert second.signal(signal.SIGKILL) == -signal.SIGKILL
        assert elsewhere.ended.wait(10)
        answer = ask(first.port, "/api/items")
        assert (answer.status, answer.json["missing"]) == (503, sorted(theirs))
        assert int(answer.headers["Retry-After"]) >= 1
        partial = ask(first.port, "/api/items?limit=500&partial=yes").json
        assert partial["seen"]["missing"] == sorted(theirs)
        assert 0 < len(partial["items"]) < ITEMS
        assert ask(first.port, "/api/items/message/m-999").status == 503
        assert stream.next("reset")
        until(lambda: pending(first) == everything, 60, first.tail)
        until_complete(stream)
        second.start()
        second.wait_ready()
        until(lambda: pending(second) == everything, 60, second.tail)
        assert ask(second.port, "/api/items/message/m-999").status == 404
        again = Stream(second.port, last="00000000-7")
        assert again.next("reset")
        for each in (stream, again):
            each.close()


def until_complete(stream: Stream) -> None:
    """Until a status says that nothing is missing."""
    while (status := stream.next("status").data)["seen"].get("missing"):
        pass
    assert status["workers"] >= 1


@pytest.mark.timeout(150)
def test_acts_count_wherever_they_are_taken_and_streams_go_on(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY, tokens=str(tokens(tmp_path))) as under_test:
        first, second = begun(under_test)
        act(under_test, (first, second))
        streams = [Stream(first.port), Stream(second.port), Stream(second.port, NURSE)]
        for stream in streams:
            until_complete(stream)
        delays, last = [], ""
        for number in range(100, 108):
            sent_at = time.monotonic()
            send(under_test, number, department="a")
            for stream in streams:
                change = told(stream, f"m-{number}")
                delays.append(change.at - sent_at)
                last = change.id if stream is streams[0] else last
        assert sorted(delays)[len(delays) // 2] < 1.0, delays
        streams[0].close()
        send(under_test, 200, department="b")
        send(under_test, 201, department="a")
        gather(streams[1], {"m-200", "m-201"})
        resumed = Stream(first.port, last=last)
        seen = gather(resumed, {"m-200", "m-201"})
        assert not seen & {f"m-{number}" for number in range(100, 108)}
        nurse = [row["item"] for event in drained(streams[2]) for row in event.data.get("items", ())]
        assert "m-200" not in nurse
        asked = time.monotonic()
        assert second.signal(signal.SIGTERM) == 0
        assert time.monotonic() - asked < 15, "an open stream holds up the end"
        assert streams[1].ended.wait(5)


def told(stream: Stream, item: str) -> Any:
    """The change that tells of an item."""
    while True:
        change = stream.next("change")
        if any(row["item"] == item for row in change.data.get("items", ())):
            return change


def gather(stream: Stream, wanted: set[str]) -> set[str]:
    """All items that are told of until these were; several may come with one event, and none with a reset."""
    seen: set[str] = set()
    while not wanted <= seen:
        change = stream.next("change", "reset")
        assert change.kind == "change"
        seen |= {row["item"] for row in change.data.get("items", ())}
    return seen


def drained(stream: Stream) -> list[Any]:
    return [stream.events.get_nowait() for _ in range(stream.events.qsize())]


def act(under_test: Cluster, workers: tuple[Worker, Worker]) -> None:
    """Acknowledge and assign here and there; look on the other worker whether it counts."""
    for number in range(4):
        send(under_test, 300 + number, ago=320.0, department="a", priority="urgent")
    for worker in workers:
        until(lambda worker=worker: len(firing(worker)) == 4, 20, worker.tail)  # type: ignore[misc]
    for number, alert in enumerate(sorted(firing(workers[0]))):
        worker = workers[number % 2]
        done = ask(worker.port, f"/api/alerts/{alert}/acknowledge", body={}, **{"Idempotency-Key": f"act-{number:04}"})
        assert done.status == 202, done
        assert (done.json["act"], done.json["by"]) == (f"act-{number:04}", "n.lee")
    notices = until(lambda: [a for a in under_test.alerts() if a["data"].get("stage") == "acknowledged"])
    assert {notice["data"]["by"] for notice in notices} == {"n.lee"}

    taken = ask(workers[1].port, "/api/items/message/m-0/assign", NURSE, {})
    assert taken.status == 202
    until(lambda: row(workers[0], "m-0").get("owner") == "kim")
    assert ask(workers[0].port, "/api/items/message/m-0/assign", body={"if_owner": ""}).status == 409
    assert ask(workers[0].port, "/api/items/message/m-1/assign", NURSE, {}).status == 404
    undo = taken.json["undo"]
    assert ask(workers[0].port, undo["path"], NURSE, undo["body"]).status == 202
    until(lambda: row(workers[1], "m-0").get("owner") == "pool-a")
    assert under_test.read("deadletters") == []
    history = ask(workers[0].port, "/api/items/message/m-0").json["history"]
    assert [(each["action"], each.get("by")) for each in history] == [("open", None), *[("route", "kim")] * 2]
    assert history[1]["act"] == taken.json["act"]


def firing(worker: Worker) -> set[str]:
    answer = ask(worker.port, "/api/alerts?limit=500")
    return {each["data"]["alert"] for each in answer.json["alerts"]} if answer.status == 200 else set()


def row(worker: Worker, item: str) -> dict[str, Any]:
    answer = ask(worker.port, f"/api/items/message/{item}")
    return answer.json["row"] if answer.status == 200 else {}
