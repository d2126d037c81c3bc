"""An alert as Alertmanager is told of it: labels and annotations of contract section 11, ready to be sent.

Theory of operation. All but `endsAt` is the same each time that an alert is sent, so labels and annotations are made
once, as JSON that ends where the instants belong. Alertmanager knows an alert by its labels alone: `key` is a digest of
them, and two alerts of one key are one to it. The start that it is told is when the alert fired, by the wall.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from schemas import instants
from schemas.alerts import Alert, AlertData
from streams.core.book import Book
from streams.delivery import words
from streams.delivery.discretion import Discretion
from streams.delivery.sinks import Discreet
from streams.web.refs import Refs

BENCHMARK: Final = "PortalBenchmark"
FEED_SILENT: Final = "PortalFeedSilent"
NAMES_BY: Final = ","
"""Between several names in one label."""
_PARTS: Final = re.compile(r"[^A-Za-z0-9]+")


class Worded(NamedTuple):
    """What is sent of an alert: `head`, the instant of its start, a comma and the instant of its end."""

    key: bytes
    head: bytes
    starts: float
    """UNIX seconds."""
    recipients: tuple[str, ...]
    whole: bool
    """Whether it says something of a whole workflow."""

    def ending(self, at: float) -> bytes:
        """The JSON of the alert with this end, in UNIX seconds.

        It starts then at the latest: an end that lies ahead would not be one, and the wall may have been put back.
        """
        return b'%b"startsAt":"%b","endsAt":"%b"}' % (
            self.head, stamp(min(self.starts, at)).encode(), stamp(at).encode()
        )  # fmt: skip


class Wording:
    """How one sink words alerts under one policy.

    Args:
        url: where the board is.
        wall: the UNIX seconds at which an instant comes.
    """

    def __init__(self, book: Book, sink: Discreet, refs: Refs, url: str, wall: Callable[[int], float]) -> None:
        self._book, self._refs, self._url, self._wall = book, refs, url, wall
        self._discretion = Discretion(book.policy, sink)

    def of(self, alert: Alert, now: float) -> Worded:
        """An alert that fires, or its resolution. `now`: UNIX seconds, before which it began."""
        data, told = alert.data, self._discretion.told(alert.data)
        ref = None
        if data.item is not None and data.opened_at is not None:
            ref = self._refs.of(data.workflow, data.item, instants.parse(data.opened_at))
        labels = msgspec.json.encode(_filled(labels_of(told, ref)))
        annotations = msgspec.json.encode(_filled(self._annotations(told, ref)))
        said = data.fired_at or alert.time
        starts = min(self._wall(instants.parse(said)), now)
        head = b'{"labels":%b,"annotations":%b,' % (labels, annotations)
        key = blake2b(labels, digest_size=16).digest()
        return Worded(key, head, starts, tuple(told.recipients or ()), data.clock is None)

    def _annotations(self, told: AlertData, ref: str | None) -> dict[str, str | None]:
        zone = self._book.calendar_of(told.department).zone
        link = f"{self._url}/" if ref is None else f"{self._url}/refs/{ref}"
        return {"summary": words.summary(told, zone), "link": link, "guide": told.guide}


def labels_of(told: AlertData, ref: str | None) -> dict[str, str | None]:
    """The labels of an alert of which this may be told."""
    return {
        "alertname": FEED_SILENT if told.clock is None else BENCHMARK + camel(told.stage or ""),
        "workflow": told.workflow,
        "clock": told.clock,
        "department": told.department,
        "pool": told.pool,
        "stage": told.stage,
        "severity": told.severity,
        "notify": NAMES_BY.join(told.notify or ()),
        "recipient": NAMES_BY.join(told.recipients or ()),
        "ref": ref,
    }


def camel(stage: str) -> str:
    """`DueSoon` of `due-soon`."""
    return "".join(part[:1].upper() + part[1:] for part in _PARTS.split(stage))


def stamp(at: float) -> str:
    """RFC 3339 of UNIX seconds, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _filled(given: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value}
