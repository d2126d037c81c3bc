"""When a stage may fire again: arming (contract R6), and what holds stages back (R8)."""

from __future__ import annotations

from typing import NamedTuple

from schemas.policy import Clock, Stage
from streams.core.deadlines import Verdict, nominal, regained
from streams.core.fold import Cycle
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
    """What has been said of a stage; nothing yet for one that is new."""
    found = state.stages.get(stage)
    if found is None:
        found = state.stages[stage] = Rung()
    return found


def arm(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, times: list[int], state: ClockState, cause: Cause
) -> None:
    """Arm anew what R6 says, and resolve first what still fires of it."""
    _forget_stages(voice, clock, state, cause)
    whole = _whole(voice, clock, cycle, state, cause)
    if cycle.paused:
        _resolve_all(voice, state, "paused")
    elif verdict.due is None:
        _resolve_all(voice, state, cause.reason)
    if whole is not None:
        for stage in clock.stages:
            _arm(rung(state, stage.name), cycle, whole)
    elif verdict.due is not None and not cycle.paused:
        _arm_some(voice, clock, cycle, times, state, cause)


def _forget_stages(voice: Voice, clock: Clock, state: ClockState, cause: Cause) -> None:
    """A new policy may have dropped a stage: what fires of it ends."""
    names = {stage.name for stage in clock.stages}
    for name in [n for n in state.stages if n not in names]:
        voice.resolve(state.stages.pop(name).alert, cause.reason)


def _whole(voice: Voice, clock: Clock, cycle: Cycle, state: ClockState, cause: Cause) -> int | None:
    """R6 (a): the arming of the whole ladder, if it is armed anew; what still fires of it is resolved."""
    again = regained(voice.book, clock, cycle)
    resumed, regains, ran = cycle.resumed != state.resumed, again.either != state.regained, state.ended
    undone = state.lost and not again.lost and not regains
    state.resumed, state.regained, state.lost, state.ended = cycle.resumed, again.either, again.lost, False
    armings = [at for at, new in ((cycle.resumed, resumed), (again.either, regains)) if new and at is not None]
    if resumed:
        _resolve_all(voice, state, "paused")
    if armings:
        _resolve_all(voice, state, cause.reason)
        return max(armings)
    return cause.time if resumed or ran or undone else None


def _resolve_all(voice: Voice, state: ClockState, reason: str) -> None:
    for each in state.stages.values():
        voice.resolve(each.alert, reason)


def _arm(each: Rung, cycle: Cycle, when: int) -> int:
    last = cycle.start if each.armed is None else each.armed
    each.armed, each.done, each.alert, each.names = max(when, last + 1), False, "", []
    return each.armed


def _arm_some(
    voice: Voice, clock: Clock, cycle: Cycle, times: list[int], state: ClockState, cause: Cause
) -> None:  # fmt: skip
    """R6 (b) and (c)."""
    again = {s.name for s, at in zip(clock.stages, times, strict=True) if at > voice.at and rung(state, s.name).done}
    renewed: set[str] = set()
    for stage in clock.stages:
        each = rung(state, stage.name)
        fired = voice.firing(each.alert)
        if fired is not None and voice.book.recipients(_notify(clock, each.names), cycle.routing) != (
            fired.data.recipients or []
        ):
            renewed |= {stage.name, *each.names}
    for stage in clock.stages:
        if stage.name in again or stage.name in renewed:
            each = rung(state, stage.name)
            voice.resolve(each.alert, cause.reason)
            armed = _arm(each, cycle, cause.time)
            if stage.name in renewed:
                state.renewed = max(armed, state.renewed or 0)


def _notify(clock: Clock, names: list[str]) -> list[str]:
    return targets([stage for stage in clock.stages if stage.name in names])


def targets(stages: list[Stage]) -> list[str]:
    """The targets of stages, in their order, each once."""
    return list(dict.fromkeys(stage.notify for stage in stages))


def held_until(voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState) -> int:
    """R8: until when the stages before the due are held back; 0 if they are not."""
    held = cycle.snoozed_until or 0
    if not cycle.acknowledgements:
        return held
    freed = max(regained(voice.book, clock, cycle).rule or 0, state.renewed or 0, cycle.resumed or 0)
    assert verdict.calendar is not None
    for command in cycle.acknowledgements:
        if command.time >= freed:
            held = max(held, nominal(verdict.calendar, command.time, voice.book.settings.ack_for))
    return held
