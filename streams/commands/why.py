"""`portalwatch why`: why somebody was told of an item, or was not.

Status 0: answered, and all is as it should be; 1: a finding, the item is not known, or the broker cannot be asked; 2:
wrong use.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from aiokafka import TopicPartition

from schemas import instants, topics
from schemas.events import SUBJECT
from schemas.policy import WORKFLOWS
from streams.clock import Clock
from streams.commands import fail
from streams.commands.asking import ask, settings, settings_option
from streams.connection import client_options
from streams.delivery import planned, reached
from streams.delivery import sinks as files
from streams.delivery.answers import group
from streams.delivery.sinks import Sink
from streams.settings import Settings, SettingsError
from streams.why import reading, sinks
from streams.why.answer import Moment, answer
from streams.why.evidence import Evidence
from streams.why.forms import Finding, Why
from streams.why.headline import headline
from streams.why.reading import Asked, NotThere
from streams.why.sinks import Sinks
from streams.why.text import text

EXAMPLES = """\b
Examples:
  portalwatch why m-4821
  portalwatch why m-4821 --workflow message --at 2026-11-12T11:30:00-06:00
  portalwatch why m-4821 --json | jq '.works[].cycles[].clocks[].stages'
"""


@click.command("why", epilog=EXAMPLES)
@click.argument("item")
@settings_option
@click.option("--workflow", type=click.Choice(WORKFLOWS), help="Only this workflow; default: wherever the item is.")
@click.option("--at", metavar="T", help="As it stood at this instant: RFC 3339 with an offset; default: now.")
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON; the form is in deploy/docs/why.md.")
def command(item: str, settings_file: Path | None, workflow: str | None, at: str | None, *, json_output: bool) -> None:
    """Say why somebody was told of ITEM, or was not.

    The item's events, the policies, what was said of it and how each sink took it are read from the broker, and the
    item is judged anew by the same rules. The first sentence is the answer; then follow each cycle, each stage with
    what became of it, each alert with each sink's answer. Where what was said differs from what the rules say, that is
    a finding, and the status is 1.
    """
    if SUBJECT.fullmatch(item) is None:
        return fail(f"`{item}` is no item: its name is 1 to 128 of A-Z a-z 0-9 . _ ~ -")
    given = settings(settings_file)
    moment = _moment(given, at)
    asked = Asked(item, workflow, given.prefix, given.app_id)
    known = _sinks(given)
    try:
        found, progress = ask(given, _gather(given, asked, known))
    except NotThere as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    lines = sinks.until(found.journal, moment.at, _told_at(moment))
    reached = Sinks({name: planned.kind(sink) for name, sink in known.items()}, progress, lines, _told_at(moment))
    said = answer(item, workflow, found, moment, reached, f"/portalwatch/{given.app_id}")
    said = _finished(said, found, asked, moment)
    click.echo(msgspec.json.encode(said) if json_output else text(said))
    sys.exit(1 if said.findings else 0)


def _moment(given: Settings, at: str | None) -> Moment:
    """As of when; ends the process with status 2 if that cannot be read, or lies ahead."""
    clock = Clock(given.clock)
    now = clock.now()
    try:
        when = now if at is None else instants.parse(at)
    except ValueError as error:
        fail(f"--at {error}")
        raise
    if when > now:
        fail(f"--at lies ahead of now, {instants.text(now)}; `explain` says what would come")
    return Moment(when, now, clock.rate, clock.at)


def _told_at(moment: Moment) -> sinks.ToldAt:
    return lambda text_: moment.clock(instants.parse(text_) / 1e6)


def _sinks(given: Settings) -> dict[str, Sink]:
    """The sinks of the settings; none if their file cannot be read here, for the journal knows their names."""
    try:
        return dict(files.load(given.sinks).sinks)
    except SettingsError as error:
        click.echo(f"the sinks are those of the journal alone: {error}", err=True)
        return {}


async def _gather(
    given: Settings, asked: Asked, known: dict[str, Sink]
) -> tuple[Evidence, dict[tuple[str, int], int | None]]:
    """What the broker holds of the item, and how far the sinks have come in the partitions of its alerts."""
    client = client_options(given)
    found = await reading.gather(client, asked, lambda line: click.echo(line, err=True))
    places = [
        TopicPartition(topics.ALERTS.name(given.prefix), partition)
        for partition in sorted({said.partition for said in found.said})
    ]
    progress: dict[tuple[str, int], int | None] = {}
    for name in [name for name, sink in known.items() if planned.follows(sink)] if places else ():
        came = await reached.progress(client, group(given.app_id, name), places)
        progress |= {(name, place.partition): came[place].offset if place in came else None for place in places}
    return found, progress


def _finished(said: Why, found: Evidence, asked: Asked, moment: Moment) -> Why:
    """With its first sentence, and what is amiss with the question itself."""
    findings = list(said.findings)
    if not found.decrees:
        words = f"{topics.POLICY.name(asked.prefix)} has no policy: nothing is judged until `policy apply` or a worker"
        findings.append(Finding(kind="unknown", words=words))
    elif not said.works and not said.refused:
        findings.append(Finding(kind="unknown", words=_unknown(found, asked, moment)))
    said = msgspec.structs.replace(said, findings=findings)
    return msgspec.structs.replace(said, answer=headline(said))


def _unknown(found: Evidence, asked: Asked, moment: Moment) -> str:
    came = min((moment.clock(each.at / 1000) for each in found.came), default=None)
    if found.found and came is not None and came > moment.at:
        return f"its first event came {instants.text(came)}, which is later than --at"
    where = topics.INPUTS[asked.workflow].name(asked.prefix) if asked.workflow else f"the topics of `{asked.prefix}`"
    more = ", of any workflow (leave --workflow out)" if asked.workflow else ""
    return (
        f"no event names `{asked.item}` as its `subject` in {where}, as far as the broker still has them; give the "
        f"item as its events do{more}, and the settings of its workers (PREFIX, APP_ID)"
    )
