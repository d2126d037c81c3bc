"""Nothing leaves that does not belong where it goes (contract sections 5 and 11, R14, R17; cases 23 and 31).

A thousand events with a mark in every field, header and key go through two workers, one that logs text and one that
logs JSON, both all they can, with all three kinds of sinks at `detail: minimal`. Then each surface has exactly the
marks that belong to it: one too many is a leak, one too few means that the test no longer sees what it looks at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from confluent_kafka import Message, Producer

from streams.commands import deadletters
from streams.commands import why as why_command
from streams.delivery import journal
from streams.intake import PARTITIONERS
from tests.brokers import Broker
from tests.e2e.canary import EVENTS, LARGEST, PLACES, ROUTING, WORKFLOWS, Flock, Receivers, Sent, mark, marks, receivers
from tests.e2e.cluster import INPUTS, Cluster, Worker, cluster
from tests.e2e.http import Stream, ask, tokens, until
from tests.e2e.letters import headers_in, read, records

CLOCK = """
  - name: {name}
    workflow: {name}
    rules: [{{{rule}}}]
    stages:
      - {{name: due-soon, at: 50%, notify: pool}}
      - {{name: missed, at: due, severity: critical, notify: owner}}
"""
POLICY = """
version: canary
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  a: {pool: pool-a}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
settings: {lead: 0 minutes, partitioner: murmur2}
clocks:""" + "".join(
    CLOCK.format(name=name, rule="before: 1 minutes" if name == "questionnaire" else "within: 10 minutes")
    for name in WORKFLOWS
)
SINKS = """
[alertmanager.clinic]
urls = ["{url}/alertmanager"]
[apprise.people]
every = "1 second"
gather = "0.2 seconds"
recipients = {{"*" = {{env = "PORTALWATCH_TEST_APPRISE"}}}}
[webhook.warehouse]
url = "{url}/webhook"
token = {{env = "PORTALWATCH_TEST_TOKEN"}}
"""
SECRET = mark("secret")
ITEM = {"item", *ROUTING}
"""What an alert carries of an event."""
ACTED = {"actor", "commandid"}
"""And of a command, in a notice and its id."""
DISCREET = ("/alertmanager", "/apprise")
"""Where the sinks of people are told."""
BELONGS = {"/alertmanager": set[str](), "/apprise": set[str](), "/webhook": {*ITEM, *ACTED}}
ADDRESSED = {"/alertmanager": set[str](), "/apprise": {"secret"}, "/webhook": {"secret", "item", "commandid"}}
"""In paths and headers: secrets of the receiver's own, and a webhook's `webhook-id`, which is the alert's."""


class Ran(NamedTuple):
    """What ran, and what it left."""

    under_test: Cluster
    workers: tuple[Worker, Worker]
    told: Receivers
    streamed: list[str]


def put(under_test: Cluster, events: list[Sent]) -> None:
    producer = Producer(
        {"bootstrap.servers": under_test.broker.bootstrap, "partitioner": "murmur2_random", "linger.ms": 5}
    )
    for each in events:
        home = PARTITIONERS["murmur2"](each.key.encode()) % 4
        partition = (home + 1) % 4 if each.astray else home
        topic = f"{under_test.prefix}.{INPUTS[each.workflow]}"
        producer.produce(topic, each.value, each.key, partition, headers=list(each.headers))
    assert producer.flush(60) == 0


FEW = 100


@pytest.fixture
def ran(broker: Broker, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ran]:
    with receivers() as told:
        monkeypatch.setenv("PORTALWATCH_TEST_APPRISE", f"{told.url.replace('http', 'json')}/apprise/{SECRET}")
        monkeypatch.setenv("PORTALWATCH_TEST_TOKEN", SECRET)
        sinks = tmp_path / "sinks.toml"
        sinks.write_text(SINKS.format(url=told.url))
        settings = {
            "sinks": str(sinks), "tokens": str(tokens(tmp_path)), "log_level": "DEBUG",
            "max_event_bytes": str(LARGEST),
        }  # fmt: skip
        with cluster(broker, prefix, tmp_path, POLICY, **settings) as under_test:
            yield begun(under_test, told)


