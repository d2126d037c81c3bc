"""What the documents promise stands in the code."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.commands import COMMANDS, main
from streams.delivery.answers import Answers, NoJournal
from streams.metrics import UnreadCollector, registry
from streams.metrics_pending import PendingCollector
from streams.settings import Settings
from tests.unit.test_metrics import watch

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


def console_blocks() -> list[tuple[str, str]]:
    """(command line, output) of every block in the pages."""
    pages = [ROOT / "README.md", *sorted((ROOT / "deploy/docs").glob("*.md"))]
    blocks = [b for page in pages for b in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)]
    found = [re.fullmatch(r"\$ portalwatch ((?:[^\n]*\\\n)*[^\n]*)\n(.*)", block, re.DOTALL) for block in blocks]
    assert all(found), "a console block is one portalwatch command and its output"
    return [(match[1].replace("\\\n", " "), match[2]) for match in found if match]


@pytest.mark.parametrize(("line", "output"), console_blocks(), ids=lambda text: text[:30])
def test_what_the_pages_show_is_what_the_program_says(line: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = CliRunner().invoke(main, shlex.split(line))
    assert said.output == output


def test_the_page_of_metrics_has_every_metric_and_its_labels() -> None:
    rows = re.findall(
        r"^\| (`portalwatch_.*?) \| (\w+) \| (.*?) \|", (ROOT / "deploy/docs/metrics.md").read_text(), re.MULTILINE
    )
    named = {
        name: (kind, re.findall(r"`(\w+)`", labels))
        for names, kind, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    judge = watch()
    pending = PendingCollector(judge, lambda _: True, Answers([], NoJournal()))
    shown = registry(dict, judge.tally, lambda: 0.0, pending, UnreadCollector(lambda: {"t.messages": 0}))
    found = {family.name: family for family in shown.collect() if family.name.startswith("portalwatch_")}
    suffix = {"counter": "_total", "info": "_info"}
    assert {name + suffix.get(family.type, "") for name, family in found.items()} == set(named)
    for name, family in found.items():
        kind, labels = named[name + suffix.get(family.type, "")]
        assert kind == {"info": "gauge"}.get(family.type, family.type)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(labels), name
