"""`portalwatch explain` in words: what a nurse reads, checked by hand, and that its lines add up."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import orjson
import pytest
from hypothesis import given

from schemas import instants
from schemas.events import Entry
from streams.core.book import Book
from streams.core.explain import explain
from streams.core.explain_intervals import counted
from streams.explaining.form import form
from streams.explaining.text import text as words
from tests.unit.commands.test_explain import OPENED, said, written
from tests.unit.core.test_explain_property import books, cycle, histories
from tests.unit.schemas.policies import POLICY, spoiled


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, POLICY)


def test_in_words(policy: Path) -> None:
    """17 h: 1 on Tuesday, none on the holiday, 8.5 on Thursday, 7.5 on Friday."""
    assert (
        said(policy, "message", OPENED)
        == """\
message-reply (rule 2, line 25: within 2 business days)
  due Fri 13 Nov 2026 16:00: 17 h of open time from Tue 10 Nov 16:00 (calendar clinic, America/Chicago)
    Tue 10 Nov  16:00-17:00               1 h
    Wed 11 Nov  closed (Veterans Day)
    Thu 12 Nov  08:00-12:00, 12:30-17:00  8 h 30 min  business day 1
    Fri 13 Nov  08:00-12:00, 12:30-16:00  7 h 30 min  business day 2
  who is told
    due-soon   Fri 13 Nov 11:15  portal-desk (pool, warning)            at 75 % of the time
    imminent   Fri 13 Nov 15:00  portal-oncall (on call, critical)      1 business hour before the due
    missed     Fri 13 Nov 16:00  portal-oncall (on call, critical)      at the due
    escalated  Mon 16 Nov 16:00  portal-committee (champion, critical)  1 business day after the due
