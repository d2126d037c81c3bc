"""What the board says of the line to it: stale, catching up, broken and back; a worker killed in mid-stream."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Route, expect

from tests.board.conftest import Enter
from tests.board.live import HOUR, Clinic

SEEN = {"now": "2026-11-05T16:00:00Z", "rate": 1.0, "policy": "1", "partitions": 12}


def status(**more: object) -> str:
    found = {"seen": SEEN | more, "workers": 2, "members": 3, "feeds": []}
    return f"retry: 60000\nid: a-1\nevent: status\ndata: {json.dumps(found)}\n\n"


def test_catching_up_and_workers_that_do_not_answer_are_said(enter: Enter) -> None:
    page = enter(live=False)

    def told(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=status(catching_up=[1, 2, 3]))

    page.route("**/api/stream*", told)
    page.reload()
    expect(page.locator("#s-seen")).to_have_text("catching up: 3 of 12 partitions")
    expect(page.locator("#s-workers")).to_have_text("2 of 3 workers")
    page.unroute("**/api/stream*")
    missing = status(missing=[4, 5, 6])
    page.route("**/api/stream*", lambda route: route.fulfill(content_type="text/event-stream", body=missing))
    page.reload()
    expect(page.locator("#s-seen")).to_have_text("not complete: 3 of 12 partitions")


def test_without_news_for_twenty_seconds_it_says_so_and_greys(enter: Enter) -> None:
    page = enter(live=False)
    page.clock.install()
    # What a busy machine takes to load counts for nothing.
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=5))
    page.route("**/api/stream*", lambda route: route.abort())
    page.reload()
    page.clock.run_for(19_000)
    expect(page.locator("#stale")).to_be_hidden()
    page.clock.run_for(4_000)
    expect(page.locator("#stale")).to_contain_text("what you see may be out of date")
    expect(page.locator("#s-live")).to_contain_text("Not live")
    left = page.locator("#board .is-missed .left").first
    greyed, muted = (
        left.evaluate("each => getComputedStyle(each).color"),
        page.locator("#board .sub").first.evaluate("each => getComputedStyle(each).color"),
    )
    assert greyed == muted


def test_a_worker_is_killed_in_mid_stream_and_comes_back(enter: Enter, ward: Clinic) -> None:
    ward.happens("kill-1", "message.sent", HOUR, department="oncology")
    ward.flush()
    page = enter("/?q=kill-")
    expect(page.locator("#board .row")).to_have_count(1)
    ward.worker.signal(signal.SIGKILL)
    expect(page.locator("#s-live")).to_contain_text("Not live")
    expect(page.locator("#board .row")).to_have_count(1)
    ward.happens("kill-2", "message.sent", 2 * HOUR, department="oncology")
    ward.flush()
    ward.worker.start()
    expect(page.locator("#s-live")).to_have_text("Live", timeout=60_000)
    expect(page.locator("#board .row")).to_have_count(2, timeout=60_000)
    page.click('[id="r.message.kill-2"] [data-act=take]')
    expect(page.locator('[id="r.message.kill-2"] .c-owner')).to_contain_text("n.lee", timeout=30_000)
    expect(page.locator("#stale")).to_be_hidden()
