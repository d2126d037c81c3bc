"""What is said of one item at one decision: alerts, resolutions, notices (contract section 5).

A `Voice` collects what a decision says, in order; it knows which alerts are open and never says
one id twice.  It decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from schemas.events import Entry
from schemas.policy import UNASSIGNED, Clock
from streams.core.book import Book
from streams.core.deadlines import Verdict
from streams.core.fold import Cycle
from streams.core.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: the same for all decisions of a partition."""

    source: str
    partition: int


@dataclass(slots=True)
class Voice:
    """Collects what is said of an item at `at`; instants in microseconds."""

    speaker: Speaker
    book: Book
    workflow: str
    item: str
    at: int
    stamp: int
    """The moment that alerts carry as their time."""
    open: Shelf
    """The open alerts of the partition, encoded, before this decision."""
    said: list[str]
    """Ids said of the item, without `workflow:item:`."""
    catch_up: bool = False
    silent: bool = False
    """The workflow's feed is silent (R16)."""
    alerts: list[Alert] = field(default_factory=list)
    opened: dict[str, Alert] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    def cycle_id(self, clock: Clock, cycle: Cycle) -> str:
        """What the ids of the cycle's alerts begin with."""
        return alerts.cycle_id(self.workflow, self.item, clock.name, cycle.start)

    def known(self, alert_id: str) -> bool:
        """Whether this id was said before."""
        return self._tail(alert_id) in self.said

    def fires(self, alert_id: str) -> bool:
        """Whether the alert fires now."""
        return alert_id not in self.closed and (alert_id in self.opened or self.open.get(alert_id.encode()) is not None)

    def firing(self, alert_id: str) -> Alert | None:
        """The alert, if it fires now."""
        if not alert_id or alert_id in self.closed:
            return None
        if alert_id in self.opened:
            return self.opened[alert_id]
        value = self.open.get(alert_id.encode())
        return None if value is None else alerts.decode(value)

    def fire(
        self, alert_id: str, clock: Clock, cycle: Cycle, verdict: Verdict, *, stage: str, severity: str,
        notify: list[str], stage_at: int,
    ) -> None:  # fmt: skip
        """Say that a stage fires, to the targets that `notify` names."""
        data = self._data(
            clock, cycle, verdict, alert=alert_id, state="firing", stage=stage, severity=severity, notify=notify,
            recipients=self.book.recipients(notify, cycle.routing), stage_at=instants.text(stage_at),
            fired_at=instants.text(self.stamp), catch_up=self.catch_up or None,
        )  # fmt: skip
        self.opened[alert_id] = self._say(alert_id, alerts.FIRED, data)

    def resolve(self, alert_id: str, reason: str, closed_at: int | None = None) -> None:
        """Resolve an alert if it still fires; what was said when it fired is repeated."""
        fired, resolution = self.firing(alert_id), f"{alert_id}:resolved"
        if fired is None:
            if self.known(alert_id) and not self.known(resolution):  # by a step that is repeated after a crash (R12)
                self._remember(resolution)
            return
        data = msgspec.structs.replace(
            fired.data, state="resolved", reason=reason, resolved_at=instants.text(self.stamp),
            closed_at=None if closed_at is None else instants.text(closed_at),
        )  # fmt: skip
        self._say(resolution, alerts.RESOLVED, data)
        self.opened.pop(alert_id, None)
        self.closed.append(alert_id)

    def too_early(self, clock: Clock, cycle: Cycle, verdict: Verdict) -> None:
        """Note that it was stopped before the floor (R10)."""
        assert cycle.end is not None
        stop = instants.text(cycle.end)
        data = self._data(
            clock, cycle, verdict, state="notice", stage="too-early", severity="warning", notify=["pool"],
            recipients=self.book.recipients(["pool"], cycle.routing), stage_at=stop, closed_at=stop,
        )  # fmt: skip
        self._notice(f"{self.cycle_id(clock, cycle)}:too-early", data)

    def acknowledged(self, clock: Clock, cycle: Cycle, verdict: Verdict, command: Entry) -> None:
        """Note that somebody acknowledged (R8)."""
        data = self._data(clock, cycle, verdict, state="notice", stage="acknowledged", by=command.by)
        self._notice(f"{self.cycle_id(clock, cycle)}:acknowledged:{command.id}", data)

    def _notice(self, notice_id: str, data: AlertData) -> None:
        if not self.known(notice_id):
            self._say(notice_id, alerts.NOTICE, data)

    def _say(self, alert_id: str, type_: str, data: AlertData) -> Alert:
        alert = Alert(
            id=alert_id, source=self.speaker.source, type=type_, subject=self.item, time=instants.text(self.stamp),
            data=data,
        )  # fmt: skip
        self.alerts.append(alert)
        self._remember(alert_id)
        return alert

    def _remember(self, alert_id: str) -> None:
        self.said.append(self._tail(alert_id))

    def _tail(self, alert_id: str) -> str:
        return alert_id[len(self.workflow) + len(self.item) + 2 :]

    def _data(self, clock: Clock, cycle: Cycle, verdict: Verdict, **said: Any) -> AlertData:
        routing = cycle.routing
        return AlertData(
            workflow=self.workflow,
            item=self.item,
            clock=clock.name,
            department=routing.department or UNASSIGNED,
            site=routing.site,
            pool=self.book.pool(routing),
            owner=routing.owner,
            priority=cycle.priority,
            kind=routing.kind,
            guide=self.book.department(routing).guide,
            opened_at=instants.text(cycle.start),
            due_at=None if verdict.due is None else instants.text(verdict.due),
            short_notice=True if verdict.short and verdict.due is not None else None,
            attempts=len(cycle.attempts),
            follow_ups=cycle.follow_ups,
            feed="silent" if self.silent else None,
            policy=self.book.version,
            partition=self.speaker.partition,
            **said,
        )


def caught_up(said: Sequence[Alert], speaker: Speaker, book: Book, stamp: int) -> list[Alert]:
    """R11: a notice for each workflow and department of how many alerts fired late because the gate was shut."""
    late = Counter((a.data.workflow, a.data.department or UNASSIGNED) for a in said if _is_late(a))
    at = instants.compact(stamp)
    return [
        Alert(
            id=f"catch-up:{workflow}:{department}:{speaker.partition}:{at}",
            source=speaker.source,
            type=alerts.NOTICE,
            subject=workflow,
            time=instants.text(stamp),
            data=AlertData(
                state="notice", stage="catch-up", workflow=workflow, department=department, count=count,
                policy=book.version, partition=speaker.partition,
            ),
        )
        for (workflow, department), count in sorted(late.items())
    ]  # fmt: skip


def _is_late(alert: Alert) -> bool:
    return alert.type == alerts.FIRED and alert.data.catch_up is True
