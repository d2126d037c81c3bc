"""People are told in digests by real workers: once, whatever is down or dies."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.delivery.run import wait
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.test_worker import POLICY, event
from tests.receiving import Receiver, receiver

EVERY, GATHER = 2.0, 1.5
WHO = ("pool-a", "call-a", "committee")
"""Whom an escalated message tells when its stages come at once."""
BODY = "{% for line in lines %}{{ line.items | join(' ') }} {% endfor %}"
SINKS = f"""
[apprise.people]
every = "{EVERY} seconds"
gather = "{GATHER} seconds"
timeout = "2 seconds"
longest_wait = "0.5 seconds"
detail = "full"
templates = "words"

[apprise.people.recipients]
pool-a = {{file = "pool-a"}}
call-a = [{{file = "call-a"}}]
"*" = {{file = "committee"}}
"""


class Scene:
    """A cluster whose people are served by a receiver."""

    def __init__(self, under_test: Cluster, served: Receiver) -> None:
        self.cluster, self.served = under_test, served
        self.numbers = 0

    def send(self, items: Sequence[str], verb: str = "sent") -> None:
        at = time.time() - (30 if verb == "sent" else 0)  # long enough ago that the whole ladder has come
        for item in items:
            self.numbers += 1
            one = event(self.numbers, item, verb, at, department="a")
            self.cluster.publish("message", json.dumps(one).encode(), item)
        self.cluster.flush()

    def told(self, who: str) -> Counter[str]:
        """The items that somebody was told, and how often."""
        return Counter(item for each in self.served.of(who) for item in each.body.split())

    def all_told(self, items: Sequence[str], who: Sequence[str] = WHO) -> None:
        assert wait(lambda: all(set(items) <= set(self.told(name)) for name in who), 40), self.complaint(items)

    def complaint(self, items: Sequence[str]) -> str:
        missing = {name: sorted(set(items) - set(self.told(name))) for name in WHO}
        return f"not told: {missing}\n" + "\n\n".join(worker.tail() for worker in self.cluster.workers)

    def teller(self) -> Worker:
        """The worker that holds the sink's partitions, by what workers said last."""
        found: list[Worker] = []

        def one() -> bool:
            found[:] = [
                each for each in self.cluster.workers if holds(each, f"group {self.cluster.prefix}.sink.people: ")
            ]
            return len(found) == 1

        assert wait(one, 20), "\n\n".join(worker.tail() for worker in self.cluster.workers)
        return found[0]


def holds(worker: Worker, words: str) -> bool:
    said = [line for line in worker.log.read_text().splitlines() if words + "partitions" in line]
    return bool(said) and not said[-1].endswith("[]")


def results(worker: Worker) -> dict[str, float]:
    url = f"http://127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    told = {
        line.split('result="')[1].split('"')[0]: float(line.split()[-1])
        for line in lines
        if "deliveries_total{" in line
    }
    backlog = [
        float(line.split()[-1]) for line in lines if line.startswith('portalwatch_delivery_backlog{sink="people"}')
    ]
    return {**told, "backlog": backlog[0]}


def sinks(folder: Path, served: Receiver) -> Path:
    for who in WHO:
        (folder / who).write_text(served.url(who) + "\n")
    (folder / "words").mkdir()
    (folder / "words" / "body.txt").write_text(BODY)
    (folder / "sinks.toml").write_text(SINKS)
    return folder / "sinks.toml"


def many_at_once(scene: Scene, worker: Worker) -> list[str]:
    """50 items are one digest for each recipient; the items."""
    many = [f"m-{n}" for n in range(50)]
    scene.send(many)
    scene.all_told(many)
    for who in WHO:
        (digest,) = scene.served.of(who)
        assert digest.title == "50 messages in a were missed and are still open"
    assert wait(lambda: results(worker)["delivered"] == 150)
    assert results(worker)["backlog"] == 0
    return many


def one_is_down(scene: Scene, worker: Worker) -> list[str]:
    """It is told what still stands once it is back, the others at once; what stands."""
    down = [f"down-{n}" for n in range(10)]
    scene.served.statuses["pool-a"] = 503
    scene.send(down)
    scene.all_told(down, ["call-a", "committee"])
    assert wait(lambda: "pool-a" in scene.served.tries[-2:])
    scene.send(down[:6], "replied")
    assert wait(lambda: results(worker)["superseded"] == 6), results(worker)
    scene.served.statuses.clear()
    scene.all_told(down[6:])
    assert scene.served.of("pool-a")[-1].title == "4 messages in a were missed and are still open"
    assert results(worker)["failed"] > 0
    return down[6:]


def told_once(scene: Scene, expected: set[str]) -> None:
    """Nothing lost, nothing doubled, and no digest too soon after another."""
    for who in WHO:
        lost, doubled = expected - set(scene.told(who)), {i: n for i, n in scene.told(who).items() if n > 1}
        assert (lost, doubled) == (set(), {}), who
    assert set(scene.told("pool-a")) == expected
    for who in WHO:
        pauses = [b.at - a.at for a, b in zip(scene.served.of(who), scene.served.of(who)[1:], strict=False)]
        assert min(pauses) > EVERY - 0.2, pauses


@pytest.mark.timeout(180)
def test_people_are_told_once_in_digests_whatever_is_down_or_dies(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with (
        receiver() as served,
        cluster(
            broker, prefix, tmp_path, POLICY, sinks=str(sinks(tmp_path, served)), session_timeout="3 seconds",
            log_level="DEBUG",
        ) as under_test,
    ):  # fmt: skip
        scene = Scene(under_test, served)
        first = under_test.worker()
        first.wait_ready()

        expected = {*many_at_once(scene, first), *one_is_down(scene, first)}

        second = under_test.worker()
        second.wait_ready()
        teller = scene.teller()
        other = second if teller is first else first
        behind = [f"behind-{n}" for n in range(8)]
        if broker.kind == "kafka":  # the embedded broker keeps no text beside an offset, so nobody may stand apart
            served.statuses["pool-a"] = 503
            scene.send(behind)
            scene.all_told(behind, ["call-a", "committee"])
        owed = [f"owed-{n}" for n in range(8)]
        scene.send(owed)
        assert wait(lambda: {each["subject"] for each in under_test.alerts()} >= set(owed))
        teller.signal(signal.SIGKILL)
        last = [f"last-{n}" for n in range(8)]
        scene.send(last)
        served.statuses.clear()
        scene.all_told([*owed, *last, *(behind if broker.kind == "kafka" else ())])
        time.sleep(EVERY)

        told_once(scene, expected | {*owed, *last, *(behind if broker.kind == "kafka" else ())})
        assert holds(other, f"group {prefix}.sink.people: ")
        logs = "".join(worker.log.read_text(errors="replace") for worker in under_test.workers)
        for secret in (f":{served.port}", "json:", "messages in a", "m-17"):
            assert secret not in logs
