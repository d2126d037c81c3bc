"""`portalwatch topics`: the list, and what a real broker has of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner, Result

from schemas import topics
from streams.commands.topics import Found, command, mismatches
from tests.brokers import Broker
from tests.child import free_port

NAMES = [topic.suffix for topic in topics.ALL]


def run(url: str, prefix: str, *arguments: str) -> Result:
    environment = {"PORTALWATCH_BROKER": url, "PORTALWATCH_PREFIX": prefix, "PORTALWATCH_PARTITIONS": "3"}
    return CliRunner(env=environment).invoke(command, list(arguments))


def make(broker: Broker, *new: NewTopic) -> None:
    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        try:
            assert all(code == 0 for _, code, *_ in (await admin.create_topics(list(new))).topic_errors)
            while not {topic.name for topic in new} <= set(await admin.list_topics()):  # noqa: ASYNC110 - a broker polls
                await asyncio.sleep(0.05)
        finally:
            await admin.close()

    asyncio.run(create())


def test_missing_topics_fit_and_can_be_made(broker: Broker, prefix: str) -> None:
    before = run(broker.url, prefix)
    assert (before.exit_code, before.stderr) == (0, ""), before.output
    lines = before.stdout.splitlines()
    assert len(lines) == 1 + len(NAMES)
    assert all(line.endswith("missing") for line in lines[1:])
    assert lines[1].split() == [f"{prefix}.messages", "3", "cleanup.policy=delete", "missing"]

    made = run(broker.url, prefix, "--create", "--json")
    said: dict[str, Any] = json.loads(made.stdout)
    assert (made.exit_code, said["ok"], said["problems"]) == (0, True, []), made.output
    assert sorted(said["created"]) == sorted(f"{prefix}.{name}" for name in NAMES)
    assert [topic["name"] for topic in said["topics"]] == [f"{prefix}.{name}" for name in NAMES]
    for topic in said["topics"]:
        assert topic["found"]["partitions"] == topic["partitions"] == (1 if topic["name"].endswith(".policy") else 3)
        assert topic["found"]["config"] == topic["config"]

    after = run(broker.url, prefix, "--create")
    assert (after.exit_code, after.stderr) == (0, "")
    assert after.stdout.splitlines()[1].endswith("3 partitions")
    assert "created" not in after.stdout


def test_what_does_not_fit_is_told(broker: Broker, prefix: str) -> None:
    make(
        broker,
        NewTopic(f"{prefix}.messages", 3, 1),
        NewTopic(f"{prefix}.results", 2, 1),
        NewTopic(f"{prefix}.alerts.open", 3, 1, topic_configs={"cleanup.policy": "delete", "segment.ms": "1000"}),
    )
    result = run(broker.url, prefix)
    assert result.exit_code == 1
    counts, cleanup = result.stderr.splitlines()
    assert f"{prefix}.messages has 3, {prefix}.results has 2" in counts
    assert cleanup == f"{prefix}.alerts.open has cleanup.policy=delete and should have compact"
    assert "2 partitions" in result.stdout
    refused = run(broker.url, prefix, "--create")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"{prefix}.results has 2" in refused.stderr


def test_without_a_broker_the_list_is_printed_and_the_failure_told() -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    result = run(url, "portal")
    assert result.exit_code == 1
    assert [line.split()[-1] for line in result.stdout.splitlines()[1:]] == ["unknown"] * len(NAMES)
    assert result.stderr.startswith(f"{url}: the broker cannot be asked: ")
    said = json.loads(run(url, "portal", "--json").stdout)
    assert (said["ok"], len(said["topics"]), len(said["problems"])) == (False, len(NAMES), 1)
    assert run(url, "portal", "--create").exit_code == 1


def test_wrong_use() -> None:
    assert run("kafka://127.0.0.1:1", "no spaces").exit_code == 2
    result = CliRunner().invoke(command, ["--settings", "/nonexistent.toml"])
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("topic", "config", "said"),
    [
        (
            "deadletters",
            {"max.message.bytes": "1048588"},
            "max.message.bytes=1048588 and should have at least 16777216",
        ),
        ("deadletters", {"retention.ms": "604800000"}, "retention.ms=604800000 and should have 2592000000"),
        ("deadletters", {"max.message.bytes": "33554432"}, None),
        ("scorecards", {"cleanup.policy": "delete, compact"}, None),
        ("scorecards", {"cleanup.policy": "compact"}, "cleanup.policy=compact and should have compact,delete"),
        ("policy", {"segment.ms": "604800000"}, "segment.ms=604800000 and should have at most 600000"),
        ("policy", {"segment.ms": "60000"}, None),
        ("messages", {"retention.ms": "1"}, None),
    ],
)
def test_settings_fit_or_do_not(topic: str, config: dict[str, str], said: str | None) -> None:
    found = {f"portal.{topic}": Found(1 if topic == "policy" else 4, config)}
    assert list(mismatches(found, "portal")) == ([f"portal.{topic} has {said}"] if said else [])
