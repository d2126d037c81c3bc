"""The AsyncAPI 3.0 document: every topic with what is sent on it, from `schemas.topics` and the forms.

Portalwatch is the application: it receives the inputs, the commands and the policy, and sends the rest.  Schemas are
those of the JSON Schema documents, with their parts under `components`.
"""

from __future__ import annotations

from typing import Any, Final

from schemas import topics
from schemas.events import COMMANDS
from schemas.topics import Topic
from streams.published.alerts import alert_parts
from streams.published.common import Schema
from streams.published.events import event_parts, types
from streams.published.scorecards import scorecard_parts

VERSION: Final = "3.0.0"
CONTRACT: Final = "1"
KAFKA: Final = "0.5.0"
"""Version of the Kafka bindings."""
CLOUDEVENT: Final = "application/cloudevents+json"
TEMPLATE: Final = "#/components/schemas/{name}"
RECEIVED: Final = (*topics.INPUTS.values(), topics.COMMANDS, topics.POLICY)
HEADERS: Final = {
    "policy": ("version", "sha256", "by"),
    "deadletters": tuple(
        f"portalwatch.{each}" for each in ("reason", "detail", "topic", "partition", "offset", "received_at")
    ),
}
"""Headers of a record, by the topic's suffix."""
BINARY: Final = "In binary mode the attributes are headers with the prefix ce_, and the value is `data`."


def asyncapi(prefix: str = topics.DEFAULT_PREFIX) -> dict[str, Any]:
    """The document, for topics of this prefix."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Portalwatch",
            "version": CONTRACT,
            "description": "Watches patient portal work against its time benchmarks: says what is late or about to be.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CLOUDEVENT,
        "channels": {topic.suffix: _channel(topic, prefix) for topic in topics.ALL},
        "operations": {_operation(topic): _action(topic) for topic in topics.ALL},
        "components": {
            "messages": {topic.suffix: _message(topic) for topic in topics.ALL},
            "schemas": event_parts(TEMPLATE) | alert_parts(TEMPLATE) | scorecard_parts(TEMPLATE),
        },
    }


def _channel(topic: Topic, prefix: str) -> dict[str, Any]:
    binding: dict[str, Any] = {"topic": topic.name(prefix), "bindingVersion": KAFKA}
    if topic.partitions is topics.Partitions.ONE:
        binding["partitions"] = 1
    return {
        "address": topic.name(prefix),
        "description": f"Key: {topic.key}. Value: {topic.value}.",
        "messages": {topic.suffix: {"$ref": f"#/components/messages/{topic.suffix}"}},
        "bindings": {"kafka": binding | {"topicConfiguration": _configuration(topic)}},
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    known: dict[str, Any] = {
        "cleanup.policy": list(topic.cleanup),
        "retention.ms": topic.retention_ms,
        "max.message.bytes": topic.max_message_bytes,
    }
    return {name: value for name, value in known.items() if value is not None}


def _operation(topic: Topic) -> str:
    return f"{'receive' if topic in RECEIVED else 'send'}-{topic.suffix}"


def _action(topic: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if topic in RECEIVED else "send",
        "channel": {"$ref": f"#/channels/{topic.suffix}"},
        "messages": [{"$ref": f"#/channels/{topic.suffix}/messages/{topic.suffix}"}],
    }


def _message(topic: Topic) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": topic.suffix,
        "summary": topic.value,
        "payload": _payload(topic),
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA}},
    }
    if topic is topics.POLICY:
        message["contentType"] = "application/yaml"
    if topic is topics.DEAD_LETTERS:
        message["contentType"] = "application/octet-stream"
    if topic in (*topics.INPUTS.values(), topics.COMMANDS):
        message["description"] = BINARY
    if names := HEADERS.get(topic.suffix):
        message["headers"] = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    return message


def _payload(topic: Topic) -> Schema:
    for workflow, each in topics.INPUTS.items():
        if topic is each:
            return _events(types(workflow))
    if topic is topics.COMMANDS:
        return _events(list(COMMANDS))
    alert = {"$ref": TEMPLATE.format(name="Alert")}
    others: dict[str, Schema] = {
        topics.ALERTS.suffix: alert,
        topics.OPEN_ALERTS.suffix: {
            "oneOf": [alert, {"type": "null"}],
            "description": "Null is a tombstone: it ended.",
        },
        topics.SCORECARDS.suffix: {
            "oneOf": [{"$ref": TEMPLATE.format(name="Scorecard")}, {"type": "null"}],
            "description": "What one partition adds to a row, to be summed over partitions. Null: its window is over.",
        },
        topics.POLICY.suffix: {"type": "string", "description": "The policy file, as bytes in UTF-8."},
        topics.DEAD_LETTERS.suffix: {"description": "The value as it was received, byte for byte."},
    }
    return others[topic.suffix]


def _events(names: list[str]) -> Schema:
    return {"allOf": [{"$ref": TEMPLATE.format(name="Event")}, {"properties": {"type": {"enum": names}}}]}
