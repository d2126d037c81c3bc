"""Arming anew, and the decision for one item (contract R6, R7).

`decide` folds the item, hands what was said to the cycles that hold it, and lets each clock speak for each cycle.
`did` is the instant of the event or policy that led to the decision; `reason` is `moved`, or `policy` for the latter.
"""

from typing import Any

from .alerts import recipients
from .calendars import callable_at, next_opening
from .fold import NEVER, expiry, fold, paused
from .judge import judge
from .say import (
    Case,
    arm,
    attempts_at,
    climb,
    count_attempts,
    new_memory,
    new_stage,
    notices,
    outcome,
    resolve,
    resolve_ladder,
)


def rearm_ladder(case: Case, did: int, reason: str) -> None:
    """R6 (a), and what ends at a pause or at the loss of the rule or the due."""
    memory, resume = case.memory, case.cycle["last_resume"]
    back = max(case.verdict["rule_regained"], case.verdict["due_regained"])
    resumed = resume != memory["resume"]
    regained = back != memory["back"] and back >= 0
    anew = resumed or regained or memory["ended"] or (memory["lost"] and case.has)
    if anew or paused(case.cycle) or not case.has:
        waits = resumed or (paused(case.cycle) and not regained)
        resolve_ladder(case, "paused" if waits else reason)
    if anew:
        instants = ([resume] if resumed and resume is not None else []) + ([back] if regained else [])
        for stage in memory["stages"].values():
            arm(stage, max(instants, default=did))
    lost = not case.has and (memory["had"] or memory["lost"])
    lost = lost or case.verdict["lost"]
    memory |= {"resume": resume, "back": back, "ended": False, "lost": lost, "had": case.has}


def rearm_told(case: Case, did: int, reason: str) -> None:
    """R6 (c): the recipients of a firing alert change."""
    memory = case.memory
    for ident, firing in list(memory["firing"].items()):
        said = firing["data"]
        if firing["stage"] == "attempts" or recipients(case.policy, case.routing, said["notify"]) == said["recipients"]:
            continue
        resolve(case.item, memory, ident, case.now, reason, None)
        for stage in [memory["stages"][name] for name in firing["names"] if name in memory["stages"]]:
            if stage["state"] != "armed":
                arm(stage, did)
                memory["voided"] = max(memory["voided"], stage["armed"])


def rearm_ahead(case: Case, did: int, reason: str) -> None:
    """R6 (b): the time of a stage that fired or was skipped lies ahead again."""
    memory, times = case.memory, case.verdict["stages"]
    for name, stage in memory["stages"].items():
        if stage["state"] == "armed" or times.get(name, -1) <= case.now:
            continue
        for ident, firing in list(memory["firing"].items()):
            if firing["stage"] == name:
                resolve(case.item, memory, ident, case.now, reason, None)
        arm(stage, did)


def fit_ladder(case: Case) -> None:
    """Under a new policy: new stages are armed at the cycle's start, what fires of stages that went is resolved."""
    memory, names = case.memory, [stage["name"] for stage in case.clock["stages"]]
    for name in names:
        memory["stages"].setdefault(name, new_stage(case.cycle["start"]))
    for ident, firing in list(memory["firing"].items()):
        if firing["stage"] not in [*names, "attempts"]:
            resolve(case.item, memory, ident, case.now, "policy", None)


def missing_anchor(case: Case, step: list[dict[str, Any]]) -> None:
    """R14: the last event of the step after which no part of the rule gives a due is copied to the dead letters."""
    if case.verdict["missing"] and not case.memory["missing"] and step:
        case.item["astray"].append(step[-1])
    case.memory["missing"] = case.verdict["missing"]


def decide_clock(case: Case, step: list[dict[str, Any]], did: int, reason: str) -> None:
    """Everything that one clock has to say of one cycle now."""
    memory, cycle = case.memory, case.cycle
    notices(case)
    missing_anchor(case, step)
    if cycle["end"] is not None:
        for ident in list(memory["firing"]):
            resolve(case.item, memory, ident, case.now, outcome(case), cycle["end"])
        memory["ended"] = True
        return
    fit_ladder(case)
    rearm_ladder(case, did, reason)
    if paused(cycle):
        return
    if case.has:
        rearm_told(case, did, reason)
        rearm_ahead(case, did, reason)
        climb(case)
    count_attempts(case)


