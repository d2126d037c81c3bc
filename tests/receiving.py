"""A receiver of what Apprise posts to `json://`, that remembers it and can misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests import child


class Told(NamedTuple):
    """One digest that was taken. `at`: UNIX seconds."""

    who: str
    at: float
    title: str
    body: str


class Receiver:
    """On a port of its own; the path of a call is the recipient. `statuses`: what to answer whom, else 200; 0: none."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.tries: list[str] = []
        self.statuses: dict[str, int] = {}
        self.hang: dict[str, threading.Event] = {}
        """Who is answered only when the event is set; the call counts as taken."""
        self.healed = threading.Event()
        """Ends the silence of those that are answered nothing."""
        self.port = child.free_port()
        self._server: ThreadingHTTPServer | None = None

    def url(self, who: str, query: str = "") -> str:
        """For Apprise."""
        return f"json://127.0.0.1:{self.port}/{who}{query}"

    def of(self, who: str) -> list[Told]:
        """What somebody was told."""
        return [each for each in self.told if each.who == who]

    def start(self) -> None:
        """Listen, if it does not."""
        if self._server is not None:
            return
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            who = self.path.strip("/")
            receiver.tries.append(who)
            status = receiver.statuses.get(who, 200)
            if status == 200:
                receiver.told.append(Told(who, time.time(), body["title"], body["message"]))
            if who in receiver.hang:
                receiver.hang[who].wait(30)
            if status == 0:
                receiver.healed.wait(5)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silence."""

    return Handler


@contextmanager
def receiver() -> Iterator[Receiver]:
    """For the length of a `with` block."""
    made = Receiver()
    made.start()
    try:
        yield made
    finally:
        made.stop()
