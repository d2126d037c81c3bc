"""What only time zones and holiday tables can tell of a policy, and case 28 of the recorded faults."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.policy_file import PolicyError, Problem
from streams.core.policy_check import load
from streams.core.regions import days_off, holiday_names
from tests.unit.schemas.policies import POLICY, spoiled

ROOT = Path(__file__).parents[3]
C = "calendars.clinic"


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(PolicyError) as refused:
        load(text)
    return refused.value.problems


def check(old: str, new: str, line: int, path: str, said: str) -> None:
    found = problems(spoiled(old, new))
    assert [(problem.line, problem.path) for problem in found] == [(line, path)], found
    assert said in found[0].message


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "said"),
    [
        ("America/Chicago", "America/Chicagoo", 4, f"{C}.timezone", "did you mean `America/Chicago`?"),
        ("America/Chicago", "america/chicago", 4, f"{C}.timezone", "did you mean `America/Chicago`?"),
        ("America/Chicago", "Central Time", 4, f"{C}.timezone", "write an IANA name, such as America/Chicago"),
        ("America/Chicago", "America", 4, f"{C}.timezone", "is no time zone"),
        ("America/Chicago", "../America/Chicago", 4, f"{C}.timezone", "is no time zone"),
        ("America/Chicago", "localtime", 4, f"{C}.timezone", "is no time zone"),
        ("America/Chicago", "-06:00", 4, f"{C}.timezone", "is no time zone"),
        ("US-WI", "no", 9, f"{C}.holidays", "`no` is no country of the holidays package; did you mean `NO`?"),
        ("US-WI", "false", 9, f"{C}.holidays", "`false` is no country"),
        ("US-WI", "HolidayBase", 9, f"{C}.holidays", "is no country"),
        ("US-WI", "US-XX", 9, f"{C}.holidays", "`XX` is no subdivision of US; one of AK, AL"),
        ("US-WI", "US-", 9, f"{C}.holidays", "is no subdivision of US"),
        ("US-WI", "VA-X", 9, f"{C}.holidays", "it has none, write `VA`"),
        ("[New Year's Eve]", "[New Year's Eve, Washingtons Birthday]", 10, f"{C}.not_holidays[1]",
         "`Washingtons Birthday` is no holiday of US-WI; did you mean `Washington's Birthday`?"),
        ("[New Year's Eve]", "\n    - Boxing Day\n    - New Year's Eve", 11, f"{C}.not_holidays[0]", "is no holiday"),
        ("{2026-12-26: 09:00-12:00}", "{2026-12-26: 22:00-04:00, 2026-12-27: 03:00-12:00}", 12, f"{C}.open.2026-12-27",
         "`03:00-12:00` overlaps `22:00-04:00`, which runs on from the day before"),
        ("{2026-12-26: 09:00-12:00}", "{2026-12-27: 22:00-08:01}", 12, f"{C}.open.2026-12-27",
         "`08:00-12:00` overlaps `22:00-08:01`"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused(old: str, new: str, line: int, path: str, said: str) -> None:
    check(old, new, line, path, said)


@pytest.mark.parametrize(
    ("zone", "region"),
    [("UTC", "NO"), ("Europe/Oslo", "NO"), ("US/Central", "US"), ("Asia/Tokyo", "JPN"), ("Europe/Rome", "IT"),
     ("Europe/London", "GB-England"), ("Pacific/Chatham", "NZ-South Canterbury")],
)  # fmt: skip
def test_what_exists_is_accepted(zone: str, region: str) -> None:
    text = spoiled("America/Chicago", zone).replace("US-WI", region).replace("    not_holidays: [New Year's Eve]\n", "")
    assert load(text).calendars["clinic"].holidays == region


@pytest.mark.parametrize(
    ("sat", "dates", "refused"),
    [
        ("22:00-06:00", "{2026-12-20: 05:00-12:00}", ["2026-12-20"]),  # the Saturday before runs on into it
        ("22:00-06:00", "{2026-12-20: 06:00-12:00}", []),  # it may touch
        ("22:00-06:00", "{2026-12-19: 08:00-12:00, 2026-12-20: 05:00-12:00}", []),  # that Saturday has its own windows
        ("22:00-06:00", "{2026-07-05: 05:00-12:00}", []),  # 4 July 2026 is a Saturday, and a holiday
        ("09:00-12:00", "{2026-12-24: 22:00-23:00, 2026-12-23: 22:00-23:30}", []),
        ("09:00-12:00", "{2026-12-24: 22:00-09:00}", []),  # Christmas Day has no windows
        ("09:00-12:00", "{2026-12-22: 22:00-09:00}", ["2026-12-22"]),  # a Wednesday follows
        ("09:00-12:00", "{2026-12-23: 22:00-09:00}", []),  # the 24th is closed
        ("09:00-12:00", "{2026-12-30: 22:00-09:00}", ["2026-12-30"]),  # New Year's Eve is worked
    ],
)
def test_a_date_of_its_own_beside_its_neighbours(sat: str, dates: str, refused: list[str]) -> None:
    text = spoiled("sat: 09:00-12:00", f"sat: {sat}").replace("{2026-12-26: 09:00-12:00}", dates, 1)
    if refused:
        assert [(p.line, p.path) for p in problems(text)] == [(12, f"{C}.open.{day}") for day in refused]
    else:
        assert len(load(text).calendars["clinic"].open) == dates.count("2026")


def test_all_problems_are_found_at_once() -> None:
    text = spoiled("America/Chicago", "Chicago").replace("US-WI", "US-XX").replace("{2026-12-26", "{2026-12-27", 1)
    assert [(p.line, p.path) for p in problems(text)] == [(4, f"{C}.timezone"), (9, f"{C}.holidays")]


def test_case_28_nothing_is_typed_by_its_looks() -> None:
    text = spoiled("oncology: {pool", "on: {pool").replace("    not_holidays: [New Year's Eve]\n", "")
    policy = load(text.replace("holidays: US-WI", "holidays: NO"))
    assert policy.calendars["clinic"].holidays == "NO"
    assert date(2026, 5, 17) in days_off("NO", frozenset(), 2026)
    assert policy.departments["on"].pool == "oncology-nurses"
    overnight = load(spoiled("sat: 09:00-12:00", "sat: 12:00-09:00")).calendars["clinic"]
    assert overnight.hours[5] == ((720, 1980),)
    check("[2026-12-24]", "[2026-13-01]", 11, f"{C}.closed[0]", "`2026-13-01` does not exist; write YYYY-MM-DD")
    check("sat: 09:00-12:00", "sat: 08:00", 7, f"{C}.hours.sat", "`08:00` is no window; write `HH:MM-HH:MM`")


def test_the_shipped_policy_and_all_recorded_ones_are_accepted() -> None:
    recorded = [*ROOT.glob("tests/data/cases/*/policy.yaml"), *ROOT.glob("tests/data/random/*.yaml")]
    assert len(recorded) >= 20
    for path in [ROOT / "deploy/policies/clinic.yaml", *recorded]:
        assert load(path.read_bytes(), path.name).clocks


def test_holiday_names_do_not_hang_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2026, 4, 3)
    for language in ("de_DE.UTF-8", "en_US.UTF-8", "C.UTF-8"):
        monkeypatch.setenv("LANGUAGE", language)
        assert {"Karfreitag", "Good Friday"} <= holiday_names("DE-BY")
        assert day in days_off("DE-BY", frozenset(), 2026)
        assert day not in days_off("DE-BY", frozenset({"Karfreitag"}), 2026)
        assert day not in days_off("DE-BY", frozenset({"Good Friday"}), 2026)


def test_a_date_is_worked_only_if_all_of_its_names_are_listed() -> None:
    both = date(2027, 5, 17)
    assert both in days_off("NO", frozenset({"Constitution Day"}), 2027)
    assert both not in days_off("NO", frozenset({"Constitution Day", "Pentecost Monday"}), 2027)
    assert both not in days_off("NO", frozenset({"Grunnlovsdag", "Andre pinsedag"}), 2027)
    assert date(2026, 5, 17) not in days_off("NO", frozenset({"Constitution Day"}), 2026)


PIECES = st.sampled_from(
    [*"[]{}:-?&*!|>%#,'\"\n\t ~@`", ": ", "- ", "&a ", "*a", "<<: ", "---\n", "!!int ", '"\\ud800"', '"\\UFFFFFFFF"',
     "%YAML 9.9\n---\n", "\x00", "\ud800", "\x85", "0", "-1", "99999999999 days", "24:00", "9999-12-31", "null"]
)  # fmt: skip


@given(st.text(max_size=200) | st.binary(max_size=200) | st.lists(PIECES, max_size=30).map("".join))
@example("[" * 5000)
@example("- " * 5000)
@example("a: &a {b: *a}")
@example(POLICY.encode("utf-16"))
def test_whatever_is_not_a_policy_is_refused_and_nothing_else(text: str | bytes) -> None:
    assert all(problem.line >= 1 and problem.path and problem.message for problem in problems(text))


def outcome(text: str) -> tuple[str, list[Problem]]:
    """What was said of a text, and the problems in it: none if it is accepted."""
    try:
        load(text)
    except PolicyError as error:
        return str(error), error.problems
    return "", []


@given(st.data())
def test_a_mutated_policy_is_read_or_refused_line_by_line(data: st.DataObject) -> None:
    text = POLICY
    for _ in range(data.draw(st.integers(1, 3))):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 20))
        again = data.draw(st.integers(0, len(text)))
        new = data.draw(PIECES | st.just("") | st.just(text[again : again + length]))
        text = text[:at] + new + text[at + data.draw(st.integers(0, length)) :]
    said, found = outcome(text)
    assert len(said.splitlines()) == len(found)
    assert all(1 <= problem.line <= text.count("\n") + 2 for problem in found)
