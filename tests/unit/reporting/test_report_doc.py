"""What deploy/docs/report.md promises stands in the code, and what it shows is what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.reporting.figures import Figures, Kept, LookedUp, NeverConfirmed
from streams.reporting.form import Benchmark, Days, Fall, Period, Report, Row
from streams.reporting.sheet import COLUMNS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "deploy/docs/report.md").read_text()
LOG = ROOT / "tests/data/helpdesk"
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}


def named(text: str) -> set[str]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"[a-z_0-9]+", code)}


def test_every_field_of_the_json_is_explained() -> None:
    for form in (Report, Days, Benchmark, Row, Period, Fall, Figures, Kept, LookedUp, NeverConfirmed):
        fields = {field.encode_name for field in msgspec.structs.fields(form)}
        assert fields <= named(TEXT), form


def test_every_column_of_the_csv_is_explained() -> None:
    figures = TEXT.partition("## What the figures are")[2].partition("## JSON")[0]
    cells = [line.split("|")[3] for line in figures.splitlines() if line.startswith("| ")]
    columns = {column for cell in cells for column in re.findall(r"`(\w+)`", cell)}
    assert {each for each in COLUMNS[9:] if not each.startswith("before_")} == columns
    assert set(COLUMNS[:9]) <= named(TEXT.partition("## CSV")[2])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "helpdesk.ndjson"
    command = [sys.executable, str(LOG / "helpdesk_to_events.py"), str(LOG / "helpdesk.csv")]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path


def test_what_the_page_shows_is_what_the_program_says(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```text\n\$ portalwatch (.*?)\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 2
    for command, shown in blocks:
        line, _, cut = command.partition(" | cut -d, -f")
        files = {"helpdesk-policy.yaml": str(LOG / "helpdesk-policy.yaml"), "helpdesk.ndjson": str(log)}
        program = [sys.executable, "-m", "streams.commands", *(files.get(word, word) for word in line.split())]
        said = subprocess.run(program, capture_output=True, text=True, check=True, env=HERE).stdout
        if cut:
            said = subprocess.run(
                ["cut", "-d,", f"-f{cut}"], input=said, capture_output=True, text=True, check=True
            ).stdout
        assert said.replace("\r\n", "\n") == shown
