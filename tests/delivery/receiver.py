"""A receiver of webhooks that verifies what it gets, remembers it, and can misbehave in each way of `rows.RECEIVER`."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests import child
from tests.delivery.rows import FAULTS, RESTARTED, Count, Said

HANG_SECONDS = 5.0


class Taken(NamedTuple):
    """One request that was answered with 2xx, or of which the receiver at least took the body."""

    message: str
    headers: dict[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Listens on a port of its own until closed."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, secret: str, mode: str = "none") -> None:
        self.taken: list[Taken] = []
        self.wrong: list[str] = []
        """What should not have come: a bad signature, another token."""
        self.mode, self.signer, self.lock = mode, Webhook(secret), threading.Lock()
        self.healed = threading.Event()
        self.connections: set[socket.socket] = set()
        self.closed = False
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asks may be killed, or break off: nothing to tell."""

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Verify and remember a request."""
        try:
            self.signer.verify(body, headers, json_parse=False)
        except WebhookVerificationError as error:
            self.wrong.append(repr(error))
        if headers.get("authorization") != "Bearer open-sesame":
            self.wrong.append("no token")
        self.taken.append(Taken(headers["webhook-id"], headers, body))

    def close(self) -> None:
        """Refuse connections from now on, and break off those that are there."""
        with self.lock:
            self.closed = True
        self.shutdown()
        self.server_close()
        for each in list(self.connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = 60  # a connection stays while a worker is stopped

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        receiver, mode = self.server, self.server.mode
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if mode == "hangs":
            receiver.healed.wait(HANG_SECONDS)
            self.close_connection = True
            return
        with receiver.lock:
            if receiver.closed:
                self.close_connection = True
                return
            if mode in ("none", "cuts"):
                receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
        if mode == "cuts":
            self.wfile.write(b"HTTP/1.1 20")
            self.close_connection = True
            return
        self.send_response(204 if mode == "none" else int(mode))
        if mode == "429":
            self.send_header("Retry-After", "1")
        if mode != "none":
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


class WebhookRow:
    """The sink `webhook` with this receiver."""

    name = "webhook"
    faults: Sequence[str] = tuple(each for each in FAULTS if each != RESTARTED)  # `refuses` is the same

    def __init__(self) -> None:
        self.port = child.free_port()
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.receiver: Receiver | None = None
        self.taken: list[Taken] = []
        self.wrong: list[str] = []

    def start(self, folder: Path) -> str:
        (folder / "secret").write_text(self.secret)
        (folder / "token").write_text("open-sesame")
        self.receiver = Receiver(self.port, self.secret)
        return (
            f'[webhook.webhook]\nurl = "http://127.0.0.1:{self.port}/alerts"\ntimeout = "1 second"\n'
            'longest_wait = "1 second"\nsecret = {file = "secret"}\ntoken = {file = "token"}\n'
        )

    def stop(self) -> None:
        if self.receiver is not None:
            self.receiver.healed.set()
            self.receiver.close()
            self._keep(self.receiver)
            self.receiver = None

    def misbehave(self, how: str) -> None:
        if how == "refuses":
            self.stop()
        elif self.receiver is not None:
            self.receiver.healed.clear()
            self.receiver.mode = how

    def behave(self) -> None:
        if self.receiver is None:
            self.receiver = Receiver(self.port, self.secret)
        self.receiver.mode = "none"
        self.receiver.healed.set()

    def stands(self, items: Sequence[str]) -> None:
        """It gets events, and shows none."""

    def history(self, _: Said) -> str:
        """It keeps none."""
        return ""

    def count(self, said: Said) -> Count:
        assert self.receiver is not None
        self._keep(self.receiver)
        assert not self.wrong, self.wrong[:3]
        ids = [each["id"] for each in said]
        mine = {each["subject"] for each in said}
        bodies = [json.loads(each.body) for each in self.taken]
        told = [(body["id"], each.message) for body, each in zip(bodies, self.taken, strict=True)]
        told = [each for each, body in zip(told, bodies, strict=True) if body["subject"] in mine]
        times = Counter(event for event, _ in told)
        strange = sum(event not in set(ids) or unquote(message) != event for event, message in told)
        lost = sum(event not in times for event in ids)
        return Count(len(ids), lost, strange, sum(times.values()) - len(times), disorder(ids, said, told))

    def _keep(self, receiver: Receiver) -> None:
        with receiver.lock:
            self.taken += receiver.taken
            self.wrong += receiver.wrong
            receiver.taken, receiver.wrong = [], []


def disorder(ids: list[str], said: Said, told: list[tuple[str, str]]) -> int:
    """How many were first told before one that was said earlier of the same item."""
    first: dict[str, int] = {}
    for place, (event, _) in enumerate(told):
        first.setdefault(event, place)
    latest: dict[str, int] = {}
    wrong = 0
    for event, each in zip(ids, said, strict=True):
        if event in first:
            wrong += first[event] < latest.get(each["subject"], -1)
            latest[each["subject"]] = max(first[event], latest.get(each["subject"], -1))
    return wrong
