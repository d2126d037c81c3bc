"""The first sentence: who was told, or why nobody was."""

from __future__ import annotations

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.board.words import wall
from streams.delivery.answers import FAILED, GONE, NOBODY, REFUSED
from streams.delivery.words import WHAT
from streams.explaining.words import listed
from streams.why import forms
from streams.why.forms import Cycle, Judged, Refused, Stage, Told, Why, Work

DONE: Final = {
    "message": "answered", "appointment": "confirmed or declined", "result": "released", "questionnaire": "reviewed",
}  # fmt: skip
MEANS: Final = {
    "due-soon": "was due soon, {due}",
    "imminent": "was due soon, {due}",
    "missed": "was not {done} by {due}",
    "escalated": "was not {done} by {due}, nor since",
    "attempts": "is being looked for, and was due {due}",
}
OWN: Final = "reached the stage {stage}, its due being {due}"
UTC: Final = "UTC"


class Lead(NamedTuple):
    """A stage for which somebody waits, and its clock."""

    judged: Judged
    stage: Stage


def headline(why: Why) -> str:
    """One sentence about the last cycle."""
    work = max(why.works, key=lambda each: each.cycles[-1].start if each.cycles else "", default=None)
    if work is None:
        return _refused(why.refused) if why.refused else f"Nothing is known of {why.item}."
    if not work.cycles:
        return _without(work)
    cycle = work.cycles[-1]
    told = [(judged, each) for judged in cycle.clocks for each in judged.told]
    if told:
        return _told(work, cycle, *max(told, key=lambda pair: pair[1].fired_at))
    return f"Nobody {'was' if cycle.end else 'has been'} told: {_why_not(work, cycle)}."


def when(at: str, zone: str) -> str:
    """`Thu 12 Nov 11:30`, with seconds if there are some."""
    local = wall(at, ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}{f':{local:%S}' if local.second else ''}"


def ended(work: Work, cycle: Cycle) -> str:
    """`it was answered`; how a cycle ended."""
    other = {"cancel": "cancelled", "expired": "given up as too old"}
    return f"it was {other.get(cycle.ending or '', DONE[work.workflow])}"


BEHIND: Final = (FAILED, REFUSED, GONE, NOBODY, forms.AHEAD)
"""States of an alert at a sink that has not told anybody."""


def _told(work: Work, cycle: Cycle, judged: Judged, told: Told) -> str:
    zone, whom = judged.timezone, listed(told.recipients) or "nobody"
    due = "not known" if judged.due is None else when(judged.due, zone)
    means = MEANS.get(told.stage, OWN).format(due=due, done=DONE[work.workflow], stage=told.stage)
    late = ", late: workers had not read so far before" if told.catch_up else ""
    since = f"; {ended(work, cycle)} {when(cycle.end, zone)}" if cycle.end else ""
    were = "was" if len(told.recipients) == 1 else "were"
    return (
        f"{whom} {were} told {when(told.fired_at, zone)} ({told.stage}{late}), "
        f"because the {WHAT[work.workflow][0]} of {when(cycle.start, zone)} {means}{since}{_behind(told)}."
    )


def _behind(told: Told) -> str:
    """Which sinks have not delivered it, at least not to all."""
    names = sorted({each.sink for each in told.sinks if each.event == told.id and each.state in BEHIND})
    if not names:
        return ""
    whose = f"the sink {names[0]} has" if len(names) == 1 else f"the sinks {listed(names)} have"
    return f"; {whose} not delivered it"


def _why_not(work: Work, cycle: Cycle) -> str:
    """The reason that counts most, of all clocks."""
    leads = [Lead(judged, stage) for judged in cycle.clocks for stage in judged.stages]
    for outcome, say in SAY.items():
        for lead in leads:
            if lead.stage.outcome == outcome:
                return say(work, cycle, lead)
    return _unjudged(work, cycle)


def _unjudged(work: Work, cycle: Cycle) -> str:
    zone = cycle.clocks[0].timezone if cycle.clocks else UTC
    if cycle.end:
        return f"{ended(work, cycle)} {when(cycle.end, zone)}"
    if cycle.paused_since:
        return f"it waits for the patient since {when(cycle.paused_since, zone)}"
    if any(judged.error == "anchor_missing" for judged in cycle.clocks):
        return "it has no due: its rule counts from an anchor, and none was given"
    return "no rule of the policy matches it"


def _unsaid(_: Work, __: Cycle, lead: Lead) -> str:
    return f"{lead.stage.name} came {when(lead.stage.at, lead.judged.timezone)} and was not said, which is a finding"


def _held(_: Work, __: Cycle, lead: Lead) -> str:
    zone, stage = lead.judged.timezone, lead.stage
    holds = [hold for hold in lead.judged.holds if hold.by == stage.by] or lead.judged.holds
    kind = holds[-1].kind if holds else "held back"
    return f"{kind} by {stage.by} until {when(holds[-1].until if holds else stage.until or stage.at, zone)}"


def _hours(_: Work, __: Cycle, lead: Lead) -> str:
    zone = lead.judged.timezone
    return f"{lead.stage.name} waits for opening hours, {when(lead.stage.until or lead.stage.at, zone)}"


def _paused(_: Work, cycle: Cycle, lead: Lead) -> str:
    zone = lead.judged.timezone
    return f"it waits for the patient since {when(cycle.paused_since or cycle.start, zone)}"


def _to_come(work: Work, cycle: Cycle, lead: Lead) -> str:
    zone, whom = lead.judged.timezone, listed(lead.stage.recipients)
    if lead.stage.until:
        return f"{_held(work, cycle, lead)}, so {lead.stage.name} ({when(lead.stage.at, zone)}) waits"
    return f"the next stage, {lead.stage.name}, comes {when(lead.stage.at, zone)} and tells {whom}"


def _over(work: Work, cycle: Cycle, lead: Lead) -> str:
    zone = lead.judged.timezone
    first = f"{lead.stage.name}, {when(lead.stage.at, zone)}"
    return f"{ended(work, cycle)} {when(cycle.end or cycle.start, zone)}, before anybody was to be ({first})"


SAY: Final = {
    forms.UNSAID: _unsaid,
    forms.HELD: _held,
    forms.PAUSED: _paused,
    forms.HOURS: _hours,
    forms.TO_COME: _to_come,
    forms.OVER: _over,
}
"""By outcome, the one that counts most first."""


def _without(work: Work) -> str:
    if work.told:
        last = max(work.told, key=lambda each: each.fired_at)
        return f"{listed(last.recipients)} told {when(last.fired_at, UTC)} UTC ({last.stage}); its events are gone."
    return f"Nobody was told: no event has opened this {WHAT[work.workflow][0]}, or the policy did not hold yet."


def _refused(refused: list[Refused]) -> str:
    last = refused[-1]
    return f"Nobody was told: its event was refused ({last.reason}: {last.detail})."
