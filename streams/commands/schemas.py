"""`portalwatch schemas`: the JSON Schemas of events, alerts, scorecards and the policy file, and the AsyncAPI document.

Status 0: printed or written; 2: wrong use, or a folder that can not be written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from streams.commands import fail
from streams.published.alerts import alert_schema
from streams.published.asyncapi import asyncapi
from streams.published.events import event_schema
from streams.published.policy_file import policy_schema
from streams.published.scorecards import scorecard_schema

DOCUMENTS: Mapping[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "event": ("event.schema.json", event_schema),
    "alert": ("alert.schema.json", alert_schema),
    "scorecard": ("scorecard.schema.json", scorecard_schema),
    "policy": ("policy.schema.json", policy_schema),
    "asyncapi": ("asyncapi.json", asyncapi),
}
"""Name to file and maker."""


@click.command("schemas")
@click.argument("names", nargs=-1, type=click.Choice(list(DOCUMENTS)), metavar="[NAME]...")
@click.option("--dir", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Write a file of each to DIR.")
def command(names: tuple[str, ...], folder: Path | None) -> None:
    """Print the schemas: `event`, `alert`, `scorecard` and `policy` (JSON Schema 2020-12), `asyncapi` (AsyncAPI 3.0).

    Without a NAME all of them. One is printed as it is, several as one JSON object by name. For an editor's help with
    policy files: `portalwatch schemas policy > policy.schema.json`, and on the file's first line

        # yaml-language-server: $schema=policy.schema.json
    """
    wanted = {name: DOCUMENTS[name] for name in names or DOCUMENTS}
    if folder is not None:
        return _write(folder, wanted)
    made = {name: make() for name, (_, make) in wanted.items()}
    click.echo(text(next(iter(made.values())) if len(made) == 1 else made))
    return None


def text(document: dict[str, Any]) -> str:
    """A document as JSON, indented; always the same text."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _write(folder: Path, wanted: Mapping[str, tuple[str, Callable[[], dict[str, Any]]]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, make in wanted.values():
            path = folder / file
            path.write_text(text(make()) + "\n", encoding="utf-8")
            click.echo(str(path))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; give a folder that can be written")