def begun(under_test: Cluster, told: Receivers) -> Ran:
    """Two workers that have judged and told everything."""
    first = under_test.worker()
    under_test.settings["PORTALWATCH_LOG"] = "json"
    second = under_test.worker()
    for worker in (first, second):
        worker.wait_ready()
    until(lambda: all(1 <= len(w.get("/readyz")[1]["partitions"]) <= 3 for w in (first, second)), 40)
    stream = Stream(first.port)
    events = list(Flock(time.time()).events())
    for begin in range(0, len(events), FEW):  # many at once are not told one by one
        put(under_test, events[begin : begin + FEW])
        time.sleep(0.5)
    assert marks(*(part for each in events for part in parts(each))) == PLACES - {"secret"}
    until(lambda: judged(under_test, (first, second)), 90, first.tail)
    alerts = {str(alert["id"]) for alert in under_test.alerts()}
    until(lambda: len(told.of("/webhook")) >= len(alerts), 40, first.tail)
    until(lambda: all(told.of(path) for path in DISCREET), 40, first.tail)
    until(lambda: marks(*map(str, tuple(stream.events.queue))) >= ITEM, 20, first.tail)
    streamed = [str(event) for event in [stream.events.get_nowait() for _ in range(stream.events.qsize())]]
    stream.close()
    return Ran(under_test, (first, second), told, streamed)


def parts(sent: Sent) -> Iterator[bytes]:
    yield sent.key.encode()
    yield sent.value
    for name, value in sent.headers:
        yield name.encode()
        yield value


def judged(under_test: Cluster, workers: tuple[Worker, Worker]) -> bool:
    """Whether all good items that were not answered fire, and all bad events are dead letters."""
    fires = {alert_id.split(":")[1] for alert_id in under_test.open_ids()}
    stopped = {number - 6 for number in range(EVENTS) if number % 10 == 7}
    good = {number for number in range(EVENTS) if number % 10 < 6} - stopped
    return fires >= {f"{mark('item')}-{number}" for number in good} and len(read(under_test, "deadletters")) >= 200


@pytest.mark.timeout(240)
def test_each_surface_has_the_marks_that_belong_to_it_and_no_other(ran: Ran) -> None:
    found = dict(surfaces(ran))
    wrong = {name: (sorted(seen - may), sorted(may - seen)) for name, (seen, may) in found.items() if seen != may}
    assert not wrong, f"by surface, what does not belong there and what is missing: {wrong}"
    assert len(found) >= 20
    policy_names(ran.told)


Surface = tuple[str, tuple[set[str], set[str]]]
"""Its name, the marks in it, and those that belong there."""


def surfaces(ran: Ran) -> Iterator[Surface]:
    yield from sinks_of(ran.told)
    yield from topics_of(ran.under_test)
    yield from pages_of(ran)
    for form, worker in zip(("text", "json"), ran.workers, strict=True):
        log = worker.log.read_text(errors="replace")
        assert "DEBUG" in log
        yield f"the log as {form}", (marks(log), set())
    yield from commands_of(ran.under_test)


def sinks_of(told: Receivers) -> Iterator[Surface]:
    for path in (*DISCREET, "/webhook"):
        kept = told.of(path)
        assert kept, path
        yield f"{path} body", (marks(*(each.body for each in kept)), BELONGS[path])
        seen = marks(*(each.path for each in kept), *(each.headers for each in kept))
        yield f"{path} path and headers", (seen, ADDRESSED[path])


def policy_names(told: Receivers) -> None:
    """At `minimal` stands what the policy says: so the two sinks did tell, and of the right people."""
    for path in DISCREET:
        said = b"".join(each.body for each in told.of(path))
        assert b"missed" in said, path
    said = b"".join(each.body for each in told.of("/alertmanager"))
    assert {b'"pool-a"', b'"desk"', b'"other"', b'"a"'} <= set(said.replace(b":", b" ").replace(b",", b" ").split())


