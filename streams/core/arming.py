"""When a stage may fire again: arming (contract R6), and what holds stages back (R8)."""

from __future__ import annotations

from typing import NamedTuple

from schemas.policy import Clock, Stage
from streams.core.book import Book
from streams.core.deadlines import Verdict, nominal, regained
from streams.core.fold import Cycle
from streams.core.ladder import Ladder
from streams.core.state import ClockState, Rung
from streams.core.voice import Voice


class Cause(NamedTuple):
    """What made this decision: an event, or a new policy."""

    time: int
    """Of the item's latest event in the step, or of the policy's record."""
    reason: str
    """`moved` or `policy`: why what is armed anew is resolved."""
    since: int
    """Time of the earliest of the events: a cycle that ended before is as it was."""


def rung(state: ClockState, stage: str) -> Rung:
    """What has been said of a stage, to be written to; a stage of which nothing was said has none until then."""
    found = state.stages.get(stage)
    if found is None:
        found = state.stages[stage] = Rung()
    return found


def is_done(state: ClockState, stage: str) -> bool:
    """Whether it fired or was skipped for its arming."""
    found = state.stages.get(stage)
    return found is not None and found.done


def arm(
    voice: Voice,
    clock: Clock,
    cycle: Cycle,
    verdict: Verdict,
    ladder: Ladder | None,
    state: ClockState,
    cause: Cause,
) -> None:
    """Arm anew what R6 says, and resolve first what still fires of it; no ladder: there is no due."""
    _forget_stages(voice, clock, state, cause)
    whole = _whole(voice, clock, cycle, verdict, state, cause)
    if cycle.paused:
        _resolve_all(voice, state, "paused")
    elif ladder is None:
        _resolve_all(voice, state, cause.reason)
    if whole is not None:
        for stage in clock.stages:
            _arm(rung(state, stage.name), cycle, whole)
    elif ladder is not None and not cycle.paused and state.stages:
        _arm_some(voice, clock, cycle, ladder, state, cause)


def _forget_stages(voice: Voice, clock: Clock, state: ClockState, cause: Cause) -> None:
    """A new policy may have dropped a stage: what fires of it ends."""
    if not state.stages:
        return
    names = {stage.name for stage in clock.stages}
    for name in [n for n in state.stages if n not in names]:
        voice.resolve(state.stages.pop(name).alert, cause.reason)


def _whole(voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState, cause: Cause) -> int | None:
    """R6 (a): the arming of the whole ladder, if it is armed anew; what still fires of it is resolved."""
    again, lacks = regained(voice.book, clock, cycle), verdict.rule is None or verdict.missing
    resumed, regains, ran = cycle.resumed != state.resumed, again.either != state.regained, state.ended
    armings = [at for at, new in ((cycle.resumed, resumed), (again.either, regains)) if new and at is not None]
    undone = state.lost and not lacks and not armings
    state.resumed, state.regained, state.ended = cycle.resumed, again.either, False
    state.lost = lacks and (state.lost or state.had or again.lost)
    state.had = state.had or not lacks
    if not (armings or resumed or ran or undone):
        return None
    _resolve_all(voice, state, "paused" if resumed else cause.reason)
    return max(armings, default=cause.time)


def _resolve_all(voice: Voice, state: ClockState, reason: str) -> None:
    for each in state.stages.values():
        end(voice, each, reason)


def end(voice: Voice, each: Rung, reason: str, closed_at: int | None = None) -> None:
    """Resolve what a stage fired, if it still fires."""
    voice.resolve(each.alert, reason, closed_at)
    each.alert = ""


def _arm(each: Rung, cycle: Cycle, when: int) -> int:
    last = cycle.start if each.armed is None else each.armed
    each.armed, each.done, each.names, each.recipients = max(when, last + 1), False, [], []
    return each.armed


def _arm_some(
    voice: Voice, clock: Clock, cycle: Cycle, ladder: Ladder, state: ClockState, cause: Cause
) -> None:  # fmt: skip
    """R6 (b) and (c); and what a step resolved that was lost in a crash, and is not the same when it is repeated."""
    again = {s.name for i, s in enumerate(clock.stages) if is_done(state, s.name) and ladder.at(i) > voice.at}
    renewed: set[str] = set()
    for name, each in state.stages.items():
        if not each.alert:
            continue
        # By what was said, not by what is open: the step may be repeated after its resolution was written (R12).
        moved = voice.book.recipients(_notify(clock, each.names), cycle.routing) != each.recipients
        if moved or (name not in again and not voice.fires(each.alert)):
            renewed |= {name, *each.names}
    for stage in clock.stages:
        if stage.name in again or stage.name in renewed:
            each = rung(state, stage.name)
            end(voice, each, cause.reason)
            armed = _arm(each, cycle, cause.time)
            if stage.name in renewed:
                state.renewed = max(armed, state.renewed or 0)


def _notify(clock: Clock, names: list[str]) -> list[str]:
    return targets([stage for stage in clock.stages if stage.name in names])


def targets(stages: list[Stage]) -> list[str]:
    """The targets of stages, in their order, each once."""
    return list(dict.fromkeys(stage.notify for stage in stages))


def held_until(book: Book, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState) -> int:
    """R8: until when the stages before the due are held back; 0 if they are not."""
    held = cycle.snoozed_until or 0
    if not cycle.acknowledgements:
        return held
    freed = max(regained(book, clock, cycle).rule or 0, state.renewed or 0, cycle.resumed or 0)
    assert verdict.calendar is not None
    for command in cycle.acknowledgements:
        if command.time >= freed:
            held = max(held, nominal(verdict.calendar, command.time, book.settings.ack_for))
    return held
