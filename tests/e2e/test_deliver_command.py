"""`portalwatch deliver --dry-run`: what would be sent now, to whom; nothing is sent, and no progress is moved."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.commands.deliver import command
from streams.delivery.answers import group
from tests.brokers import Broker
from tests.child import free_port
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.letters import alerts_of
from tests.e2e.test_why import commit
from tests.e2e.test_worker import POLICY, event

SINKS = """
[alertmanager.clinic]
urls = ["http://127.0.0.1:{port}/secret-path"]
[alertmanager.inside]
board = "https://board.example.org"
urls = ["http://127.0.0.1:{port}/secret-path"]
detail = "full"
[apprise.people.recipients]
pool-a = {{env = "PORTALWATCH_TEST_APPRISE"}}
"*" = {{env = "PORTALWATCH_TEST_APPRISE"}}
[webhook.warehouse]
url = "http://127.0.0.1:{port}/secret-path"
token = {{env = "PORTALWATCH_TEST_TOKEN"}}
"""


def dry(under_test: Cluster, *arguments: str) -> Result:
    return CliRunner(env=under_test.settings).invoke(command, ["--dry-run", *arguments])


@pytest.mark.timeout(120)
def test_what_would_be_sent(broker: Broker, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTALWATCH_TEST_TOKEN", "hush")
    monkeypatch.setenv("PORTALWATCH_TEST_APPRISE", "json://127.0.0.1/hush")
    port, sinks = free_port(), tmp_path / "sinks.toml"
    sinks.write_text(SINKS.format(port=port))
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:  # the worker has no sinks: nobody is told meanwhile
        under_test.worker().wait_ready()
        for number in range(3):
            given = event(number, f"m-{number}", "sent", time.time() - 20, department="a", priority="urgent")
            under_test.publish("message", json.dumps(given).encode(), f"m-{number}")
        under_test.flush()
        alerts_of(under_test, {f"m-{number}" for number in range(3)})
        under_test.settings["PORTALWATCH_SINKS"] = str(sinks)
        shown(under_test, broker, port)


def shown(under_test: Cluster, broker: Broker, port: int) -> None:
    said = dry(under_test)
    assert said.exit_code == 0, said.output
    assert "secret-path" not in said.output
    assert "hush" not in said.output
    assert f"clinic (alertmanager, 127.0.0.1:{port}, detail minimal): " in said.output
    assert f"warehouse (webhook, 127.0.0.1:{port}): nothing" in said.output
    plans = {each["sink"]: each for each in map(json.loads, dry(under_test, "--json").stdout.splitlines())}
    clinic, inside = plans["clinic"]["alerts"], plans["inside"]["alerts"]
    assert len(clinic) == len(inside) == len(under_test.open_ids())
    assert {each["labels"]["recipient"] for each in clinic} == {"pool-a,call-a,committee"}
    assert all(len(each["labels"]["ref"]) == 12 for each in clinic)
    assert "m-0" not in json.dumps(clinic)
    assert "m-0" in json.dumps(inside)
    assert all(each["annotations"]["link"].startswith("http://127.0.0.1:") for each in clinic)
    assert all(each["annotations"]["link"].startswith("https://board.example.org/refs/") for each in inside)

    alerts = under_test.read("alerts")
    place = alerts[0]
    commit(broker, group(under_test.prefix, "warehouse"), place.topic() or "", place.partition() or 0, 0)
    mine = [each for each in alerts if each.partition() == place.partition()]
    (one,) = map(json.loads, dry(under_test, "--sink", "warehouse", "--json").stdout.splitlines())
    assert one["behind"] == len(mine)
    assert [each["id"] for each in one["first"]] == [json.loads(each.value() or b"")["id"] for each in mine][:10]
    commit(broker, group(under_test.prefix, "people"), place.topic() or "", place.partition() or 0, 0)
    (people,) = map(json.loads, dry(under_test, "--sink", "people", "--json").stdout.splitlines())
    assert [each["recipient"] for each in people["digests"]] == ["pool-a", "*"]
    assert {each["alerts"] for each in people["digests"]} == {len(mine)}
    assert "in a" in people["digests"][0]["title"]
    assert "m-0" not in json.dumps(people)
    assert dry(under_test, "--sink", "nobody").stderr.endswith("give one of clinic, inside, people, warehouse\n")


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(command, list(arguments))


def test_wrong_use(tmp_path: Path) -> None:
    bare = run()
    assert (bare.exit_code, bare.stdout) == (2, "")
    assert "workers deliver: `portalwatch worker`" in bare.stderr
    nothing = run("--dry-run")
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert nothing.stderr.startswith("PORTALWATCH_SINKS names no file")
    wrong = tmp_path / "sinks.toml"
    wrong.write_text("[pigeon.post]\n")
    refused = run("--dry-run", PORTALWATCH_SINKS=str(wrong))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "pigeon" in refused.stderr


def test_a_broker_that_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "sinks.toml"
    file.write_text('[webhook.warehouse]\nurl = "http://127.0.0.1/x"\n')
    broker: dict[str, Any] = {"PORTALWATCH_BROKER": f"kafka://127.0.0.1:{free_port()}"}
    said = run("--dry-run", PORTALWATCH_SINKS=str(file), **broker)
    assert (said.exit_code, said.stdout) == (1, "")
    assert "the broker cannot be asked" in said.stderr
