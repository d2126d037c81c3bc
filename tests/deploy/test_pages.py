"""The pages for operators: what they link to is there, and the table of settings has the program's own defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.settings import Settings, load
from tests.deploy.manifests import DEPLOY, ROOT

PAGES = sorted((DEPLOY / "docs").glob("*.md"))
ROWS = re.findall(r"^\| `(PORTALWATCH_\w+)` \| (.*?) \| ", (DEPLOY / "docs/settings.md").read_text(), re.MULTILINE)
NONE = "\N{EN DASH}"
SAID = {
    "PORTALWATCH_DATADIR": "`$XDG_STATE_HOME/portalwatch`, or `~/.local/state/portalwatch`",
    "PORTALWATCH_WEB_URL": "http://HOST:PORT",
    "PORTALWATCH_SSL_CAFILE": "the system's certificates",
}
"""Defaults that are no values."""


def anchors(page: Path) -> set[str]:
    """As a Markdown viewer makes them of headings."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert path.startswith("http") or there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_files_that_deploying_names_are_there() -> None:
    named = re.findall(r"\bdeploy/[\w./@-]*\w", (DEPLOY / "docs/deploying.md").read_text())
    missing = {each for each in named if not (ROOT / each).exists()}
    assert missing == {"deploy/compose/secrets"}, "which one makes oneself"


@pytest.mark.parametrize(("variable", "said"), ROWS, ids=[variable for variable, _ in ROWS])
def test_a_default_in_the_table_is_the_programs(variable: str, said: str) -> None:
    name = variable.removeprefix("PORTALWATCH_").lower()
    default = getattr(Settings(), name)
    if variable in SAID:
        assert said == SAID[variable]
    elif said == NONE:
        assert default in (None, ())
    else:
        assert getattr(load({variable: said}), name) == default
