"""`portalwatch report` from recorded events: what it writes where, and what it answers to wrong use."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands import main
from streams.reporting import form
from streams.reporting.sheet import COLUMNS
from tests.contract.build import clock, policy
from tests.unit.reporting.made import DEPARTMENTS, many
from tests.unit.reporting.test_build import TWO_MONTHS

NOVEMBER = ("--month", "2026-11")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy and a log in two files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.yaml").write_text(policy(f"[{clock('{within: 4 hours}')}]", departments=DEPARTMENTS))
    (tmp_path / "october.ndjson").write_bytes(b"\n".join(TWO_MONTHS[:100]))
    (tmp_path / "november.ndjson").write_bytes(b"\n".join(TWO_MONTHS[100:]) + b"\n\n")
    return tmp_path


def report(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["report", *arguments], input=stdin)


def judged(*arguments: str, log: tuple[str, ...] = ("october.ndjson", "november.ndjson")) -> Result:
    return report("--policy", "p.yaml", *log, *arguments)


def test_a_page_into_a_file_and_the_answer_to_the_terminal(files: Path) -> None:
    done = judged(*NOVEMBER, "--out", "r.html")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "wrote r.html"
    assert "38 (63.3%) were on time" in done.stdout
    text = (files / "r.html").read_text()
    assert text.lower().startswith("<!doctype html>")
    assert "38 (63.3%) were on time" in text


def test_each_form_to_standard_output_and_nothing_else_with_it(files: Path) -> None:
    assert judged(*NOVEMBER).stdout.lower().startswith("<!doctype html>")
    told = json.loads(judged(*NOVEMBER, "--json").stdout)
    assert (told["kept"]["met"], told["kept"]["judged"]) == (38, 60)
    rows = list(csv.reader(judged(*NOVEMBER, "--csv").stdout.splitlines()))
    assert (tuple(rows[0]), len(rows)) == (COLUMNS, 3)


def test_the_same_input_gives_the_same_bytes(files: Path) -> None:
    for forms in ((), ("--json",), ("--csv",)):
        assert judged(*NOVEMBER, *forms).stdout_bytes == judged(*NOVEMBER, *forms).stdout_bytes


def test_files_are_one_log_and_standard_input_is_one_of_them(files: Path) -> None:
    both = judged(*NOVEMBER, "--json").stdout
    rest = report("--policy", "p.yaml", "october.ndjson", "-", *NOVEMBER, "--json", stdin=b"\n".join(TWO_MONTHS[100:]))
    assert rest.stdout == both


def test_days_are_half_open(files: Path) -> None:
    until = json.loads(judged("--from", "2026-11-10", "--to", "2026-11-11", "--json").stdout)
    assert (until["kept"]["judged"], until["span"]["last_day"]) == (30, "2026-11-10")
    both = json.loads(judged("--from", "2026-11-10", "--to", "2026-11-12", "--json").stdout)
    assert both["kept"]["judged"] == 60


def test_until_lets_time_pass(files: Path) -> None:
    (files / "open.ndjson").write_bytes(many(1, 0, "2026-11-10")[0])
    told = [
        json.loads(judged(*NOVEMBER, "--json", *more, log=("open.ndjson",)).stdout)
        for more in ((), ("--until", "2026-11-11T00:00:00Z"))
    ]
    assert [(each["open_past_due"], each["as_of"]) for each in told] == [
        (0, "2026-11-10T08:00:00Z"), (1, "2026-11-11T00:00:00Z"),
    ]  # fmt: skip


def test_last_months_report_stands_beside(files: Path) -> None:
    october = judged("--month", "2026-10", "--json", "--out", "october.json", log=("october.ndjson",))
    assert october.exit_code == 0
    done = judged(*NOVEMBER, "--json", "--before", "october.json", log=("november.ndjson",))
    told = form.decode(done.stdout_bytes)
    assert told.kept_before is not None
    assert (told.kept_before.met, told.kept_before.judged) == (43, 50)
    (each,) = told.benchmarks
    assert [row.before and row.before.kept.met for row in each.departments] == [20, 23]
    page = judged(*NOVEMBER, "--before", "october.json", log=("november.ndjson",)).stdout
    assert "October 2026 stands here as its own report told it" in page


WRONG: list[tuple[list[str], str]] = [
    (["october.ndjson", *NOVEMBER], "--policy: give the policy file"),
    (["--policy", "p.yaml", "october.ndjson"], "give --month, or --from and --to"),
    (["--policy", "p.yaml", "october.ndjson", "--from", "2026-11-01"], "give --month, or --from and --to"),
    (["--policy", "p.yaml", "october.ndjson", "--to", "2026-11-01"], "give --month, or --from and --to"),
    (
        ["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--from", "2026-11-01", "--to", "2026-12-01"],
        "give --month, or",
    ),
    (["--policy", "p.yaml", "october.ndjson", "--month", "November"], "--month is no month; give one as in 2026-10"),
    (
        ["--policy", "p.yaml", "october.ndjson", "--from", "2026-11-02", "--to", "2026-11-01"],
        "--to: is not after --from",
    ),
    (["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--json", "--csv"], "--json or --csv, not both"),
    (["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--until", "2026-11-01"], "--until is not RFC 3339"),
    (["--policy", "p.yaml", "absent.ndjson", *NOVEMBER], "absent.ndjson: No such file or directory"),
    (["--policy", "absent.yaml", "october.ndjson", *NOVEMBER], "absent.yaml:1: (file): can not be read"),
    (
        ["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--before", "absent.json"],
        "--before absent.json: No such file",
    ),
    (["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--before", "p.yaml"], "--before p.yaml is no report"),
    (
        ["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--before", "same.json"],
        "of November 2026 (UTC), not of October",
    ),
    (
        ["--policy", "p.yaml", "october.ndjson", *NOVEMBER, "--out", "no/where.html"],
        "--out no/where.html: No such file",
    ),
    (["--until", "2026-11-01T00:00:00Z", *NOVEMBER], "--until goes with EVENTS"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), WRONG, ids=lambda each: " ".join(each[-2:]) if isinstance(each, list) else ""
)
def test_wrong_use(files: Path, arguments: list[str], said: str) -> None:
    (files / "same.json").write_bytes(judged(*NOVEMBER, "--json").stdout_bytes)
    done = report(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_log_without_events_is_nothing_to_report_on(files: Path) -> None:
    done = report("--policy", "p.yaml", "-", *NOVEMBER, stdin=b"{\nnull\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "-: no event could be taken: all were refused as 2 undecodable\n"
