"""Reading what bears on one item: the partition that its name hashes to, and the others only if it is not there.

Theory of operation. One consumer reads, from their beginnings to the ends that they have when it starts, the item's
partition of the inputs, the commands, the alerts and the open alerts, and of the journal; the policy's topic; and the
dead letters, of which it looks at our headers alone. Portals that key their events by the patient put an item on a
partition that its name does not tell: if nothing was found, the other partitions are read as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition

from schemas import topics
from streams import letters
from streams.delivery import journal
from streams.intake import PARTITIONERS
from streams.why.evidence import Evidence, Sorter

TELL_EVERY: Final = 250_000
"""Records between two words on how far it is."""

Tell = Callable[[str], None]


class Asked(NamedTuple):
    """What is asked of which system."""

    item: str
    workflow: str | None
    """None: of any."""
    prefix: str
    app_id: str


class NotThere(LookupError):
    """The topics are not there; the message names one."""


async def gather(client: Mapping[str, Any], asked: Asked, tell: Tell) -> Evidence:
    """All that bears on an item.

    Args:
        tell: is handed a line now and then if it takes long.

    Raises:
        NotThere: there are no topics of this prefix.
    """
    wanted = [topics.INPUTS[asked.workflow]] if asked.workflow else [*topics.INPUTS.values()]
    moving = [topic.name(asked.prefix) for topic in (*wanted, topics.COMMANDS, topics.ALERTS, topics.OPEN_ALERTS)]
    policy, dead = topics.POLICY.name(asked.prefix), topics.DEAD_LETTERS.name(asked.prefix)
    counts = await letters.counts(client, [*moving, policy, dead, journal.topic(asked.app_id)])
    if policy not in counts or moving[-1] not in counts:
        raise NotThere(f"{moving[-1]} is not there: give the PREFIX (it is `{asked.prefix}`) of a system that ran")
    home = _places(counts, moving, lambda number, count: number == _hashed(asked.item, count))
    fixed = _places(counts, [policy, dead], lambda *_: True)
    lines = counts.get(journal.topic(asked.app_id), 0)
    if lines:
        fixed.append(journal.place(journal.topic(asked.app_id), asked.item, lines))
    sorter = Sorter(asked.item, asked.prefix, asked.app_id)
    await _read(client, [*home, *fixed], sorter, tell)
    if not sorter.evidence.found:
        await _read(client, _places(counts, moving, lambda n, count: n != _hashed(asked.item, count)), sorter, tell)
    sorter.evidence.sift()
    return sorter.evidence


def _hashed(item: str, count: int) -> int:
    return PARTITIONERS["murmur2"](item.encode()) % count


def _places(
    counts: Mapping[str, int], names: Iterable[str], wanted: Callable[[int, int], bool]
) -> list[TopicPartition]:
    return [TopicPartition(n, number) for n in names for number in range(counts.get(n, 0)) if wanted(number, counts[n])]


async def _read(client: Mapping[str, Any], places: Sequence[TopicPartition], sorter: Sorter, tell: Tell) -> None:
    read, told = 0, TELL_EVERY
    async for some in letters.at(client, places):
        sorter.take(some)
        read += len(some)
        if read >= told:
            told += TELL_EVERY
            tell(f"{read:,} records of {len(places)} partitions are read")
