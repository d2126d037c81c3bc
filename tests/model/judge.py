"""One clock's judgement of one cycle: rule, floor, due and stages (contract section 4, R1, R2).

`judge` gives a dict: `rule` (index or None), `calendar`, `floor`, `due`, `short`, `missing` (a rule matches and no part
of it gives a due for want of an anchor) and `stages`, the instant of each stage by name in the order of the ladder.
All is computed from the cycle's start each time; T11 computes the due anew for each prefix of the cycle's trail.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .calendars import (
    callable_at,
    day_closed_by,
    day_of,
    forward,
    is_open,
    last_closing,
    local_time,
    next_opening,
    nth_business_day,
    subtract,
    to_instant,
    windows_of,
)
from .fold import NEVER
from .instants import HOUR

Calendar = dict[str, Any]
Pauses = list[list[int]]


def pieces(cal: Calendar | None, start: int, pauses: Pauses) -> Iterator[tuple[int, int]]:
    """The stretches of running time from start on: open time of the calendar (None: all time) but for the pauses."""
    windows = forward(cal, start) if cal else iter([(start, NEVER)])
    for opens, closes in windows:
        low = max(opens, start)
        for since, until in pauses:
            if since >= closes or until <= low:
                continue
            if since > low:
                yield low, since
            low = until
            if until == NEVER:
                return
        if low < closes:
            yield low, closes


def reach(cal: Calendar | None, start: int, amount: int, pauses: Pauses) -> int | None:
    """The first instant at which the running time since start reaches the amount; None if a pause keeps it from it."""
    if amount == 0:
        return start
    for low, high in pieces(cal, start, pauses):
        if high - low >= amount:
            return low + amount
        amount -= high - low
    return None


def running(cal: Calendar | None, start: int, end: int, pauses: Pauses) -> int:
    """The running time between two instants."""
    total = 0
    for low, high in pieces(cal, start, pauses):
        if low >= end:
            break
        total += min(high, end) - low
    return total


def same_time(cal: Calendar, instant: int, day: Any, target: Any) -> int:
    """The same local time, as many dates after the target as the instant is after its own day."""
    local = local_time(cal, instant)
    return to_instant(datetime.combine(target + (local.date() - day), local.time()), cal["zone"])


def after_days(cal: Calendar, start: int, count: int, closing_counts: bool = False) -> int:
    """T3's `within: N business days`; with closing_counts a start that is a closing is of the day that it closes."""
    day = day_closed_by(cal, start) if closing_counts and not is_open(cal, start) else None
    effective = start if day else next_opening(cal, start)
    day = day or day_of(cal, effective)
    assert day is not None
    target = nth_business_day(cal, day, count, 1)
    nominal = same_time(cal, effective, day, target)
    windows = windows_of(cal, target)
    if any(opens <= nominal < closes for opens, closes in windows):
        return nominal
    later = [opens for opens, _ in windows if opens >= nominal]
    return later[0] if later else windows[-1][1]


def end_of_days(cal: Calendar, start: int, count: int) -> int:
    """T3's `by: end of N business days`."""
    day = day_of(cal, next_opening(cal, start))
    assert day is not None
    return windows_of(cal, nth_business_day(cal, day, count, 1))[-1][1]


def before_days(cal: Calendar, anchor: int, count: int) -> int:
    """T10's `before: N business days`."""
    effective = anchor if is_open(cal, anchor) else last_closing(cal, anchor)
    day = day_of(cal, anchor) or day_closed_by(cal, effective)
    assert day is not None
    target = nth_business_day(cal, day, count, -1)
    nominal = same_time(cal, effective, day, target)
    windows = windows_of(cal, target)
    if any(opens <= nominal < closes for opens, closes in windows):
        return nominal
    earlier = [closes for _, closes in windows if closes <= nominal]
    return earlier[-1] if earlier else windows[0][0]


def later_by(cal: Calendar, start: int, duration: dict[str, Any], closing_counts: bool = False) -> int:
    """Start plus a duration (T1, T2, T3)."""
    if duration["kind"] == "days":
        return after_days(cal, start, duration["amount"], closing_counts)
    found = reach(cal if duration["kind"] == "open" else None, start, duration["amount"], [])
    assert found is not None
    return found


