"""`portalwatch worker`: follow the topics, keep what is pending, say what is due."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from streams import logs
from streams.commands import fail
from streams.commands.check import read
from streams.core.policy_check import PolicyError
from streams.settings import Settings, SettingsError, load


@click.command("worker")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file of settings; the environment wins.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The policy file to begin with; it is written to the policy's topic if that is empty.",
)
@click.option(
    "--skip-corrupt",
    is_flag=True,
    help="Copy records of the state's topics that no worker wrote, or that are damaged, to the dead letters, and go on "
    "without them. Without it the worker ends and names them.",
)
@click.option(
    "--rewind",
    is_flag=True,
    help="Read on from the offsets that the consumer group has committed, even where the state has already seen what "
    "comes after them: for one start, after offsets were reset or a topic was made anew.",
)
def command(settings_file: Path | None, policy: Path | None, skip_corrupt: bool, rewind: bool) -> None:
    """Run a worker. Settings come from PORTALWATCH_* in the environment and from a file.

    Status 70: it could not do its work and ended, so that whoever supervises it starts it again.
    """
    try:
        given = load(os.environ, settings_file)
        if policy is not None:
            given = replace(given, policy=policy)
        if given.policy is not None:
            read(str(given.policy))
        run(given, skip_corrupt=skip_corrupt, rewind=rewind)
    except (SettingsError, PolicyError) as error:
        fail(str(error))


OBJECTS_AT_ONCE = 50_000
"""New objects after which Python looks for cycles among them: some batches' worth, which make none."""


def spare_the_collector() -> None:
    """Take what is loaded, and stays, out of the collector's sight, and let it look more seldom.

    A batch makes thousands of objects that go without it: by default it took an eighth of the time of a backlog.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_AT_ONCE, 10, 10)


def run(given: Settings, **options: Any) -> None:
    """Run until told to stop; ends the process. The options are the runtime's."""
    from faust import Worker  # noqa: PLC0415 - Faust takes long to load, and wrong use is told before

    from streams.app import create  # noqa: PLC0415 - as above

    config = logs.config(given.log, given.log_level)
    logs.set_up(given.log, given.log_level)
    app = create(given, **options)
    spare_the_collector()
    Worker(
        app, loglevel=given.log_level, logging_config=config, redirect_stdouts=False, quiet=True
    ).execute_from_commandline()
