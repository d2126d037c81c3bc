"""The topics of section 1: as data, and made and verified on real brokers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas import topics
from streams.topics import TopicMismatch, TopicRefused, ensure, partition_counts, verify
from tests.brokers import Broker

NAMES = [
    "messages", "appointments", "results", "questionnaires", "commands", "alerts", "alerts.open", "scorecards",
    "policy", "deadletters",
]  # fmt: skip
SHARED = NAMES[:8]


def options(broker: Broker) -> dict[str, Any]:
    return {"bootstrap_servers": broker.bootstrap}


async def with_admin(broker: Broker, *new: NewTopic, counts_of: list[str]) -> dict[str, int]:
    """Create topics and wait until the broker lists them, then look up the counts of some."""
    admin = AIOKafkaAdminClient(**options(broker))
    await admin.start()
    try:
        if new:
            assert all(code == 0 for _, code, *_ in (await admin.create_topics(list(new))).topic_errors)
            while not {topic.name for topic in new} <= set(await admin.list_topics()):  # noqa: ASYNC110 - a broker polls
                await asyncio.sleep(0.05)
        return await partition_counts(admin, counts_of)
    finally:
        await admin.close()


async def settings_of(broker: Broker, name: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(**options(broker))
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()


def test_names_and_settings_are_those_of_section_1() -> None:
    assert [topic.name() for topic in topics.ALL] == [f"portal.{name}" for name in NAMES]
    configs = {topic.suffix: topic.config() for topic in topics.ALL}
    assert all(configs[name] == {"cleanup.policy": "delete"} for name in NAMES[:6])
    assert configs["alerts.open"] == configs["policy"] == {"cleanup.policy": "compact", "segment.ms": "600000"}
    assert configs["scorecards"] == {
        "cleanup.policy": "compact,delete", "retention.ms": "3456000000", "segment.ms": "600000",
    }  # fmt: skip
    assert configs["deadletters"] == {
        "cleanup.policy": "delete", "retention.ms": "2592000000", "max.message.bytes": "16777216",
        "message.timestamp.after.max.ms": "9223372036854775807",
    }  # fmt: skip


def test_each_workflow_has_its_input() -> None:
    assert topics.inputs("clinic") == {
        "clinic.messages": "message",
        "clinic.appointments": "appointment",
        "clinic.results": "result",
        "clinic.questionnaires": "questionnaire",
    }


async def test_what_is_missing_is_made_and_said_once(
    broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streams.topics")
    created = await ensure(options(broker), prefix, 3, 1)
    assert sorted(created) == sorted(f"{prefix}.{name}" for name in NAMES)
    counts = await with_admin(broker, counts_of=created)
    assert counts == {f"{prefix}.{name}": 1 if name == "policy" else 3 for name in NAMES}
    for name in created:
        assert sum(f"created topic {name}:" in line for line in caplog.messages) == 1
    assert await ensure(options(broker), prefix, 3, 1) == []


async def test_they_are_made_with_their_settings(broker: Broker, prefix: str) -> None:
    await ensure(options(broker), prefix, 1, 1)
    for topic in topics.ALL:
        assert topic.config().items() <= (await settings_of(broker, topic.name(prefix))).items()


async def test_a_count_that_all_have_holds_whatever_the_setting(broker: Broker, prefix: str) -> None:
    await ensure(options(broker), prefix, 2, 1)
    assert await ensure(options(broker), prefix, 7, 1) == []


async def test_dead_letters_may_have_any_count(broker: Broker, prefix: str) -> None:
    await with_admin(broker, NewTopic(f"{prefix}.deadletters", 5, 1), counts_of=[])
    assert len(await ensure(options(broker), prefix, 2, 1)) == len(NAMES) - 1


async def test_a_topic_that_does_not_fit_stops_all_before_anything_is_made(broker: Broker, prefix: str) -> None:
    await with_admin(broker, NewTopic(f"{prefix}.messages", 3, 1), counts_of=[])
    with pytest.raises(TopicMismatch) as caught:
        await ensure(options(broker), prefix, 4, 1)
    message = str(caught.value)
    assert f"{prefix}.messages has 3" in message
    assert f"{prefix}.results, which is missing, would get 4" in message
    assert "set PORTALWATCH_PARTITIONS to 3" in message
    names = [f"{prefix}.{name}" for name in NAMES]
    assert await with_admin(broker, counts_of=names) == {f"{prefix}.messages": 3}


async def test_two_that_start_together_make_each_topic_once(broker: Broker, prefix: str) -> None:
    both = await asyncio.gather(ensure(options(broker), prefix, 2, 1), ensure(options(broker), prefix, 2, 1))
    assert sorted(both[0] + both[1]) == sorted(f"{prefix}.{name}" for name in NAMES)


@pytest.mark.brokers("kafka")
async def test_a_refusal_of_the_broker_is_told(broker: Broker, prefix: str) -> None:
    with pytest.raises(TopicRefused, match=rf"refused to create {prefix}\..*replication 3"):
        await ensure(options(broker), prefix, 1, 3)


def counts(**different: int) -> dict[str, int]:
    """The counts of section 1 for four partitions, but for the topics named (`_` for a dot)."""
    usual = {f"portal.{name}": 4 for name in SHARED} | {"portal.policy": 1, "portal.deadletters": 4}
    return usual | {f"portal.{name.replace('_', '.')}": count for name, count in different.items()}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (counts(results=6), ["portal.results has 6", "portal.messages has 4", "make them anew"]),
        (counts(alerts_open=1), ["portal.alerts.open has 1", "portal.alerts has 4"]),
        (counts(policy=4), ["portal.policy has 4 partitions and must have 1"]),
    ],
)
def test_a_mismatch_names_topics_and_counts(found: dict[str, int], words: list[str]) -> None:
    with pytest.raises(TopicMismatch) as caught:
        verify(found, "portal")
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("found", [counts(), counts(deadletters=1), {}, {"portal.policy": 1}])
def test_counts_that_fit_pass(found: dict[str, int]) -> None:
    verify(found, "portal")
    with pytest.raises(TopicMismatch):
        verify(found | {"portal.policy": 2}, "portal")
