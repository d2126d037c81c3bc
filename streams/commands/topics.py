"""`portalwatch topics`: the topics of the contract, what is on the broker, and what does not fit.

A topic that is missing fits: a worker makes it, and so does `--create`.  Status 0: nothing on the broker is amiss; 1:
something is, or the broker cannot be asked (the list is printed all the same); 2: wrong use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.topics import Topic
from streams.commands.asking import ask, failure, quiet, settings, settings_option
from streams.connection import client_options
from streams.settings import Settings
from streams.topics import TopicMismatch, ensure, partition_counts, verify

AT_LEAST = ("max.message.bytes",)
"""Settings of which the broker may have more."""
AT_MOST = ("segment.ms",)
"""Settings of which the broker may have less: the active segment is never compacted."""


class Found(NamedTuple):
    """A topic as the broker has it."""

    partitions: int
    config: Mapping[str, str]


@click.command("topics")
@settings_option
@click.option("--create", is_flag=True, help="Create the topics that are missing.")
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON.")
def command(settings_file: Path | None, *, create: bool, json_output: bool) -> None:
    """List the topics with their settings, and compare them with those on the broker of the settings.

    Status 0: what is there fits, and a worker makes what is missing; 1: something does not fit, or the broker cannot be
    asked. Topics that exist are never changed.
    """
    given = settings(settings_file)
    created = ask(given, _create(given)) if create else []
    found, problem = ask(given, _look(given))
    problems = [problem] if problem else list(mismatches(found, given.prefix))
    if json_output:
        click.echo(_json(given, found, created, problems))
    else:
        for name in created:
            click.echo(f"created {name}")
        click.echo("\n".join(_table(given, None if problem else found)))
        for each in problems:
            click.echo(each, err=True)
    sys.exit(1 if problems else 0)


async def _create(given: Settings) -> list[str]:
    return await ensure(client_options(given), given.prefix, given.partitions, given.replication)


async def _look(given: Settings) -> tuple[dict[str, Found], str | None]:
    """The topics that the broker has, by name, or why it can not be asked."""
    options = client_options(given)
    quiet()
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        return await look(admin, [topic.name(given.prefix) for topic in topics.ALL]), None
    except (KafkaError, TimeoutError) as error:
        return {}, failure(given, error)
    finally:
        await admin.close()


async def look(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Found]:
    """Partition counts and settings of those of the topics that exist."""
    counts = await partition_counts(admin, names)
    if not counts:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in counts])
    configs: dict[str, dict[str, str]] = {}
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return {name: Found(count, configs.get(name, {})) for name, count in counts.items()}


def mismatches(found: Mapping[str, Found], prefix: str) -> Iterator[str]:
    """What does not fit of the topics that are there, each in a sentence."""
    try:
        verify({name: each.partitions for name, each in found.items()}, prefix)
    except TopicMismatch as error:
        yield str(error)
    for topic in topics.ALL:
        name = topic.name(prefix)
        for key, wanted in topic.config().items() if name in found else ():
            has = found[name].config.get(key)
            if has is not None and not fits(key, has, wanted):
                yield f"{name} has {key}={has} and should have {bound(key)}{wanted}"


def fits(key: str, has: str, wanted: str) -> bool:
    """Whether a broker's value of a setting does what is wanted of it."""
    if key in AT_LEAST:
        return int(has) >= int(wanted)
    if key in AT_MOST:
        return int(has) <= int(wanted)
    return {part.strip() for part in has.split(",")} == set(wanted.split(","))


def bound(key: str) -> str:
    """How a sentence puts a limit."""
    return "at least " if key in AT_LEAST else "at most " if key in AT_MOST else ""


def _table(given: Settings, found: Mapping[str, Found] | None) -> Iterator[str]:
    """A line for each topic; `found` None: the broker could not be asked."""
    rows = [("topic", "partitions", "settings", "on the broker")]
    for topic in topics.ALL:
        name = topic.name(given.prefix)
        there = "unknown" if found is None else f"{found[name].partitions} partitions" if name in found else "missing"
        rows.append((name, str(topic.count(given.partitions)), _config(topic), there))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, count, config, there in rows:
        yield f"{name:<{widths[0]}}  {count:>{widths[1]}}  {config:<{widths[2]}}  {there}"


def _config(topic: Topic) -> str:
    return " ".join(f"{key}={value}" for key, value in topic.config().items())


def _json(given: Settings, found: Mapping[str, Found], created: Sequence[str], problems: Sequence[str]) -> str:
    said = {
        "ok": not problems,
        "broker": list(given.broker),
        "created": list(created),
        "topics": [_topic(topic, given, found) for topic in topics.ALL],
        "problems": list(problems),
    }
    return orjson.dumps(said).decode()


def _topic(topic: Topic, given: Settings, found: Mapping[str, Found]) -> dict[str, Any]:
    name, config = topic.name(given.prefix), topic.config()
    there = found.get(name)
    return {
        "name": name,
        "key": topic.key,
        "value": topic.value,
        "partitions": topic.count(given.partitions),
        "config": config,
        "found": there and {"partitions": there.partitions, "config": {k: there.config.get(k) for k in config}},
    }