def holder(cycles: list[dict[str, Any]], start: int) -> dict[str, Any] | None:
    """R7: the cycle whose span holds the start, one that starts there first."""
    exact = [cycle for cycle in cycles if cycle["start"] == start]
    spans = [cycle for cycle in cycles if cycle["start"] <= start <= (NEVER if cycle["end"] is None else cycle["end"])]
    return (exact + spans + [None])[0]


def move(said: dict[str, Any], start: int) -> None:
    """What was said becomes that of a cycle with this start; a stage that was not armed anew is armed at it."""
    said["start"] = start
    for memory in said["clocks"].values():
        for stage in memory["stages"].values():
            if not stage["anew"]:
                stage["armed"] = start


def hand_over(item: dict[str, Any], cycles: list[dict[str, Any]], now: int, reason: str) -> list[dict[str, Any]]:
    """R7: what has been said goes with its cycle; gives what was said of each cycle, in order."""
    taken: dict[int, dict[str, Any]] = {}
    for said in sorted(item["said"], key=lambda entry: int(entry["start"])):
        cycle = holder(cycles, said["start"])
        if cycle is not None and cycle["start"] not in taken:
            taken[cycle["start"]] = said
            move(said, cycle["start"])
            continue
        for memory in said["clocks"].values():
            for ident in list(memory["firing"]):
                resolve(item, memory, ident, now, reason, None)
    return [taken.get(cycle["start"], {"start": cycle["start"], "clocks": {}}) for cycle in cycles]


def cases(policy: dict[str, Any], item: dict[str, Any], now: int, reason: str = "moved") -> list[Case]:
    """The cases of the item's cycles, by what was said; what no cycle or clock holds any more is resolved."""
    cycles, _ = fold(item["events"], item["base"], policy["settings"], now)
    item["said"] = hand_over(item, cycles, now, reason)
    clocks = [clock for clock in policy["clocks"] if clock["workflow"] == item["workflow"]]
    found = []
    for cycle, said in zip(cycles, item["said"], strict=True):
        for name, memory in said["clocks"].items():
            for ident in list(memory["firing"]):
                if name not in [clock["name"] for clock in clocks]:
                    resolve(item, memory, ident, now, "policy", cycle["end"])
        for clock in clocks:
            memory = said["clocks"].setdefault(clock["name"], new_memory(clock, cycle["start"]))
            found.append(Case(policy, item, clock, cycle, memory, now, judge(policy, clock, cycle)))
    return found


def decide(policy: dict[str, Any], item: dict[str, Any], now: int, step: list[dict[str, Any]]) -> None:
    """Say what is due of an item now; step are the events that led to it, in order of time, then id."""
    for case in cases(policy, item, now):
        decide_clock(case, step, step[-1]["time"] if step else now, "moved")


def decide_policy(policy: dict[str, Any], item: dict[str, Any], now: int) -> None:
    """Say what a new policy makes of an item (R13); now is the time of the policy's record."""
    for case in cases(policy, item, now, "policy"):
        decide_clock(case, [], now, "policy")


def next_moment(policy: dict[str, Any], item: dict[str, Any], now: int) -> int:
    """The first instant after now at which the item has something to say by itself; NEVER if none."""
    found = [NEVER]
    for case in cases(policy, item, now):
        if case.cycle["end"] is None:
            found += clock_moments(case)
    return min(found)


def clock_moments(case: Case) -> list[int]:
    """Expiry, attempts, and each armed stage's first instant that hours and holds allow."""
    found = [expiry(case.cycle, case.policy["settings"]["max_age"])]
    if paused(case.cycle):
        return found
    at = attempts_at(case)
    if at is not None:
        found.append(when_allowed(case, case.clock["attempts"], at))
    for stage in case.clock["stages"]:
        if stage["name"] in case.verdict["stages"] and case.memory["stages"][stage["name"]]["state"] == "armed":
            instant = case.verdict["stages"][stage["name"]]
            instant = max(instant, case.hold_end()) if stage["early"] else instant
            found.append(when_allowed(case, stage, instant))
    return found


def when_allowed(case: Case, stage: dict[str, Any], instant: int) -> int:
    """The first instant from this one and from now on that the stage's hours allow."""
    instant = max(instant, case.now)
    cal = case.verdict["calendar"]
    return instant if stage["always"] or callable_at(cal, instant) else next_opening(cal, instant)
