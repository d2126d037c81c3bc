"""A log cut into steps (section 9): an event that moves now, and those after it that do not."""

from __future__ import annotations

import pytest

from streams.core.steps import steps
from tests.contract.build import at, event, read


@pytest.mark.parametrize(
    ("times", "now", "expected"),
    [
        pytest.param([], "08:00", [], id="nothing"),
        pytest.param(["09:00", "10:00"], "08:00", [["09:00"], ["10:00"]], id="each-moves-now"),
        pytest.param(["09:00", "09:00"], "08:00", [["09:00", "09:00"]], id="an-equal-time-does-not"),
        pytest.param(["09:00", "08:30", "10:00"], "08:00", [["09:00", "08:30"], ["10:00"]], id="a-late-one-does-not"),
        pytest.param(["07:00", "08:00", "09:00"], "08:00", [["07:00", "08:00"], ["09:00"]], id="late-ones-come-first"),
        pytest.param(["09:00", "08:30", "08:50", "09:00"], "08:00", [["09:00", "08:30", "08:50", "09:00"]],
                     id="by-the-greatest-so-far"),
    ],
)  # fmt: skip
def test_steps(times: list[str], now: str, expected: list[list[str]]) -> None:
    log = [(read(event(f"e{n}", "message.sent", f"2026-11-10T{time}")), time) for n, time in enumerate(times)]
    assert [[handle for _, handle in step] for step in steps(log, at(f"2026-11-10T{now}"))] == expected
