"""One decision about one item: fold its history, and say what is due and was not said (contract R5 to R10).

What has been said is kept by cycle.  A late event may move a cycle's start or split it: then what
was said goes with the cycle whose span holds the old start (R7), and what finds none is resolved.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.arming import Cause, end
from streams.core.chain import Chain
from streams.core.deadlines import Verdict, judge
from streams.core.fold import Cycle
from streams.core.ladder import Ladder
from streams.core.shares import Share, share, unjudged
from streams.core.speech import ended, going_on
from streams.core.state import ClockState, CycleState, ItemState
from streams.core.voice import Voice


def decide(
    voice: Voice, chain: Chain, state: ItemState, cycles: Sequence[Cycle], cause: Cause | None, *, fire: bool
) -> tuple[int | None, bool]:
    """Say what is due of an item, and keep in `state` what was said, and what its cycles add to the cohorts.

    Args:
        chain: the policies; each cycle is judged by the one of its start.
        cause: what made the decision; None for a moment that came.
        fire: whether stages may fire now.

    Returns:
        The next moment at which something may be due, and whether an anchor was found missing.
    """
    pairs = _pair(voice, state, cycles)
    moments: list[int] = []
    shares: list[Share] = []
    missing = False
    for cycle, said in pairs:
        if cycle.end is not None and cycle.end == said.end and (cause is None or cycle.end < cause.since):
            shares.extend(share for share in state.shares if share.start == cycle.start)
            continue
        said.spelt()
        said.end = cycle.end
        voice.book = chain.of(cycle.start)
        lacks = _decide_cycle(voice, state, cycle, said, cause, moments, shares, fire=fire)
        missing = missing or lacks
    state.cycles = [said for _, said in pairs if said.clocks or said.end is not None]
    state.shares = shares
    running = next((cycle for cycle in cycles if cycle.running), None)
    if running is not None:
        moments.append(running.expiry(chain.of(running.start).settings.max_age))
    return min(moments, default=None), missing


def _decide_cycle(
    voice: Voice, state: ItemState, cycle: Cycle, said: CycleState, cause: Cause | None, moments: list[int],
    shares: list[Share], *, fire: bool,
) -> bool:  # fmt: skip
    """Whether an anchor was found missing; next moments and shares are put to `moments` and `shares`."""
    clocks, missing, judged = voice.book.clocks[voice.workflow], False, len(shares)
    verdicts = {clock.name: judge(voice.book, clock, cycle) for clock in clocks}
    if cycle.acknowledgements:
        _answer(voice, cycle, state, verdicts)
    if said.clocks:
        _end_unknown(voice, cycle, said)
    for clock in clocks:
        verdict = verdicts[clock.name]
        kept = said.clocks.get(clock.name)
        if kept is None:
            kept = said.clocks[clock.name] = ClockState()
        missing = missing or (verdict.missing and not kept.missing)
        kept.missing = verdict.missing
        ladder = (
            Ladder(clock, verdict, cycle.start, cycle.pauses) if cycle.running and verdict.due is not None else None
        )
        if not cycle.running:
            ended(voice, clock, cycle, verdict, kept)
        elif (at := going_on(voice, clock, cycle, verdict, ladder, kept, cause, fire=fire)) is not None:
            moments.append(at)
        if verdict.rule is not None:
            shares.append(share(voice.book, clock, cycle, verdict, ladder, alerted=kept.alerted))
        said.spare(clock.name)
    if cycle.running and len(shares) == judged:
        shares.append(unjudged(voice.book, cycle))
    return missing


def _end_unknown(voice: Voice, cycle: Cycle, said: CycleState) -> None:
    """A new policy may lack a clock: what fires of it ends, and if the clock comes back, it has its rule again."""
    known = voice.book.names[voice.workflow]
    if said.clocks.keys() <= known:
        return
    for name, kept in said.clocks.items():
        if name not in known and kept is not None:
            for each in kept.stages.values():
                end(voice, each, "policy", cycle.end)
            voice.resolve(kept.attempts, "policy", cycle.end)
            kept.lost = kept.had


def _answer(voice: Voice, cycle: Cycle, state: ItemState, verdicts: dict[str, Verdict]) -> None:
    """R8: an acknowledge gives one notice for each clock that judges the cycle when it is decided."""
    for command in cycle.acknowledgements:
        name = f"{len(command.source)} {command.source} {command.id}"  # the length keeps two pairs apart
        if name in state.acknowledged:
            continue
        state.acknowledged.append(name)
        for clock in voice.book.clocks[voice.workflow]:
            if verdicts[clock.name].rule is not None:
                voice.acknowledged(clock, cycle, verdicts[clock.name], command)


def _pair(voice: Voice, state: ItemState, cycles: Sequence[Cycle]) -> list[tuple[Cycle, CycleState]]:
    """Each cycle with what has been said of it (R7)."""
    if not state.cycles:
        return [(cycle, CycleState(cycle.start)) for cycle in cycles]
    taken: dict[int, CycleState] = {}
    for said in sorted(state.cycles, key=lambda s: s.start):
        at = _holding(cycles, said.start)
        if at is None or at in taken:
            _drop(voice, said)
        else:
            taken[at] = said
            said.start = cycles[at].start
    return [(cycle, taken.get(i) or CycleState(cycle.start)) for i, cycle in enumerate(cycles)]


def _holding(cycles: Sequence[Cycle], start: int) -> int | None:
    """The cycle that began then, else the one whose span holds that start."""
    holds = [i for i, c in enumerate(cycles) if c.start <= start and (c.end is None or start <= c.end)]
    return next((i for i in holds if cycles[i].start == start), holds[0] if holds else None)


def _drop(voice: Voice, said: CycleState) -> None:
    for clock in said.told():
        for each in clock.stages.values():
            voice.resolve(each.alert, "moved")
        voice.resolve(clock.attempts, "moved")
