"""A real Alertmanager for a test, and a receiver of what it sends (their life: `tests.served`)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from tests import served


class Alertmanager(served.Served):
    """A running Alertmanager."""

    PROGRAM = "alertmanager"

    def arguments(self) -> list[str]:
        """Alone, its data in the test's folder, its server on loopback."""
        return [
            f"--config.file={self.config}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
        ]

    def finish(self) -> None:
        """Stop as an operator does: it writes down what it has notified. `restart` brings it back."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)

    def send(self, *alerts: dict[str, Any]) -> None:
        """Post alerts, each of `labels` and perhaps `annotations`, `startsAt`, `endsAt`."""
        self.post("/api/v2/alerts", list(alerts))

    def alerts(self, **filters: str) -> list[dict[str, Any]]:
        """The alerts that it has, with their `status` (`state`, `inhibitedBy`, `silencedBy`)."""
        found: list[dict[str, Any]] = self.get("/api/v2/alerts", **filters)
        return found


def running(config: str | Path) -> AbstractContextManager[Alertmanager]:
    """An Alertmanager with this config (a file, or its text) for the length of a `with` block."""
    return served.running(Alertmanager, config)


class Call(NamedTuple):
    """One notification."""

    path: str
    body: dict[str, Any]
    """Alertmanager's webhook message: `status`, `groupLabels`, `alerts` and more."""
    at: float
    """UNIX seconds of its arrival."""


class Server(ThreadingHTTPServer):
    """Takes hundreds of connections at once: who is turned away says the same again."""

    request_queue_size = 512


class Receiver:
    """A webhook on loopback that keeps what it is sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.calls: list[Call] = []

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; any path below it will do, and is kept with the call."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A webhook for the length of a `with` block."""

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.calls.append(Call(self.path, body, time.time()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
            """Nothing: the calls are kept."""

    with Server(("127.0.0.1", 0), Keep) as server:
        kept = Receiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