def earlier_by(cal: Calendar, end: int, duration: dict[str, Any]) -> int:
    """End minus a duration (T2, T4, T10)."""
    if duration["kind"] == "days":
        return before_days(cal, end, duration["amount"])
    return subtract(cal, end, duration["amount"]) if duration["kind"] == "open" else end - int(duration["amount"])


def resolve_pool(policy: dict[str, Any], routing: dict[str, Any]) -> str:
    """The item's pool, else the department's, else the default."""
    department = policy["departments"].get(routing.get("department", "unassigned")) or {}
    return str(routing.get("pool") or department.get("pool") or policy["defaults"]["pool"])


def match(policy: dict[str, Any], clock: dict[str, Any], routing: dict[str, Any]) -> int | None:
    """The index of the first rule whose `when` matches."""
    seen = {"department": "unassigned", "priority": "routine"} | routing
    seen["pool"] = resolve_pool(policy, routing)
    for index, rule in enumerate(clock["rules"]):
        if all(seen.get(key) in allowed for key, allowed in rule["when"].items()):
            return index
    return None


def calendar_name(policy: dict[str, Any], rule: dict[str, Any], routing: dict[str, Any]) -> str:
    """The rule's calendar, else the department's, else the default."""
    department = policy["departments"].get(routing.get("department", "unassigned")) or {}
    return str(rule["calendar"] or department.get("calendar") or policy["defaults"]["calendar"])


def extended(cal: Calendar, elapsed: bool, start: int, nominal: int, pauses: Pauses) -> int | None:
    """T5: a nominal due, moved by the pauses; None while an endless pause keeps it."""
    kind = None if elapsed else cal
    reached = reach(kind, start, running(kind, start, nominal, []), pauses)
    return None if reached is None else max(nominal, reached)


def parts(
    rule: dict[str, Any], cal: Calendar, start: int, anchor: int | None, pauses: Pauses
) -> list[tuple[int | None, bool]]:
    """The due of each part of the rule (None: not known for a pause) and whether it is elapsed time; in T-order."""
    found: list[tuple[int | None, bool]] = []
    if rule["within"]:
        elapsed = rule["within"]["kind"] == "elapsed"
        found.append((extended(cal, elapsed, start, later_by(cal, start, rule["within"]), pauses), elapsed))
    if rule["by"] is not None:
        found.append((extended(cal, False, start, end_of_days(cal, start, rule["by"]), pauses), False))
    if rule["before"] and anchor is not None:
        found.append((earlier_by(cal, anchor, rule["before"]), rule["before"]["kind"] == "elapsed"))
    return found


def lead_of(lead: int, rule: dict[str, Any], cal: Calendar, since: int) -> int:
    """T11: the lead, or the rule's `within` as open time if that is shorter."""
    within = rule["within"]
    if not within:
        return lead
    if within["kind"] != "days":
        return min(lead, int(within["amount"]))
    return min(lead, running(cal, since, after_days(cal, since, within["amount"]), []))


def due_at(
    policy: dict[str, Any], clock: dict[str, Any], start: int, entry: dict[str, Any], since: int
) -> dict[str, Any]:
    """The judgement, but for the stages, by what one entry of the trail knows; since is T11's e."""
    routing, pauses = entry["routing"], entry["pauses"]
    index = match(policy, clock, routing)
    verdict: dict[str, Any] = {"rule": index, "due": None, "short": False, "missing": False, "floor": None}
    if index is None:
        return verdict
    rule = clock["rules"][index]
    cal = policy["calendars"][calendar_name(policy, rule, routing)]
    floor = later_by(cal, start, rule["not_before"]) if rule["not_before"] else None
    verdict |= {"calendar": cal, "floor": floor}
    anchor = routing.get("anchor")
    dues = parts(rule, cal, start, anchor, pauses)
    if not dues:
        return verdict | {"missing": True}
    due, elapsed = min(dues, key=lambda part: NEVER if part[0] is None else part[0])
    due = NEVER if due is None else due
    begin = since if floor is None else max(since, floor)
    fair = reach(cal, begin, lead_of(policy["settings"]["lead"], rule, cal, begin), pauses)
    fair = NEVER if fair is None else fair
    if policy["settings"]["lead"] and due < fair:
        due = min(fair, anchor) if rule["before"] and anchor is not None and anchor > due else fair
        verdict["short"], elapsed = due != NEVER, False
    return verdict | {"due": None if due == NEVER else due, "elapsed": elapsed}


