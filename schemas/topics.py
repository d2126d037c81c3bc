"""The topics of the contract (section 1) as data: names, kinds of partition count, settings to make them with.

A topic's full name is `<prefix>.<suffix>`. Inputs come one for each workflow, and the commands. What concerns an item
has one partition count throughout (`SHARED`), the policy has one partition (`ONE`), and the dead letters may have any
(`ANY`; they are made with the shared count). A compacted topic gets `segment.ms`: Kafka never compacts the active
segment, which else lasts a week. Where the contract says nothing (retention of inputs and alerts, time stamps), the
broker's own settings stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

DAY_MS: Final = 86_400_000
FOREVER_MS: Final = 9_223_372_036_854_775_807
SEGMENT_MS: Final = 600_000
DEAD_LETTER_BYTES: Final = 16 << 20
"""The largest record that the dead letters' topic takes (R14)."""
DEFAULT_PREFIX: Final = "portal"


class Partitions(Enum):
    """Which partition count a topic has to have."""

    SHARED = "shared"
    ONE = "one"
    ANY = "any"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of section 1. Times in milliseconds, sizes in bytes; None leaves a setting to the broker."""

    suffix: str
    key: str
    """What the key of a record is, in words."""
    value: str
    """What the value of a record is, in words."""
    cleanup: tuple[str, ...] = ("delete",)
    partitions: Partitions = Partitions.SHARED
    retention_ms: int | None = None
    max_message_bytes: int | None = None
    any_timestamp: bool = False
    """It takes records with another topic's timestamps, also where those lie ahead of the broker's clock."""

    def name(self, prefix: str = DEFAULT_PREFIX) -> str:
        """`portal.alerts`, for the prefix `portal`."""
        return f"{prefix}.{self.suffix}"

    def count(self, shared: int) -> int:
        """The partition count to make it with, where the shared one is `shared`."""
        return 1 if self.partitions is Partitions.ONE else shared

    def config(self) -> dict[str, str]:
        """Its settings, in Kafka's names."""
        known = {
            "cleanup.policy": ",".join(self.cleanup),
            "retention.ms": self.retention_ms,
            "max.message.bytes": self.max_message_bytes,
            "message.timestamp.after.max.ms": FOREVER_MS if self.any_timestamp else None,
            "segment.ms": SEGMENT_MS if "compact" in self.cleanup else None,
        }
        return {name: str(value) for name, value in known.items() if value is not None}


def _input(suffix: str) -> Topic:
    return Topic(
        suffix=suffix,
        key="the same for every event of one item: the item, or the patient surrogate",
        value="CloudEvent, section 2",
    )


INPUTS: Final[Mapping[str, Topic]] = {
    "message": _input("messages"),
    "appointment": _input("appointments"),
    "result": _input("results"),
    "questionnaire": _input("questionnaires"),
}
"""Workflow to the topic of its events."""

COMMANDS: Final = Topic(
    suffix="commands",
    key="any, if sent to the partition that an alert names; else as the item's events",
    value="CloudEvent portal.command.*",
)
ALERTS: Final = Topic(suffix="alerts", key="item", value="CloudEvent, section 5")
OPEN_ALERTS: Final = Topic(
    suffix="alerts.open",
    key="alert id",
    value="the firing alert; a tombstone when it ends",
    cleanup=("compact",),
)
SCORECARDS: Final = Topic(
    suffix="scorecards",
    key="workflow/clock/department/window start/partition",
    value="CloudEvent portal.scorecard, section 7: a partial, to be summed over partitions",
    cleanup=("compact", "delete"),
    retention_ms=40 * DAY_MS,
)
POLICY: Final = Topic(
    suffix="policy",
    key="policy",
    value="the policy file in force, as bytes; headers version, sha256, by",
    cleanup=("compact",),
    partitions=Partitions.ONE,
)
DEAD_LETTERS: Final = Topic(
    suffix="deadletters",
    key="as received",
    value="as received, and so are the headers; after them come the headers portalwatch.reason, .detail, .topic, "
    ".partition, .offset, .received_at",
    partitions=Partitions.ANY,
    retention_ms=30 * DAY_MS,
    max_message_bytes=DEAD_LETTER_BYTES,
    any_timestamp=True,
)

ALL: Final = (*INPUTS.values(), COMMANDS, ALERTS, OPEN_ALERTS, SCORECARDS, POLICY, DEAD_LETTERS)
"""Every topic, in the order of section 1."""


def inputs(prefix: str = DEFAULT_PREFIX) -> dict[str, str]:
    """Topic name to workflow, for the four inputs of events; the commands' topic is not among them."""
    return {topic.name(prefix): workflow for workflow, topic in INPUTS.items()}
