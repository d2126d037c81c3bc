"""What became of each stage of a clock: told, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas import instants
from schemas.alerts import Alert
from schemas.events import Action, Entry
from streams.core.arming import held_until
from streams.core.book import Book
from streams.core.deadlines import judge, nominal
from streams.core.explain import Explanation, Rung
from streams.core.ladder import allowed
from streams.core.state import ClockState
from streams.why import forms
from streams.why.compare import caught_up
from streams.why.evidence import Said
from streams.why.forms import Hold, Stage


class Span(NamedTuple):
    """A hold; microseconds."""

    kind: str
    by: str | None
    at: int
    until: int


class Known(NamedTuple):
    """What is known of one clock of one cycle."""

    book: Book
    found: Explanation
    kept: ClockState
    """What the core has said of it."""
    history: Sequence[Entry]
    fired: dict[str, Alert]
    """What the core fired, by id."""
    said: Sequence[Said]
    """What was really said of this cycle and clock."""
    now: int


def holds(known: Known) -> list[Span]:
    """Who held the early stages back, and until when (R8)."""
    cycle, calendar = known.found.cycle, known.found.calendar
    end = known.now if cycle.end is None else cycle.end
    spans = [
        Span("acknowledged", each.by, each.time, nominal(calendar, each.time, known.book.settings.ack_for))
        for each in cycle.acknowledgements
    ]
    spans += [
        Span("snoozed", each.by, each.time, each.until)
        for each in known.history
        if each.action == Action.SNOOZE and each.until is not None and cycle.start <= each.time <= end
    ]
    return sorted(spans, key=lambda span: span.at)


def hold_forms(spans: Sequence[Span]) -> list[Hold]:
    """As they are told."""
    return [
        Hold(kind=span.kind, by=span.by, at=instants.text(span.at), until=instants.text(span.until)) for span in spans
    ]


def stages(known: Known) -> Iterator[Stage]:
    """Each stage of the ladder as it stands."""
    spans, held = holds(known), _held(known)
    for rung in known.found.stages:
        outcome, by, until = _became(known, rung, spans, held)
        yield Stage(
            name=rung.stage.name, at=instants.text(rung.at),
            asked=None if rung.asked == rung.at else instants.text(rung.asked), severity=rung.stage.severity,
            notify=rung.stage.notify, recipients=rung.recipients, outcome=outcome, by=by,
            until=None if until is None else instants.text(until),
        )  # fmt: skip


def _held(known: Known) -> int:
    """Until when the stages before the due are held back now; 0: they are not."""
    verdict = judge(known.book, known.found.clock, known.found.cycle)
    if verdict.calendar is None:
        return 0
    return held_until(known.book, known.found.clock, known.found.cycle, verdict, known.kept)


Became = tuple[str, str | None, int | None]
"""Outcome, by, until."""


def _became(known: Known, rung: Rung, spans: Sequence[Span], held: int) -> Became:
    name = rung.stage.name
    if any(each.alert.data.stage == name and not _undone(known, name) for each in known.said):
        return forms.TOLD, None, None
    state = known.kept.stages.get(name)
    if state is not None and state.done:
        return _done(known, name)
    return _waits(known, rung, held) if known.found.cycle.running else _ended(known, rung, spans)


def _waits(known: Known, rung: Rung, held: int) -> Became:
    """It has not fired, and the cycle runs or is paused."""
    now = known.now
    if known.found.cycle.paused:
        return forms.PAUSED, None, None
    if rung.stage.early and max(now, rung.at) < held:
        spans = [span for span in holds(known) if span.until == held]
        return forms.TO_COME if rung.at > now else forms.HELD, spans[-1].by if spans else None, held
    if rung.at > now:
        return forms.TO_COME, None, None
    waits = allowed(known.found.calendar, now, always=rung.stage.always)
    return (forms.HOURS, None, waits) if waits > now else (forms.UNSAID, None, None)


def _ended(known: Known, rung: Rung, spans: Sequence[Span]) -> Became:
    """The cycle ended before it fired."""
    end = known.found.cycle.end
    hold = next((span for span in reversed(spans) if span.at <= rung.at < span.until), None)
    if rung.stage.early and hold is not None and end is not None and rung.at <= end:
        return forms.HELD, hold.by, min(hold.until, end)
    return forms.OVER, None, None


def _undone(known: Known, name: str) -> bool:
    """It was armed anew since it fired, and has not fired for that arming."""
    state = known.kept.stages.get(name)
    return state is not None and not state.done


def _done(known: Known, name: str) -> Became:
    """By the core it fired or was skipped, and nothing was said under its own name."""
    spoke = next((stage for stage, state in known.kept.stages.items() if name in state.names), None)
    if spoke is not None and spoke != name:
        return forms.COVERED, spoke, None
    alert = next((each for each in known.fired.values() if each.data.stage == name), None)
    if alert is None:
        return forms.SILENT, None, None
    if caught_up(alert, known.said):
        return forms.GATE, None, None
    return forms.UNSAID, None, None
