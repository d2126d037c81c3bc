"""What the commands share that ask the broker of the settings: the option `--settings`, and how a failure is told."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
from aiokafka.errors import KafkaError

from streams.commands import fail
from streams.settings import Settings, SettingsError, load
from streams.topics import TopicMismatch, TopicRefused

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


def settings_option(command: Command) -> Command:
    """The option `--settings FILE`, as the argument `settings_file`."""
    option = click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A TOML file of settings; the environment wins.",
    )
    return option(command)


def settings(path: Path | None) -> Settings:
    """The settings of the environment and the file; ends the process with status 2 if they can not be used."""
    try:
        return load(os.environ, path)
    except SettingsError as error:
        fail(str(error))
        raise


def ask(given: Settings, question: Coroutine[Any, Any, T]) -> T:
    """The answer of a broker; ends the process with status 1 if it fails, or its topics do not fit.

    SettingsError (status 2) names a file of the settings that can not be used.
    """
    quiet()
    try:
        return asyncio.run(question)
    except SettingsError as error:
        fail(str(error))
        raise
    except (TopicMismatch, TopicRefused) as error:
        click.echo(str(error), err=True)
    except (KafkaError, TimeoutError) as error:
        click.echo(failure(given, error), err=True)
    sys.exit(1)


def failure(given: Settings, error: Exception) -> str:
    """Which broker failed, and how, in a sentence."""
    said = str(error).strip() or type(error).__name__
    return f"{', '.join(given.broker)}: the broker cannot be asked: {said}"


def quiet() -> None:
    """The client's own log would say the same again, in many lines."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
