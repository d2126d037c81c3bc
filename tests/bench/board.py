"""The board with 1,000 pending rows: its first paint, and its longest frame while 60 updates a second come in.

Theory of operation. An embedded broker, a worker, and Chromium, all on this machine, so they share its cores. The first
paint is the browser's own `first-contentful-paint`, from the start of the navigation, with an empty cache. A frame's
length is the time between two calls of `requestAnimationFrame`; the longest one counts. The updates are assignments
of the items that are shown, so each of them changes a row.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from tests import brokers, chromium
from tests.bench.measure import Aim, Figure, Plan
from tests.board.conftest import session
from tests.board.live import ACTOR, HOUR, Clinic, clinic
from tests.e2e.http import ask, until

ROWS, QUICK_ROWS = 1_000, 60
PER_SECOND: Final = 60
SECONDS, QUICK_SECONDS = 10.0, 1.0
PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
WATCH: Final = """() => {
  window.longest = 0; window.frames = 0; let before = performance.now();
  const next = () => {
    const now = performance.now();
    longest = Math.max(longest, now - before); frames += 1; before = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""


def run(plan: Plan) -> Iterator[Figure]:
    """Seconds to the first paint; milliseconds of the longest frame."""
    rows = QUICK_ROWS if plan.quick else ROWS
    paints, frames, seconds = [], [], QUICK_SECONDS if plan.quick else SECONDS
    with (
        tempfile.TemporaryDirectory() as folder,
        brokers.running("embedded") as broker,
        clinic(broker, "bboard", Path(folder)) as ward,
        chromium.browser() as running,
    ):
        _fill(ward, rows)
        for _ in range(plan.runs):
            page = _opened(running, ward)
            paints.append(page.evaluate(PAINT) / 1e3)
            frames.append(_longest(page, ward, seconds))
            page.context.close()
    note = f"{rows:,} rows pending"
    yield Figure("first paint", "s", tuple(paints), Aim("<", 1), note)
    yield Figure(
        "longest frame", "ms", tuple(frames), Aim("<", 100), f"{note}, {PER_SECOND} updates/s for {seconds:g} s"
    )


def _fill(ward: Clinic, rows: int) -> None:
    for number in range(rows):
        ward.happens(f"many-{number}", "message.sent", 2 * HOUR, department="cardiology")
    ward.flush()
    until(lambda: ask(ward.worker.port, "/api/items?limit=0").json["counts"]["pending"] == rows, 120)


def _opened(running: Browser, ward: Clinic) -> Page:
    context = running.new_context(viewport={"width": 1280, "height": 900})
    name, _, value = session(ward, ACTOR).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": ward.url}])
    page = context.new_page()
    page.goto(ward.url)
    page.wait_for_selector("#s-workers")
    return page


def _longest(page: Page, ward: Clinic, seconds: float) -> float:
    """Milliseconds of the longest frame while updates come in; they have to be seen in the page."""
    shown = page.locator("#board .c-item a").all_inner_texts()
    page.evaluate(WATCH)
    begin, number = time.monotonic(), 0
    while (now := time.monotonic() - begin) < seconds:
        while number < now * PER_SECOND:
            ward.happens(shown[number % len(shown)], "message.assigned", owner=f"nurse-{number}")
            number += 1
        page.wait_for_timeout(20)
    ward.flush()
    page.wait_for_selector(f'.c-owner:has-text("nurse-{number - 1}")', timeout=20_000)
    found = page.evaluate("longest")
    assert page.evaluate("frames") > 10 * seconds
    return float(found)
