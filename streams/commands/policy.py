"""`portalwatch policy apply FILE` and `portalwatch policy show`: the policy in force, in the topic `portal.policy`.

Status 0: done; 1: there is none, or the broker cannot be asked; 2: wrong use, or a file that is refused.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas import instants, topics
from schemas.policy import Policy
from streams import policies
from streams.commands import fail
from streams.commands.asking import ask, settings, settings_option
from streams.connection import client_options
from streams.core.policy_check import PolicyError, load
from streams.settings import Settings
from streams.topics import ensure, partition_counts


class InForce(NamedTuple):
    """The policy in force and the headers of its record."""

    decree: policies.Decree
    headers: dict[str, str]


@click.group("policy")
def command() -> None:
    """Put a policy file into force, or show the one that is."""


@command.command("apply")
@click.argument("file", type=str)
@click.option("--by", metavar="NAME", help="Who puts it into force; default: the name of the user of this machine.")
@settings_option
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON.")
def apply(file: str, by: str | None, settings_file: Path | None, *, json_output: bool) -> None:
    """Put the policy FILE into force.

    Every worker takes it at once; `settings.apply` in it says whether pending work is judged by it too. A file that is
    refused is not written (status 2). `portalwatch check FILE` says more about a file, and `portalwatch diff OLD NEW`
    what it changes.
    """
    text = _read(file)
    given = settings(settings_file)
    who = by if by is not None else _user()
    if not who.strip():
        return fail("--by: is empty; give a name")
    policy = ask(given, _apply(given, text, who, file))
    topic = topics.POLICY.name(given.prefix)
    said = {name: value.decode() for name, value in policies.headers(text, policy, who)}
    if json_output:
        click.echo(orjson.dumps({"topic": topic} | said).decode())
    else:
        click.echo(f"{topic}: policy {policy.version} (sha256 {said['sha256'][:12]}) is in force, by {who}")
    return None


@command.command("show")
@settings_option
@click.option("--json", "json_output", is_flag=True, help="Say version, sha256, by, when and where, not the file.")
def show(settings_file: Path | None, *, json_output: bool) -> None:
    """Print the policy in force.

    The file comes byte for byte as it was applied.
    """
    given = settings(settings_file)
    topic = topics.POLICY.name(given.prefix)
    found = ask(given, _in_force(given))
    if found is None:
        click.echo(f"{topic}: no policy is in force; `portalwatch policy apply FILE` puts one there", err=True)
        sys.exit(1)
    if json_output:
        click.echo(orjson.dumps(_metadata(topic, found)).decode())
    else:
        sys.stdout.buffer.write(found.decree.text)
        sys.stdout.flush()


def _read(file: str) -> bytes:
    """The bytes of a policy file that would be accepted; ends the process with status 2 if it would not."""
    try:
        text = Path(file).read_bytes()
        load(text, file)
    except OSError as error:
        fail(f"{file}: can not be read: {error.strerror or error}; give the path of a policy file")
        raise
    except PolicyError as error:
        fail(str(error))
        raise
    return text


def _user() -> str:
    """The user of this machine; ends the process with status 2 where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        fail("--by: who you are cannot be told; give a name")
        raise


async def _apply(given: Settings, text: bytes, by: str, name: str) -> Policy:
    """Write it, to a topic that is made if it is missing."""
    client = client_options(given)
    await ensure(client, given.prefix, given.partitions, given.replication, [topics.POLICY])
    return await policies.write(client, topics.POLICY.name(given.prefix), text, by, name=name)


async def _in_force(given: Settings) -> InForce | None:
    """The policy in force; None if there is none, or no topic."""
    client, topic = client_options(given), topics.POLICY.name(given.prefix)
    if not await _exists(client, topic):
        return None  # a reader would make the topic on a broker that creates what it is asked about
    consumer, found = await policies.open_at_end(client, topic)
    try:
        if found is None:
            return None
        partition = TopicPartition(topic, 0)
        consumer.seek(partition, found.offset)
        record = await consumer.getone(partition)
        return InForce(found, {name: value.decode("utf-8", "replace") for name, value in record.headers})
    finally:
        await consumer.stop()


async def _exists(client: dict[str, Any], topic: str) -> bool:
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        return topic in await partition_counts(admin, [topic])
    finally:
        await admin.close()


def _metadata(topic: str, found: InForce) -> dict[str, Any]:
    decree = found.decree
    return {
        "topic": topic,
        "version": decree.policy.version,
        "sha256": decree.sha256,
        "by": found.headers.get("by"),
        "applied_at": instants.text(round(decree.at * 1e6)),
        "offset": decree.offset,
    }
