"""Pathway: tables that follow from the events' table; the time of day, a table too, is joined to the items that wait.

Its state is what the inputs' snapshots in files bring back, offsets included (snapshots of the operators themselves
need a licence key). An answer deletes nothing: an item stays as a row made of two events. Each look at the time joins
it to every open item anew, so it is not looked at more often than the job needs.
The alerts' topic gets what is added to the table of alerts and what is taken out of it (`diff` 1 and -1).
"""

from __future__ import annotations

from datetime import timedelta
from time import time as now
from typing import Any

import job
import pathway as pw

AUTOCOMMIT = 1.5
"""Seconds that events are gathered before they are worked on: its own default."""
REFRESH = 10.0
"""Seconds between two looks at the time; its default is 60."""
FORM = "%Y-%m-%dT%H:%M:%SZ"
counts = job.Counts()
settings = {"bootstrap.servers": job.BOOTSTRAP, "group.id": job.GROUP, "auto.offset.reset": "earliest"}


class Event(pw.Schema):
    """What the job needs of an event."""

    subject: str
    time: str


def began(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
    if not counts.first:
        counts.first = now() - AUTOCOMMIT


def judged(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
    if is_addition:
        setattr(counts, "missed" if row["late"] else "met", row["number"])


def build() -> None:
    """The tables, and where they go."""
    within, near = timedelta(seconds=job.WITHIN), timedelta(seconds=job.NEAR)
    events = pw.io.kafka.read(
        settings, topic=job.TOPIC, schema=Event, format="json", autocommit_duration_ms=int(AUTOCOMMIT * 1e3)
    ).select(item=pw.this.subject, at=pw.this.time.dt.strptime(FORM))
    items = events.groupby(pw.this.item).reduce(
        pw.this.item,
        opened=pw.reducers.min(pw.this.at),
        closed=pw.reducers.max(pw.this.at),
        events=pw.reducers.count(),
    )
    late = items.filter(pw.this.events == 2).select(late=pw.this.closed - pw.this.opened > within)
    outcomes = late.groupby(pw.this.late).reduce(pw.this.late, number=pw.reducers.count())
    clock = pw.temporal.utc_now(refresh_rate=timedelta(seconds=REFRESH)).reduce(
        time=pw.reducers.latest(pw.this.timestamp_utc.dt.to_naive_in_timezone("UTC"))
    )
    waiting = items.filter(pw.this.events == 1).select(
        pw.this.item, near=pw.this.opened + near, due=pw.this.opened + within
    )
    alerts = (
        waiting.join(clock)
        .select(pw.left.item, pw.left.near, pw.left.due, pw.right.time)
        .filter(pw.this.near <= pw.this.time)
        .select(pw.this.item, due=pw.this.due.dt.strftime(FORM))
    )
    pw.io.kafka.write(alerts, settings, topic_name=job.ALERTS, format="json", key=alerts.item)
    pw.io.subscribe(events.reduce(number=pw.reducers.count()), on_change=began)
    pw.io.subscribe(outcomes, on_change=judged)


if __name__ == "__main__":
    counts.tell()
    build()
    backend = pw.persistence.Backend.filesystem(job.FOLDER)
    pw.run(
        persistence_config=pw.persistence.Config(backend, snapshot_interval_ms=1_000),
        monitoring_level=pw.MonitoringLevel.NONE,
    )
