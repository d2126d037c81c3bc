"""What the documents promise stands in the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from streams.commands import COMMANDS
from streams.settings import Settings

ROOT = Path(__file__).parents[2]


def test_every_setting_stands_in_its_table_and_nothing_else() -> None:
    named = re.findall(r"^\| `PORTALWATCH_(\w+)`", (ROOT / "deploy/docs/settings.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(field.name.upper() for field in fields(Settings))


def test_the_readme_names_every_command_and_no_other() -> None:
    text = (ROOT / "README.md").read_text()
    rows = "\n".join(re.findall(r"^\| `.*", text, re.MULTILINE))
    named = set(re.findall(r"`(?:portalwatch )?([a-z]+)(?: [^`]*)?`", rows))
    assert set(COMMANDS) <= named


def test_what_the_readme_links_to_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)h][^)]*)\)", text):
        assert (ROOT / target).exists(), target
