"""How a report is put together: what stands beside what, who slipped, what is said of where it comes from."""

from __future__ import annotations

import msgspec
import pytest

from streams.reporting import form
from streams.reporting.build import Mismatch
from streams.reporting.figures import Kept
from streams.reporting.form import Report
from streams.reporting.words import answer
from tests.contract.build import book, clock, event
from tests.unit.reporting.made import DEPARTMENTS, REPLY, answered, in_order, many, report

TWO_MONTHS = [
    *many(25, 2, "2026-10-06"), *many(25, 5, "2026-10-07", "ear"), *many(30, 15, "2026-11-10"),
    *many(30, 7, "2026-11-11", "ear"),
]  # fmt: skip
"""In October eye kept 23 of 25 and ear 20 of 25, in November 15 and 23 of 30."""


def test_the_month_before_stands_beside() -> None:
    made = report(REPLY, TWO_MONTHS)
    assert (made.kept, made.kept_before) == (
        Kept(met=38, judged=60, share=0.633333), Kept(met=43, judged=50, share=0.86),
    )  # fmt: skip
    assert made.before is not None
    assert (made.span.title, made.before.title) == ("November 2026", "October 2026")
    (each,) = made.benchmarks
    assert [(row.department, row.now.kept.met, row.before and row.before.kept.met) for row in each.departments] == [
        ("ear", 23, 20), ("eye", 15, 23),
    ]  # fmt: skip
    assert (each.now.opened, each.before and each.before.opened) == (60, 50)


def test_who_slipped_most() -> None:
    made = report(REPLY, TWO_MONTHS)
    assert made.compared == 2
    assert made.slipped is not None
    assert (made.slipped.department, made.slipped.points, made.slipped.chance) == ("eye", 42.0, False)


@pytest.mark.parametrize(
    ("log", "compared", "slipped"),
    [
        (many(25, 5, "2026-10-06") + many(25, 6, "2026-11-10"), 1, ("eye", 4.0, True)),
        (many(25, 5, "2026-10-06") + many(25, 5, "2026-11-10"), 1, None),
        (many(25, 5, "2026-10-06") + many(25, 4, "2026-11-10"), 1, None),
        (many(19, 0, "2026-10-06") + many(25, 25, "2026-11-10"), 0, None),
        (many(25, 0, "2026-10-06") + many(19, 19, "2026-11-10"), 0, None),
        (many(25, 25, "2026-11-10"), 0, None),
    ],
    ids=["by-chance", "as-before", "better", "too-few-before", "too-few-now", "nothing-before"],
)
def test_a_fall_that_is_none(log: list[bytes], compared: int, slipped: tuple[str, float, bool] | None) -> None:
    made = report(REPLY, log)
    fall = made.slipped
    assert (made.compared, fall and (fall.department, fall.points, fall.chance)) == (compared, slipped)


def test_weeks_of_both_months_begin_on_mondays() -> None:
    (each,) = report(REPLY, TWO_MONTHS).benchmarks
    assert each.periods[0].first_day == "2026-09-28"
    assert each.periods[-1].first_day == "2026-11-30"
    assert len(each.periods) == 10
    judged = {period.first_day: period.kept.judged for period in each.periods if period.kept.judged}
    assert judged == {"2026-10-05": 50, "2026-11-09": 60}


def test_a_long_span_is_told_by_month() -> None:
    from streams.reporting import span
    from streams.reporting.build import build
    from streams.reporting.recorded import recorded
    from streams.reporting.sums import zones_of

    days = span.days("2026-01-01", "2027-01-01", zones_of(REPLY).default)
    found, origin = recorded(REPLY, [*many(5, 0, "2025-12-30"), *TWO_MONTHS], days)
    made = build(found, days, REPLY, origin)
    assert made.step == "month"
    periods = {each.first_day: each.kept.judged for each in made.benchmarks[0].periods}
    assert (len(periods), periods["2025-12-01"], periods["2026-10-01"], periods["2026-11-01"]) == (24, 5, 50, 60)


def test_benchmarks_in_the_order_of_the_policy_and_departments_by_name() -> None:
    judge = book(
        f"[{clock('{within: 4 hours}', name='zeta')}, {clock('{within: 2 hours}', name='alpha')}, "
        f"{clock('{within: 2 hours}', workflow='result', name='idle')}]", departments=DEPARTMENTS,
    )  # fmt: skip
    names = ("unknown-one", "eye", "ear")
    log = in_order(
        *(answered(f"i-{n}", "2026-11-10T08:00", "2026-11-10T11:00", name) for n, name in enumerate(names)),
        [event("u", "message.sent", "2026-11-10T08:00", "u")],
    )
    made = report(judge, log)
    assert [each.clock for each in made.benchmarks] == ["zeta", "alpha"]
    for each in made.benchmarks:
        assert [row.department for row in each.departments] == ["ear", "eye", "other", "unassigned"]
    assert made.kept == Kept(met=3, judged=6, share=0.5), "by both, each by itself"
    assert made.silent == ["idle"]
    assert made.benchmarks[0].asks == ["within 4 hours"]