""".replace("0-1", "0\N{EN DASH}1")
    )


def test_short_notice_in_words(policy: Path) -> None:
    text = said(policy, "questionnaire", "2026-11-09T16:30:00-06:00", "--anchor", "2026-11-10T09:00:00-06:00")
    assert "due Tue 10 Nov 2026 08:30, on short notice: 1 h of open time from Mon 9 Nov 16:30" in text
    assert "1 business day before the visit is from Mon 9 Nov 09:00 to Tue 10 Nov 09:00" in text
    assert (
        "Short notice: 1 business day before the visit is Mon 9 Nov 2026 09:00, before the clinic has had 1 h of open "
        "time for it. So it is due then, Tue 10 Nov 08:30."
    ) in " ".join(text.split())


def test_a_visit_before_the_hour_is_over(policy: Path) -> None:
    text = said(policy, "questionnaire", "2026-11-09T16:30:00-06:00", "--anchor", "2026-11-10T08:10:00-06:00")
    assert "due at the visit itself, which comes before that, Tue 10 Nov 08:10." in " ".join(text.split())


def test_elapsed_time_over_a_change_of_the_clocks(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("within: 1 business day, before: 4 hours", "within: 48 hours"))
    text = said(path, "appointment", "2026-10-31T09:00:00-05:00")
    assert "due Mon 2 Nov 2026 08:00: 48 h of elapsed time from Sat 31 Oct 09:00" in text
    assert "Sat 31 Oct 09:00 \N{EN DASH} Mon 2 Nov 08:00  elapsed  48 h\n" in text
    assert "- The clocks change on Sun 1 Nov 2026 (a day of 25 h).\n" in text


def test_an_hour_that_comes_twice_has_its_zone(tmp_path: Path) -> None:
    text = spoiled("within: 1 business day, before: 4 hours", "within: 1 hour").replace(
        "1 business hour\n", "0 minutes\n"
    )
    text = said(written(tmp_path, text), "appointment", "2026-11-01T06:30:00Z")
    assert "due Sun 1 Nov 2026 01:30 CST" in text
    assert "from Sun 1 Nov 01:30 CDT" in text


def test_a_long_stretch_is_summed_up(policy: Path) -> None:
    text = said(policy, "questionnaire", "2026-11-10T16:00:00-06:00", "--anchor", "2026-12-21T09:00:00-06:00")
    dash = "\N{EN DASH}"
    assert text.splitlines()[4:8] == [
        f"    Thu 12 Nov  08:00{dash}12:00, 12:30{dash}17:00  8 h 30 min",
        f"    Fri 13 Nov  08:00{dash}12:00, 12:30{dash}17:00  8 h 30 min",
        "    … 32 more days, 193 h 30 min; Thu 26 Nov closed (Thanksgiving Day)",
        f"    Wed 16 Dec  08:00{dash}12:00, 12:30{dash}17:00  8 h 30 min",
    ]


def test_a_part_that_is_later_and_one_that_is_not_known(policy: Path) -> None:
    text = said(policy, "appointment", "2026-11-09T15:00:00-06:00", "--anchor", "2026-11-10T10:00:00-06:00")
    assert (
        "(rule 0, line 40: within 1 business day and 4 hours before the slot asked for, whichever is earlier)" in text
    )
    assert "- Within 1 business day: Tue 10 Nov 15:00.\n" in text
    assert "- 4 hours before the slot asked for: Tue 10 Nov 06:00, the earliest.\n" in text
    assert "4 hours before the slot asked for: not known, for no anchor is given." in said(
        policy, "appointment", OPENED
    )


def test_what_is_out_of_the_ordinary(policy: Path) -> None:
    text = " ".join(said(policy, "message", "2026-12-23T18:00:00-06:00", "--department", "radiology").split())
    assert "- The policy does not know the department radiology: the defaults apply." in text
    assert "- It came in while closed: time counts from the next opening, Sat 26 Dec 09:00." in text
    assert "- The policy gives hours of its own to Sat 26 Dec 2026 (09:00\N{EN DASH}12:00)." in text
    urgent = " ".join(said(policy, "message", "2026-11-10T08:00:00-06:00", "--priority", "urgent").split())
    assert (
        "- At Tue 10 Nov 11:00 due-soon and imminent come together: imminent alone is sent, to all whom they tell."
        in urgent
    )
    result = " ".join(said(policy, "result", OPENED).split())
    assert "- If the patient looks 3 times within 3 days and finds nothing, the pool is told too." in result
    assert "at the due; Mon 16 Nov 17:00 is closed, so at the next opening" in result


def test_a_stage_that_comes_too_late_and_a_floor(tmp_path: Path) -> None:
    text = spoiled("by: end of 3 business days", "by: end of 3 business days, not_before: 72 hours")
    text = text.replace("max_age: 90 days", "max_age: 6 days").replace("[{within: 1 business day,", "[{")
    path = written(tmp_path, text.replace("within: 2 business days", "within: 1 business day"))
    found = " ".join(said(path, "result", OPENED).split())
    assert "- It is given up as too old Mon 16 Nov 2026 16:00: imminent, missed and escalated will not come." in found
    assert "- Done before Fri 13 Nov 2026 16:00, it counts as too early: a notice goes to the pool." in found


def test_a_due_at_an_opening_and_one_before_the_start(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("lead: 1 business hour", "lead: 0 minutes"))
    text = said(path, "message", "2026-11-07T18:00:00-06:00", "--department", "oncology")
    assert re.search(r"\n    Tue 10 Nov  closed until 08:00 +business day 1\n", text)
    text = said(path, "questionnaire", "2026-11-10T18:00:00-06:00", "--anchor", "2026-11-11T06:00:00-06:00")
    assert (
        "  due Mon 9 Nov 2026 17:00, before it came in on Tue 10 Nov 18:00 (calendar clinic, America/Chicago)\n" in text
    )


def test_a_time_of_day_that_the_last_day_does_not_have(tmp_path: Path) -> None:
    path = written(tmp_path, spoiled("    business_days: mon-fri\n", ""))
    text = said(path, "message", "2026-11-12T15:00:00-06:00")
    assert "due Sat 14 Nov 2026 12:00" in text
    assert "- Sat 14 Nov is not open at 15:00, so the last closing of that day counts, 12:00." in text


SECONDS = {"h": 3600, "min": 60, "s": 1}


@given(books(), histories())
def test_the_lines_of_any_explanation_add_up(book: Book, history: list[Entry]) -> None:
    """What the lines say to count, summed-up ones included, is what counts, to the microsecond."""
    found = explain(book, "message", cycle(history))
    header, *rest = words(book, found).splitlines()[1:]
    lines = takewhile(lambda line: line.startswith("    "), rest)
    amounts = re.findall(r"(?<![\w:])(\d+(?:\.\d+)?) (h|min|s)\b", "\n".join(lines))
    assert sum(Fraction(amount) * SECONDS[unit] for amount, unit in amounts) == Fraction(
        counted(found[0].intervals), instants.SECOND
    )
    assert "due" in header
    assert orjson.loads(orjson.dumps(form(found[0])))["rule"] == 0