def view(policy: dict[str, Any], clock: dict[str, Any], routing: dict[str, Any]) -> Any:
    """What T11 looks at for a change: rule, calendar and, for a rule with a `before` part, the anchor."""
    index = match(policy, clock, routing)
    if index is None:
        return None
    rule = clock["rules"][index]
    anchor = routing.get("anchor") if rule["before"] else None
    return index, calendar_name(policy, rule, routing), anchor


def fair_since(policy: dict[str, Any], clock: dict[str, Any], cycle: dict[str, Any]) -> int:
    """T11's e."""
    since = int(cycle["start"])
    for before, after in zip(cycle["trail"], cycle["trail"][1:], strict=False):
        due = due_at(policy, clock, cycle["start"], before, since)["due"]
        if after["action"] in ("stop", "cancel") or (due is not None and max(due, before["time"]) <= after["time"]):
            break
        if view(policy, clock, before["routing"]) != view(policy, clock, after["routing"]):
            since = after["time"]
    return since


def regains(policy: dict[str, Any], clock: dict[str, Any], cycle: dict[str, Any]) -> dict[str, Any]:
    """R6 (a): when the clock last got a rule, and a due, that it had had and lost (-1: never); is one lost?"""
    last: dict[str, Any] = {"rule_regained": -1, "due_regained": -1, "lost": False}
    for name, key in (("rule", "rule_regained"), ("due", "due_regained")):
        seen = lost = False
        for entry in cycle["trail"]:
            index = match(policy, clock, entry["routing"])
            has = index is not None
            if has and name == "due":
                rule = clock["rules"][index]
                has = bool(rule["within"]) or rule["by"] is not None or entry["routing"].get("anchor") is not None
            if has and lost:
                last[key] = entry["time"]
            seen = seen or has
            lost = seen and not has
        last["lost"] = last["lost"] or lost
    return last


def useful(stage: dict[str, Any], cal: Calendar, start: int, instant: int) -> int:
    """T7 for one stage, but for the order of the ladder."""
    if stage["always"] or callable_at(cal, instant):
        return instant
    if stage["early"]:
        back = subtract(cal, last_closing(cal, instant), HOUR)
        if back >= start:
            return back
    return next_opening(cal, instant)


def stage_at(stage: dict[str, Any], cycle: dict[str, Any], verdict: dict[str, Any]) -> int:
    """T6: the instant of one stage before T7."""
    cal, due, start = verdict["calendar"], int(verdict["due"]), cycle["start"]
    if stage["kind"] == "due":
        return due
    if stage["kind"] == "before":
        return earlier_by(cal, due, stage["duration"])
    if stage["kind"] == "after":
        return later_by(cal, due, stage["duration"], closing_counts=True)
    kind, pauses = (None if verdict["elapsed"] else cal), cycle["pauses"]
    share = -(-stage["percent"] * running(kind, start, due, pauses) // 10_000)
    found = reach(kind, start, share, pauses)
    assert found is not None
    return found


def judge(policy: dict[str, Any], clock: dict[str, Any], cycle: dict[str, Any]) -> dict[str, Any]:
    """The whole judgement of a cycle by a clock."""
    entry = cycle["trail"][-1] | {"pauses": cycle["pauses"]}
    verdict = due_at(policy, clock, cycle["start"], entry, fair_since(policy, clock, cycle))
    verdict |= {"stages": {}} | regains(policy, clock, cycle)
    if verdict["due"] is None:
        return verdict
    earliest = cycle["start"]
    for stage in clock["stages"]:
        instant = max(stage_at(stage, cycle, verdict), cycle["start"])
        earliest = max(earliest, useful(stage, verdict["calendar"], cycle["start"], instant))
        verdict["stages"][stage["name"]] = earliest
    return verdict
