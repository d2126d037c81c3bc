"""Rows on their way to `portal.scorecards` and back (contract section 7)."""

from __future__ import annotations

import json

import pytest

from schemas import instants, scorecards
from schemas.policy import HOUR, MINUTE
from streams import fit
from streams.core import shares
from streams.core.cohorts import Cohort, Cohorts, Key
from streams.core.shares import KEPT, Share
from streams.core.shelf import DictShelf
from streams.published.scorecards import scorecard_schema
from streams.scorecards import AT_ONCE, LOOK, Cards, Partials, cohort_of, key_of, name_of, scorecard
from tests.unit.commands.json_schema import valid

NOW = instants.parse("2026-11-10T12:34:56.000001Z")
WINDOW = NOW - NOW % HOUR
KEY = Key("message", "reply", "eye", WINDOW)
A = Share(NOW, "reply", "eye", shares.PENDING)
B = Share(NOW + 1, "reply", "eye", shares.MET, short=True, alerted=True, response=90 * MINUTE + 1)


def cards(cohorts: Cohorts, shelf: DictShelf, partition: int = 3) -> Cards:
    made = Cards(cohorts, shelf, "/portalwatch/x", partition)
    made.compare()
    return made


def published(shelf: DictShelf) -> dict[str, Cohort]:
    return {key.decode(): cohort_of(scorecards.decode(value).data) for key, value in shelf.items()}


def test_the_form() -> None:
    row = Cohort()
    row.add(A)
    row.add(B)
    value = scorecards.encode(scorecard(KEY, row, "/portalwatch/x", 3, NOW, "v1"))
    told = json.loads(value)
    assert valid(scorecard_schema(), told)
    assert not valid(scorecard_schema(), {**told, "type": "portal.alert.fired"})
    assert name_of(KEY, 3) == "message/reply/eye/2026-11-10T12:00:00Z/3"
    assert (told["type"], told["time"]) == ("portal.scorecard", "2026-11-10T12:34:56.000001Z")
    assert told["subject"] == "message/reply/eye/2026-11-10T12:00:00Z"
    data = told["data"]
    assert data["response_open_seconds"].pop("buckets") == {
        "900": 0, "1800": 0, "3600": 0, "7200": 1, "14400": 1, "28800": 1, "57600": 1, "86400": 1, "144000": 1,
        "288000": 1, "+Inf": 1,
    }  # fmt: skip
    assert data == {
        "workflow": "message", "clock": "reply", "department": "eye", "partition": 3, "policy": "v1",
        "window_start": "2026-11-10T12:00:00Z", "window_end": "2026-11-10T13:00:00Z",
        "opened": 2, "pending": 1, "paused": 0, "met": 1, "missed": 0, "cancelled": 0, "expired": 0,
        "short_notice": 1, "alerted": 1, "response_open_seconds": {"sum": 5400.000001, "count": 1},
    }  # fmt: skip
    back = scorecards.decode(value).data
    assert (key_of(back), cohort_of(back)) == (KEY, row)
    assert fit.scorecard(b"", value) is None
    assert fit.scorecard(b"", b"{}") == "not a scorecard"


def test_at_once_and_then_once_a_minute() -> None:
    cohorts, shelf = Cohorts(), DictShelf()
    publisher = cards(cohorts, shelf)
    cohorts.change("message", (), [A])
    assert publisher.publish(NOW, "v") == 1
    cohorts.change("message", (), [B])
    assert publisher.publish(NOW + MINUTE - 1, "v") == 0
    assert published(shelf)["message/reply/eye/2026-11-10T12:00:00Z/3"].opened == 1
    assert publisher.publish(NOW + MINUTE + LOOK, "v") == 1
    assert published(shelf)["message/reply/eye/2026-11-10T12:00:00Z/3"].opened == 2
    assert publisher.publish(NOW + 9 * MINUTE, "v") == 0, "nothing has changed"


def test_many_rows_are_written_in_portions() -> None:
    cohorts, shelf = Cohorts(), DictShelf()
    publisher = cards(cohorts, shelf)
    for hour in range(AT_ONCE + 7):
        cohorts.change("message", (), [Share(WINDOW - hour * HOUR, "reply", "eye", shares.MET)])
    assert [publisher.publish(NOW + tick, "v") for tick in range(3)] == [AT_ONCE, 7, 0]


def test_a_new_owner_publishes_what_is_no_longer_so() -> None:
    """The owner before died after it had published one row too many, one of old, and one right."""
    cohorts, shelf = Cohorts(), DictShelf()
    cohorts.change("message", (), [A, B, Share(NOW, "reply", "gone", shares.MET)])
    cards(cohorts, shelf).publish(NOW, "v")
    cohorts = Cohorts()
    right = Share(NOW, "reply", "right", shares.MET)
    cohorts.change("message", (), [A, right])
    before = scorecard(
        Key("message", "reply", "right", WINDOW), cohorts.rows[KEY._replace(department="right")], "/x", 3, NOW, "v"
    )
    shelf.put(name_of(KEY._replace(department="right"), 3).encode(), scorecards.encode(before))
    cohorts.take_changed()
    publisher = cards(cohorts, shelf)
    assert publisher.publish(NOW + 1, "v") == 0, "not within a minute of what the one before said"
    assert publisher.publish(NOW + MINUTE + LOOK, "v") == 2
    assert {name.split("/")[2]: row.opened for name, row in published(shelf).items()} == {
        "eye": 1,
        "gone": 0,
        "right": 1,
    }


def test_a_window_that_is_over_gets_a_tombstone() -> None:
    cohorts, shelf = Cohorts(), DictShelf()
    publisher = cards(cohorts, shelf)
    cohorts.change("message", (), [A])
    publisher.publish(NOW, "v")
    later = WINDOW + HOUR + KEPT + 1
    cohorts.expire(later)
    publisher.publish(later, "v")
    assert published(shelf) == {}


def test_a_reader_sums_partials() -> None:
    """Case 26: two messages of one department and hour on two partitions."""
    reader = Partials()
    for partition in (0, 1):
        cohorts, shelf = Cohorts(), DictShelf()
        cohorts.change("message", (), [A])
        cards(cohorts, shelf, partition).publish(NOW, "v")
        for key, value in shelf.items():
            reader.take(key, value)
            reader.take(key, value)
    assert {key: row.opened for key, row in reader.summed().items()} == {KEY: 2}
    reader.take(name_of(KEY, 1).encode(), None)
    assert {key: row.opened for key, row in reader.summed().items()} == {KEY: 1}
    reader.take(name_of(KEY, 0).encode(), None)
    assert reader.summed() == {}


def test_what_is_no_scorecard_is_refused() -> None:
    with pytest.raises(ValueError, match="truncated"):
        Partials().take(b"k", b"{")
