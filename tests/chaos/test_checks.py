"""The checks find what they are for: each is shown a run that is right, and the same run with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from schemas import alerts
from tests.chaos import checks, explain
from tests.chaos.judging import judge
from tests.chaos.made import QUIET, SHUT, START, STOP, UNTIL, fired, found, held, said, sent, wrong
from tests.chaos.replay import events_of, in_order, item_of, play


def test_a_run_that_is_right() -> None:
    log = sent()
    there = found(log)
    judgement = judge(log, there, [SHUT], STOP)
    assert judgement.findings == checks.no_orphans(there) == []
    assert judgement.excused == []
    assert judgement.items > 140
    assert judgement.wanted > 400
    assert judgement.late[-1] == pytest.approx(0.1)


def test_a_shut_gate_is_excused_in_its_window_alone() -> None:
    log = sent()
    there = found(log, held)
    judgement = judge(log, there, [SHUT], STOP)
    assert judgement.findings == []
    assert len(judgement.excused) > 3
    assert "lost" in wrong(log, there, [])


def test_where_not_all_ways_can_be_tried_r12_is_asked_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "MAX_TRIES", 1)
    log = sent()
    there = found(log, held)
    judgement = judge(log, there, [SHUT], STOP)
    lost = [each.at for each in judgement.findings if each.what == "lost"]
    assert all(at > SHUT.end for at in lost), "in the window all were named later, or their cycle changed"
    assert judgement.by_words > 3
    assert len(judgement.excused) > 3
    late = fired(there, QUIET, UNTIL)[0]
    del there.said[late.id]
    assert "lost" in wrong(log, there, [SHUT])


def test_an_alert_that_is_not_said_is_lost() -> None:
    log = sent()
    there = found(log)
    alert = fired(there, QUIET, UNTIL)[0]
    del there.said[alert.id]
    assert "lost" in wrong(log, there, [SHUT])


def test_an_alert_of_a_window_is_lost_where_others_came_in_time() -> None:
    log = sent()
    there = found(log)
    middle = (SHUT.start + SHUT.end) // 2
    alert = fired(there, middle, UNTIL)[0]
    del there.said[alert.id]
    assert "lost" in wrong(log, there, [SHUT])


def test_an_alert_too_many_is_false() -> None:
    log = sent()
    there = found(log)
    alert = fired(there, START, UNTIL)[0]
    strange = msgspec.structs.replace(alert, id=f"{alert.id}:20261110T090101Z")
    there.said[strange.id] = [said(strange)]
    assert wrong(log, there, [SHUT]) == {"false", "orphan"}


def test_an_alert_that_says_something_else_is_different() -> None:
    log = sent()
    there = found(log)
    alert = fired(there, QUIET, UNTIL)[0]
    other = msgspec.structs.replace(alert, data=msgspec.structs.replace(alert.data, recipients=["nobody"]))
    there.said[alert.id] = [said(other)]
    assert "different" in wrong(log, there, [SHUT])


def test_a_table_that_lacks_an_event() -> None:
    log = sent()
    there = found(log)
    key = item_of(log[-1].event.key)
    events = events_of(each for each in log if item_of(each.event.key) == key)
    there.items[key] = play(in_order(events[:-1])).engine.items.get(key.encode()) or b""
    assert wrong(log, there, [SHUT]) == {"table"}


def test_an_open_alert_that_was_resolved_is_an_orphan() -> None:
    log = sent()
    there = found(log)
    resolved = next(i for i in there.said if i.endswith(checks.RESOLVED))
    there.open.add(resolved.removesuffix(checks.RESOLVED))
    assert wrong(log, there, [SHUT]) == {"orphan"}


def test_what_is_said_again_must_be_the_same() -> None:
    there = found(sent())
    alert = fired(there, START, UNTIL)[0]
    there.said[alert.id].append(there.said[alert.id][0])
    assert checks.one_id_one_alert(there) == []
    assert len(checks.repeats(there)) == 1
    other = msgspec.structs.replace(alert, data=msgspec.structs.replace(alert.data, severity="low"))
    there.said[alert.id].append(replace(there.said[alert.id][0], line=alerts.encode(other)))
    assert [each.what for each in checks.one_id_one_alert(there)] == ["different"]
