"""A client of a worker's HTTP interface, as a browser's page is one: requests, and a stream read beside them."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

ACTOR, NURSE = "pw_actor", "pw_nurse"
KEY = "e2e-" + "k" * 40


def tokens(folder: Path) -> Path:
    """A tokens' file: one who acts, and one who acts for department `a`."""
    path = folder / "tokens.toml"
    people = ((ACTOR, "n.lee", ""), (NURSE, "kim", 'departments = ["a"]'))
    path.write_text(
        f'key = "{KEY}"\n'
        + "".join(
            f'[[tokens]]\nname = "{name}"\nsha256 = "{sha256(token.encode()).hexdigest()}"\n'
            f'scopes = ["read", "act"]\n{more}\n'
            for token, name, more in people
        )
    )
    return path


class Answer(NamedTuple):
    """Status (0: nothing answers), headers and JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any


def ask(port: int, path: str, token: str = ACTOR, body: Any = None, **headers: str) -> Answer:
    """One request; with a body a POST."""
    given = {"Authorization": f"Bearer {token}", **headers}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        given["Content-Type"] = "application/json"
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, given)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return Answer(answer.status, dict(answer.headers), json.load(answer))
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), json.load(error))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return Answer(0, {}, None)


def until(question: Callable[[], Any], seconds: float = 30.0, tell: Callable[[], Any] = str) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := question():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {tell()}")


class Event(NamedTuple):
    """One event of a stream."""

    id: str
    kind: str
    data: Any
    at: float
    """Monotonic seconds."""


class Stream:
    """An open stream; `ended` is set when the line breaks."""

    def __init__(self, port: int, token: str = ACTOR, last: str | None = None) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.ended = threading.Event()
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
        self._line.request("GET", "/api/stream", headers=headers)
        self._answer = self._line.getresponse()
        assert self._answer.status == 200, self._answer.read()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, *kinds: str, seconds: float = 20.0) -> Event:
        """The next event of these kinds."""
        end = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if event.kind in kinds:
                return event

    def close(self) -> None:
        """Break the line."""
        if self._line.sock is not None:
            self._line.sock.close()
        self._answer.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            while line := self._answer.readline():
                name, _, value = line.decode().rstrip("\r\n").partition(":")
                if name:
                    fields[name] = value.strip()
                elif "event" in fields:
                    self.events.put(Event(fields["id"], fields["event"], json.loads(fields["data"]), time.monotonic()))
                    fields = {}
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.ended.set()
