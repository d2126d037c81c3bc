"""`portalwatch diff OLD NEW`: what a new policy would change, and for whom.

Status 0: both judge alike; 1: they differ; 2: one is refused or unreadable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

import click
import orjson

from schemas.policy import Policy
from streams.commands import fail
from streams.commands.check import read
from streams.core.policy_check import PolicyError
from streams.findings.changes import Change, changes, departments, whom

SAME, DIFFERENT = 0, 1


@click.command("diff")
@click.argument("old_file", metavar="OLD")
@click.argument("new_file", metavar="NEW")
@click.option("--json", "json_output", is_flag=True, help="Say it as JSON.")
def command(old_file: str, new_file: str, *, json_output: bool) -> None:
    """Say what the policy NEW changes against OLD: hours, targets, stages, people, settings, and for whom.

    They are compared by what they do: another order of rules, a default in place of four entries or `60 minutes` for
    `1 hour` is no change. Status 0: they do the same; 1: they differ; 2: a file is refused.
    """
    try:
        old, new = read(old_file), read(new_file)
    except PolicyError as error:
        return fail(str(error))
    found = changes(old, new)
    if json_output:
        click.echo(_json((old_file, old), (new_file, new), found))
    else:
        click.echo("\n".join(_text((old_file, old), (new_file, new), found)))
    sys.exit(DIFFERENT if found else SAME)


def _text(old: tuple[str, Policy], new: tuple[str, Policy], found: list[Change]) -> Iterator[str]:
    if not found:
        yield f"{old[0]} and {new[0]} do the same."
        return
    yield f"{old[0]} → {new[0]}: {len(found)} change{'' if len(found) == 1 else 's'}"
    everyone = set(departments(old[1], new[1]))
    for subject, each in groupby(found, key=lambda change: change.subject):
        yield ""
        yield subject
        yield from (f"  {change.message}{_for(change, everyone)}" for change in each)


def _for(change: Change, everyone: set[str]) -> str:
    """For which departments, where it is not all of them and the subject does not say it, and whom it calls."""
    told = not change.departments or set(change.departments) == everyone or change.subject.startswith("department ")
    return ("" if told else f", for {whom(change.departments)}") + (
        f" [{', '.join(change.people)}]" if change.people else ""
    )


def _json(old: tuple[str, Policy], new: tuple[str, Policy], found: list[Change]) -> str:
    said = {
        "same": not found,
        "old": {"file": old[0], "version": old[1].version},
        "new": {"file": new[0], "version": new[1].version},
        "changes": [change._asdict() for change in found],
    }
    return orjson.dumps(said).decode()
