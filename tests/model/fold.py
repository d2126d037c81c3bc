"""An item's history, folded into cycles (contract R1, R15 and the routing rules of section 2).

`fold` takes all records of the item every time; nothing is carried over. A cycle is a dict:
`start`, `end` (None while it lasts), `how` (`stop`, `cancel`, `expired` or None), `pauses` (lists `[from, to]`, to is
NEVER while it lasts), `last_resume`, `attempts` (instants), `follow_ups`, `acknowledged` (records), `snoozed` (the last
snooze's `until`, or None) and `trail`: after each event of the cycle a copy of what was then known,
`{"time", "action", "routing", "pauses"}`. The routing of a cycle has `priority` and `anchor` beside the item's fields.
"""

from typing import Any

NEVER = 10**18
IDLE = ["open", "resume", "route", "attempt", "pause", "stop", "cancel", "acknowledge", "snooze"]
BUSY = ["stop", "cancel", "open", "resume", "route", "attempt", "pause", "acknowledge", "snooze"]
LASTING = ("department", "site", "pool", "owner", "kind")


def expiry(cycle: dict[str, Any], max_age: int) -> int:
    """R15: max_age after the later of start and anchor."""
    anchor = cycle["trail"][-1]["routing"].get("anchor")
    return int(max(cycle["start"], cycle["start"] if anchor is None else anchor)) + max_age


def expire(cycle: dict[str, Any] | None, now: int, max_age: int) -> dict[str, Any] | None:
    """The cycle if it still runs at now; else it is ended by itself and None is given."""
    if cycle is None or expiry(cycle, max_age) > now:
        return cycle
    cycle["end"], cycle["how"] = expiry(cycle, max_age), "expired"
    return None


def reroute(lasting: dict[str, str], given: dict[str, Any]) -> dict[str, str]:
    """The item's lasting routing after an event's fields."""
    after = dict(lasting)
    if "department" in given and given["department"] != lasting.get("department", "unassigned"):
        after.pop("pool", None)
        after.pop("owner", None)
    after.update({field: given[field] for field in LASTING if field in given})
    return after


def new_cycle(start: int) -> dict[str, Any]:
    """A cycle that has just opened."""
    return {
        "start": start,
        "end": None,
        "how": None,
        "pauses": [],
        "last_resume": None,
        "attempts": [],
        "follow_ups": 0,
        "acknowledged": [],
        "snoozed": None,
        "trail": [],
    }


def paused(cycle: dict[str, Any]) -> bool:
    """Whether a pause lasts."""
    return bool(cycle["pauses"]) and cycle["pauses"][-1][1] == NEVER


def end_pause(cycle: dict[str, Any], time: int) -> None:
    """The lasting pause, if any, ends."""
    if paused(cycle):
        cycle["pauses"][-1][1] = time


def act(cycle: dict[str, Any], record: dict[str, Any]) -> None:
    """What one event does to the cycle that runs or is paused (R1)."""
    time, action = record["time"], record["action"]
    if action in ("open", "resume") and paused(cycle):
        end_pause(cycle, time)
        cycle["last_resume"] = time
    elif action == "open":
        cycle["follow_ups"] += 1
    elif action == "pause" and not paused(cycle):
        cycle["pauses"].append([time, NEVER])
    elif action == "attempt":
        cycle["attempts"].append(time)
    elif action == "acknowledge":
        cycle["acknowledged"].append(record)
    elif action == "snooze":
        cycle["snoozed"] = record["until"]
    elif action in ("stop", "cancel"):
        end_pause(cycle, time)
        cycle["end"], cycle["how"] = time, action


def note(cycle: dict[str, Any], record: dict[str, Any], lasting: dict[str, str], own: dict[str, Any]) -> None:
    """Add to the trail what is known after the event."""
    pauses = [list(pause) for pause in cycle["pauses"]]
    entry = {"time": record["time"], "action": record["action"], "routing": lasting | own, "pauses": pauses}
    cycle["trail"].append(entry)


def in_order(events: list[dict[str, Any]], ranks: list[str]) -> list[dict[str, Any]]:
    """The events of one instant in the order of R1."""
    return sorted(events, key=lambda record: (ranks.index(record["action"]), record["id"], record["source"]))


def fold(
    events: list[dict[str, Any]], base: dict[str, str], settings: dict[str, Any], now: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All cycles of an item's events as of now, and its lasting routing."""
    cycles: list[dict[str, Any]] = []
    lasting, own = dict(base), dict[str, Any]()
    cycle: dict[str, Any] | None = None
    for time in sorted({record["time"] for record in events}):
        cycle = expire(cycle, time, settings["max_age"])
        group = [record for record in events if record["time"] == time]
        for record in in_order(group, IDLE if cycle is None else BUSY):
            lasting = reroute(lasting, record["given"])
            opens = cycle is None and record["action"] == "open" and time >= settings["enforce_from"]
            if cycle is None and not opens:
                continue
            if cycle is None:
                cycle, own = new_cycle(time), {}
                cycles.append(cycle)
            else:
                act(cycle, record)
            own = own | {field: record["given"][field] for field in ("priority", "anchor") if field in record["given"]}
            note(cycle, record, lasting, own)
            if cycle["end"] is not None:
                cycle = None
    expire(cycle, now, settings["max_age"])
    return cycles, lasting
