"""A CloudEvent of `portal.alerts` as an HTTP request: CloudEvents' HTTP binding 1.0.2 and Standard Webhooks' headers.

Theory of operation. Structured mode sends the bytes that stand on Kafka as they are. Binary mode takes them apart:
`data`, again byte for byte, is the body, every other member a `ce-` header, in which a blank, `"`, `%` and whatever is
no printable ASCII is percent-encoded.

Standard Webhooks sign `id.timestamp.body`, so an id with a full stop in it would let one message be read as another; a
header takes ASCII alone. An event's id holds names that a sender chose. So `webhook-id` is the event's id with all but
letters, digits, `_`, `~`, `:` and `-` percent-encoded, and one that would be longer than a header should be is hashed.
One event always has the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec
from standardwebhooks import Webhook

from streams.delivery.posting import Request

STRUCTURED: Final = "application/cloudevents+json; charset=UTF-8"
JSON: Final = "application/json"
PRINTED: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What stands as it is in a `ce-` header."""
ATTRIBUTE: Final = re.compile("[a-z0-9_]+")
LONGEST_ID: Final = 255

_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class NoEvent(Exception):
    """It is not a CloudEvent in structured JSON mode."""


class Event:
    """One event, as bytes. NoEvent if it is none."""

    __slots__ = ("_members", "id", "value")

    def __init__(self, value: bytes) -> None:
        try:
            self._members = _MEMBERS.decode(value)
            self.id = msgspec.json.decode(self._members["id"], type=str)
            value.decode()
        except (ValueError, KeyError, RecursionError):
            raise NoEvent from None
        if not all(map(ATTRIBUTE.fullmatch, self._members)):
            raise NoEvent
        self.value = value

    def structured(self) -> Request:
        """As it stands."""
        return Request(self.value, {"Content-Type": STRUCTURED})

    def binary(self) -> Request:
        """Its data, and the rest as headers. NoEvent if a member holds what nobody can read."""
        try:
            headers = dict(self._attributes())
        except (ValueError, RecursionError):  # a number past all bounds, for one: the members are read here first
            raise NoEvent from None
        kind = headers.pop("ce-datacontenttype", JSON)
        return Request(bytes(self._members.get("data", b"")), {"Content-Type": kind, **headers})

    def _attributes(self) -> Iterator[tuple[str, str]]:
        for name, raw in self._members.items():
            if name != "data" and (value := msgspec.json.decode(raw)) is not None:
                text = value if isinstance(value, str) else bytes(raw).decode()
                yield f"ce-{name}", quote(text, safe=PRINTED)


def message_id(event_id: str) -> str:
    """The `webhook-id` of an event; see the module's docstring."""
    made = quote(event_id, safe=":~").replace(".", "%2E")
    if len(made) <= LONGEST_ID:
        return made
    return "sha256:" + hashlib.sha256(event_id.encode()).hexdigest()


def signed(request: Request, message: str, at: float, signer: Webhook | None) -> Request:
    """With the headers of Standard Webhooks. `at`: UNIX seconds of this try; without `signer` there is no signature."""
    headers = {**request.headers, "webhook-id": message, "webhook-timestamp": str(int(at))}
    if signer is not None:
        headers["webhook-signature"] = signer.sign(message, datetime.fromtimestamp(int(at), UTC), request.body.decode())
    return Request(request.body, headers)
