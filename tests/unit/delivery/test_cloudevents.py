"""Events as HTTP requests: byte for byte, in headers that hold any text, signed so that any library can verify."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from schemas import alerts
from streams.delivery.cloudevents import LONGEST_ID, Event, NoEvent, message_id, signed
from streams.delivery.posting import Request

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
VALUE = alerts.encode(
    alerts.Alert(
        id="message:m-1042:reply:20261124T150405.000001Z:missed",
        source="/portalwatch/portalwatch",
        type=alerts.FIRED,
        subject="m-1042",
        time="2026-11-24T15:04:05Z",
        data=alerts.AlertData(state="firing", workflow="message", item="m-1042", department="Zürich"),
    )
)


def bytes_of(request: Request) -> bytes:
    """What is posted, which here is never made piece by piece."""
    assert isinstance(request.body, bytes)
    return request.body


def test_structured_mode_sends_the_bytes_as_they_are() -> None:
    spaced = VALUE.replace(b",", b" ,\n")
    request = Event(spaced).structured()
    assert bytes_of(request) == spaced
    assert request.headers == {"Content-Type": "application/cloudevents+json; charset=UTF-8"}


def test_binary_mode_takes_it_apart() -> None:
    request = Event(VALUE).binary()
    whole = json.loads(VALUE)
    assert bytes_of(request) in VALUE
    assert json.loads(bytes_of(request)) == whole["data"]
    assert request.headers == {
        "Content-Type": "application/json",
        **{f"ce-{name}": whole[name] for name in ("specversion", "id", "source", "type", "subject", "time")},
        "ce-dataschema": alerts.DATASCHEMA,
    }


def test_headers_of_binary_mode_are_those_of_the_binding() -> None:
    event = {"id": "Euro \u20ac \U0001f600", "subject": '50% "off"', "priority": 3, "urgent": True, "gone": None}
    headers = Event(json.dumps({**event, "datacontenttype": "text/plain"}).encode()).binary().headers
    assert headers == {
        "Content-Type": "text/plain",
        "ce-id": "Euro%20%E2%82%AC%20%F0%9F%98%80",  # the binding's own example
        "ce-subject": "50%25%20%22off%22",
        "ce-priority": "3",
        "ce-urgent": "true",
    }


@given(st.text(min_size=1))
def test_any_id_makes_a_header_that_leads_back_to_it(text: str) -> None:
    if any(0xD800 <= ord(char) < 0xE000 for char in text):
        return
    value = json.dumps({"id": text, "source": "/x"}, ensure_ascii=False).encode()
    made = Event(value).binary().headers["ce-id"]
    assert made.isascii()
    assert made.isprintable()
    assert " " not in made
    assert unquote(made) == text
    message = message_id(text)
    assert set(message) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~:-%")
    assert len(message) <= LONGEST_ID
    assert unquote(message) == text or message.startswith("sha256:")


def test_the_message_id_has_no_full_stop_and_is_as_long_as_a_header_may_be() -> None:
    assert message_id("message:m-1:reply:20261124T150405Z:missed") == "message:m-1:reply:20261124T150405Z:missed"
    assert message_id("message:m.1~x:reply") == "message:m%2E1~x:reply"
    long = [message_id("x" * 400 + end) for end in "ab"]
    assert len({*long}) == 2
    assert all(len(each) == 71 and "." not in each for each in long)


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_signature_is_verified_by_the_library_and_holds_for_this_body_alone(mode: str) -> None:
    event, now = Event(VALUE), time.time()
    request = signed(getattr(event, mode)(), message_id(event.id), now, Webhook(SECRET))
    assert request.headers["webhook-timestamp"] == str(int(now))
    Webhook(SECRET).verify(bytes_of(request), dict(request.headers))
    for other in (dict(request.headers) | {"webhook-id": "another"}, dict(request.headers)):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(bytes_of(request) + b" ", other)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"j" * 32).decode()).verify(bytes_of(request), dict(request.headers))


def test_without_a_secret_there_is_no_signature() -> None:
    headers = signed(Event(VALUE).structured(), "m", 1_700_000_000.9, None).headers
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("m", "1700000000")
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    "value",
    [b"", b"null", b"[]", b"{}", b'{"id": 3}', b'{"id": "a"', b'{"id": "\xff"}', b"\x00",
     b'{"id": "a", "data": "\xff"}', b'{"id": "a", "x\\r\\ny": "z"}', b'{"id": ' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_event_is_said_so(value: bytes) -> None:
    with pytest.raises(NoEvent):
        Event(value)


@pytest.mark.parametrize("value", [b"1e999", b"1" * 5_000, b'{"deep": [-1e999]}'])
def test_what_holds_a_number_past_all_bounds_has_no_binary_form(value: bytes) -> None:
    event = Event(b'{"id": "a", "x": %b}' % value)
    assert bytes_of(event.structured()) == event.value
    with pytest.raises(NoEvent):
        event.binary()
    assert bytes_of(Event(b'{"id": "a", "data": %b}' % value).binary()) == value
