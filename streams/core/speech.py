"""What is due to be said of one cycle by one clock (contract R5 to R10)."""

from __future__ import annotations

from schemas.events import Action
from schemas.instants import compact
from schemas.policy import Clock, Stage
from streams.core.arming import Cause, arm, held_until, rung, targets
from streams.core.deadlines import Verdict
from streams.core.fold import Cycle
from streams.core.ladder import allowed, attempts_time, stage_times
from streams.core.state import ClockState
from streams.core.voice import Voice

ATTEMPTS = "attempts"


def outcome(cycle: Cycle, verdict: Verdict) -> str:
    """How a cycle ended (R2): `met`, `missed`, `cancelled` or `expired`."""
    assert cycle.end is not None
    if cycle.expired:
        return "expired"
    if cycle.ending is Action.CANCEL:
        return "cancelled"
    return "met" if verdict.due is None or cycle.end <= verdict.due else "missed"


def ended(voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState) -> None:
    """R7, R10: the end of a cycle resolves what fires; a stop before the floor is noted."""
    if verdict.floor is not None and not state.early and cycle.ending is Action.STOP:
        assert cycle.end is not None
        if cycle.end < verdict.floor:
            state.early = True
            voice.too_early(clock, cycle, verdict)
    reason = outcome(cycle, verdict)
    for each in state.stages.values():
        voice.resolve(each.alert, reason, cycle.end)
    voice.resolve(state.attempts, reason, cycle.end)
    state.ended = True


def going_on(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState, cause: Cause | None, *, fire: bool
) -> int | None:
    """Arm, fire what is due at the voice's moment if `fire`, and tell the next moment."""
    times = [] if verdict.due is None else stage_times(clock, verdict, cycle)
    if cause is not None:
        arm(voice, clock, cycle, verdict, times, state, cause)
    if verdict.calendar is None or cycle.paused:
        return None
    held = held_until(voice, clock, cycle, verdict, state)
    if fire and times:
        _fire(voice, clock, cycle, verdict, times, state, held)
    moments = [
        allowed(verdict.calendar, max(at, voice.at, held if stage.early else 0), always=stage.always)
        for stage, at in zip(clock.stages, times, strict=False)
        if not rung(state, stage.name).done
    ]
    attempt = _attempts(voice, clock, cycle, verdict, state, fire=fire)
    return min(moments if attempt is None else [*moments, attempt], default=None)


def _fire(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, times: list[int], state: ClockState, held: int
) -> None:
    """R5: of the stages that are due at once the last fires, in the name of all."""
    assert verdict.calendar is not None
    come = [
        (stage, at)
        for stage, at in zip(clock.stages, times, strict=True)
        if at <= voice.at and not rung(state, stage.name).done
    ]
    timely = [s for s, _ in come if allowed(verdict.calendar, voice.at, always=s.always) <= voice.at]
    ready = [s for s in timely if not (s.early and voice.at < held)]
    if not ready:
        return
    last = ready[-1]
    names = [s for s, _ in come if clock.stages.index(s) <= clock.stages.index(last)]
    _say(voice, clock, cycle, verdict, state, names, dict(come)[last])
    for stage, _ in come:
        rung(state, stage.name).done = True
        if stage is last:
            break


def _say(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState, names: list[Stage], at: int
) -> None:
    stage = names[-1]
    each, prefix = rung(state, stage.name), voice.cycle_id(clock, cycle)
    alert_id = stage_id(prefix, stage.name, each.armed)
    while voice.known(alert_id):
        each.armed = (cycle.start if each.armed is None else each.armed) + 1
        alert_id = stage_id(prefix, stage.name, each.armed)
    each.alert, each.names = alert_id, [s.name for s in names]
    voice.fire(
        alert_id, clock, cycle, verdict, stage=stage.name, severity=stage.severity, notify=targets(names), stage_at=at
    )


def stage_id(prefix: str, stage: str, armed: int | None) -> str:
    """The id of a firing alert: `<cycle>:<stage>` or, for a stage that was armed anew, `<cycle>:<stage>:<armed>`."""
    return f"{prefix}:{stage}" if armed is None else f"{prefix}:{stage}:{compact(armed)}"


def _attempts(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState, *, fire: bool
) -> int | None:
    """R9: the stage `attempts`, beside the ladder; its moment if it is still to come."""
    if clock.attempts is None or state.attempts or verdict.calendar is None:
        return None
    at = attempts_time(clock.attempts, verdict.calendar, cycle)
    if at is None:
        return None
    now = allowed(verdict.calendar, max(at, voice.at), always=clock.attempts.always)
    if now > voice.at or not fire:
        return now
    alert_id = state.attempts = f"{voice.cycle_id(clock, cycle)}:{ATTEMPTS}"
    if not voice.known(alert_id):
        voice.fire(
            alert_id, clock, cycle, verdict, stage=ATTEMPTS, severity=clock.attempts.severity,
            notify=[clock.attempts.notify], stage_at=at,
        )  # fmt: skip
    return None
