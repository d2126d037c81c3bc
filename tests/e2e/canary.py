"""A thousand events, good and bad, with a mark of its own in every field, header and key, and receivers that keep all.

A mark is `zq`, the name of the place where it stands, `q`. So whatever turns up anywhere tells where it came from. The
shorter names have a letter that no reference of a cycle has (i, l, o, u), which are random.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from schemas import instants

ROUTING = ("department", "site", "pool", "owner", "priority", "kind")
PLACES = frozenset(
    {
        "item", *ROUTING, "actor", "commandid", "commandsource", "recordkey", "id", "source", "extension",
        "extensionvalue", "patient", "strayactor", "strayuntil", "stray", "note", "unknownkey", "unknown", "headername",
        "headervalue", "contenttype", "garbage", "eventtype", "time", "subject", "anchor", "version", "list",
        "datatext", "long", "large", "until", "secret",
    }
)  # fmt: skip
MARK = re.compile(f"zq({'|'.join(sorted(PLACES))})q".encode())
EVENTS = 1_000
MINUTE = 60.0
LARGEST = 8_192
"""Bytes of an event, for the worker."""
OPENS = {
    "message": ("sent", "replied"),
    "appointment": ("requested", "confirmed"),
    "result": ("promised", "released"),
    "questionnaire": ("submitted", "reviewed"),
}
WORKFLOWS = tuple(OPENS)


def mark(place: str) -> str:
    assert place in PLACES, place
    return f"zq{place}q"


def marks(*texts: bytes | str) -> set[str]:
    """The places whose marks stand in some text."""
    found = (MARK.findall(text.encode() if isinstance(text, str) else text) for text in texts)
    return {place.decode() for each in found for place in each}


class Sent(NamedTuple):
    """A record for an input."""

    workflow: str
    key: str
    value: bytes
    headers: list[tuple[str, bytes]]
    astray: bool = False
    """It goes to another partition than its key's."""


