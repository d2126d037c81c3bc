"""`portalwatch report` from a live system: what real workers published tells what a backtest of the events does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.commands import main
from streams.core.shares import ENDED, OUTCOMES
from streams.reporting import form
from streams.reporting.form import Report
from streams.scorecards import Partials
from tests import chromium
from tests.brokers import Broker
from tests.contract.build import at, clock, event, policy
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_feeds import wait_for
from tests.unit.reporting.made import DEPARTMENTS, answered, in_order, many

CLOCK = "2026-11-02T08:00:00Z@12"
"""The workers' clock: a minute, which a row has to wait, in 5 s. October is over; of September a part is kept."""
POLICY = policy(
    f"[{clock('{within: 4 hours}')}, {clock('{within: 3 hours}', workflow='appointment', name='confirm')}, "
    f"{clock('{within: 3 hours}', workflow='result', name='release')}]", departments=DEPARTMENTS,
    settings="{lead: 0 minutes, reorder_window: 60 days, remember: 60 days}",
)  # fmt: skip
ENDS = range(ENDED, len(OUTCOMES))
LOG = in_order(
    many(12, 0, "2026-09-20"),
    many(30, 6, "2026-10-06"),
    many(24, 16, "2026-10-20", "ear"),
    *(
        answered(f"{flow}-{n}", "2026-10-21T08:00", f"2026-10-21T{9 + n:02}:00", "unheard-of", flow)
        for flow in ("appointment", "result")
        for n in range(7)
    ),
    [event("l-1", "result.looked_up", "2026-10-21T08:30", "result-3")],
    [event("o-1", "message.sent", "2026-10-30T08:00", "open", department="ear")],
)


def run(under_test: Cluster, *arguments: str) -> Result:
    return CliRunner(env=under_test.settings).invoke(main, ["report", *arguments])


def october_of(under_test: Cluster) -> tuple[int, int]:
    """Cycles that began in October, and those of them that have ended, as a reader of the topic counts them."""
    partials = Partials()
    for message in under_test.read("scorecards"):
        partials.take(message.key() or b"", message.value())
    rows = [row for key, row in partials.summed().items() if key.window >= at("2026-10-01T00:00")]
    return sum(row.opened for row in rows), sum(row.count(outcome) for row in rows for outcome in ENDS)


def common(report: Report) -> list[Any]:
    """What a backtest and scorecards both tell; whom the workers alerted hangs on what they had read by then."""
    names = ("opened", "pending", "met", "missed", "cancelled", "expired", "kept", "responses", "buckets")
    return [
        (each.clock, row.department, [getattr(row.now, name) for name in names], row.now.missed_began_hours)
        for each in report.benchmarks
        for row in each.departments
    ]


@pytest.mark.timeout(180)
def test_the_report_of_live_workers(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY, clock=CLOCK) as under_test:
        nothing = run(under_test)
        assert (nothing.exit_code, nothing.stdout) == (1, "")
        assert "no policy is in force there" in nothing.stderr
        worker = under_test.worker()
        worker.wait_ready()
        empty = run(under_test)
        assert (empty.exit_code, empty.stderr) == (
            1,
            f"{prefix}.scorecards holds nothing yet: a worker publishes there\n",
        )
        for line in LOG:
            told = json.loads(line)
            under_test.publish(told["type"].split(".")[1], line, told["subject"])
        under_test.flush()
        wait_for(lambda: october_of(under_test) == (30 + 24 + 14 + 1, 30 + 24 + 14), worker.tail)

        october = tmp_path / "october.html"
        done = run(under_test, "--out", str(october))
        assert done.exit_code == 0, done.output
        assert "began in October 2026 and can be judged" in done.stdout
        live = form.decode(run(under_test, "--json").stdout_bytes)
        check_live(live, recorded(tmp_path), prefix)
        check_page(october)

        september = run(under_test, "--month", "2026-09", "--json")
        assert september.exit_code == 1
        assert "cycles of September 2026 may be missing" in september.stderr
        assert not form.decode(september.stdout_bytes).complete
        (tmp_path / "september.json").write_bytes(september.stdout_bytes)
        both = run(under_test, "--json", "--before", str(tmp_path / "september.json"))
        assert both.exit_code == 0
        assert form.decode(both.stdout_bytes).kept_before is not None


def recorded(folder: Path) -> Report:
    """The same from the events themselves."""
    (folder / "log.ndjson").write_bytes(b"\n".join(LOG))
    asked = ["--policy", str(folder / "policy.yaml"), str(folder / "log.ndjson"), "--month", "2026-10", "--json"]
    return form.decode(CliRunner().invoke(main, ["report", *asked]).stdout_bytes)


def check_live(live: Report, exact: Report, prefix: str) -> None:
    assert (live.source, live.complete, live.span, live.before) == ("scorecards", True, exact.span, None)
    assert live.policies == ["v1"]
    assert common(live) == common(exact)
    assert (live.kept, exact.kept) == (exact.kept, live.kept)
    assert (live.kept.met, live.kept.judged) == (24 + 8 + 3 + 3, 30 + 24 + 7 + 7)
    release = next(each for each in live.benchmarks if each.clock == "release")
    assert (release.now.looked_up, release.now.miss_hours, live.open_past_due) == (None, None, None)
    assert "Scorecards are kept for 35 days: September 2026 is no longer whole in them." in live.notes


def check_page(page: Path) -> None:
    text = page.read_text()
    assert "estimated from the scorecards" in text
    assert "How often patients looked up results before their release is not in the scorecards" in text
    with chromium.browser() as running, chromium.opened(running, page) as seen:
        assert seen.page.title() == "How the portal's benchmarks were kept: October 2026"
        assert seen.problems == []
