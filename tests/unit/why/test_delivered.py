"""`portalwatch why`: what became of an alert at each sink."""

from __future__ import annotations

from functools import partial

import msgspec

from streams.delivery import journal
from streams.delivery.answers import DELIVERED, FAILED, REFUSED, Line
from streams.why.text import text
from tests.unit.why.case import ITEM, Case, sent

FIRED = f"message:{ITEM}:reply:20261110T173000Z"


def test_each_sinks_answer_stands_with_the_alert() -> None:
    case = Case(sent())
    case.kinds = {"warehouse": "webhook", "people": "apprise", "clinic": "alertmanager"}
    case.committed = {("people", 2): 0, ("warehouse", 2): 9}
    case.lines = [
        Line(at="2026-11-11T15:15:01Z", sink="warehouse", event=f"{FIRED}:due-soon", result=FAILED, status=503),
        Line(at="2026-11-11T15:15:09Z", sink="warehouse", event=f"{FIRED}:due-soon", result=DELIVERED, status=204),
        Line(at="2026-11-11T15:16:00Z", sink="gone", event=f"{FIRED}:due-soon", result=DELIVERED, recipients=("desk",)),
    ]
    why = case.why("2026-11-11T18:00:00Z")
    soon, missed = why.works[0].cycles[0].clocks[0].told
    assert [(each.sink, each.state, each.at, each.failures, each.before) for each in soon.sinks] == [
        ("clinic", "unknown", None, 0, None),
        ("gone", "delivered", "2026-11-11T15:16:00Z", 0, None),
        ("people", "ahead", None, 0, 0),
        ("warehouse", "delivered", "2026-11-11T15:15:09Z", 1, None),
    ]
    assert [(each.sink, each.state, each.before) for each in missed.sinks] == [
        ("clinic", "unknown", None), ("people", "ahead", 1), ("warehouse", "passed", None),
    ]  # fmt: skip
    said = text(why)
    assert "warehouse (webhook): delivered Wed 11 Nov 09:15:09 (HTTP 204, after 1 failure)" in said
    assert "people (apprise): not come to it yet (at most 1 record before it)" in said
    assert "gone: delivered Wed 11 Nov 09:16 (to desk)" in said
    assert why.answer.endswith("by Wed 11 Nov 11:30; the sink people has not delivered it.")


def test_told_by_no_sink_is_said_first_and_when_each_failed() -> None:
    case = Case(sent())
    case.kinds = {"warehouse": "webhook", "people": "apprise"}
    event_ = f"{FIRED}:missed"
    case.lines = [
        Line(at="2026-11-11T17:30:01Z", sink="warehouse", event=event_, result=REFUSED, status=401),
        Line(
            at="2026-11-11T17:30:09Z", sink="people", event=event_, result=FAILED, reason="the service did not take it"
        ),
    ]
    why = case.why("2026-11-11T18:00:00Z")
    assert why.answer.endswith("by Wed 11 Nov 11:30; the sinks people and warehouse have not delivered it.")
    assert "people (apprise): failed Wed 11 Nov 11:30:09, and is tried again (the service did not take it)" in text(why)
    assert "warehouse (webhook): refused Wed 11 Nov 11:30:01, and is tried again (HTTP 401)" in text(why)


def test_a_service_that_fails_is_not_hidden_by_another_of_the_same_recipient() -> None:
    case = Case(sent())
    case.kinds = {"people": "apprise"}
    one = Line(at="2026-11-11T15:15:01Z", sink="people", event=f"{FIRED}:due-soon", result=FAILED, recipients=("lee",))
    changed = partial(msgspec.structs.replace, one)
    case.lines = [changed(service=0), changed(service=1), changed(service=0, result=DELIVERED)]
    why = case.why("2026-11-11T15:16:00Z")
    (soon,) = why.works[0].cycles[0].clocks[0].told
    assert [(each.state, each.service, each.failures) for each in soon.sinks] == [("delivered", 0, 1), ("failed", 1, 1)]
    assert why.answer.endswith("the sink people has not delivered it.")
    assert "(to lee[0], after 1 failure)" in text(why)
    assert "is tried again (to lee[1])" in text(why)


def test_lines_of_an_earlier_version_have_no_service() -> None:
    """They are read; what failed then is told anew, with its service's number."""
    case = Case(sent())
    old = journal.parse(
        ITEM.encode(),
        b'{"at":"2026-11-11T15:15:01Z","sink":"people","event":"%b","result":"failed","recipients":["lee"]}'
        % f"{FIRED}:due-soon".encode(),
        ITEM,
    )
    assert old is not None
    assert old.service is None
    changed = partial(msgspec.structs.replace, old)
    for lines, found in (
        ([old], [("failed", None)]),
        ([old, changed(result=DELIVERED)], [("delivered", None)]),
        ([old, changed(service=1), changed(service=1, result=DELIVERED)], [("delivered", 1)]),
        ([changed(result=DELIVERED), changed(service=1)], [("delivered", None), ("failed", 1)]),
    ):
        case.lines = lines
        (soon,) = case.why("2026-11-11T15:16:00Z").works[0].cycles[0].clocks[0].told
        assert [(each.state, each.service) for each in soon.sinks] == found
