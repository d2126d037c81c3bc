"""Bytewax: a stateful operator with an item a key, its timers, and a recovery store of SQLite files.

`python -m bytewax.recovery FOLDER 1`, then `python -m bytewax.run bytewax_flow:flow -r FOLDER -s SECONDS`. It has the
offsets in the recovery store, not in a consumer group.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import bytewax.operators as op
import job
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic

counts = job.Counts()
counts.tell()
Event = tuple[str, bool, float]


class Item(StatefulBatchLogic):
    """An open item: when it was opened, and whether its alert stands."""

    __slots__ = ("alerted", "item", "opened")

    def __init__(self, item: str, opened: float | None, alerted: bool) -> None:
        self.item, self.opened, self.alerted = item, opened, alerted

    def on_batch(self, values: list[Event]) -> tuple[Iterable[KafkaSinkMessage], bool]:
        said = []
        for item, is_open, at in values:
            if is_open:
                self.item, self.opened = item, at
            elif self.opened is not None:
                counts.judge(at > self.opened + job.WITHIN)
                if self.alerted:
                    said.append(self.message("resolved"))
                self.opened, self.alerted = None, False
        return said, self.opened is None

    def on_notify(self) -> tuple[Iterable[KafkaSinkMessage], bool]:
        self.alerted = True
        return [self.message("firing")], False

    def notify_at(self) -> datetime | None:
        if self.opened is None or self.alerted:
            return None
        return datetime.fromtimestamp(self.opened + job.NEAR, UTC)

    def snapshot(self) -> tuple[str, float | None, bool]:
        return self.item, self.opened, self.alerted

    def message(self, state: str) -> KafkaSinkMessage:
        value = job.alert(self.item, (self.opened or 0.0) + job.WITHIN, state)
        return KafkaSinkMessage(self.item.encode(), value)


def begin(kept: tuple[str, float | None, bool] | None) -> Item:
    return Item("", None, False) if kept is None else Item(*kept)


def read(messages: list[KafkaSourceMessage]) -> Iterable[tuple[str, Event]]:
    counts.begin()
    for message in messages:
        event = job.read(message.value)
        yield event[0], event


flow = Dataflow("peer")
source = KafkaSource([job.BOOTSTRAP], [job.TOPIC])
events = op.flat_map_batch("read", op.input("events", flow, source), read)
said = op.stateful_batch("watch", events, begin)
op.output("alerts", op.key_rm("plain", said), KafkaSink([job.BOOTSTRAP], job.ALERTS))
