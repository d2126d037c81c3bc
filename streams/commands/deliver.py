"""`portalwatch deliver --dry-run`: what would be sent now, to whom, by the sinks of the settings; nothing is sent.

Status 0: told, also if there is nothing to be sent; 1: there is no policy or no such topics, or the broker cannot be
asked; 2: wrong use.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from streams.clock import Clock
from streams.commands import fail
from streams.commands.asking import ask, settings, settings_option
from streams.core.policy_check import PolicyError
from streams.delivery import planned, sinks
from streams.delivery.planning import NotThere, plan
from streams.delivery.sinks import SinksFile
from streams.settings import Settings, SettingsError

WORKERS = (
    "workers deliver: `portalwatch worker` with the setting SINKS (PORTALWATCH_SINKS, a TOML file) tells people by "
    "itself; to see what it would send now, give --dry-run"
)


@click.command("deliver")
@settings_option
@click.option("--dry-run", is_flag=True, help="Print what would be sent now; without it there is nothing to do here.")
@click.option("--sink", metavar="NAME", help="Only this sink of the file.")
@click.option("--json", "json_output", is_flag=True, help="A JSON object a line, for each sink; see the docs.")
def command(settings_file: Path | None, sink: str | None, *, dry_run: bool, json_output: bool) -> None:
    """Print what the sinks would be sent now, and to whom. Nothing is sent, and no progress is moved.

    An Alertmanager is told of each alert that stands open; what was resolved lately, which workers send again for a
    while, is not shown. Digests and webhooks are told of what lies past how far they came. Of a sink's URL only the
    host is shown, and no secret.
    """
    if not dry_run:
        return fail(WORKERS)
    given = settings(settings_file)
    file = _file(given)
    known = dict(file.sinks)
    if sink is not None and sink not in known:
        return fail(f"--sink: there is no `{sink}` in {given.sinks}; give one of {', '.join(sorted(known))}")
    if not known:
        click.echo(f"{given.sinks} has no sinks, so nobody is told by this system", err=True)
    wanted = {name: each for name, each in known.items() if sink in (None, name)}
    try:
        plans = ask(given, plan(given, file, wanted, Clock(given.clock)))
    except (NotThere, PolicyError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    for each in plans:
        click.echo(msgspec.json.encode(each) if json_output else planned.text(each))
    return None


def _file(given: Settings) -> SinksFile:
    """The sinks of the settings; ends the process with status 2 if there are none."""
    if given.sinks is None:
        fail(
            "PORTALWATCH_SINKS names no file, so nobody is told by this system; its form is in deploy/docs/delivery.md"
        )
    try:
        return sinks.load(given.sinks)
    except SettingsError as error:
        fail(str(error))
        raise
