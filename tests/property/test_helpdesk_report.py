"""The report of a whole real log equals a recount: of its histories by the model, and of what the backtest said."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from typing import Any, NamedTuple

import pytest

from schemas import alerts, instants
from streams import backtest
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shares import MET, MISSED, Share
from streams.core.state import shares
from streams.reporting import span
from streams.reporting.build import Origin, build
from streams.reporting.figures import Figures
from streams.reporting.form import Report
from streams.reporting.recorded import recorded
from streams.reporting.sums import of_shares, shares_of, zones_of
from tests.model.engine import by_time
from tests.model.events import read_event
from tests.model.policy import read_policy
from tests.property.recount import CountingModel
from tests.property.test_cohorts import BUCKETS
from tests.property.test_helpdesk_cohorts import LOG, lives

MONTHS = ("2010-01", "2010-09", "2011-03", "2011-08", "2012-07", "2012-10")
WHOLE = ("2010-01-01", "2013-01-01")


class Judged(NamedTuple):
    """The log, judged once for all tests here."""

    book: Book
    lines: list[bytes]
    result: backtest.Result
    engine: Engine
    recount: dict[str, list[tuple[int, Counter[str]]]]
    """By department: each cycle's start (its hour) and what it adds, by the model."""
    reports: list[tuple[span.Span, Report]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    policy = (LOG / "helpdesk-policy.yaml").read_text()
    command = [sys.executable, str(LOG / "helpdesk_to_events.py"), str(LOG / "helpdesk.csv")]
    lines = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    book = Book(load(policy), policy.encode())
    result, engine = backtest.judge(book, lines, 0, windows=None)
    return Judged(book, lines, result, engine, recounted(policy, lines, engine.now), reports(book, engine))


def recounted(policy: str, lines: list[bytes], now: int) -> dict[str, list[tuple[int, Counter[str]]]]:
    """Each item's events folded at once by the slow model, as they stand now."""
    model = CountingModel(read_policy(policy))
    events: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        record = read_event(line.decode())["record"]
        events[record["workflow"], record["item"]].append(record)
    found: defaultdict[str, list[tuple[int, Counter[str]]]] = defaultdict(list)
    for key, all_of_it in events.items():
        for life in lives(sorted(all_of_it, key=by_time), model.policy["settings"]):
            for (_, _, department, window), counts in model.shares(model.new_item(key) | {"events": life}, now):
                found[department].append((window, counts))
    return found


def reports(book: Book, engine: Engine) -> list[tuple[span.Span, Report]]:
    zones = zones_of(book)
    origin = Origin("events", engine.now, [book.version], knows_before=True, complete=True, notes=[])
    all_days = [*(span.month(month, zones.default) for month in MONTHS), span.days(*WHOLE, zones.default)]
    found = [(days, of_shares(shares_of(engine.items), days, zones, engine.now)) for days in all_days]
    return [(days, build(each, days, book, origin)) for days, each in found]


def by_hand(figures: Figures) -> Counter[str]:
    """As the recount words it."""
    told = {
        name: getattr(figures, name)
        for name in ("met", "missed", "pending", "paused", "cancelled", "expired", "short_notice", "responses")
    }
    return +Counter(told | dict(zip(BUCKETS, figures.buckets, strict=True)))


def test_its_counts_medians_and_centiles_are_those_of_the_histories(judged: Judged) -> None:
    checked = 0
    for days, made in judged.reports:
        (benchmark,) = made.benchmarks
        for row in benchmark.departments:
            mine = [counts for window, counts in judged.recount[row.department] if days.start <= window < days.end]
            whole = sum(mine, Counter[str]())
            times = sorted(counts["response"] for counts in mine if counts["responses"])
            del whole["response"]
            assert by_hand(row.now) == whole
            assert row.now.opened == len(mine)
            assert row.now.kept.judged == whole["met"] + whole["missed"] + whole["expired"]
            check_centiles(row.now, times)
            checked += len(mine)
        assert sum(row.now.opened for row in benchmark.departments) == benchmark.now.opened
    assert checked > 4000


def check_centiles(figures: Figures, times: list[int]) -> None:
    """Against their definition: between the two times that lie at the part of the way."""
    for part, centile, least in ((0.5, figures.median, 5), (0.9, figures.ninetieth, 10)):
        if len(times) < least:
            assert centile is None
            continue
        at = part * (len(times) - 1)
        below, above = times[int(at)], times[min(int(at) + 1, len(times) - 1)]
        assert centile is not None
        assert centile.hours == pytest.approx((below + (above - below) * (at - int(at))) / 3_600_000_000, abs=6e-5)


def test_it_is_what_the_backtest_said(judged: Judged) -> None:
    """Whoever was called, and why it ended: cycle by cycle."""
    said = [each for each in judged.result.alerts if each.type in (alerts.FIRED, alerts.RESOLVED)]
    fired = {(each.data.item, each.data.opened_at) for each in said if each.type == alerts.FIRED}
    closed = {(each.data.item, each.data.opened_at): each.data.reason for each in said if each.data.closed_at}
    cycles: dict[tuple[str | None, str | None], Share] = {
        (key.decode().partition(":")[2], instants.text(share.start)): share
        for key, value in judged.engine.items.items()
        if key.startswith(b"message:")
        for share in shares(value)
    }
    assert {cycle for cycle, share in cycles.items() if share.alerted} == fired
    outcome = {MET: "met", MISSED: "missed"}
    assert {cycle: outcome[cycles[cycle].outcome] for cycle in closed} == closed
    for days, made in judged.reports:
        (benchmark,) = made.benchmarks
        mine = {cycle: share for cycle, share in cycles.items() if days.holds(share.start)}
        assert benchmark.now.alerted == len(fired & mine.keys())
        for reason, count in (("missed", benchmark.now.missed), ("met", benchmark.now.met)):
            silent = [
                cycle for cycle, share in mine.items() if outcome.get(share.outcome) == reason and cycle not in closed
            ]
            assert count == sum(closed.get(cycle) == reason for cycle in mine) + len(silent)
        assert sum(each.count for each in benchmark.now.miss_hours or ()) == (
            benchmark.now.missed + benchmark.now.expired + (benchmark.now.open_past_due or 0)
        )


def test_to_keep_all_changes_nothing_of_what_is_said(judged: Judged) -> None:
    assert backtest.run(judged.book, judged.lines, 0) == judged.result


def test_the_whole_way_from_events_gives_the_same(judged: Judged) -> None:
    days, made = judged.reports[2]
    found, origin = recorded(judged.book, judged.lines, days)
    whole = build(found, days, judged.book, origin)
    assert (whole.benchmarks, whole.kept, whole.as_of) == (made.benchmarks, made.kept, made.as_of)
    assert (whole.kept.met, whole.kept.judged) == (82, 139), "March 2011, as the page of the report shows it"
