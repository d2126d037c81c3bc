"""What several of these tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.web.site import HOUR, MINUTE, MONDAY, Site, app, sent, tokens


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Ten in the morning: m-1 and m-3 are due soon, m-2 is paused, m-4 was answered late, r-1 was looked up twice."""
    made = Site(app(tmp_path, tokens=str(tokens(tmp_path))))
    made.now = MONDAY
    made.take(
        sent("m-1", MONDAY, department="cardiology", owner="staff-1", kind="refill"),
        sent("m-2", MONDAY, department="cardiology"),
        sent("m-3", MONDAY - MINUTE, department="oncology"),
        sent("r-1", MONDAY, "result.promised", department="zebra"),
        sent("m-2", MONDAY + 2 * MINUTE, "message.awaiting_patient"),
        sent("m-4", MONDAY - 70 * HOUR, department="cardiology"),
    )
    made.now = MONDAY + 2 * HOUR + MINUTE // 2
    made.take()
    made.take(
        sent("m-4", made.now, "message.replied"),
        sent("r-1", made.now, "result.looked_up"),
        sent("r-1", made.now, "result.looked_up", 1),
    )
    return made
