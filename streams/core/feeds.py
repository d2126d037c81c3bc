"""Silent feeds (contract R16): a workflow whose topic gets neither event nor heartbeat.

The owner of partition 0 looks at the ends of a workflow's topic now and then; an end that has
moved since the last look means that the feed is alive.  What is known of the feeds stands with
the partition's items, so a feed that stays silent through a restart is said to be so once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from streams.core.book import Book
from streams.core.deadlines import nominal
from streams.core.shelf import Shelf
from streams.core.voice import Speaker

FEEDS = b"@feeds"
"""The key under which partition 0 keeps what it knows of the feeds."""
STAGE = "feed-silent"
PREFIX = "feed:"
"""What the ids of these alerts begin with."""

UNKNOWN = -1


class Feed(msgspec.Struct, array_like=True):
    """What is known of one workflow's topic."""

    ends: int
    """The sum of its end offsets at the last look; UNKNOWN until the next."""
    heard: int
    """When it was last seen to have moved, in microseconds."""
    silent: str = ""
    """Id of the alert, while it fires."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(dict[str, Feed])


def check(value: bytes) -> None:
    """Whether this is what is kept of the feeds.

    Raises:
        msgspec.MsgspecError: it is not.
    """
    _DECODER.decode(value)


def look(book: Book, speaker: Speaker, items: Shelf, open_alerts: Shelf, ends: Mapping[str, int], now: int) -> list[
    Alert
]:  # fmt: skip
    """Judge the feeds by the sum of their topics' end offsets; gives what is to be said of them.

    Args:
        ends: by workflow; only workflows that `settings.silent_feed` names are judged.
        now: microseconds.
    """
    stored = items.get(FEEDS)
    feeds = {} if stored is None else _DECODER.decode(stored)
    said: list[Alert] = []
    for workflow in [w for w in feeds if w not in book.settings.silent_feed]:
        said += _end(speaker, open_alerts, feeds.pop(workflow), workflow, now)
    for workflow in book.settings.silent_feed:
        if workflow in ends:
            feed = feeds.setdefault(workflow, Feed(ends[workflow], now))
            said += _judge(book, speaker, open_alerts, workflow, feed, ends[workflow], now)
    changed = _ENCODER.encode(feeds)
    if changed != stored:
        items.put(FEEDS, changed)
    return said


def _judge(
    book: Book, speaker: Speaker, open_alerts: Shelf, workflow: str, feed: Feed, ends: int, now: int
) -> list[Alert]:
    if feed.ends == UNKNOWN:
        feed.ends = ends
    if ends != feed.ends:
        said = _end(speaker, open_alerts, feed, workflow, now)
        feed.ends, feed.heard, feed.silent = ends, now, ""
        return said
    due = nominal(book.calendar_of(), feed.heard, book.settings.silent_feed[workflow])
    if feed.silent or due > now:
        return []
    alert = _silent(book, speaker, workflow, feed.heard, due, now)
    feed.silent = alert.id
    open_alerts.put(alert.id.encode(), alerts.encode(alert))
    return [alert]


def _silent(book: Book, speaker: Speaker, workflow: str, since: int, due: int, now: int) -> Alert:
    on_call = book.policy.defaults.on_call
    alert_id = f"{PREFIX}{workflow}:{instants.compact(since)}:silent"
    data = AlertData(
        alert=alert_id,
        state="firing",
        stage=STAGE,
        severity="critical",
        notify=["on_call"],
        recipients=[on_call] if on_call else [],
        workflow=workflow,
        stage_at=instants.text(due),
        fired_at=instants.text(now),
        feed="silent",
        policy=book.version,
        partition=speaker.partition,
    )
    return _alert(speaker, alert_id, alerts.FEED_SILENT, workflow, now, data)


def _end(speaker: Speaker, open_alerts: Shelf, feed: Feed, workflow: str, now: int) -> list[Alert]:
    """The feed is back, or no longer watched: what fires of it ends."""
    value = open_alerts.pop(feed.silent.encode()) if feed.silent else None
    if value is None:
        return []
    data = msgspec.structs.replace(alerts.decode(value).data, state="resolved", resolved_at=instants.text(now))
    alert_id = feed.silent.removesuffix("silent") + "restored"
    return [_alert(speaker, alert_id, alerts.FEED_RESTORED, workflow, now, data)]


def _alert(speaker: Speaker, alert_id: str, type_: str, workflow: str, now: int, data: AlertData) -> Alert:
    return Alert(id=alert_id, source=speaker.source, type=type_, subject=workflow, time=instants.text(now), data=data)


def known_silent(items: Shelf) -> set[str]:
    """Ids of the feed alerts that partition 0 knows to fire."""
    stored = items.get(FEEDS)
    return set() if stored is None else {feed.silent for feed in _DECODER.decode(stored).values() if feed.silent}


def adopt(items: Shelf, alert: Alert) -> None:
    """Keep in mind that this alert fires, as it was found open (R12)."""
    stored = items.get(FEEDS)
    known = {} if stored is None else _DECODER.decode(stored)
    feed = known.setdefault(alert.data.workflow, Feed(UNKNOWN, instants.parse(alert.time)))
    feed.silent = alert.id
    items.put(FEEDS, _ENCODER.encode(known))
