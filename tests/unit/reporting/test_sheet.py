"""The sheet: a row for each department and benchmark, under names that stay."""

from __future__ import annotations

import csv

import msgspec
import pytest

from streams.reporting.sheet import COLUMNS, sheet
from tests.unit.reporting.made import REPLY, many, report
from tests.unit.reporting.test_build import TWO_MONTHS


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_row_for_each_department() -> None:
    ear, eye = rows(sheet(report(REPLY, TWO_MONTHS)))
    assert tuple(ear) == COLUMNS
    assert (ear["department"], eye["department"]) == ("ear", "eye")
    told = {name: eye[name] for name in ("workflow", "clock", "first_day", "last_day", "timezone", "source", "few")}
    assert told == {
        "workflow": "message", "clock": "reply", "first_day": "2026-11-01", "last_day": "2026-11-30", "timezone": "UTC",
        "source": "events", "few": "no",
    }  # fmt: skip
    assert (eye["opened"], eye["met"], eye["missed"], eye["kept_share"]) == ("30", "15", "15", "0.5")
    assert (eye["median_open_hours"], eye["p90_open_hours"]) == ("3.0", "5.0")
    assert (eye["before_first_day"], eye["before_met"], eye["before_kept_share"]) == ("2026-10-01", "23", "0.92")
    assert (eye["never_confirmed"], eye["look_ups"]) == ("", "")


def test_what_is_not_known_is_empty() -> None:
    (row,) = rows(sheet(report(REPLY, many(3, 1, "2026-11-10"))))
    assert (row["few"], row["kept_share"], row["median_open_hours"], row["met"]) == ("yes", "", "", "2")
    assert (row["before_first_day"], row["before_met"]) == ("", "")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_name_is_a_formula(name: str) -> None:
    made = report(REPLY, many(3, 1, "2026-11-10"))
    (each,) = made.benchmarks
    named = [msgspec.structs.replace(row, department=name) for row in each.departments]
    hostile = msgspec.structs.replace(each, clock=name, departments=named)
    (row,) = rows(sheet(msgspec.structs.replace(made, benchmarks=[hostile])))
    assert row["department"] == row["clock"]
    assert row["department"] == f"'{name}" if name.isprintable() else f"\ufffd{name[1:]}"
