"""What stands on `portal.alerts`, read back: an alert of ours, or nothing.

Theory of operation. Whoever may write to the topic can put there what looks like an alert and is none; a sink that
fails at it would fail there again and again, and tell nobody of what lies behind. So all that sinks rely on is looked
at here, once: what decodes, with a workflow that we know, an id of our form and instants that are some.
"""

from __future__ import annotations

from typing import Final

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy import WORKFLOWS

EARLIEST: Final = 0
LATEST: Final = instants.parse("2200-01-01T00:00:00Z")
"""No alert of ours tells of an instant outside: events lie in 2000 to 2099 (T9). Those of the years 1 and 9999 have no
time of day in some zones."""


def read(value: bytes | None) -> Alert | None:
    """The alert that a record's value says; None if it is none of ours."""
    try:
        alert = alerts.decode(value or b"")
        data = alert.data
        instants_of = (data.opened_at, data.due_at, data.stage_at, data.fired_at, data.resolved_at, data.closed_at)
        for text in (alert.time, *instants_of):
            if text is not None and not EARLIEST <= instants.parse(text) < LATEST:
                return None
    except (ValueError, RecursionError):
        return None
    return alert if data.workflow in WORKFLOWS and alert.id.count(":") > 1 else None
