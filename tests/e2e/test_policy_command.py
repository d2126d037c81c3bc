"""`portalwatch policy apply|show` on a real broker: what is applied is what is shown, and what workers read."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from streams import policies
from streams.commands.policy import command
from streams.topics import ensure
from tests.brokers import Broker
from tests.unit.schemas.policies import POLICY

SECOND = POLICY.replace("version: 2026-11-01", "version: 2026-12-01  # é")


def run(broker: Broker, prefix: str, *arguments: str) -> Result:
    environment = {"PORTALWATCH_BROKER": broker.url, "PORTALWATCH_PREFIX": prefix, "PORTALWATCH_PARTITIONS": "2"}
    return CliRunner(env=environment).invoke(command, list(arguments))


def shown(broker: Broker, prefix: str) -> dict[str, Any]:
    result = run(broker, prefix, "show", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """A policy, the next one, and one that is refused."""
    texts = POLICY, SECOND, POLICY.replace("apply: all", "apply: some")
    paths = [tmp_path / name for name in ("first.yaml", "second.yaml", "bad.yaml")]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    first, second, bad = map(str, paths)
    return first, second, bad


def test_what_is_applied_is_shown_byte_for_byte(broker: Broker, prefix: str, files: tuple[str, str, str]) -> None:
    first, second, _ = files
    nothing = run(broker, prefix, "show")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert f"{prefix}.policy: no policy is in force; `portalwatch policy apply FILE`" in nothing.stderr

    done = run(broker, prefix, "apply", first, "--by", "dr-lee")
    digest = hashlib.sha256(POLICY.encode()).hexdigest()
    said = f"{prefix}.policy: policy 2026-11-01 (sha256 {digest[:12]}) is in force, by dr-lee\n"
    assert (done.exit_code, done.stdout) == (0, said), done.output
    assert run(broker, prefix, "show").stdout_bytes == POLICY.encode()

    again = run(broker, prefix, "apply", second, "--json")
    digest = hashlib.sha256(SECOND.encode()).hexdigest()
    meta = {"version": "2026-12-01", "sha256": digest, "by": getpass.getuser()}
    assert json.loads(again.stdout) == {"topic": f"{prefix}.policy"} | meta
    assert run(broker, prefix, "show").stdout_bytes == SECOND.encode()
    found = shown(broker, prefix)
    assert {key: found[key] for key in meta} == meta
    assert (found["topic"], found["offset"]) == (f"{prefix}.policy", 1)
    assert found["applied_at"].startswith("20")


def test_workers_read_what_was_applied(broker: Broker, prefix: str, files: tuple[str, str, str]) -> None:
    assert run(broker, prefix, "apply", files[0]).exit_code == 0

    async def read() -> policies.Decree | None:
        consumer, found = await policies.open_at_end({"bootstrap_servers": broker.bootstrap}, f"{prefix}.policy")
        await consumer.stop()
        return found

    found = asyncio.run(read())
    assert found is not None
    assert (found.policy.version, found.text) == ("2026-11-01", POLICY.encode())
    assert found.sha256 == shown(broker, prefix)["sha256"]


def test_a_refused_file_is_not_written(broker: Broker, prefix: str, files: tuple[str, str, str]) -> None:
    first, _, bad = files
    assert run(broker, prefix, "apply", first).exit_code == 0
    result = run(broker, prefix, "apply", bad)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{bad}:50: settings.apply: `some` is none of them")
    assert shown(broker, prefix)["offset"] == 0


def test_a_record_that_cannot_be_used_is_not_in_force(broker: Broker, prefix: str, files: tuple[str, str, str]) -> None:
    """Somebody else may write to the topic: workers keep the policy that they have, and so does `show`."""
    assert run(broker, prefix, "apply", files[0]).exit_code == 0

    async def spoil() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(f"{prefix}.policy", b"version: [", b"policy", partition=0)
        finally:
            await producer.stop()

    asyncio.run(spoil())
    assert shown(broker, prefix)["offset"] == 0


def test_a_topic_that_is_there_and_empty_has_no_policy(broker: Broker, prefix: str) -> None:
    asyncio.run(ensure({"bootstrap_servers": broker.bootstrap}, prefix, 2, 1))
    assert run(broker, prefix, "show").exit_code == 1
