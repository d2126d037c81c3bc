"""What is said of an item: the difference between what is due and what was said (contract R5 to R10).

What was said of a cycle is a dict `{"start", "clocks": {clock name: memory}}`; a memory is a dict: `stages` (stage name
to `{"armed", "anew", "state"}`, state one of armed, fired, skipped), `firing` (id to `{"data", "stage", "names"}`),
`resume` (the last resume seen), `back` (the last regain seen), `had` (a rule and a due), `lost` (had once, not now),
`ended`, `voided` (the instant since when an older acknowledge holds nothing back), `attempted`, `missing`, `notices`.
"""

from dataclasses import dataclass
from typing import Any

from .alerts import common, cycle_id, envelope, once, recipients
from .calendars import callable_at, next_opening
from .fold import NEVER
from .instants import print_instant, stamp
from .judge import later_by

OUTCOMES = {"cancel": "cancelled", "expired": "expired"}


def new_memory(clock: dict[str, Any], start: int) -> dict[str, Any]:
    """Nothing said yet: every stage armed at the cycle's start."""
    return {
        "stages": {stage["name"]: new_stage(start) for stage in clock["stages"]},
        "firing": {},
        "resume": None,
        "back": -1,
        "had": False,
        "lost": False,
        "ended": False,
        "voided": -1,
        "attempted": False,
        "missing": False,
        "notices": set(),
    }


def new_stage(start: int) -> dict[str, Any]:
    """A stage as it is armed at the cycle's start."""
    return {"armed": start, "anew": False, "state": "armed"}


def arm(stage: dict[str, Any], instant: int) -> None:
    """R6: armed anew, at least a microsecond after its last arming."""
    stage["armed"] = max(instant, stage["armed"] + 1)
    stage["anew"], stage["state"] = True, "armed"


@dataclass
class Case:
    """One clock's view of one cycle at one decision: what the rules of this module look at."""

    policy: dict[str, Any]
    item: dict[str, Any]
    clock: dict[str, Any]
    cycle: dict[str, Any]
    memory: dict[str, Any]
    now: int
    verdict: dict[str, Any]

    @property
    def routing(self) -> dict[str, Any]:
        """The routing in force for the cycle, its priority and anchor included."""
        return dict(self.cycle["trail"][-1]["routing"])

    @property
    def has(self) -> bool:
        """Whether the clock has a rule, and the rule gives a due (be it unknown during a pause)."""
        return self.verdict["rule"] is not None and not self.verdict["missing"]

    def data(self) -> dict[str, Any]:
        """The fields common to all alerts."""
        return common(self.policy, self.item, self.clock, self.cycle, self.verdict)

    def held(self, stage: dict[str, Any]) -> bool:
        """R8: whether an acknowledge or a snooze holds the stage back now."""
        return bool(stage["early"]) and self.now < self.hold_end()

    def hold_end(self) -> int:
        """R8: the instant until which the stages before the due are held back (0: not at all)."""
        cal, ack_for = self.verdict["calendar"], self.policy["settings"]["ack_for"]
        since = max(self.memory["voided"], self.cycle["last_resume"] or -1, self.verdict["rule_regained"])
        times = [ack["time"] for ack in self.cycle["acknowledged"] if ack["time"] >= since]
        return max([self.cycle["snoozed"] or 0, *(later_by(cal, time, ack_for) for time in times)])

    def allowed(self, stage: dict[str, Any]) -> bool:
        """T7: whether the stage's hours allow it now."""
        return stage["always"] or callable_at(self.verdict["calendar"], self.now)


def resolve(item: dict[str, Any], memory: dict[str, Any], ident: str, now: int, reason: str, end: int | None) -> None:
    """A firing alert ends: what was said when it fired, and why."""
    said = memory["firing"].pop(ident)["data"]
    closed = None if end is None else print_instant(end)
    data = said | {"state": "resolved", "reason": reason, "resolved_at": print_instant(now), "closed_at": closed}
    item["out"].append(envelope("portal.alert.resolved", f"{ident}:resolved", item["item"], now, data))


def resolve_ladder(case: Case, reason: str) -> None:
    """All that fires of the ladder ends; `attempts` goes on (R9)."""
    for ident, firing in list(case.memory["firing"].items()):
        if firing["stage"] != "attempts":
            resolve(case.item, case.memory, ident, case.now, reason, None)


def outcome(case: Case) -> str:
    """R2, R7."""
    if case.cycle["how"] in OUTCOMES:
        return OUTCOMES[case.cycle["how"]]
    due = case.verdict["due"]
    return "met" if due is None or case.cycle["end"] <= due else "missed"