class Flock:
    """Makes the events; `now`: UNIX seconds."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._bad = (
            self._garbage, self._type, self._time, self._subject, self._anchor, self._version, self._pool, self._data,
            self._long, self._future, self._large, self._late, self._astray, self._unanchored, self._until,
        )  # fmt: skip

    def events(self) -> Iterator[Sent]:
        """All of them, in the order in which they are to be sent."""
        for number in range(EVENTS):
            place = number % 10
            if place < 6:
                yield self._open(number)
            elif place == 6:
                yield self._command(number, number - 6)
            elif place == 7:
                yield self._stop(number, number - 6)
            else:
                yield self._bad[number // 5 % len(self._bad)](number)

    # -- good ones ---------------------------------------------------------------------------------

    def _open(self, number: int) -> Sent:
        workflow = self._workflow(number)
        anchor = {"anchor": self._at(2)} if workflow == "questionnaire" else {}
        return self._made(number, number, OPENS[workflow][0], self._routed(number) | anchor)

    def _stop(self, number: int, of: int) -> Sent:
        return self._made(number, of, OPENS[self._workflow(of)][1], {}, ago=0.1)

    def _command(self, number: int, of: int) -> Sent:
        workflow, verb = self._workflow(of), ("acknowledged", "snoozed", "assigned")[number // 10 % 3]
        given = {
            "workflow": workflow,
            "by": mark("actor"),
            "patient": mark("patient"),
            mark("unknownkey"): mark("unknown"),
        }
        given |= {"until": self._at(-60)} if verb == "snoozed" else {"owner": mark("owner")}
        event = self._event(number, of, f"portal.command.{verb}", given, 0.2) | {
            "id": f"{mark('commandid')}-{number}", "source": f"/{mark('commandsource')}",
        }  # fmt: skip
        return self._packed(number, of, "command", event)

    def _routed(self, number: int) -> dict[str, Any]:
        """Every third is of a department that the policy knows, which gives it its pool."""
        given: dict[str, Any] = {name: f"{mark(name)}-{number % 7}" for name in ROUTING}
        if number % 3 == 0:
            given["department"] = "a"
            del given["pool"], given["owner"]
        return given | {
            "patient": mark("patient"), "by": mark("strayactor"), "until": mark("strayuntil"),
            "workflow": mark("stray"), "note": f"{mark('note')} is not well",
            mark("unknownkey"): {"deep": [mark("unknown")]},
        }  # fmt: skip

    # -- bad ones ----------------------------------------------------------------------------------

    def _garbage(self, number: int) -> Sent:
        return Sent("message", self._key(number), f"{mark('garbage')} \xff".encode("latin-1"), self._headers())

    def _type(self, number: int) -> Sent:
        return self._spoilt(number, type=f"portal.message.{mark('eventtype')}")

    def _time(self, number: int) -> Sent:
        return self._spoilt(number, time=f"2026-11-10T08:00:00{mark('time')}")

    def _subject(self, number: int) -> Sent:
        return self._spoilt(number, subject=f"{mark('subject')} with spaces")

    def _anchor(self, number: int) -> Sent:
        return self._spoilt(number, data=self._routed(number) | {"anchor": mark("anchor")})

    def _version(self, number: int) -> Sent:
        return self._spoilt(number, specversion=mark("version"))

    def _pool(self, number: int) -> Sent:
        return self._spoilt(number, data=self._routed(number) | {"pool": [mark("list")]})

    def _data(self, number: int) -> Sent:
        return self._spoilt(number, data=mark("datatext"))

    def _long(self, number: int) -> Sent:
        return self._spoilt(number, data=self._routed(number) | {"kind": mark("long") * 300})

    def _future(self, number: int) -> Sent:
        return self._spoilt(number, time=self._at(-120))

    def _large(self, number: int) -> Sent:
        return self._spoilt(number, data={"note": mark("large") * LARGEST})

    def _late(self, number: int) -> Sent:
        return self._spoilt(number, type="portal.message.replied", time=self._at(60 * 24 * 9))

    def _astray(self, number: int) -> Sent:
        return self._spoilt(number)._replace(astray=True)

    def _unanchored(self, number: int) -> Sent:
        event = self._event(number, number, "portal.questionnaire.submitted", self._routed(number), 5)
        return self._packed(number, number, "questionnaire", event)

    def _until(self, number: int) -> Sent:
        given = {"workflow": "message", "by": mark("actor"), "until": mark("until")}
        return self._packed(number, number, "command", self._event(number, number, "portal.command.snoozed", given, 1))

    def _spoilt(self, number: int, **other: Any) -> Sent:
        event = self._event(number, number, "portal.message.sent", self._routed(number), 11) | other
        return self._packed(number, number, "message", event)

    # -- how they are sent -------------------------------------------------------------------------

    def _made(self, number: int, of: int, verb: str, data: dict[str, Any], ago: float = 11) -> Sent:
        workflow = self._workflow(of)
        return self._packed(number, of, workflow, self._event(number, of, f"portal.{workflow}.{verb}", data, ago))

    def _event(self, number: int, of: int, type_: str, data: dict[str, Any], ago: float) -> dict[str, Any]:
        return {
            "specversion": "1.0", "id": f"{mark('id')}-{number}", "source": f"/{mark('source')}", "type": type_,
            "subject": f"{mark('item')}-{of}", "time": self._at(ago), mark("extension"): mark("extensionvalue"),
            "data": data,
        }  # fmt: skip

    def _packed(self, number: int, of: int, workflow: str, event: dict[str, Any]) -> Sent:
        """Every second in binary mode, which an event can be whose attributes are texts and whose data is an object."""
        if number // 2 % 2 and isinstance(event["data"], dict):
            attributes = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
            return Sent(workflow, self._key(of), json.dumps(event["data"]).encode(), [*self._headers(), *attributes])
        return Sent(workflow, self._key(of), json.dumps(event).encode(), self._headers())

    def _headers(self) -> list[tuple[str, bytes]]:
        return [(mark("headername"), mark("headervalue").encode()), ("content-type", mark("contenttype").encode())]

    def _key(self, number: int) -> str:
        return f"{mark('recordkey')}-{number}"

    def _workflow(self, number: int) -> str:
        return WORKFLOWS[number % len(WORKFLOWS)]

    def _at(self, minutes_ago: float) -> str:
        return instants.text(round((self._now - minutes_ago * MINUTE) * 1e6))


class Kept(NamedTuple):
    """A request that a receiver was sent."""

    path: str
    headers: str
    body: bytes


class Receivers:
    """HTTP on loopback that takes everything and keeps it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.kept: list[Kept] = []

    def of(self, path: str) -> list[Kept]:
        """What came below a path."""
        return [each for each in list(self.kept) if each.path.startswith(path)]


@contextmanager
def receivers() -> Iterator[Receivers]:
    """For the length of a `with` block."""

    class Keep(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.kept.append(Kept(self.path, str(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
            """Nothing: the requests are kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keep) as server:
        made = Receivers(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
