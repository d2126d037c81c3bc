"""The engine under a simulated clock, over a recorded log (contract section 9, `backtest`).

Now is the greatest event time so far.  The log is cut into steps: an event that moves now, and
those after it that do not.  Before a step all earlier moments are decided, each at its own time;
after the last event time runs on to `until`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.events import Event, Refusal, from_json
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.shares import KEPT
from streams.core.shelf import DictShelf
from streams.core.steps import steps
from streams.core.voice import Speaker

SOURCE = "/portalwatch/backtest"
RUN_ON = 30 * DAY
MAX_EVENT_BYTES = 1 << 20
TOO_LARGE = f"event: larger than {MAX_EVENT_BYTES} bytes"


class Dead(NamedTuple):
    """A dead letter of a backtest; `line` is the event as it was read."""

    reason: str
    detail: str
    line: bytes


class Result(NamedTuple):
    """Alerts in order of time, then id; dead letters in the order in which they were decided."""

    alerts: list[Alert]
    dead: list[Dead]
    events: int


def run(book: Book, lines: Iterable[bytes], until: int | None = None) -> Result:
    """Judge a log of NDJSON events in arrival order.

    Args:
        until: microseconds, inclusive; None: 30 days after the last event.
    """
    return judge(book, lines, until)[0]


def judge(
    book: Book, lines: Iterable[bytes], until: int | None = None, *, windows: int | None = KEPT
) -> tuple[Result, Engine]:
    """As `run`, and the engine as it stands at the end.

    Args:
        windows: how long the engine keeps cohorts and the shares of cycles after their hour; None: for ever.
    """
    engine = Engine(book, Speaker(SOURCE, 0), DictShelf(), DictShelf(), windows=windows)
    alerts: list[Alert] = []
    dead: list[Dead] = []
    count = 0

    def take(effects: Effects) -> None:
        alerts.extend(effects.alerts)
        dead.extend(Dead(d.reason, d.detail, d.ref) for d in effects.dead if isinstance(d.ref, bytes))

    for step in steps(_accepted(engine, lines, dead), 0):
        count += len(step)
        if (first := step[0][0].entry.time) > engine.now:
            take(engine.advance(first - 1))
        take(engine.step(step))
    if engine.latest:
        take(engine.advance(max(engine.now, engine.latest + RUN_ON if until is None else until)))
    alerts.sort(key=lambda a: (a.time.rstrip("Z"), a.id))
    return Result(alerts, dead, count), engine


def _accepted(engine: Engine, lines: Iterable[bytes], dead: list[Dead]) -> Iterator[tuple[Event, bytes]]:
    for raw in lines:
        line = raw.strip()
        if not line:
            continue
        event = from_json(line) if len(line) <= MAX_EVENT_BYTES else Refusal("too_large", TOO_LARGE)
        if isinstance(event, Refusal):
            dead.append(Dead(event.reason, event.detail, line))
        elif (why := engine.refuses(event)) is not None:
            dead.append(Dead("invalid", f"time: {why}", line))
        else:
            yield event, line


def dead_line(dead: Dead) -> bytes:
    """One line of `--deadletters`: `{reason, detail, event}`; what is not JSON is given as text."""
    try:
        event = msgspec.Raw(dead.line) if msgspec.json.decode(dead.line) is not None else msgspec.Raw(b"null")
    except (msgspec.DecodeError, RecursionError):
        event = msgspec.Raw(msgspec.json.encode(dead.line.decode("utf-8", "replace")))
    return msgspec.json.encode({"reason": dead.reason, "detail": dead.detail, "event": event})
