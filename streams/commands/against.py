"""`portalwatch backtest --against P2`: the pages of two policies over one log, side by side.

A page is a firing alert that reaches a recipient.  Pages are counted by ISO week, in the time zone of the first
policy's default calendar, and by recipient.  Alerts are the same if their ids are: one cycle, clock and stage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from schemas import alerts, instants
from schemas.alerts import Alert
from streams.backtest import Result
from streams.core.book import Book

LISTED = 20
"""So many alerts that only one policy sends are named in the text; JSON has all."""

Week = tuple[str, str]
"""(ISO week such as `2026-W46`, recipient)."""


class Side(NamedTuple):
    """One policy's half of the comparison."""

    file: str
    book: Book
    result: Result

    @property
    def fired(self) -> dict[str, Alert]:
        """Its firing alerts by id, in order of time."""
        return {alert.id: alert for alert in self.result.alerts if alert.type == alerts.FIRED}


class Weeks(NamedTuple):
    """Pages by week and recipient, of each side."""

    policy: Counter[Week]
    against: Counter[Week]

    def rows(self) -> list[tuple[Week, int, int]]:
        """Every week and recipient of either, sorted."""
        return [(each, self.policy[each], self.against[each]) for each in sorted(self.policy | self.against)]


def compare(policy: Side, against: Side, *, json_output: bool) -> str:
    """Both sides' pages, and the alerts that only one of them sends, in words or as JSON."""
    zone = _zone(policy.book)
    weeks = Weeks(_weeks(policy, zone), _weeks(against, zone))
    return _json(policy, against, weeks) if json_output else "\n".join(_text(policy, against, weeks))


def _zone(book: Book) -> ZoneInfo:
    return book.calendars[book.policy.defaults.calendar or ""].zone


def _weeks(side: Side, zone: ZoneInfo) -> Counter[Week]:
    found: Counter[Week] = Counter()
    for alert in side.fired.values():
        week = _week(alert, zone)
        found.update((week, recipient) for recipient in alert.data.recipients or [])
    return found


def _week(alert: Alert, zone: ZoneInfo) -> str:
    local = (instants.EPOCH + timedelta(microseconds=instants.parse(alert.time))).astimezone(zone)
    year, week, _ = local.isocalendar()
    return f"{year}-W{week:02}"


def _only(one: Side, other: Side) -> list[Alert]:
    """The alerts that only the first sends."""
    theirs = other.fired
    return [alert for alert_id, alert in one.fired.items() if alert_id not in theirs]


def _readdressed(policy: Side, against: Side) -> list[tuple[Alert, Alert]]:
    """The alerts that both send, to others."""
    theirs = against.fired
    pairs = [(alert, theirs[alert_id]) for alert_id, alert in policy.fired.items() if alert_id in theirs]
    return [(one, other) for one, other in pairs if one.data.recipients != other.data.recipients]


def _text(policy: Side, against: Side, weeks: Weeks) -> Iterator[str]:
    sides = ("P", policy), ("P2", against)
    yield f"{policy.result.events} events"
    for name, side in sides:
        yield f"{name}: {side.file} (version {side.book.version}): {len(side.fired)} alerts fired"
    yield ""
    yield from _table(weeks)
    for (name, side), (_, other) in (sides, sides[::-1]):
        yield from _listed(f"only {name} sends", [_line(alert) for alert in _only(side, other)])
    moved = _readdressed(policy, against)
    yield from _listed("both send, to others", [f"{_line(one)} (P2: {_names(other)})" for one, other in moved])


def _table(weeks: Weeks) -> Iterator[str]:
    rows = weeks.rows()
    if not rows:
        yield "Nobody is called by either."
        return
    width = max(len(name) for (_, name), _, _ in rows)
    yield f"{'week':<8}  {'recipient':<{max(width, 9)}}  {'P':>6}  {'P2':>6}  {'change':>6}"
    for (week, name), one, other in rows:
        yield f"{week:<8}  {name:<{max(width, 9)}}  {one:>6}  {other:>6}  {_signed(other - one):>6}"
    one, other = weeks.policy.total(), weeks.against.total()
    yield f"{'all':<8}  {'':<{max(width, 9)}}  {one:>6}  {other:>6}  {_signed(other - one):>6}"


def _signed(number: int) -> str:
    return f"{number:+}" if number else ""


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({len(lines)}):"
    yield from (f"  {line}" for line in lines[:LISTED])
    if len(lines) > LISTED:
        yield f"  ... and {len(lines) - LISTED} more; --json has them all"


def _line(alert: Alert) -> str:
    data = alert.data
    return f"{alert.time} {data.stage} {data.workflow} {data.item} by {data.clock} → {_names(alert)}"


def _names(alert: Alert) -> str:
    return ", ".join(alert.data.recipients or []) or "nobody"


def _json(policy: Side, against: Side, weeks: Weeks) -> str:
    said = {
        "events": policy.result.events,
        "policy": _side(policy),
        "against": _side(against),
        "weeks": [
            {"week": week, "recipient": name, "policy": one, "against": other}
            for (week, name), one, other in weeks.rows()
        ],
        "only_policy": [_alert(alert) for alert in _only(policy, against)],
        "only_against": [_alert(alert) for alert in _only(against, policy)],
        "readdressed": [
            _alert(one) | {"recipients_against": other.data.recipients or []}
            for one, other in _readdressed(policy, against)
        ],
    }
    return orjson.dumps(said).decode()


def _side(side: Side) -> dict[str, Any]:
    return {"file": side.file, "version": side.book.version, "alerts": len(side.fired)}


def _alert(alert: Alert) -> dict[str, Any]:
    data = alert.data
    return {
        "id": alert.id,
        "time": alert.time,
        "workflow": data.workflow,
        "item": data.item,
        "clock": data.clock,
        "department": data.department,
        "stage": data.stage,
        "severity": data.severity,
        "recipients": data.recipients or [],
    }
