"""What stands on the alerts' topic and is no alert of ours harms no sink."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import alerts
from streams.delivery import saying
from tests.receiving import receiver
from tests.unit.delivery.desk import Desk, Group, Record
from tests.unit.delivery.test_apprise import until


def alert(**data: Any) -> bytes:
    said = {"alert": "x", "state": "firing", "stage": "missed", "severity": "critical", "recipients": ["pool-a"],
            "workflow": "message", "item": "i", "clock": "c", "opened_at": "2026-11-24T15:04:05Z", **data}  # fmt: skip
    head = {"id": "message:i:c", "source": "/s", "type": alerts.FIRED, "subject": "i", "time": "2026-11-24T15:05:00Z"}
    return json.dumps({**head, "data": said}).encode()


STRANGE = {
    "tombstone": None,
    "no JSON": b"[",
    "no UTF-8": alert().replace(b'"i"', b'"\xff"'),
    "deep": b"[" * 100_000,
    "no workflow": alert(workflow="nonsense"),
    "no start": alert(opened_at="junk"),
    "no due": alert(due_at="2026-11-24T15:04:05"),
    "no time of day in the zone": alert(due_at="0001-01-01T00:00:00Z"),
    "no time of day anywhere": alert(due_at="9999-12-31T23:59:59-14:00"),
    "fired before all time": alert(fired_at="0001-01-01T00:00:00+14:00"),
    "no end": alert(resolved_at="junk"),
    "no time": alert().replace(b"2026-11-24T15:05:00Z", b"now"),
    "no id": alert().replace(b"message:i:c", b"message"),
}


@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_what_is_none_of_ours_is_nothing(value: bytes | None) -> None:
    assert saying.read(value) is None
    assert saying.read(alert()) is not None


async def test_people_are_told_what_lies_behind_it(tmp_path: Path) -> None:
    with receiver() as served:
        group, desk = Group(), Desk(served, tmp_path)
        group.log += [Record(offset, value or b"") for offset, value in enumerate(STRANGE.values())]
        group.say(alerts.FIRED, "m-1", "pool-a")
        async with desk.at(group) as tenure:
            await until(lambda: served.of("a"))
            await until(lambda: tenure.marked == len(group.log))
