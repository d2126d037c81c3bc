"""`portalwatch check POLICY`: is this policy file fit to run, what does it say, and is that what its author meant.

Every problem and every finding is said with file, line and path.  Status 0: accepted; 1: accepted, with findings;
2: refused or unreadable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import orjson

from schemas.instants import EPOCH
from schemas.policy import CalendarSpec, Policy
from schemas.policy_days import calendar_date
from streams.clock import Clock
from streams.commands import fail
from streams.core.book import Book
from streams.core.policy_check import PolicyError, Problem, load
from streams.findings import phrases, words, year
from streams.findings.find import find

ACCEPTED, FOUND, REFUSED = 0, 1, 2


def check(path: str, start: date | None, *, json_output: bool) -> int:
    """Say what the policy file at `path` means and what is wrong with it; gives the status to exit with.

    For people a refusal goes to standard error, one problem a line as `FILE:LINE: PATH: MESSAGE`, all else to standard
    output.  As JSON everything goes there: `{"ok": status 0, "problems": [{file, line, path, message}], "findings":
    [{line, path, message}]}` and, of an accepted file, what it says in words.

    Args:
        start: where the next twelve months begin; None: today, where the default calendar is.
    """
    try:
        policy = read(path)
    except PolicyError as error:
        _say_refused(path, error, json_output)
        return REFUSED
    book = Book(policy)
    start = _today(book) if start is None else start
    findings = find(book, start)
    if json_output:
        click.echo(_json(path, [], findings, _said(policy, start)))
    else:
        click.echo("\n".join(_text(path, policy, start, findings)))
    return FOUND if findings else ACCEPTED


def read(path: str) -> Policy:
    """The policy of a file.

    Raises PolicyError, for a file that can not be read too.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        message = f"can not be read: {error.strerror or error}; give the path of a policy file"
        raise PolicyError(path, [Problem(1, "(file)", message)]) from error
    return load(text, path)


def summary(policy: Policy) -> str:
    """The version and how much there is, in one line."""
    counts = (
        ("calendar", len(policy.calendars)),
        ("department", len(policy.departments)),
        ("clock", len(policy.clocks)),
    )
    said = [f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts]
    return f"version {policy.version}, {', '.join(said)}"


def _today(book: Book) -> date:
    """Today where the default calendar is."""
    calendar = book.calendars[book.policy.defaults.calendar or ""]
    return (EPOCH + timedelta(microseconds=Clock().now())).astimezone(calendar.zone).date()


def _text(path: str, policy: Policy, start: date, findings: list[Problem]) -> Iterator[str]:
    """What a person reads: the summary, the policy in words, the days ahead, the findings."""
    count = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" if findings else "ok"
    yield f"{path}: {count}: {summary(policy)}"
    yield ""
    yield from words.policy(policy)
    for name, spec in policy.calendars.items():
        yield f"Calendar {name}, the twelve months from {phrases.day(start)}"
        yield from (f"  {line}" for line in _days(spec, start))
        yield ""
    yield from (f"{path}:{each.line}: {each.path}: {each.message}" for each in findings)
    if not findings:
        yield "No findings."


def _days(spec: CalendarSpec, start: date) -> Iterator[str]:
    days = year.special(spec, start)
    for each in days:
        yield f"{phrases.day(each.date)}: {phrases.windows(each.windows)}{f' ({each.why})' if each.why else ''}"
    if not days:
        yield "keeps its weekly hours throughout"


def _said(policy: Policy, start: date) -> dict[str, Any]:
    """The policy in words, for JSON."""
    return {
        "version": policy.version,
        "from": start.isoformat(),
        "calendars": {name: _calendar(spec, start) for name, spec in policy.calendars.items()},
        "departments": words.departments(policy),
        "clocks": {
            clock.name: {"workflow": clock.workflow, "rules": words.rules(clock), "stages": words.stages(clock)}
            for clock in policy.clocks
        },
        "settings": words.settings(policy.settings),
    }


def _calendar(spec: CalendarSpec, start: date) -> dict[str, Any]:
    days = year.special(spec, start)
    return {
        "words": words.calendar(spec),
        "closed_days": [{"date": each.date.isoformat(), "why": each.why} for each in days if not each.windows],
        "special_days": [
            {"date": each.date.isoformat(), "hours": phrases.windows(each.windows), "why": each.why}
            for each in days
            if each.windows
        ],
    }


def _say_refused(path: str, error: PolicyError, json_output: bool) -> None:
    if json_output:
        click.echo(_json(path, error.problems, [], {}))
    else:
        click.echo(str(error), err=True)


def _json(path: str, problems: list[Problem], findings: list[Problem], said: dict[str, Any]) -> str:
    whole = {
        "ok": not problems and not findings,
        "problems": [{"file": path, "line": p.line, "path": p.path, "message": p.message} for p in problems],
        "findings": [{"line": f.line, "path": f.path, "message": f.message} for f in findings],
    }
    return orjson.dumps(whole | said).decode()


def first_day(text: str) -> date:
    """The date of `--from`.

    Raises:
        ValueError: it is none, or the twelve months from it are past what calendars know.
    """
    found = calendar_date(text)
    if not year.FIRST <= found <= year.LAST:
        raise ValueError(f"`{text}` is out of reach; give a date from {year.FIRST} to {year.LAST}")
    return found


@click.command("check")
@click.argument("policy", type=str)
@click.option(
    "--from",
    "start",
    metavar="DATE",
    help="Look at the twelve months from this date on (YYYY-MM-DD); default: from today.",
)
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON on standard output.")
def command(policy: str, start: str | None, *, json_output: bool) -> None:
    """Check a policy file: what it says in words, the closed days ahead, and what is wrong or odd about it.

    Odd is what may stand in a policy and is hardly meant: a rule that never matches, a department without staff, two
    stages at one instant, a night shift that runs on into a holiday. Status 0: nothing is; 1: something is; 2: the file
    is refused.
    """
    try:
        day = None if start is None else first_day(start)
    except ValueError as error:
        return fail(f"--from: {error}")
    sys.exit(check(policy, day, json_output=json_output))