def test_it_is_read_back_as_it_was_written() -> None:
    made = report(REPLY, TWO_MONTHS)
    assert form.decode(form.encode(made)) == made
    told = msgspec.json.decode(form.encode(made))
    assert told["span"]["from"] == "2026-11-01T00:00:00Z"
    assert told["span"]["to"] == "2026-12-01T00:00:00Z"
    assert told["benchmarks"][0]["now"]["miss_hours"] == [[1, 12, 15], [2, 12, 7]]


def test_an_earlier_report_stands_beside() -> None:
    october = report(REPLY, TWO_MONTHS[:100], "2026-10")
    november = report(REPLY, TWO_MONTHS[100:], earlier=october)
    whole = report(REPLY, TWO_MONTHS)
    assert (november.kept, november.kept_before, november.slipped) == (whole.kept, whole.kept_before, whole.slipped)
    assert [row.before for row in november.benchmarks[0].departments] == [
        row.before for row in whole.benchmarks[0].departments
    ]
    assert november.notes[-1].startswith("October 2026 stands here as its own report told it, from recorded events")


def test_a_report_of_other_days_is_refused() -> None:
    november: Report = report(REPLY, TWO_MONTHS)
    with pytest.raises(Mismatch, match=r"is the report of November 2026 \(UTC\), not of October 2026"):
        report(REPLY, TWO_MONTHS, earlier=november)


@pytest.mark.parametrize(
    ("log", "before", "said"),
    [
        (many(1, 0, "2026-11-10"), None, "Nothing is known of October 2026"),
        (many(1, 0, "2026-11-01", hour=0), None, "Nothing is known of October 2026"),
        (
            many(1, 0, "2026-10-06") + many(1, 0, "2026-11-10"),
            "October 2026",
            "began on 6 October 2026, 08:00: October",
        ),
        (many(1, 0, "2026-10-01") + many(1, 0, "2026-11-10"), "October 2026", None),
    ],
)
def test_what_is_known_of_the_month_before_is_said(log: list[bytes], before: str | None, said: str | None) -> None:
    made = report(REPLY, log)
    assert (made.before and made.before.title) == before
    assert any(said in note for note in made.notes) if said else not any("known" in note for note in made.notes)


def test_what_was_refused_and_where_the_record_ends_are_said() -> None:
    made = report(REPLY, [*TWO_MONTHS, b"{", b"{}"])
    assert "Events that were refused are not counted: 1 invalid, 1 undecodable." in made.notes
    assert any("The record ends before these days do" in note for note in made.notes)
    assert not any("ends before" in note for note in report(REPLY, TWO_MONTHS, until="2026-12-01T00:00").notes)


ANSWERS: list[tuple[list[bytes], str]] = [
    (
        TWO_MONTHS,
        """
        Of 60 pieces of work that began in November 2026 and can be judged, 38 (63.3%) were on time.
        In October 2026 it was 86.0% (43 of 50).
        Slipped most: eye by reply, from 92.0% (23 of 25) to 50.0% (15 of 30), down 42.0 points.
        """,
    ),
    (
        many(3, 1, "2026-11-10"),
        "Of 3 pieces of work that began in November 2026 and can be judged, 2 were on time.",
    ),
    (
        [event("1", "message.sent", "2026-11-10T12:00"), event("2", "message.sent", "2026-11-10T18:00", "p-2")],
        """
        Nothing that began in November 2026 can be judged yet.
        1 more is still open although the due has passed, and will count once ended.
        """,
    ),
    (
        many(3, 1, "2026-10-10"),
        """
        Nothing began in November 2026.
        No department can be compared with the time before: that takes 20 judged in both.
        """,
    ),
    (
        many(20, 1, "2026-10-10") + many(20, 1, "2026-11-10"),
        """
        Of 20 pieces of work that began in November 2026 and can be judged, 19 (95.0%) were on time.
        In October 2026 it was 95.0% (19 of 20).
        No department that can be compared kept a smaller share than in the time before.
        """,
    ),
]


@pytest.mark.parametrize(("log", "said"), ANSWERS)
def test_the_answer(log: list[bytes], said: str) -> None:
    assert " ".join(answer(report(REPLY, log))).split() == said.split()
