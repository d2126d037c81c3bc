"""The page of metrics over HTTP: forms, a scrape at a time, and addresses that cannot be had."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from streams import metrics_server
from streams.metrics_server import MetricsServer
from streams.startup import CannotStart
from tests.child import free_port

HOST = "127.0.0.1"


class Told(Collector):
    """One gauge; `threads`: where it was read."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.error: Exception | None = None

    def collect(self) -> Iterator[Metric]:
        self.threads.append(threading.get_ident())
        if self.error is not None:
            raise self.error
        yield GaugeMetricFamily("told", "Told.", 7)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Told, str, ClientSession]]:
    told, registry, port = Told(), CollectorRegistry(), free_port()
    registry.register(told)
    server = MetricsServer(HOST, port, registry)
    await server.start()
    told.threads.clear()
    try:
        async with ClientSession(auto_decompress=False) as client:
            yield told, f"http://{HOST}:{port}/metrics", client
    finally:
        await server.stop()


async def test_the_text_form_read_on_the_loop() -> None:
    async with served() as (told, url, client), client.get(url, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "Content-Encoding" not in answer.headers
        (family,) = text_string_to_metric_families(await answer.text())
        assert [(sample.name, sample.value) for sample in family.samples] == [("told", 7)]
        assert told.threads == [threading.get_ident()]


async def test_openmetrics_if_it_is_asked_for() -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
    async with served() as (_, url, client), client.get(url, headers=accept) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(("accepts", "zipped"), [("gzip, deflate", True), ("gzip;q=0", False), ("br", False)])
async def test_gzip_if_it_is_accepted(accepts: str, zipped: bool) -> None:
    async with served() as (_, url, client), client.get(url, headers={"Accept-Encoding": accepts}) as answer:
        assert (answer.headers.get("Content-Encoding") == "gzip") is zipped
        assert (await answer.read()).startswith(b"\x1f\x8b") is zipped


async def test_nothing_else_is_served() -> None:
    async with served() as (_, url, client):
        async with client.get(url.removesuffix("metrics")) as answer:
            assert answer.status == 404
        async with client.post(url) as answer:
            assert answer.status == 405


async def test_a_collector_that_fails_costs_one_scrape() -> None:
    async with served() as (told, url, client):
        told.error = RuntimeError("no")
        async with client.get(url) as answer:
            assert answer.status == 500
        told.error = None
        async with client.get(url) as answer:
            assert answer.status == 200


async def test_who_asks_too_often_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    written, go = metrics_server._written, threading.Event()
    at_work: list[int] = []

    def slowly(*args: object) -> bytes:
        at_work.append(1)
        assert go.wait(30)
        return written(*args)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(metrics_server, "_written", slowly)
    async with served() as (told, url, client):

        async def status() -> int:
            async with client.get(url) as answer:
                return answer.status

        asked = [asyncio.create_task(status()) for _ in range(metrics_server.WAITING + 3)]
        refused = [await each for each in (await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED))[0]]
        assert (set(refused), len(at_work), len(told.threads)) == ({503}, 1, 1)
        go.set()
        assert sorted(await asyncio.gather(*asked)) == [200] * metrics_server.WAITING + [503] * 3


async def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart) as raised:
            await MetricsServer(HOST, port, CollectorRegistry()).start()
    assert str(raised.value) == (
        f"the worker cannot start: metrics cannot be served on {HOST} port {port}: the port is taken; "
        "give a free one in PORTALWATCH_METRICS_PORT"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_a_foreign_address_is_said_too(host: str) -> None:
    with pytest.raises(CannotStart, match="no address of this machine; give one in PORTALWATCH_METRICS_HOST"):
        await MetricsServer(host, free_port(), CollectorRegistry()).start()


async def test_the_port_is_free_after_the_end() -> None:
    port = free_port()
    for _ in range(2):
        server = MetricsServer(HOST, port, CollectorRegistry())
        await server.start()
        await server.stop()
        await server.stop()
