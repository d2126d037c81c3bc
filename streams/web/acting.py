"""Commands as CloudEvents: what an act says, and to which partition (contract sections 2 and 10)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from schemas import instants

ACKNOWLEDGED: Final = "portal.command.acknowledged"
SNOOZED: Final = "portal.command.snoozed"
ASSIGNED: Final = "portal.command.assigned"
ACT_ID: Final = re.compile(r"[A-Za-z0-9._~-]{8,64}", re.ASCII)
"""An act's id, as somebody may give it in `Idempotency-Key`."""
SUFFIX: Final = "/api"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    id: str
    type: str
    workflow: str
    item: str
    partition: int
    by: str
    at: int
    """Microseconds."""
    data: dict[str, str]
    """Routing fields, or `until`."""


def source(app_id: str) -> str:
    """The `source` of commands that this interface sends."""
    return f"/portalwatch/{app_id}{SUFFIX}"


def is_ours(given: str) -> bool:
    """Whether a command's source is this interface, of whatever app id."""
    return given.startswith("/portalwatch/") and given.endswith(SUFFIX)


def encoded(command: Command, source: str) -> bytes:
    """A command as a CloudEvent in structured JSON mode."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": command.id,
            "source": source,
            "type": command.type,
            "subject": command.item,
            "time": instants.text(command.at),
            "data": {"workflow": command.workflow, "by": command.by, **command.data},
        }
    )
