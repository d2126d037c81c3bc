"""The alert events of section 5, as dicts."""

from typing import Any

from .instants import print_instant, stamp
from .judge import resolve_pool

SOURCE = "/portalwatch/backtest"
SCHEMA = "urn:portalwatch:schema:/alert/1"


def target(policy: dict[str, Any], routing: dict[str, Any], notify: str) -> str:
    """The name that a target resolves to (section 3)."""
    pool = resolve_pool(policy, routing)
    if notify == "owner":
        return str(routing.get("owner") or pool)
    if notify == "pool":
        return pool
    department = policy["departments"].get(routing.get("department", "unassigned")) or {}
    return str(department.get(notify) or policy["defaults"][notify])


def once(names: list[str]) -> list[str]:
    """The names in order, each once."""
    return list(dict.fromkeys(names))


def recipients(policy: dict[str, Any], routing: dict[str, Any], notify: list[str]) -> list[str]:
    """Who an alert's targets are now."""
    return once([target(policy, routing, name) for name in notify])


def cycle_id(item: dict[str, Any], clock: dict[str, Any], cycle: dict[str, Any]) -> str:
    """`workflow:item:clock:<start>`."""
    return f"{item['workflow']}:{item['item']}:{clock['name']}:{stamp(cycle['start'])}"


def envelope(kind: str, ident: str, item: str, now: int, data: dict[str, Any]) -> dict[str, Any]:
    """The CloudEvent around an alert's data; fields without a value are left out."""
    return {
        "specversion": "1.0",
        "id": ident,
        "source": SOURCE,
        "type": kind,
        "subject": item,
        "time": print_instant(now),
        "dataschema": SCHEMA,
        "data": {key: value for key, value in data.items() if value is not None},
    }


def common(
    policy: dict[str, Any],
    item: dict[str, Any],
    clock: dict[str, Any],
    cycle: dict[str, Any],
    verdict: dict[str, Any],
) -> dict[str, Any]:
    """What every alert of a cycle says; None for a field without a value."""
    routing = cycle["trail"][-1]["routing"]
    department = policy["departments"].get(routing.get("department", "unassigned")) or {}
    return {
        "workflow": item["workflow"],
        "item": item["item"],
        "clock": clock["name"],
        "department": routing.get("department", "unassigned"),
        "site": routing.get("site"),
        "pool": resolve_pool(policy, routing),
        "owner": routing.get("owner"),
        "priority": routing.get("priority", "routine"),
        "kind": routing.get("kind"),
        "guide": department.get("guide") or policy["defaults"].get("guide"),
        "opened_at": print_instant(cycle["start"]),
        "due_at": None if verdict["due"] is None else print_instant(verdict["due"]),
        "short_notice": verdict["short"] or None,
        "attempts": len(cycle["attempts"]),
        "follow_ups": cycle["follow_ups"],
        "policy": policy["version"],
        "partition": 0,
    }