def free_id(case: Case, name: str) -> str:
    """The id of the alert of a stage about to fire, armed on until it was not said before (section 5)."""
    head = cycle_id(case.item, case.clock, case.cycle)
    if name == "attempts":
        return f"{head}:{name}"
    stage = case.memory["stages"][name]
    ident = f"{head}:{name}:{stamp(stage['armed'])}" if stage["anew"] else f"{head}:{name}"
    while ident in case.item["ids"]:
        stage["armed"], stage["anew"] = stage["armed"] + 1, True
        ident = f"{head}:{name}:{stamp(stage['armed'])}"
    return ident


def fire(case: Case, stage: dict[str, Any], names: list[str], notify: list[str], at: int) -> None:
    """One alert fires, in the name of those named."""
    ident = free_id(case, stage["name"])
    case.item["ids"].add(ident)
    data = case.data() | {
        "alert": ident,
        "state": "firing",
        "stage": stage["name"],
        "severity": stage["severity"],
        "notify": notify,
        "recipients": recipients(case.policy, case.routing, notify),
        "stage_at": print_instant(at),
        "fired_at": print_instant(case.now),
    }
    data = {key: value for key, value in data.items() if value is not None}
    case.memory["firing"][ident] = {"data": data, "stage": stage["name"], "names": names}
    case.item["out"].append(envelope("portal.alert.fired", ident, case.item["item"], case.now, data))


def climb(case: Case) -> None:
    """R5: of the armed stages whose time has come the last that may fire does, in the name of those before it."""
    come = [
        stage
        for stage in case.clock["stages"]
        if case.memory["stages"][stage["name"]]["state"] == "armed"
        and case.verdict["stages"].get(stage["name"], NEVER) <= case.now
    ]
    ready = [stage for stage in come if case.allowed(stage) and not case.held(stage)]
    if not ready:
        return
    last = ready[-1]
    group = come[: come.index(last) + 1]
    for stage in group:
        case.memory["stages"][stage["name"]]["state"] = "skipped"
    case.memory["stages"][last["name"]]["state"] = "fired"
    notify = once([stage["notify"] for stage in group])
    fire(case, last, [stage["name"] for stage in group], notify, case.verdict["stages"][last["name"]])


def attempts_at(case: Case) -> int | None:
    """R9: the first instant from the completing attempt on that is in no pause and allowed."""
    attempts = case.clock["attempts"]
    if not attempts or case.verdict["rule"] is None or case.memory["attempted"]:
        return None
    times = case.cycle["attempts"]
    runs = zip(times, times[attempts["count"] - 1 :], strict=False)
    instant: int | None = next((last for first, last in runs if last - first <= attempts["within"]), None)
    while instant is not None:
        inside = [until for since, until in case.cycle["pauses"] if since <= instant < until]
        if inside:
            instant = inside[0] if inside[0] != NEVER else None
        elif attempts["always"] or callable_at(case.verdict["calendar"], instant):
            return instant
        else:
            instant = next_opening(case.verdict["calendar"], instant)
    return None


def count_attempts(case: Case) -> None:
    """R9: the stage `attempts` fires when it may."""
    at = attempts_at(case)
    stage = case.clock["attempts"]
    if at is not None and at <= case.now and case.allowed(stage):
        case.memory["attempted"] = True
        fire(case, stage, ["attempts"], [stage["notify"]], at)


def notice(case: Case, tail: str, fields: dict[str, Any]) -> None:
    """A notice, once."""
    ident = f"{cycle_id(case.item, case.clock, case.cycle)}:{tail}"
    if tail in case.memory["notices"] or ident in case.item["ids"]:
        return
    case.memory["notices"].add(tail)
    case.item["ids"].add(ident)
    data = case.data() | {"state": "notice"} | fields
    case.item["out"].append(envelope("portal.alert.notice", ident, case.item["item"], case.now, data))


def notices(case: Case) -> None:
    """R8's and R10's notices; an acknowledge is decided once, when it first belongs to a cycle."""
    for ack in case.cycle["acknowledged"]:
        key = (case.clock["name"], ack["source"], ack["id"])
        if key in case.item["acknowledged"]:
            continue
        case.item["acknowledged"].add(key)
        if case.verdict["rule"] is not None:
            notice(case, f"acknowledged:{ack['id']}", {"stage": "acknowledged", "by": ack["by"]})
    if case.verdict["rule"] is None:
        return
    floor, end = case.verdict["floor"], case.cycle["end"]
    if case.cycle["how"] == "stop" and floor is not None and end < floor:
        told = {"notify": ["pool"], "recipients": recipients(case.policy, case.routing, ["pool"])}
        stop = print_instant(end)
        fields = {"stage": "too-early", "severity": "warning", "stage_at": stop, "closed_at": stop}
        notice(case, "too-early", fields | told)
