"""What is due to be said of one cycle by one clock (contract R5 to R10)."""

from __future__ import annotations

from schemas.events import Action
from schemas.instants import compact
from schemas.policy import Clock, Stage
from streams.core import shares
from streams.core.arming import Cause, arm, end, held_until, is_done, rung, targets
from streams.core.calendars import Calendar
from streams.core.deadlines import Verdict
from streams.core.fold import Cycle
from streams.core.ladder import Ladder, allowed, attempts_time
from streams.core.state import ClockState
from streams.core.voice import Voice

ATTEMPTS = "attempts"


def outcome(cycle: Cycle, verdict: Verdict) -> str:
    """How a cycle ended (R2): `met`, `missed`, `cancelled` or `expired`."""
    return shares.OUTCOMES[shares.outcome(cycle, verdict)]


def ended(voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState) -> None:
    """R7, R10: the end of a cycle resolves what fires; a stop before the floor is noted."""
    if verdict.floor is not None and not state.early and cycle.ending is Action.STOP:
        assert cycle.end is not None
        if cycle.end < verdict.floor:
            state.early = True
            voice.too_early(clock, cycle, verdict)
    reason = outcome(cycle, verdict)
    for each in state.stages.values():
        end(voice, each, reason, cycle.end)
    voice.resolve(state.attempts, reason, cycle.end)
    state.ended = True


def going_on(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, ladder: Ladder | None, state: ClockState,
    cause: Cause | None, *, fire: bool,
) -> int | None:  # fmt: skip
    """Arm, fire what is due at the voice's moment if `fire`, and tell the next moment.

    Args:
        ladder: the stages' instants; None if the due is not known.
    """
    if cause is not None:
        arm(voice, clock, cycle, verdict, ladder, state, cause)
    if verdict.calendar is None or cycle.paused:
        return None
    held = held_until(voice.book, clock, cycle, verdict, state)
    if fire and ladder is not None:
        _fire(voice, clock, cycle, verdict, ladder, state, held)
    moment = None if ladder is None else next_moment(voice.at, clock, verdict, ladder, state, held)
    attempt = _attempts(voice, clock, cycle, verdict, state, fire=fire)
    return moment if attempt is None else attempt if moment is None else min(moment, attempt)


def next_moment(now: int, clock: Clock, verdict: Verdict, ladder: Ladder, state: ClockState, held: int) -> int | None:
    """When the first of the stages that are still to fire may do so, from `now` on; `held`: those before the due."""
    assert verdict.calendar is not None
    moment: int | None = None
    for position, stage in enumerate(clock.stages):
        if is_done(state, stage.name):
            continue
        at = ladder.at(position)
        may = allowed(verdict.calendar, max(at, now, held if stage.early else 0), always=stage.always)
        moment = may if moment is None else min(moment, may)
        if may == at:
            break  # none behind it comes before it
    return moment


def _fire(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, ladder: Ladder, state: ClockState, held: int
) -> None:
    """R5: of the stages that are due at once the last fires, in the name of all."""
    assert verdict.calendar is not None
    come: list[tuple[Stage, int]] = []
    last = None
    for position, stage in enumerate(clock.stages):
        if (at := ladder.at(position)) > voice.at:
            break
        if is_done(state, stage.name):
            continue
        come.append((stage, at))
        if not (stage.early and voice.at < held) and _timely(verdict.calendar, voice.at, stage):
            last = len(come)
    if last is None:
        return
    come = come[:last]
    _say(voice, clock, cycle, verdict, state, [stage for stage, _ in come], come[-1][1])
    for stage, _ in come:
        rung(state, stage.name).done = True


def _timely(calendar: Calendar, at: int, stage: Stage) -> bool:
    return allowed(calendar, at, always=stage.always) <= at


def _say(
    voice: Voice, clock: Clock, cycle: Cycle, verdict: Verdict, state: ClockState, names: list[Stage], at: int
) -> None:
    stage = names[-1]
    each, prefix = rung(state, stage.name), voice.cycle_id(clock, cycle)
    alert_id = stage_id(prefix, stage.name, each.armed)
    while voice.known(alert_id):
        each.armed = (cycle.start if each.armed is None else each.armed) + 1
        alert_id = stage_id(prefix, stage.name, each.armed)
    notify = targets(names)
    each.alert, each.names = alert_id, [s.name for s in names]
    each.recipients = voice.book.recipients(notify, cycle.routing)
    state.alerted = True
    voice.fire(alert_id, clock, cycle, verdict, stage=stage.name, severity=stage.severity, notify=notify, stage_at=at)


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
    state.alerted = True
    if not voice.known(alert_id):
        voice.fire(
            alert_id, clock, cycle, verdict, stage=ATTEMPTS, severity=clock.attempts.severity,
            notify=[clock.attempts.notify], stage_at=at,
        )  # fmt: skip
    return None
