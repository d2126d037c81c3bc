"""The logs that jobs read, and what is true of them.

Theory of operation. `toy` is the last hour of a portal: items are opened at an even rate and answered after one to
eleven minutes, in order of time. A hundredth of the items is older: opened 28 to 30 hours before the end and answered
in the last hour (missed), opened 19 to 20 hours before it and answered so (met, after their near moment), or opened
20 to 22, or 28 to 30, hours before it and not answered (near or past their due at the end). So every near moment and
every due is at least an hour from the end. `judge` says what is true of such a log in the fewest words, without any
engine.

`helpdesk` is the public help-desk log (`tests/data/helpdesk`), each ticket so many times under other names, its times
moved by whole weeks, which keeps nights and weekends where they were, to end within the last one. Nothing is random.
Times are whole seconds.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from schemas import instants
from schemas.instants import SECOND
from schemas.policy import DAY, HOUR, MINUTE

WITHIN: Final = 24 * HOUR
NEAR: Final = 18 * HOUR
"""Three quarters of it."""
EVERY: Final = 400
"""Of so many items two are missed, one is met late, and one is not answered."""
HELPDESK: Final = Path(__file__).parents[2] / "data" / "helpdesk"
SENT, CLOSED = "portal.message.sent", "portal.message.closed"


class Record(NamedTuple):
    """A record of the messages' topic: its key is the item."""

    key: bytes
    value: bytes


@dataclass(slots=True)
class Truth:
    """What every job must find."""

    events: int = 0
    met: int = 0
    missed: int = 0
    standing: frozenset[str] = frozenset()
    """The items with an alert at the end."""

    @property
    def closes(self) -> int:
        """Items that were judged."""
        return self.met + self.missed


def toy(events: int, end: int) -> Iterator[Record]:
    """So many records, the last at `end` (microseconds)."""
    told = sorted(_told(events))[:events]
    shift = end - told[-1][0]
    for at, number, verb in told:
        item = f"p-{number:07}"
        yield Record(item.encode(), msgspec.json.encode(_event(at + shift, item, verb)))


def _told(events: int) -> Iterator[tuple[int, int, str]]:
    """At least so many (time, item, type); time 0 is the start of the last hour, which `events` about fill."""
    items = events // 2 + events // 8 + EVERY
    for number in range(items):
        opened = number * 3_600 // (items - items // 10) * SECOND
        answer = opened + MINUTE + number * 7_919 % 600 * SECOND
        before = number % 60 * MINUTE  # spread over an hour
        match number % EVERY:
            case 100 | 200:
                yield from ((-29 * HOUR + before, number, SENT), (answer, number, CLOSED))
            case 300:
                yield from ((-19 * HOUR + before // 2, number, SENT), (answer, number, CLOSED))
            case 0:
                yield -(21 if number // EVERY % 2 else 29) * HOUR + before, number, SENT
            case _:
                yield from ((opened, number, SENT), (answer, number, CLOSED))


def _event(at: int, item: str, kind: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{item}-{kind.rpartition('.')[2]}",
        "source": "/portal/toy",
        "type": kind,
        "subject": item,
        "time": instants.text(at),
    }


def judge(records: Iterable[Record], end: int) -> Truth:
    """What is true of a toy log at `end`."""
    truth, opened = Truth(), dict[str, int]()
    for record in records:
        event, truth.events = msgspec.json.decode(record.value), truth.events + 1
        at = instants.parse(event["time"])
        if event["type"] == SENT:
            opened[event["subject"]] = at
        elif at - opened.pop(event["subject"]) <= WITHIN:
            truth.met += 1
        else:
            truth.missed += 1
    truth.standing = frozenset(item for item, at in opened.items() if at + NEAR <= end)
    return truth


def helpdesk(events: int, end: int) -> Iterator[Record]:
    """So many records of the help-desk log and its copies; the last of them lies less than a week before `end`."""
    log = [msgspec.json.decode(line) for line in _lines()]
    copies = -(-events // len(log))
    last = log[(events - 1) // copies]
    shift = (end - instants.parse(last["time"])) // (7 * DAY) * 7 * DAY
    for number in range(events):
        event, copy = log[number // copies], number % copies
        item, at = f"{event['subject']}-{copy}", instants.parse(event["time"]) + shift
        moved = {**event, "id": f"{event['id']}-{copy}", "subject": item, "time": instants.text(at)}
        yield Record(item.encode(), msgspec.json.encode(moved))


def _lines() -> list[str]:
    """The log as its own script writes it."""
    spec = importlib.util.spec_from_file_location("helpdesk_to_events", HELPDESK / "helpdesk_to_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with redirect_stdout(io.StringIO()) as out:
        module.main(HELPDESK / "helpdesk.csv")
    return out.getvalue().splitlines()
