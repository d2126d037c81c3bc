"""A worker on a broker behind TLS, a password and ACLs, with what settings.md says and nothing else."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType  # so that mypy, too, finds them
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from streams.settings import load
from tests.brokers import Broker
from tests.deploy import kafkas
from tests.deploy.manifests import DEPLOY
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.test_worker import POLICY, event
from tests.receiving import Receiver

PAGE = (DEPLOY / "docs/settings.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
BLOCKS_OF_SINKS = re.findall(r"```sh\n(.*?)```", (DEPLOY / "docs/delivery.md").read_text(), re.DOTALL)
SECONDS = 30.0
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional_id": ResourceType.TRANSACTIONAL_ID,
}


def documented_settings() -> dict[str, str]:
    [block] = [each for each in BLOCKS if each.startswith("PORTALWATCH_BROKER")]
    return dict(line.split("=", 1) for line in block.splitlines())


def documented_acls(blocks: list[str] = BLOCKS, marked: str = "kafka-acls.sh") -> list[AclBinding]:
    """What a page's commands allow."""
    [block] = [each for each in blocks if marked in each]
    lines = [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("$acls")]
    return list(dict.fromkeys(binding for line in lines for binding in allowed(shlex.split(line, comments=True)[1:])))


def allowed(arguments: list[str]) -> Iterator[AclBinding]:
    parser = argparse.ArgumentParser()
    for name in ("operation", "topic", "group", "transactional-id"):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--resource-pattern-type", default="literal")
    given = parser.parse_args(arguments)
    named = [(kind, name) for option, kind in RESOURCES.items() for name in getattr(given, option)]
    named += [(ResourceType.BROKER, "kafka-cluster")] * given.cluster
    pattern = ResourcePatternType[given.resource_pattern_type.upper()]
    for kind, name in named:
        for operation in given.operation:
            what = AclOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()]
            yield AclBinding(kind, name, pattern, "User:watch", "*", what, AclPermissionType.ALLOW)


@pytest.fixture(scope="module")
def secured() -> Iterator[Broker]:
    with kafkas.running("secured") as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        for done in admin.create_acls(documented_acls()).values():
            done.result(10)
        yield broker


def at(broker: Broker, folder: Path, **other: str) -> dict[str, str]:
    """The page's settings, with this broker's port and the files of this test."""
    made = next(path for path in broker.folder.glob("*/secure") if path.parent.name.isdigit())
    password = folder / "password"
    password.write_text(kafkas.PASSWORD + "\n")
    return {
        **documented_settings(),
        "PORTALWATCH_BROKER": f"kafka://127.0.0.1:{made.read_text()}",
        "PORTALWATCH_SASL_PASSWORD_FILE": str(password),
        "PORTALWATCH_SSL_CAFILE": str(made.parent / "ca.pem"),
        **other,
    }


@pytest.fixture
def under_test(secured: Broker, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(secured, "portal", tmp_path, POLICY, app_id="portalwatch") as made:
        made.settings |= at(secured, tmp_path)
        yield made


def ended(worker: Worker) -> tuple[int, str]:
    assert worker.process is not None
    return worker.process.wait(60), worker.tail()


def test_the_page_has_all_that_the_program_says_of_security(tmp_path: Path) -> None:
    settings = documented_settings()
    assert {name for name in settings if "SASL" in name or "SSL" in name or "SECURITY" in name} == {
        f"PORTALWATCH_{name}"
        for name in ("SECURITY_PROTOCOL", "SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD_FILE", "SSL_CAFILE")
    }
    for name in ("SASL_PASSWORD_FILE", "SSL_CAFILE"):
        (tmp_path / name).write_text("x")
        settings[f"PORTALWATCH_{name}"] = str(tmp_path / name)
    assert load(settings).bootstrap == ["broker-1:9093", "broker-2:9093"]


def test_a_worker_does_all_its_work_with_what_the_page_allows(under_test: Cluster) -> None:
    worker = under_test.worker()
    worker.wait_ready()
    late = event(1, "m-1", "sent", time.time() - 60, department="a")
    under_test.publish("message", json.dumps(late).encode(), "m-1")
    under_test.publish("message", b"no event", "m-2")
    under_test.flush()
    end = time.monotonic() + SECONDS
    while not (under_test.alerts() and under_test.read("deadletters")):
        assert time.monotonic() < end, worker.tail()
        time.sleep(0.2)
    assert under_test.alerts()[0]["data"]["item"] == "m-1"
    assert worker.signal(signal.SIGTERM) == 0
    again = under_test.worker()  # what it knows it has read back, and its offsets are committed
    again.wait_ready()
    assert again.signal(signal.SIGTERM) == 0
    assert "AuthorizationFailed" not in worker.log.read_text() + again.log.read_text()


def test_sinks_work_with_what_their_page_allows_besides(secured: Broker, under_test: Cluster, tmp_path: Path) -> None:
    """The page's commands are told apart by their group of groups."""
    admin = AdminClient({"bootstrap.servers": secured.bootstrap})
    for done in admin.create_acls(documented_acls(BLOCKS_OF_SINKS, "portalwatch.sink.")).values():
        done.result(10)
    receiver = Receiver()
    receiver.start()
    (tmp_path / "url").write_text(receiver.url("everybody"))
    sinks = tmp_path / "sinks.toml"
    sinks.write_text('[apprise.people]\ngather = "100 ms"\n[apprise.people.recipients]\n"*" = {file = "url"}\n')
    under_test.settings["PORTALWATCH_SINKS"] = str(sinks)
    worker = under_test.worker()
    worker.wait_ready()
    late = event(3, "m-3", "sent", time.time() - 60, department="a")
    under_test.publish("message", json.dumps(late).encode(), "m-3")
    under_test.flush()
    end = time.monotonic() + SECONDS
    while not receiver.told:
        assert time.monotonic() < end, worker.tail()
        time.sleep(0.2)
    assert worker.signal(signal.SIGTERM) == 0
    receiver.stop()
    assert not re.findall(r"AuthorizationFailed|was not written", worker.log.read_text())


def test_who_has_the_wrong_password_ends_and_does_not_tell_it(under_test: Cluster, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("quokka-quokka")
    under_test.settings["PORTALWATCH_SASL_PASSWORD_FILE"] = str(tmp_path / "wrong")
    status, said = ended(under_test.worker())
    assert status == 1
    assert "the worker cannot start" in said
    assert "quokka" not in said


def test_a_broker_that_cannot_show_who_it_is_is_not_talked_to(under_test: Cluster) -> None:
    del under_test.settings["PORTALWATCH_SSL_CAFILE"]
    status, said = ended(under_test.worker())
    assert status == 1
    assert "the worker cannot start" in said
