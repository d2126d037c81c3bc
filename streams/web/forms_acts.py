"""The forms of what staff do, of who they are, and of what is streamed: the rest of `forms`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from streams.web.forms import Count, Name, Row, Seen, SilentFeed


class Acknowledge(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Nothing to say but that."""


class Snooze(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Until when the stages before the due are held back; at most one of the fields. None: for an hour."""

    until: str | None = None
    """RFC 3339 with an offset; a moment that has passed ends a snooze."""
    minutes: Annotated[float, Meta(ge=1, le=44_640)] | None = None
    last_useful: bool = False
    """To the last moment before the due at which somebody is told."""


class Assign(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Who has it from now on. Nothing given: who asks takes it."""

    owner: Name | None = None
    pool: Name | None = None
    department: Name | None = None
    """One of the policy's; pool and owner are cleared with it unless they are given."""
    if_owner: Annotated[str, Meta(max_length=200)] | None = None
    """Only if the owner is this one (empty: if there is none); else 409."""


class Undo(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The request that takes an act back."""

    method: str
    path: str
    body: dict[str, str]


class Act(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An act that the broker has confirmed; it counts as soon as the partition has read it."""

    act: str
    """Its id: that of the command."""
    type: str
    workflow: str
    item: str
    partition: int
    at: str
    by: str
    until: str | None = None
    undo: Undo | None = None
    """Left out where no command takes it back: an acknowledgement. Let a person undo it before it is sent."""


class Me(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Who asks, and what is allowed."""

    name: str
    scopes: list[str]
    departments: list[str] | None = None
    """Left out: all."""
    contact: str | None = None
    """Whom to ask for more."""


class Login(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A token, to be exchanged for a session cookie."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """RFC 9457: what is wrong, and what would be right."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    missing: list[int] = []
    """Partitions that nobody answered for."""


# -- the stream ---------------------------------------------------------------------------------------------------


class Gone(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An item that is not pending any more, or that one may no longer see."""

    workflow: str
    item: str


class Change(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What changed: items as they are now, and items that are gone."""

    now: str
    items: list[Row] = []
    gone: list[Gone] = []


class Status(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How things stand with the whole; sent every few seconds, so silence means that the line is dead."""

    seen: Seen
    workers: Count
    """Workers that answer, this one included."""
    members: Count
    """Workers that the group has."""
    feeds: list[SilentFeed] = []
