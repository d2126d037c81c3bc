"""An event as it is read, and as an item's history keeps it: the forms alone, which `schemas.events` fills."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Action(IntEnum):
    """What an event does to its item; the order is that of R1 while a cycle runs."""

    STOP = 0
    CANCEL = 1
    OPEN = 2
    RESUME = 3
    ROUTE = 4
    ATTEMPT = 5
    PAUSE = 6
    ACKNOWLEDGE = 7
    SNOOZE = 8
    HEARTBEAT = 9


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event as an item's history keeps it; absent routing fields are None."""

    time: int
    """Microseconds."""
    id: str
    source: str
    action: int
    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    anchor: int | None = None
    """Microseconds."""
    by: str | None = None
    """Of a command: who gave it."""
    until: int | None = None
    """Of a snooze: microseconds."""


class Refusal(msgspec.Struct, frozen=True):
    """Why an event is not taken: a reason of R14 and a detail that names path and rule."""

    reason: str
    detail: str


class Data(msgspec.Struct, frozen=True):
    """What an event carries, as it was sent."""

    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    anchor: str | None = None
    by: msgspec.Raw = msgspec.Raw()
    workflow: msgspec.Raw = msgspec.Raw()
    until: msgspec.Raw = msgspec.Raw()
    """The last three are read of commands alone: for other events they are fields like any that are ignored."""


class Envelope(msgspec.Struct, frozen=True):
    """A CloudEvent, as it was sent."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str | None = None
    data: Data | None = None
    data_base64: msgspec.Raw = msgspec.Raw()
