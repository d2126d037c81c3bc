"""Whatever a sender sends gives an event or a refusal, never an error (R14); a refusal never repeats what was sent."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from schemas import instants
from schemas.events import COMMANDS, HEARTBEAT, TYPES, Event, Refusal, decode, from_json
from schemas.policy import WORKFLOWS

TOPICS = st.sampled_from([*WORKFLOWS, "command", None])
REASONS = {"undecodable", "invalid", "unknown_type"}
TYPE_NAMES = st.sampled_from([*TYPES, *COMMANDS, HEARTBEAT])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.datetimes().map(str) | st.text()
FIELDS = ("department", "site", "pool", "owner", "priority", "kind", "by", "workflow", "anchor", "until", "patient")
DATA = st.dictionaries(st.sampled_from(FIELDS), TIMES | st.sampled_from(WORKFLOWS) | JSON, max_size=5)
NAMES = ("specversion", "id", "source", "type", "subject", "time", "data", "data_base64", "extension")
ENVELOPES = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": st.text(), "source": st.text(), "type": TYPE_NAMES, "time": TIMES},
    optional={"subject": st.text() | st.just("p-4821"), "data": DATA | JSON},
)
SPOILED = st.tuples(ENVELOPES, st.dictionaries(st.sampled_from(NAMES), JSON, max_size=2)).map(
    lambda both: both[0] | both[1]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from([f"ce_{name}" for name in NAMES]) | st.text(max_size=9), st.binary(max_size=30)),
    max_size=9,
)


def sound(found: Event | Refusal) -> None:
    if isinstance(found, Refusal):
        assert found.reason in REASONS
        assert ": " in found.detail
        return
    assert instants.FIRST <= found.entry.time <= instants.LAST
    assert found.entry.id
    assert found.entry.source
    assert found.workflow in WORKFLOWS or found.type == HEARTBEAT


@given(st.none() | st.binary(max_size=200), HEADERS, TOPICS)
@example(b'{"specversion":"1.0","id":"\\ud800","source":"/s","type":"x","time":"t"}', [], None)
def test_any_bytes_and_headers(value: bytes | None, headers: list[tuple[str, bytes]], topic: str | None) -> None:
    sound(decode(value, headers, topic))


@given(SPOILED, TOPICS)
def test_any_envelope(envelope: dict[str, Any], topic: str | None) -> None:
    sound(from_json(json.dumps(envelope), topic))


@given(ENVELOPES, DATA, TOPICS)
def test_any_binary_event(envelope: dict[str, Any], data: dict[str, Any], topic: str | None) -> None:
    """Section 2: and it is what the structured mode makes of it, if the headers can say it."""
    envelope.pop("data", None)
    headers = [(f"ce_{name}", value.encode("utf-8", "surrogatepass")) for name, value in envelope.items()]
    binary = decode(json.dumps(data).encode(), headers, topic)
    structured = from_json(json.dumps(envelope | {"data": data}), topic)
    sound(binary)
    if isinstance(structured, Event):
        assert binary == structured
    else:
        assert isinstance(binary, Refusal)


@given(SPOILED)
def test_a_refusal_never_repeats_what_was_sent(envelope: dict[str, Any]) -> None:
    """R14: `detail` names the path and the rule, never a value."""
    marker = "zq7x"
    marked = {
        name: dict.fromkeys(value, marker) if isinstance(value, dict) else marker
        for name, value in envelope.items()
        if name != "specversion"
    }
    for name, value in marked.items():
        found = from_json(json.dumps(envelope | {name: value}))
        assert not isinstance(found, Refusal) or marker not in found.detail
