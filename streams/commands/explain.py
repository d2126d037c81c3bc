"""`portalwatch explain`: when a piece of work would be due by a policy, why then, and who is told when.

Status 0, also if no clock judges it; 2: wrong use.
"""

from __future__ import annotations

import click
import msgspec
import orjson

from schemas import instants
from schemas.events import Action, Entry
from schemas.policy import WORKFLOWS
from streams.commands import fail
from streams.commands.check import read
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.explain import ANCHOR_MISSING, Explanation, explain
from streams.core.fold import Cycle, fold
from streams.core.policy_check import PolicyError
from streams.core.routing import Routing
from streams.explaining.form import form
from streams.explaining.text import text

EXAMPLES = """\b
Examples:
  portalwatch explain --policy clinic.yaml --workflow message \\
      --opened 2026-11-10T16:00:00-06:00 --department cardiology
  portalwatch explain --policy clinic.yaml --workflow questionnaire \\
      --opened 2026-11-10T16:30:00-06:00 --anchor 2026-11-11T09:00:00-06:00
  portalwatch explain --policy clinic.yaml --workflow result \\
      --opened 2026-11-25T15:00:00Z --json | jq '.[].due'
\b
In the JSON, `why` is one of open, elapsed (these count), closed, paused,
holiday: NAME, closed: YYYY-MM-DD (these do not). Without an anchor that the
rule needs there is no due, but `"error": "anchor_missing"`.
"""


def instant(name: str, given: str) -> int:
    """The instant of an option, in microseconds.

    Raises:
        ValueError: with the option's name and what would be right.
    """
    try:
        at = instants.parse(given)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
    if not instants.FIRST <= at <= instants.LAST:
        raise ValueError(f"{name} lies outside 2000-01-01 to 2099-12-31 UTC, for which calendars answer")
    return at


def cycle(book: Book, opening: Entry) -> Cycle | None:
    """The cycle that this event opens; None if the policy is not yet in force then."""
    settings = book.settings
    folded = fold(
        Routing(), [opening], enforce_from=settings.enforce_from, max_age=settings.max_age, now=opening.time
    )  # fmt: skip
    return folded.cycles[0] if folded.cycles else None


def unjudged(book: Book, workflow: str, opening: Entry) -> str:
    """Why no clock judges it, in a sentence."""
    clocks = [clock.name for clock in book.clocks[workflow]]
    if opening.time < book.settings.enforce_from:
        start = instants.text(book.settings.enforce_from)
        return f"Not judged: it opened before the policy's enforce_from, {start}."
    if not clocks:
        return f"Not judged: the policy has no clock for the workflow {workflow}."
    return f"Not judged: no rule of {', '.join(clocks)} matches this work; see the `when` of each in the policy."


def words(book: Book, found: list[Explanation]) -> str:
    """The explanations in words, with what to give where an anchor is missing."""
    said = text(book, found)
    if any(each.error == ANCHOR_MISSING for each in found):
        said += (
            "\n\nGive the anchor to see when it is due: --anchor T, the visit, the slot asked for or the date promised."
        )
    return said


@click.command("explain", epilog=EXAMPLES)
@click.option("--policy", required=True, metavar="P", help="The policy file.")
@click.option("--workflow", required=True, type=click.Choice(WORKFLOWS), help="What kind of work it is.")
@click.option("--opened", required=True, metavar="T", help="When it came in: RFC 3339 with an offset, or Z.")
@click.option("--department", metavar="D", help="Its department; default: unassigned.")
@click.option("--priority", metavar="P", help="Its priority; default: routine.")
@click.option("--kind", metavar="K", help="Its kind.")
@click.option("--pool", metavar="P", help="The group that works it; default: the department's.")
@click.option("--site", metavar="S", help="Its site.")
@click.option("--anchor", metavar="T", help="The visit, the slot asked for or the date promised; as --opened.")
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON: a list, one entry for each clock.")
def command(
    *, policy: str, workflow: str, opened: str, anchor: str | None, json_output: bool, **routing: str | None
) -> None:
    """Explain when a piece of work would be due, interval by interval, and who is told when.

    Nothing is looked up: the work is what the options say, the rules are those of the policy file. Each clock that
    judges the work is explained, in the local time of its calendar.
    """
    try:
        book = Book(read(policy))
        opening = entry(opened, anchor, routing)
        begun = cycle(book, opening)
        found = [] if begun is None else explain(book, workflow, begun)
    except (PolicyError, CalendarRangeError, ValueError) as error:
        return fail(str(error))
    if json_output:
        click.echo(orjson.dumps([form(each) for each in found]))
    else:
        click.echo(words(book, found) if found else unjudged(book, workflow, opening))
    return None


def entry(opened: str, anchor: str | None, routing: dict[str, str | None]) -> Entry:
    """The event that opens the work.

    Raises:
        ValueError: with the option's name and what would be right.
    """
    for name, given in routing.items():
        if given == "":
            raise ValueError(f"--{name} must not be empty; leave it out instead")
    at = None if anchor is None else instant("--anchor", anchor)
    bare = Entry(instant("--opened", opened), "explain", "explain", Action.OPEN, anchor=at)
    return msgspec.structs.replace(bare, **routing)
