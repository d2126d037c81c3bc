"""What concerns one item among the records of the topics. Pure: records in, an `Evidence` out.

A record is the item's if its event says so; one that cannot be read as an event is the item's if its key, its `subject`
or its header `ce_subject` is the item's name. Records of other items are looked at no further than that, and only tell
how far the time was: `Sorter` sees each record of a partition in order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from schemas import events, topics
from schemas.alerts import Alert
from schemas.events import COMMAND_TOPIC, Event
from streams import deadletters
from streams.core.policy_check import PolicyError
from streams.deadletters import Letter
from streams.delivery import journal, saying
from streams.delivery.answers import Line
from streams.policies import Decree, parsed
from streams.runtime import Record

Where = tuple[str, int, int]
"""Topic, partition, offset."""
SUBJECT_HEADER: Final = "ce_subject"


class Came(NamedTuple):
    """A record of the item on an input."""

    where: Where
    at: int
    """When it came, in milliseconds (UNIX) of the wall: never before a record that stands before it."""
    event: Event | None
    """None: it is no event."""


class Said(NamedTuple):
    """An alert of the item, and where it stands on `portal.alerts`."""

    alert: Alert
    partition: int
    offset: int


@dataclass(slots=True)
class Evidence:
    """All that bears on an item."""

    came: list[Came] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    open: dict[str, bytes] = field(default_factory=dict)
    """Alerts that stand open, by id."""
    journal: list[Line] = field(default_factory=list)
    decrees: list[Decree] = field(default_factory=list)
    """The policies that the topic still has, in order."""
    refused: dict[Where, Letter] = field(default_factory=dict)
    """Dead letters, by where their records came from; those of the item's records, once `sift` is done."""
    cut: set[str] = field(default_factory=set)
    """Workflows (and `command`) whose topic no longer begins at its first record, in the item's partition."""

    @property
    def found(self) -> bool:
        """Whether there is an event of the item, or something was said of it."""
        return any(each.event is None or not _is_command(each.event) for each in self.came) or bool(self.said)

    def sift(self) -> None:
        """Keep the dead letters of the item's own records."""
        mine = {each.where for each in self.came}
        self.refused = {where: letter for where, letter in self.refused.items() if where in mine}


def _is_command(event: Event) -> bool:
    return event.type in events.COMMANDS


class Sorter:
    """Puts the records of a prefix and an app id where they belong in an `Evidence`."""

    def __init__(self, item: str, prefix: str, app_id: str) -> None:
        self.evidence = Evidence()
        self._item, self._name = item, item.encode()
        self._inputs = {**topics.inputs(prefix), topics.COMMANDS.name(prefix): COMMAND_TOPIC}
        self._takes = {
            topics.ALERTS.name(prefix): self._alert,
            topics.OPEN_ALERTS.name(prefix): self._open,
            topics.POLICY.name(prefix): self._policy,
            topics.DEAD_LETTERS.name(prefix): self._letter,
            journal.topic(app_id): self._line,
        }
        self._latest: dict[tuple[str, int], int] = {}

    def take(self, records: Iterable[Record]) -> None:
        """Some records, in the order of their partitions."""
        for record in records:
            if (workflow := self._inputs.get(record.topic)) is not None:
                self._input(workflow, record)
            else:
                self._takes[record.topic](record)

    def _input(self, workflow: str, record: Record) -> None:
        place = record.topic, record.partition
        if place not in self._latest and record.offset > 0:
            self.evidence.cut.add(workflow)
        at = self._latest[place] = max(self._latest.get(place, 0), record.timestamp)
        if not self._maybe(record):
            return
        event = events.decode(record.value, record.headers, workflow)
        known = event if isinstance(event, Event) else None
        if known.subject == self._item if known is not None else self._named(record):
            self.evidence.came.append(Came((*place, record.offset), at, known))

    def _maybe(self, record: Record) -> bool:
        """Whether it may be the item's: no look is cheaper, and most are not."""
        return (
            (record.value is not None and self._name in record.value)
            or record.key == self._name
            or any(value == self._name for _, value in record.headers)
        )

    def _named(self, record: Record) -> bool:
        if record.key == self._name or (SUBJECT_HEADER, self._name) in record.headers:
            return True
        try:
            return _NAMED.decode(record.value or b"").subject == self._item
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False

    def _alert(self, record: Record) -> None:
        if record.key == self._name and record.value is not None:
            alert = saying.read(record.value)
            if alert is not None and alert.data.item == self._item:
                self.evidence.said.append(Said(alert, record.partition, record.offset))

    def _open(self, record: Record) -> None:
        alert_id = (record.key or b"").decode(errors="replace")
        if alert_id.split(":")[1:2] != [self._item]:
            return
        if record.value is None:
            self.evidence.open.pop(alert_id, None)
        else:
            self.evidence.open[alert_id] = record.value

    def _policy(self, record: Record) -> None:
        with contextlib.suppress(PolicyError):  # a worker refuses it, too, and keeps the one that it has
            if (decree := parsed(record)) is not None:
                self.evidence.decrees.append(decree)

    def _letter(self, record: Record) -> None:
        if (letter := deadletters.parse(record)) is not None:
            self.evidence.refused[letter.topic, letter.topic_partition, letter.topic_offset] = letter

    def _line(self, record: Record) -> None:
        if (line := journal.parse(record.key, record.value, self._item)) is not None:
            self.evidence.journal.append(line)


class _Named(msgspec.Struct):
    subject: str


_NAMED = msgspec.json.Decoder(_Named)
