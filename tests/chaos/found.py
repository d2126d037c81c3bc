"""What stands on the broker after a run: read back once, checked by others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition

from schemas import alerts
from schemas.alerts import Alert
from tests.chaos.replay import essence
from tests.coordinator import awaited
from tests.e2e.cluster import INPUTS, Cluster, read_all

READ_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """An alert as it stands in the topic: its bytes, since a long run has a million."""

    line: bytes
    partition: int
    appended: float
    """UNIX seconds, the broker's where it stamps, else the worker's."""
    offset: int = -1
    """Its own; -1 where that was not kept."""

    @property
    def alert(self) -> Alert:
        """What it says."""
        return alerts.decode(self.line)

    @property
    def type(self) -> str:
        """Its type, without decoding the rest."""
        return HEAD.decode(self.line).type


class Head(msgspec.Struct):
    """What of an alert is asked of all."""

    id: str
    type: str


HEAD = msgspec.json.Decoder(Head)


@dataclass(frozen=True)
class Found:
    """All that a run left."""

    said: dict[str, list[Said]]
    """By id, in the order of appending."""
    open: set[str]
    items: dict[str, bytes]
    """The items' changelog, the last value of each key; without the runtime's own keys and the engine's."""
    dead: list[str]
    """Reason and detail of the dead letters."""
    behind: list[str]
    """Inputs whose committed offset is not their end."""
    torn: list[str] = field(default_factory=list)
    """Open alerts that say something else than what fired, and keys that stand on two partitions, in words."""


def read(cluster: Cluster) -> Found:
    """Read all topics of a cluster whose workers have stopped."""
    said: dict[str, list[Said]] = defaultdict(list)
    for message in records(cluster, f"{cluster.prefix}.alerts"):
        line = message.value() or b""
        place, stamp = message.partition() or 0, message.timestamp()[1] / 1000
        said[HEAD.decode(line).id].append(Said(line, place, stamp, message.offset() or 0))
    open_alerts, torn = fold(cluster, f"{cluster.prefix}.alerts.open")
    items, torn_items = fold(cluster, f"{cluster.prefix}-items-changelog")
    torn += torn_items + [f"{key.decode()}: open, but not as it fired" for key in otherwise(open_alerts, said)]
    return Found(
        said=dict(said),
        open={key.decode() for key in open_alerts},
        items={key.decode(): value for key, value in items.items() if not is_own(key)},
        dead=[reason(message) for message in records(cluster, f"{cluster.prefix}.deadletters")],
        behind=behind(cluster),
        torn=torn,
    )


def otherwise(open_alerts: Mapping[bytes, bytes], said: Mapping[str, Sequence[Said]]) -> Iterator[bytes]:
    """The keys of open alerts that say something else than what fired."""
    for key, value in open_alerts.items():
        fired = said.get(key.decode())
        if fired and essence(alerts.decode(value)) != essence(fired[0].alert):
            yield key


def records(cluster: Cluster, topic: str) -> Iterator[Message]:
    """All records of a topic."""
    return read_all(cluster.broker.bootstrap, topic, READ_SECONDS)


def fold(cluster: Cluster, topic: str) -> tuple[dict[bytes, bytes], list[str]]:
    """The last value of each key of a compacted topic, and which keys stand on two partitions, in words."""
    latest: dict[tuple[int, bytes], bytes] = {}
    for message in records(cluster, topic):
        place, value = (message.partition() or 0, message.key() or b""), message.value()
        if value is None:
            latest.pop(place, None)
        else:
            latest[place] = value
    return whole(latest, topic)


def whole(latest: Mapping[tuple[int, bytes], bytes], topic: str) -> tuple[dict[bytes, bytes], list[str]]:
    """The partitions of a topic as one table. The runtime's own keys, and the engine's, are on each."""
    times = Counter(key for _, key in latest if not is_own(key))
    torn = [f"{topic}: {key.decode()} stands on {count} partitions" for key, count in times.items() if count > 1]
    return {key: value for (_, key), value in latest.items()}, torn


def is_own(key: bytes) -> bool:
    """Whether a key of the items' changelog is the runtime's or the engine's."""
    return key.startswith((b"\0", b"@"))


def reason(message: Message) -> str:
    """Why a dead letter is one."""
    headers = dict(message.headers() or [])
    told = [headers.get(f"portalwatch.{name}", b"") for name in ("reason", "detail")]
    return ": ".join(text.decode() for text in told if isinstance(text, bytes))


def behind(cluster: Cluster) -> list[str]:
    """Input partitions whose committed offset is not their end, in words."""
    consumer = Consumer({"bootstrap.servers": cluster.broker.bootstrap, "group.id": cluster.prefix})
    wrong = []
    try:
        for suffix in INPUTS.values():
            topic = f"{cluster.prefix}.{suffix}"
            ends = ends_of(cluster, topic)
            numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            for tp in awaited(consumer.committed)([TopicPartition(topic, number) for number in numbers], timeout=10):
                end, (_, mark) = ends[tp.partition], consumer.get_watermark_offsets(tp, timeout=10)
                if not is_end(max(tp.offset, 0), end, mark):
                    wrong.append(f"{topic}[{tp.partition}]: committed {tp.offset}, end {end}")
    finally:
        consumer.close()
    return wrong


def ends_of(cluster: Cluster, topic: str) -> Counter[int]:
    """The offset behind the last record of each partition: what reading to the end shows.

    The embedded broker's ListOffsets, behind `get_watermark_offsets`, is too low after batches of several records.
    """
    ends = Counter[int]()
    for message in records(cluster, topic):
        ends[message.partition() or 0] = (message.offset() or 0) + 1
    return ends


def is_end(committed: int, end: int, mark: int) -> bool:
    """Whether all is committed. Between the last record and the broker's mark only transaction markers may lie.

    They are read over without being seen: a worker's offset may lie before or behind them.
    """
    return end <= committed <= max(end, mark)
