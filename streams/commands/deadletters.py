"""`portalwatch deadletters list` and `portalwatch deadletters replay`: what was refused, and sending it back.

Status 0: done (an empty list, too); 1: a letter that was asked for is not there or could not be sent, or the broker
cannot be asked; 2: wrong use.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from schemas import durations, instants, topics
from streams import letters, letters_replay
from streams.clock import Clock
from streams.commands import fail
from streams.commands.asking import ask, settings, settings_option
from streams.connection import client_options
from streams.core.policy_check import PolicyError
from streams.deadletters import REASONS, Letter, Place
from streams.explaining.words import plural
from streams.letters import Chosen, Filter
from streams.letters_replay import FAILED, IMPOSSIBLE, LEFT_OUT, PLANNED, SENT, Outcome
from streams.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
FORM = "%s  %-24s  %-14s  %s %s:%s  key %s, value %s  %s"
SAID = {
    PLANNED: "would be sent", SENT: "sent", LEFT_OUT: "left out", IMPOSSIBLE: "cannot go back", FAILED: "not sent",
}  # fmt: skip


@click.group("deadletters")
def command() -> None:
    """List the events that were refused, or send them back."""


def filters(command: Command) -> Command:
    """The options that both commands have."""
    for option in (
        click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest N of what matches."),
        click.option("--since", metavar="T", help="Received at or after T: RFC 3339, or so long ago, as in `2 hours`."),
        click.option("--topic", "from_topics", multiple=True, metavar="TOPIC", help="Came from this input."),
        click.option("--reason", "reasons", multiple=True, type=click.Choice(REASONS), help="Refused for this reason."),
        settings_option,
    ):
        command = option(command)
    return command


@command.command("list")
@filters
@click.option("--json", "json_output", is_flag=True, help="A JSON object a line, for a pipe; without the last line.")
def show(
    settings_file: Path | None,
    reasons: tuple[str, ...],
    from_topics: tuple[str, ...],
    since: str | None,
    limit: int | None,
    *,
    json_output: bool,
) -> None:
    """List dead letters, newest last, and count them by reason.

    Keys, values and headers are never printed, only their sizes: they may hold what identifies a patient. Each line
    begins with the letter's place, as `replay --offset` takes it. `--reason` and `--topic` may be given several times.
    """
    given = settings(settings_file)
    wanted = _filter(given, reasons, from_topics, since)
    topic = topics.DEAD_LETTERS.name(given.prefix)
    chosen = ask(given, letters.choose(client_options(given), topic, wanted, limit))
    for letter in chosen.letters:
        click.echo(_json(letter) if json_output else _line(letter))
    if not json_output:
        click.echo(summary(chosen))


@command.command("replay")
@filters
@click.option("--offset", "places", multiple=True, metavar="PARTITION:OFFSET", help="Exactly this one, by its place.")
@click.option("--all", "everything", is_flag=True, help="All of them, in place of a filter.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--json", "json_output", is_flag=True, help="A JSON object a line, for a pipe.")
def replay(
    settings_file: Path | None,
    reasons: tuple[str, ...],
    from_topics: tuple[str, ...],
    since: str | None,
    limit: int | None,
    places: tuple[str, ...],
    *,
    everything: bool,
    dry_run: bool,
    json_output: bool,
) -> None:
    """Send dead letters back, byte for byte, once what was wrong is mended.

    Each goes to the topic and partition that it came from, with its key, value, headers and timestamp. A `misrouted`
    one goes to the partition of its key by `settings.partitioner` of the policy in force, since where it came from it
    would be refused again. To replay twice is harmless: the same event again changes nothing. What is refused again
    comes back as a new dead letter, which this run does not touch; dead letters stay in their topic until it drops
    them. `late` and `anchor_missing` letters are sent only if asked for by --reason or --offset: the first are late
    still, unless the policy keeps items longer now, and the others are copies of events that were taken.
    """
    given = settings(settings_file)
    wanted = _filter(given, reasons, from_topics, since, places)
    if (wanted != Filter()) == everything:
        fail("say which: --reason, --topic, --since or --offset; or --all, alone")
    outcomes: Counter[str] = Counter()
    tell = _teller(outcomes, json_output=json_output)
    try:
        missing = ask(given, _replay(given, wanted, limit, tell, dry_run=dry_run))
    except PolicyError as error:
        click.echo(f"the policy in force, which says where misrouted events belong, is refused:\n{error}", err=True)
        sys.exit(1)
    if not json_output:
        click.echo(", ".join(f"{count} {SAID[each]}" for each, count in sorted(outcomes.items())) or "nothing to send")
    for partition, offset in sorted(missing):
        click.echo(f"{partition}:{offset}: there is no such dead letter, or another filter leaves it out", err=True)
    sys.exit(1 if missing or outcomes[IMPOSSIBLE] or outcomes[FAILED] else 0)


# -- what was asked ---------------------------------------------------------------------------------------------------


def _filter(
    given: Settings,
    reasons: Iterable[str],
    from_topics: Iterable[str],
    since: str | None,
    places: Iterable[str] = (),
) -> Filter:
    """What the options ask for; ends the process with status 2 if one cannot be read."""
    known = [*topics.inputs(given.prefix), topics.COMMANDS.name(given.prefix)]
    for topic in from_topics:
        if topic not in known:
            fail(f"--topic: `{topic}` is no input; give one of {', '.join(known)}")
    moment = None if since is None else _moment(given, since)
    return Filter(tuple(reasons), tuple(from_topics), moment, tuple(_place(each) for each in places))


def _moment(given: Settings, text: str) -> int:
    try:
        return instants.parse(text)
    except ValueError as error:
        problem = error
    try:
        return Clock(given.clock).now() - durations.elapsed(text)
    except ValueError:
        fail(f"--since: {problem}; or give how long ago, as in `2 hours`")
        raise


def _place(text: str) -> Place:
    partition, _, offset = text.partition(":")
    if not all(part.isascii() and part.isdigit() for part in (partition, offset)):
        fail(f"--offset: give PARTITION:OFFSET as `list` shows it, as in 0:17, not `{text}`")
    return int(partition), int(offset)


# -- asking the broker ------------------------------------------------------------------------------------------------


async def _replay(
    given: Settings, wanted: Filter, limit: int | None, tell: Callable[[Outcome], None], *, dry_run: bool
) -> set[Place]:
    """Send what is chosen back; the places that were asked for and are not there.

    Chosen first and sent then: what comes back meanwhile is not among the chosen.
    """
    client, topic = client_options(given), topics.DEAD_LETTERS.name(given.prefix)
    chosen = {letter.place for letter in (await letters.choose(client, topic, wanted, limit)).letters}
    missing = set(wanted.places) - chosen if limit is None else set()
    if chosen:
        planner = await letters_replay.planner(client, given.prefix, wanted)
        read = letters.read(client, topic)
        async for outcome in letters_replay.replay(client, read, chosen, planner, dry_run=dry_run):
            tell(outcome)
    return missing


# -- telling ----------------------------------------------------------------------------------------------------------


def _line(letter: Letter) -> str:
    received = instants.text(letter.received_at)
    return FORM % (
        letter.at, received, letter.reason, letter.topic, letter.topic_partition, letter.topic_offset,
        _size(letter.key_bytes), _size(letter.value_bytes), letter.detail,
    )  # fmt: skip


def _size(number: int | None) -> str:
    return "none" if number is None else f"{number} B"


def _json(letter: Letter) -> str:
    said = {
        "at": letter.at,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.topic_partition,
        "offset": letter.topic_offset,
        "received_at": instants.text(letter.received_at),
        "key_bytes": letter.key_bytes,
        "value_bytes": letter.value_bytes,
    }
    return orjson.dumps(said).decode()


def summary(chosen: Chosen) -> str:
    """The last line of a listing: how many there are, and why."""
    total = chosen.reasons.total()
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(chosen.reasons.items()))
    shown = f" (the newest {len(chosen.letters)} are shown)" if len(chosen.letters) < total else ""
    strange = "" if not chosen.strangers else f"; {plural(chosen.strangers, 'record')} in the topic: no dead letter"
    return f"{plural(total, 'dead letter')}{': ' if counted else ''}{counted}{shown}{strange}"


def _teller(outcomes: Counter[str], *, json_output: bool) -> Callable[[Outcome], None]:
    """Counts outcomes, and prints each."""

    def tell(each: Outcome) -> None:
        outcomes[each.outcome] += 1
        letter, where = each.letter, each.letter.topic
        if each.partition is not None:
            where += f" partition {each.partition}"
        if json_output:
            known = {"partition": each.partition, "why": each.why}
            said = {"at": letter.at, "outcome": each.outcome, "reason": letter.reason, "topic": letter.topic}
            click.echo(orjson.dumps(said | {k: v for k, v in known.items() if v is not None}).decode())
        else:
            why = f": {each.why}" if each.why else ""
            click.echo(f"{letter.at}  {letter.reason:<14}  {where}  {SAID[each.outcome]}{why}")

    return tell
