"""`portalwatch why` and what a worker really said: the events, the alerts and the journal read back."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition

from schemas import instants
from streams.commands.why import command
from streams.delivery.answers import DELIVERED, NOBODY, Line, group
from streams.delivery.journal import KafkaJournal
from tests.brokers import Broker
from tests.child import free_port
from tests.coordinator import awaited
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.http import until
from tests.e2e.letters import alerts_of
from tests.e2e.test_worker import POLICY, event

SINKS = """
[webhook.warehouse]
url = "http://127.0.0.1:{port}/alerts"
[webhook.other]
url = "http://127.0.0.1:{port}/alerts"
"""
"""Nobody listens there: the sinks stand still."""


def why(under_test: Cluster, *arguments: str) -> Result:
    return CliRunner(env={**under_test.settings}).invoke(command, list(arguments))


def told(under_test: Cluster, *arguments: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(why(under_test, *arguments, "--json").stdout)
    return said


def publish(under_test: Cluster, number: int, item: str, verb: str, key: str, **data: str) -> None:
    at = time.time() - 2.0
    under_test.publish("message", json.dumps(event(number, item, verb, at, **data)).encode(), key)


@pytest.mark.timeout(120)
def test_why(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        under_test.worker().wait_ready()
        publish(under_test, 1, "m-1", "sent", "m-1", department="a", priority="urgent")
        publish(under_test, 2, "m-2", "sent", "p-77", department="b", priority="urgent")  # keyed by the patient
        publish(under_test, 3, "m-3", "sent", "m-3", department="a")
        publish(under_test, 4, "m-3", "replied", "m-3")
        publish(under_test, 5, "m-4", "shouted", "m-4")
        under_test.flush()
        soon = {a["subject"]: a for a in alerts_of(under_test, {"m-1", "m-2"}) if a["data"]["stage"] == "due-soon"}
        until(lambda: missed(under_test) >= {"m-1", "m-2"}, 30, under_test.workers[0].tail)
        look(under_test)
        sinks(under_test, broker, tmp_path, soon["m-1"])


def missed(under_test: Cluster) -> set[str]:
    return {alert["subject"] for alert in under_test.alerts() if alert["data"]["stage"] == "missed"}


def look(under_test: Cluster) -> None:
    for item in ("m-1", "m-2"):
        said = told(under_test, item)
        assert said.get("findings") is None, said
        (work,) = said["works"]
        (clock,) = work["cycles"][0]["clocks"]
        assert [each["outcome"] for each in clock["stages"]][:2] == ["told", "told"]
        assert "told" in said["answer"]
        assert (work["workflow"], work["compared"]) == ("message", True)
    answered = why(under_test, "m-3")
    assert answered.exit_code == 0, answered.stdout
    assert answered.stdout.startswith("Nobody was told: it was answered ")
    refused = why(under_test, "m-4")
    assert "Nobody was told: its event was refused (unknown_type: type: not a type that is known" in refused.stdout
    assert "Traceback" not in refused.stdout
    unknown = why(under_test, "m-999")
    assert (unknown.exit_code, unknown.stdout.splitlines()[0]) == (1, "Nothing is known of m-999.")
    assert "no event names `m-999` as its `subject`" in unknown.stdout
    elsewhere = why(under_test, "m-1", "--workflow", "result")
    assert elsewhere.exit_code == 1
    assert "of any workflow (leave --workflow out)" in elsewhere.stdout
    early = told(under_test, "m-1", "--at", instants.text(round((time.time() - 3600) * 1e6)))
    assert "works" not in early
    assert "its first event came " in early["findings"][0]["words"]


def sinks(under_test: Cluster, broker: Broker, folder: Path, alert: dict[str, Any]) -> None:
    """The journal's line of one alert, and for the other sink how far its group has come."""
    path = folder / "sinks.toml"
    path.write_text(SINKS.format(port=free_port()))
    under_test.settings["PORTALWATCH_SINKS"] = str(path)
    asyncio.run(journal(broker, under_test.prefix, alert["id"]))
    place = next(m for m in under_test.read("alerts") if json.loads(m.value() or b"")["id"] == alert["id"])
    commit(broker, group(under_test.prefix, "other"), place.topic() or "", place.partition() or 0, 0)
    (first, *_) = told(under_test, "m-1")["works"][0]["cycles"][0]["clocks"][0]["told"]
    assert first["id"] == alert["id"]
    found = {(each["sink"], each["state"]): each for each in first["sinks"]}
    assert set(found) == {("other", "ahead"), ("warehouse", "delivered"), ("people", "nobody")}
    assert found["other", "ahead"].get("before", 0) == place.offset()
    assert found["people", "nobody"]["recipients"] == ["desk"]
    assert found["warehouse", "delivered"]["kind"] == "webhook"


async def journal(broker: Broker, app_id: str, event_id: str) -> None:
    kept = KafkaJournal({"bootstrap_servers": [broker.bootstrap]}, app_id, 1)
    at = instants.text(round(time.time() * 1e6))
    kept.note("m-1", Line(at=at, sink="warehouse", event=event_id, result=DELIVERED, status=204))
    kept.note("m-1", Line(at=at, sink="people", event=event_id, result=NOBODY, recipients=("desk",)))
    kept.note("m-2", Line(at=at, sink="people", event=event_id, result=DELIVERED))
    writing = asyncio.create_task(kept.run(4))
    await asyncio.sleep(1.0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


def commit(broker: Broker, group: str, topic: str, partition: int, offset: int) -> None:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    awaited(consumer.commit)(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
    consumer.close()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("no spaces",), 2, "`no spaces` is no item: its name is 1 to 128 of A-Z a-z 0-9 . _ ~ -\n"),
        (("m-1", "--at", "2026-11-10"), 2, "--at is not RFC 3339 with an offset"),
        (("m-1", "--at", "2099-01-01T00:00:00Z"), 2, "--at lies ahead of now, "),
        (("m-1", "--workflow", "letters"), 2, "Usage: "),
        (("m-1",), 1, "kafka://127.0.0.1:"),
    ],
)
def test_wrong_use_and_a_broker_that_does_not_answer(arguments: tuple[str, ...], status: int, message: str) -> None:
    env = {"PORTALWATCH_BROKER": f"kafka://127.0.0.1:{free_port()}"}
    said = CliRunner(env=env).invoke(command, list(arguments))
    assert (said.exit_code, said.stdout) == (status, "")
    assert said.stderr.startswith(message)
