"""What an event of `portal.alerts` says to the people of one sink: whom, what, and by which reference.

Theory of operation. Recipients are named by the policy, or by a sender of events where the sink allows it
(`discretion`). Each has the services that the sinks' file gives him, or else those of `*`; an address is one service of
one of them, and has its own progress. Whoever falls under `*` is one recipient: that desk gets one digest, however many
names it stands for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from streams.core.book import Book
from streams.delivery import saying
from streams.delivery.answers import NOBODY, Answers, Line
from streams.delivery.digest import Kind, News
from streams.delivery.discretion import Discretion
from streams.delivery.sinks import ANYBODY, Discreet
from streams.web.refs import Refs

KINDS: Final = {
    alerts.FIRED: Kind.BEGIN,
    alerts.RESOLVED: Kind.END,
    alerts.FEED_SILENT: Kind.BEGIN,
    alerts.FEED_RESTORED: Kind.END,
    alerts.NOTICE: Kind.NOTICE,
}

log = logging.getLogger(__name__)


class Reader:
    """For one sink.

    Args:
        name, sink: of the sinks' file.
        addresses: those of each recipient, by name; `*` for anybody else.
        book: the policy in force.
        refs: makes references.
        answers: where what nobody is told is counted.
    """

    def __init__(
        self, name: str, sink: Discreet, addresses: Mapping[str, Iterable[str]], book: Callable[[], Book],
        refs: Callable[[], Refs], answers: Answers,
    ) -> None:  # fmt: skip
        self._name, self._sink, self._book, self._refs, self._answers = name, sink, book, refs, answers
        self._addresses = {recipient: tuple(each) for recipient, each in addresses.items()}
        self._discretion: tuple[Book, Discretion] | None = None
        self._unknown: set[str] = set()

    def news(self, value: bytes | None, now: float) -> News | None:
        """What a record says; None if that is nothing to these people. `now`: UNIX seconds."""
        alert = saying.read(value)
        if alert is None:
            log.warning("sink %s: a record of the alerts' topic is no alert and is passed over", self._name)
            return None
        kind = KINDS.get(alert.type)
        if kind is None or not alert.data.recipients or (kind is Kind.NOTICE and alert.data.severity is None):
            return None
        discretion = self._discreet()
        told = discretion.told(alert.data)
        names = told.recipients or []
        to = self._to(names)
        if not to:
            if kind is not Kind.END:
                self._nobody(alert, names, now)
            return None
        return News(
            kind, alert.data.alert or alert.id, alert.id, to, told, alert.subject, self._ref(alert.data),
            mind=alert.data.clock is None, recipients=tuple(names),
        )  # fmt: skip

    def _discreet(self) -> Discretion:
        book = self._book()
        if self._discretion is None or self._discretion[0] is not book:
            self._discretion = book, Discretion(book.policy, self._sink)
        return self._discretion[1]

    def _to(self, names: Iterable[str]) -> tuple[str, ...]:
        found = (self._addresses.get(name) or self._addresses.get(ANYBODY, ()) for name in names)
        return tuple(dict.fromkeys(address for each in found for address in each))

    def _ref(self, data: AlertData) -> str | None:
        if data.item is None or data.opened_at is None or data.clock is None:
            return None
        return self._refs().of(data.workflow, data.item, instants.parse(data.opened_at))

    def _nobody(self, alert: Alert, names: Iterable[str], now: float) -> None:
        """Count it, and say once for each number of names how many there are: a name may be a sender's."""
        self._answers.count(self._name, NOBODY)
        at = instants.text(int(now) * instants.SECOND)
        line = Line(at=at, sink=self._name, event=alert.id, result=NOBODY, recipients=tuple(names))
        self._answers.journal.note(alert.subject, line)
        known = len(self._unknown)
        if known < 1_000:
            self._unknown.update(names)
        if len(self._unknown) > known:
            log.warning("sink %s: %d recipients have no URL, and there is none for `*`", self._name, len(self._unknown))
