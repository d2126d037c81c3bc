"""The answer in words: its first sentence, then each cycle, clock, stage and alert, and at last what is not right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.explaining.words import columns, listed, plural
from streams.harmless import plain
from streams.why import forms
from streams.why.forms import Cycle, Delivered, Judged, Stage, Told, Why, Work
from streams.why.headline import UTC, ended, when

STATES: Final = {
    "delivered": "delivered{at}",
    "failed": "failed{at}, and is tried again",
    "refused": "refused{at}, and is tried again",
    "gone": "the receiver is gone{at}, and the sink has stopped",
    "superseded": "over{at}, before it could be told",
    "nobody": "nobody is known by the recipient's name{at}",
    forms.AHEAD: "not come to it yet",
    forms.PASSED: "past it, and the journal has no line",
    forms.UNKNOWN: "the journal has no line",
}
"""`at`: when, after a space."""


def text(why: Why) -> str:
    """All of it."""
    lines = [why.answer]
    for work in why.works:
        lines += ["", *_work(why, work)]
    if why.refused:
        lines += ["", "refused (dead letters)"]
        lines += [f"  {each.letter}  {each.reason}: {each.detail}  ({each.topic})" for each in why.refused]
    if why.findings:
        lines += ["", "findings"]
        lines += [f"  - {each.words}" for each in why.findings]
    return "\n".join(map(plain, lines))


def _work(why: Why, work: Work) -> Iterator[str]:
    where = "" if work.partition is None else f", partition {work.partition}"
    yield f"{work.workflow} {why.item}{where}: {plural(work.events, 'event')}, as of {why.at}"
    if work.note:
        yield f"  Note: {work.note}."
    for cycle in work.cycles:
        yield from _cycle(work, cycle)
    if work.told:
        yield "  told of what its events no longer show"
        for told in work.told:
            yield from _told(told, UTC)


def _cycle(work: Work, cycle: Cycle) -> Iterator[str]:
    zone = cycle.clocks[0].timezone if cycle.clocks else UTC
    if cycle.end:
        how = f"{ended(work, cycle)} {when(cycle.end, zone)}"
    else:
        how = f"waits for the patient since {when(cycle.paused_since, zone)}" if cycle.paused_since else "it is open"
    yield f"  since {when(cycle.start, zone)} in {cycle.department}; {how}"
    if not cycle.clocks:
        yield "    no rule of the policy matches it"
    for judged in cycle.clocks:
        yield from _judged(judged)


def _judged(judged: Judged) -> Iterator[str]:
    zone = judged.timezone
    yield f"    {judged.clock} ({judged.words})"
    yield f"      {judged.why}"
    for hold in judged.holds:
        yield f"      {hold.kind} {when(hold.at, zone)} by {hold.by or 'nobody'}, until {when(hold.until, zone)}"
    yield from (f"      {line}" for line in columns([_stage(stage, judged) for stage in judged.stages]))
    if judged.told:
        yield "      told"
    for told in judged.told:
        yield from _told(told, zone)


def _stage(stage: Stage, judged: Judged) -> tuple[str, ...]:
    zone = judged.timezone
    moved = f"; {when(stage.asked, zone)} is no time to call" if stage.asked else ""
    whom = f"{listed(stage.recipients) or 'nobody'} ({stage.notify.replace('_', ' ')}, {stage.severity})"
    return stage.name, when(stage.at, zone), whom, f"{_outcome(stage, judged)}{moved}"


def _outcome(stage: Stage, judged: Judged) -> str:
    until = when(stage.until, judged.timezone) if stage.until else ""
    held = [hold for hold in judged.holds if hold.at <= stage.at < hold.until]
    before = f"held back ({held[-1].kind} by {held[-1].by}), then " if held and stage.severity else ""
    return {
        forms.TOLD: "told",
        forms.TO_COME: f"to come, held back by {stage.by} until {until}" if until else "to come",
        forms.COVERED: f"{before}said by {stage.by}",
        forms.HELD: f"held back by {stage.by} until {until}",
        forms.PAUSED: "it waits for the patient",
        forms.HOURS: f"waits for opening hours until {until}",
        forms.OVER: "not needed: it ended before",
        forms.GATE: "held until the workers had read so far, then said by a later one",
        forms.UNSAID: "came, and was not said",
        forms.SILENT: "skipped: a later stage had come",
    }[stage.outcome]


def _told(told: Told, zone: str) -> Iterator[str]:
    whom = listed(told.recipients) or "nobody"
    late = ", caught up" if told.catch_up else ""
    over = f"; resolved {when(told.resolved_at, zone)} ({told.reason})" if told.resolved_at else "; it fires"
    yield f"        {when(told.fired_at, zone)}  {told.stage}{late} to {whom}{over}"
    for each in told.sinks:
        yield f"          {_sink(each, told, zone)}"


def _sink(each: Delivered, told: Told, zone: str) -> str:
    kind = f" ({each.kind})" if each.kind else ""
    which = "" if each.event == told.id else "the resolution: "
    at = f" {when(each.at, zone)}" if each.at else ""
    extra = [f"HTTP {each.status}"] if each.status else []
    extra += [each.reason] if each.reason and each.reason != f"HTTP {each.status}" else []
    number = "" if each.service is None else f"[{each.service}]"
    extra += [f"to {listed(each.recipients)}{number}"] if each.recipients else []
    extra += [f"after {plural(each.failures, 'failure')}"] if each.failures and each.state == "delivered" else []
    extra += [f"at most {plural(each.before, 'record')} before it"] if each.before else []
    return f"{each.sink}{kind}: {which}{STATES[each.state].format(at=at)}" + (f" ({', '.join(extra)})" if extra else "")
