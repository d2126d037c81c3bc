"""The model itself: items in a dict, steps, and a search through all items for the next moment (section 9).

A step is an event that moves now and those after it that do not; what events change is decided at the end of their
step. Between steps, stages fire at their own time: the item with the least next moment is decided, again and again.
"""

from collections.abc import Iterable
from typing import Any

from .arming import cases, decide, decide_policy, next_moment
from .events import read_event
from .fold import fold, paused
from .instants import DAY, parse_instant
from .policy import read_policy
from .say import Case, outcome


def by_time(record: dict[str, Any]) -> tuple[int, str, str]:
    """Events in order of time, then id."""
    return record["time"], record["id"], record["source"]


class Model:
    """One partition, driven stepwise. `alerts` and `deadletters` grow as it goes."""

    def __init__(self, policy: str | dict[str, Any]) -> None:
        """`policy`: a policy file's text, or what another model read of one."""
        self.policy = read_policy(policy) if isinstance(policy, str) else policy
        self.now = -1
        self.seen = -1
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.alerts: list[dict[str, Any]] = []
        self.deadletters: list[dict[str, Any]] = []
        self.step: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def apply(self, events: Iterable[str | dict[str, Any]]) -> None:
        """Take events in the order of arrival; the last step ends with the last event."""
        for event in events:
            read = read_event(event)
            if "record" not in read:
                self.deadletters.append({"reason": read["reason"], "detail": read["detail"], "event": event})
            else:
                self.take(read["record"], event)
        self.end_step()

    def advance(self, until: int) -> None:
        """Let time pass up to and including an instant (microseconds)."""
        self.end_step()
        self.pass_time(until)
        self.now = max(self.now, until)

    def take(self, record: dict[str, Any], event: str | dict[str, Any]) -> None:
        """One readable event: it may move now, and is folded in or refused as late."""
        record["raw"] = event
        key = (record["workflow"], record["item"])
        if record["time"] > self.now:
            self.end_step()
            self.pass_time(record["time"] - 1)
            self.now = record["time"]
        if record["action"] == "heartbeat":
            self.seen = max(self.seen, record["time"])
            return
        if self.is_late(key, record):
            self.deadletters.append({"reason": "late", "detail": "time: too old", "event": event})
            return
        self.seen = max(self.seen, record["time"])
        item = self.items.setdefault(key, self.new_item(key))
        if any((old["source"], old["id"]) == (record["source"], record["id"]) for old in item["events"]):
            return
        item["events"].append(record)
        item["next"] = None
        self.step.setdefault(key, []).append(record)

    def new_item(self, key: tuple[str, str]) -> dict[str, Any]:
        """An item of which nothing is known."""
        return {
            "workflow": key[0],
            "item": key[1],
            "events": [],
            "base": {},
            "floor": None,
            "said": [],
            "ids": set(),
            "acknowledged": set(),
            "out": self.alerts,
            "astray": [],
            "next": None,
        }

    def is_late(self, key: tuple[str, str], record: dict[str, Any]) -> bool:
        """R3, with the arriving event's time counted as seen."""
        seen, settings = max(self.seen, record["time"]), self.policy["settings"]
        self.forget(key, seen)
        item = self.items.get(key)
        if item is not None:
            floor = item["floor"]
            return floor is not None and floor >= seen - settings["remember"] and bool(record["time"] <= floor)
        old = record["time"] < seen - settings["reorder_window"] and record["action"] != "open"
        return bool(old or record["time"] < seen - settings["remember"])

    def forget(self, key: tuple[str, str], seen: int) -> None:
        """R3: an item that need no longer be kept shrinks to time and routing, then to nothing."""
        item, settings = self.items.get(key), self.policy["settings"]
        if item is None:
            return
        if item["events"]:
            last = max(record["time"] for record in item["events"])
            cycles, lasting = fold(item["events"], item["base"], settings, max(self.now, seen))
            if last >= seen - settings["reorder_window"] or any(cycle["end"] is None for cycle in cycles):
                return
            self.decide_item(key)
            item = self.items[key] = self.new_item(key) | {"base": lasting, "floor": last}
        if item["floor"] < seen - settings["remember"]:
            del self.items[key]

    def decide_item(self, key: tuple[str, str]) -> None:
        """Say what is due of one item, and copy what R14 sends to the dead letters."""
        item = self.items[key]
        step = sorted(self.step.pop(key, []), key=by_time)
        decide(self.policy, item, self.now, step)
        for record in {id(record): record for record in item["astray"]}.values():
            detail = "data.anchor: the rule needs an anchor"
            self.deadletters.append({"reason": "anchor_missing", "detail": detail, "event": record["raw"]})
        item["astray"], item["next"] = [], None

    def end_step(self) -> None:
        """What the step's events change is decided; then what else is due at this instant."""
        for key in list(self.step):
            self.decide_item(key)
        self.pass_time(self.now)

    def pass_time(self, until: int) -> None:
        """Decide the item with the least next moment until none is left up to the instant."""
        while True:
            for item in self.items.values():
                if item["next"] is None:
                    item["next"] = next_moment(self.policy, item, self.now)
            first = min(self.items.items(), key=lambda pair: pair[1]["next"], default=None)
            if first is None or first[1]["next"] > until:
                return
            self.now = max(self.now, first[1]["next"])
            self.decide_item(first[0])

    def set_policy(self, text: str, at: int) -> None:
        """R13 with `apply: all`: a new policy in force from an instant on; ValueError with `apply: new`."""
        policy = read_policy(text)
        if policy["settings"]["apply"] != "all":
            raise ValueError("the model knows `apply: all` only")
        self.end_step()
        self.pass_time(at - 1)
        for key in list(self.items):
            self.forget(key, self.seen)
        self.now, self.policy = max(self.now, at), policy
        for item in self.items.values():
            decide_policy(policy, item, self.now)
            item["next"] = None
        self.pass_time(self.now)

    def cycles(self, workflow: str, item: str) -> list[dict[str, Any]]:
        """A kept item's cycles: `{"start", "end", "outcomes": {clock: word}}`, instants in microseconds.

        The words are those of section 7: pending, paused, met, missed, cancelled, expired; a clock without a rule that
        matches has none (R1). An item that is not kept has no cycles.
        """
        kept = self.items.get((workflow, item))
        if kept is None:
            return []
        found: dict[int, dict[str, Any]] = {}
        for case in cases(self.policy, kept, self.now):
            start, end = case.cycle["start"], case.cycle["end"]
            cycle = found.setdefault(start, {"start": start, "end": end, "outcomes": {}})
            if case.verdict["rule"] is not None:
                cycle["outcomes"][case.clock["name"]] = standing(case)
        return list(found.values())


def standing(case: Case) -> str:
    """A cycle's word in section 7."""
    if case.cycle["end"] is None:
        return "paused" if paused(case.cycle) else "pending"
    return outcome(case)


def backtest(
    policy_text: str, events: Iterable[str | dict[str, Any]], until: str | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Section 9's `backtest`: alerts by time, then id; dead letters in order of arrival."""
    model = Model(policy_text)
    model.apply(events)
    model.advance(parse_instant(until) if until else model.now + 30 * DAY)
    alerts = sorted(model.alerts, key=lambda alert: (parse_instant(alert["time"]), alert["id"]))
    return alerts, model.deadletters
