"""The checks find what they are for: each is shown a run that is right, and the same run with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from schemas import alerts, instants
from schemas.alerts import Alert
from streams.core.voice import Speaker
from streams.core.voice import caught_up as caught_up_notices
from tests.chaos import checks, explain
from tests.chaos.findings import RESOLVED, Finding, Have, Item, Judgement
from tests.chaos.judging import judge
from tests.chaos.made import (
    LONG_SHUT,
    QUIET,
    SHUT,
    START,
    STOP,
    UNTIL,
    caught_up,
    fired,
    found,
    held,
    said,
    sent,
    wrong,
)
from tests.chaos.plan import SECOND, micros
from tests.chaos.policy import BOOK
from tests.chaos.replay import Came, events_of, in_order, item_of, play
from tests.chaos.test_explain import DESK, came, window
from tests.chaos.windows import Window


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


def by_words(
    events: list[Came], windows: list[Window], change: Callable[[Alert], Alert | None], kept: int | None = None
) -> set[str]:
    """What is found of an item that is judged by words, if each alert was said as `change` has it."""
    played = play(in_order(events), UNTIL)
    want = {alert.id: alert for alert in played.alerts}
    have = {alert_id: changed for alert_id, alert in want.items() if (changed := change(alert)) is not None}
    left = play(in_order(events[:kept]))
    value = left.engine.items.get(b"message:1")
    judgement = Judgement()
    item = Item("message:1", events, 0, events[-1].time)
    assert checks.judge_item(item, want, Have(have, value, {}), windows, STOP, [], judgement) is None
    assert judgement.by_words == 1
    return {each.what for each in judgement.findings}


def other(alert: Alert, **data: object) -> Alert:
    return msgspec.structs.replace(alert, data=msgspec.structs.replace(alert.data, **data))


def test_words_alone_excuse_no_wrong_name_and_no_unnamed_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what a shut gate brings about: another stage that speaks for it, or a cycle that changed meanwhile."""
    monkeypatch.setattr(explain, "MAX_TRIES", 1)
    plain = [came("message.sent", 0, {"department": "b", "owner": "o"}), came("message.replied", 100, {})]
    gate = [window(14, 24)]

    def without(*stages: str) -> Callable[[Alert], Alert | None]:
        return lambda alert: None if alert.data.stage in stages else alert

    def imminent(*notify: str, **data: object) -> Callable[[Alert], Alert | None]:
        def change(alert: Alert) -> Alert | None:
            if alert.data.stage == "due-soon":
                return None
            return other(alert, notify=[*notify], **data) if alert.data.stage == "imminent" else alert

        return change

    assert by_words(plain, gate, imminent("owner", "on_call", recipients=["call", "o"])) == set()
    assert by_words(plain, gate, without("due-soon")) == {"lost"}, "what is imminent called the on-call alone"
    assert by_words(plain, gate, imminent("owner", "on_call", recipients=["nobody"])) == {"different"}
    assert by_words(plain, gate, imminent("owner", "on_call", severity="low")) == {"different"}
    held = [plain[0], came("command.acknowledged", 36, DESK), plain[1]]
    assert by_words(held, [window(28, 50)], without("missed", "escalated")) == {"lost"}, "no acknowledge holds it back"
    assert by_words(plain, gate, imminent("owner", "on_call", recipients=["call", "o"]), 1) == {"table"}


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
    resolved = next(i for i in there.said if i.endswith(RESOLVED))
    there.open.add(resolved.removesuffix(RESOLVED))
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


def test_what_was_held_back_for_more_than_a_minute_is_caught_up() -> None:
    """A worker that says each stage when the gate opens, as if it had come then."""
    log = sent()
    there = found(log)
    assert judge(log, there, [LONG_SHUT], STOP).findings == []
    last = {each.event.key: each.event.at for each in log}
    held_back = fired(there, LONG_SHUT.start, LONG_SHUT.end - micros(61))
    alert = next(each for each in held_back if last[each.subject] < instants.parse(each.time))
    for seconds, found_wrong in ((60, set()), (61, {"late"})):
        at = instants.text(instants.parse(alert.time) + micros(seconds))
        there.said[alert.id] = [said(msgspec.structs.replace(alert, time=at))]
        assert wrong(log, there, [LONG_SHUT]) == found_wrong


def test_catch_up_is_not_said_of_what_came_in_time() -> None:
    log = sent()
    there = found(log)
    alert = fired(there, SHUT.start, UNTIL)[0]
    told = msgspec.structs.replace(alert, data=msgspec.structs.replace(alert.data, catch_up=True))
    there.said[alert.id] = [said(told)]
    assert "different" in wrong(log, there, [SHUT])


def test_a_notice_counts_what_was_caught_up() -> None:
    log = sent(400)
    there = found(log, caught_up, LONG_SHUT)
    late = [each[0].alert for each in there.said.values() if each[0].alert.data.catch_up]
    late = [alert for alert in late if alert.type == alerts.FIRED]
    assert len(late) > 3
    notices = caught_up_notices(late, Speaker("/portalwatch/backtest", 0), BOOK, LONG_SHUT.end)
    there.said.update({notice.id: [said(notice)] for notice in notices})
    assert checks.those_caught_up_are_counted(there) == []
    one_less = msgspec.structs.replace(notices[0], data=msgspec.structs.replace(notices[0].data, count=1_000))
    there.said[notices[0].id] = [said(one_less)]
    assert [each.what for each in checks.those_caught_up_are_counted(there)] == ["catch-up"]
    del there.said[notices[0].id]
    assert [each.what for each in checks.those_caught_up_are_counted(there)] == ["catch-up"]


def test_a_shut_gate_does_not_make_an_alert_late_by_a_moment_that_it_never_had() -> None:
    """An alert is late by the moment that it came to have; what is not explained is found anyhow."""
    log = sent()
    there = found(log, held)
    judgement = judge(log, there, [SHUT], STOP)
    assert judgement.findings == []
    assert judgement.excused
    assert judgement.late == sorted(judgement.late)
    assert judgement.late[-1] == pytest.approx(0.1)
    assert len(judgement.late) > judgement.wanted / 4
    slow = fired(there, QUIET, UNTIL)[0]
    there.said[slow.id] = [said(slow, instants.parse(slow.time) / SECOND + 7)]
    assert judge(log, there, [SHUT], STOP).late[-1] == pytest.approx(7)


@pytest.mark.parametrize(("start", "is_excused"), [(12, True), (16, False)])
def test_which_clocks_answer_an_acknowledge_may_hang_on_what_was_read_after_it(start: int, *, is_excused: bool) -> None:
    """The assignment, of before the acknowledge, was read behind it: only then did `first-look` judge the item."""
    told = [("message.sent", 0, {"department": "b"}), ("message.assigned", 14, {"priority": "urgent"}),
            ("command.acknowledged", 20, DESK)]  # fmt: skip
    item = Item("message:1", [came(*each) for each in told], 0, START + micros(20))
    lost = Finding("lost", START + micros(20), "message:1:first-look:20261110T090000Z:acknowledged:1-command")
    assert checks.is_named_or_changed(lost, item, [], [window(start, 30)]) is is_excused
