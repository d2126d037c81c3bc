"""The windowed table counted anew by the slow model, which shares no code with the product (contract section 7).

The model keeps an item's events as long as the contract has it kept; what is given up is counted then and stays.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.model import Model
from tests.model.fold import fold, paused
from tests.model.judge import judge, running

HOUR = 3_600_000_000
KEPT = 35 * 24 * HOUR
Row = tuple[str, str, str, int]
"""Workflow, clock, department, start of the window."""
Counts = dict[Row, Counter[str]]


class CountingModel(Model):
    """The model, which also keeps what the items given up added."""

    def __init__(self, policy: str | dict[str, Any]) -> None:
        super().__init__(policy)
        self.settled: list[tuple[Row, Counter[str]]] = []

    def forget(self, key: tuple[str, str], seen: int) -> None:
        """As it was; what the item added stays."""
        before = self.items.get(key)
        super().forget(key, seen)
        if before is not None and before["events"] and self.items.get(key) is not before:
            self.settled += self.shares(before, max(self.now, seen))

    def shares(self, item: dict[str, Any], now: int) -> list[tuple[Row, Counter[str]]]:
        """What each cycle adds by each clock that judges it."""
        found = []
        for cycle in fold(item["events"], item["base"], self.policy["settings"], now)[0]:
            for clock in self.policy["clocks"]:
                verdict = judge(self.policy, clock, cycle) if clock["workflow"] == item["workflow"] else {"rule": None}
                if verdict["rule"] is not None:
                    department = cycle["trail"][-1]["routing"].get("department", "unassigned")
                    known = {*self.policy["departments"], "unassigned"}
                    label = department if department in known else "other"
                    row = item["workflow"], clock["name"], label, cycle["start"] // HOUR * HOUR
                    found.append((row, added(cycle, verdict)))
        return found

    def recount(self) -> Counts:
        """All rows that are not over."""
        rows: Counts = {}
        counted = [share for item in self.items.values() for share in self.shares(item, self.now)]
        for row, counts in [*self.settled, *counted]:
            if row[3] + HOUR + KEPT >= self.seen:
                rows.setdefault(row, Counter()).update(counts)
        return rows


def added(cycle: dict[str, Any], verdict: dict[str, Any]) -> Counter[str]:
    """The share of one cycle, in section 7's words; `response` in microseconds."""
    counts = Counter({standing(cycle, verdict): 1})
    if verdict["short"]:
        counts["short_notice"] = 1
    if cycle["how"] == "stop":
        took = running(verdict["calendar"], cycle["start"], cycle["end"], cycle["pauses"])
        counts["responses"], counts["response"] = 1, took
        minutes = took / 60_000_000
        bound = next((b for b in (15, 30, 60, 120, 240, 480, 960, 1440, 2400, 4800) if minutes <= b), "more")
        counts[f"upto {bound}"] = 1
    return counts


def standing(cycle: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Section 7's word for it."""
    if cycle["end"] is None:
        return "paused" if paused(cycle) else "pending"
    if cycle["how"] in {"cancel", "expired"}:
        return {"cancel": "cancelled", "expired": "expired"}[cycle["how"]]
    return "met" if verdict["due"] is None or cycle["end"] <= verdict["due"] else "missed"