def topics_of(under_test: Cluster) -> Iterator[Surface]:
    alerts, still = read(under_test, "alerts"), read(under_test, "alerts.open")
    yield "alerts", (everything(alerts), {*ITEM, *ACTED})
    yield "open alerts", (everything(still), ITEM)
    yield "scorecards", (everything(read(under_test, "scorecards")), set())
    yield "the journal", (everything(records(under_test, journal.topic(under_test.prefix))), {"item", "commandid"})
    letters = read(under_test, "deadletters")
    ours = [value or b"" for each in letters for name, value in headers_in(each) if name.startswith("portalwatch.")]
    assert len(ours) == 6 * len(letters)
    yield "our headers of dead letters", (marks(*ours), set())
    kept = [(n.encode(), v or b"") for each in letters for n, v in headers_in(each) if not n.startswith("portalwatch.")]
    assert {"headername", "headervalue", "garbage", "patient", "large"} <= everything(letters)
    own = marks(*(part for pair in kept for part in pair))
    assert {"headername", "headervalue", "contenttype", "id", "source", "extension", "extensionvalue"} <= own


def everything(messages: list[Message]) -> set[str]:
    """The marks of keys, values and headers."""
    found = [part for each in messages for part in (each.key() or b"", each.value() or b"")]
    headers = [part for each in messages for name, value in headers_in(each) for part in (name.encode(), value or b"")]
    return marks(*found, *headers)


def pages_of(ran: Ran) -> Iterator[Surface]:
    worker = ran.workers[0]
    yield "GET /api/items", (marks(*paged(worker, "items")), {*ITEM, "actor"})
    yield "GET /api/alerts", (marks(*paged(worker, "alerts")), ITEM)
    items = [f"/{WORKFLOWS[n % 4]}/{mark('item')}-{n}" for n in range(0, EVENTS, 10)]
    pages = [str(ask(worker.port, f"/api/items{path}").json) for path in items]
    yield "GET /api/items/{workflow}/{item}", (marks(*pages), {*ITEM, "actor"})
    yield "GET /api/stream", (marks(*ran.streamed) | {"actor"}, {*ITEM, "actor"})
    for path in ("/healthz", "/readyz", "/api/me", "/api/openapi.json"):
        answer = ask(worker.port, path)
        assert answer.status == 200, path
        yield f"GET {path}", (marks(str(answer)), set())
    missing = ask(worker.port, "/api/items/message/nothing")
    yield "an error of the API", (marks(str(missing)), set())
    for number, each in enumerate(ran.workers):
        yield f"metrics of worker {number}", (marks(metrics(each)), set())


def metrics(worker: Worker) -> str:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}/metrics") as page:
        said: str = page.read().decode()
    assert 'department="other"' in said
    assert "portalwatch_deliveries_total" in said
    return said


def paged(worker: Worker, what: str) -> Iterator[str]:
    """All pages."""
    after = ""
    while True:
        answer = ask(worker.port, f"/api/{what}?limit=500{after}")
        assert answer.status == 200, answer
        yield str(answer.json)
        if not (more := answer.json.get("next")):
            return
        after = f"&after={more}"


def commands_of(under_test: Cluster) -> Iterator[Surface]:
    listed = run(under_test, deadletters.command, "list")
    assert "undecodable" in listed
    yield "deadletters list", (marks(listed), set())
    answered = "".join(run(under_test, why_command.command, f"{mark('item')}-{number}") for number in (0, 1, 10, 30))
    assert "findings" not in answered, answered
    for sink in ("clinic (alertmanager)", "people (apprise)", "warehouse (webhook)"):
        assert f"{sink}: delivered" in answered, answered
    yield "why", (marks(answered), {"item", "department", "pool", "owner", "actor"})


def run(under_test: Cluster, command: Any, *arguments: str) -> str:
    return CliRunner(env=under_test.settings).invoke(command, list(arguments)).output
