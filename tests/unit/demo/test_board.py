"""What the demo knows: alerts once each, what is pending, the rate; and the plain lines."""

from __future__ import annotations

import pytest

from schemas import alerts, instants
from schemas.alerts import Alert
from streams.demo import board as boards
from streams.demo import plain
from streams.demo.board import Board, Due
from tests.unit.demo.clinic import MORNING, book, fired

ANSWER = {
    "now": "2026-11-05T16:42:00Z",
    "rows": [
        {"workflow": "message", "department": "cardiology", "state": "on_time", "count": 12},
        {"workflow": "message", "department": "cardiology", "state": "due_soon", "count": 2},
        {"workflow": "result", "department": "cardiology", "state": "paused", "count": 1},
        {"workflow": "message", "department": "oncology", "state": "missed", "count": 3},
    ],
    "next": [
        {
            "workflow": "message",
            "item": "m-2",
            "clock": "c",
            "department": "oncology",
            "due_at": "2026-11-05T20:00:00Z",
        },
        {
            "workflow": "message",
            "item": "m-1",
            "clock": "c",
            "department": "oncology",
            "due_at": "2026-11-05T17:00:00Z",
        },
    ],
}


def alert(state: str = "firing", **said: object) -> Alert:
    data = fired(state=state, **said)
    type_ = {"firing": alerts.FIRED, "resolved": alerts.RESOLVED, "notice": alerts.NOTICE}[state]
    said_id = f"{data.alert}:resolved" if state == "resolved" else data.alert or "a notice"
    return Alert(id=said_id, source="/test", type=type_, subject="m-1042", time="2026-11-05T16:42:00Z", data=data)


def test_an_alert_that_comes_twice_is_one() -> None:
    board = Board()
    for _ in range(2):
        boards.take_alert(board, alert())
    assert (board.fired, board.resolved, len(board.news)) == (1, 0, 1)
    for _ in range(2):
        boards.take_alert(board, alert("resolved", reason="met"))
    assert (board.fired, board.resolved, len(board.news)) == (1, 1, 2)
    (entry,) = boards.recent(board, 5)
    assert entry.at == MORNING
    assert entry.ended is not None
    assert entry.ended.reason == "met"


def test_a_notice_is_shown_and_not_counted_and_a_resolution_of_something_unknown_is_neither() -> None:
    board = Board()
    boards.take_alert(board, alert("notice", alert=None, stage="catch-up", count=3))
    boards.take_alert(board, alert("resolved", alert="another", reason="met"))
    assert (board.fired, board.resolved, len(board.news)) == (0, 0, 1)
    assert [entry.data.stage for entry in boards.recent(board, 5)] == ["catch-up"]


def test_the_newest_first_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "KEPT", 3)
    board = Board()
    for name in "abcde":
        boards.take_alert(board, alert(alert=name))
    assert [entry.data.alert for entry in boards.recent(board, 2)] == ["e", "d"]
    assert list(board.entries) == ["c", "d", "e"]


def test_what_is_pending() -> None:
    board = Board(answers=False)
    boards.take_pending(board, ANSWER)
    assert board.answers
    assert boards.totals(board) == {"missed": 3, "due_soon": 2, "on_time": 12, "paused": 1}
    assert boards.totals(board, department="cardiology", workflow="result")["paused"] == 1
    assert sum(boards.totals(board, department="oncology").values()) == 3
    assert board.next[0] == Due("message", "m-1", "oncology", instants.parse("2026-11-05T17:00:00Z"))


def test_an_answer_of_another_form_leaves_the_board_as_it_was() -> None:
    board = Board()
    boards.take_pending(board, ANSWER)
    before = dict(board.pending)
    with pytest.raises(KeyError):
        boards.take_pending(board, {"rows": []})
    assert board.pending == before


def test_the_rate_is_that_of_the_last_seconds_and_leaves_the_backlog_out() -> None:
    board = Board()
    assert boards.rate(board, 0.0) == 0.0
    boards.take_sent(board, 500, 0.0)
    for second in range(1, 21):
        boards.take_sent(board, 8, float(second))
    assert boards.rate(board, 20.0) == pytest.approx(8.0)
    assert boards.rate(board, 60.0) == 0.0
    assert board.events == 660


def test_plain_lines() -> None:
    assert plain.alert_line(book(), alert()) == (
        "Thu 5 Nov 10:42 FIRED warning due-soon → cardiology-nurses: message m-1042, due Thu 11:00, "
        "75 % of 1 business day gone"
    )
    ended = alert("resolved", reason="met", closed_at="2026-11-05T16:40:00Z")
    assert plain.alert_line(book(), ended) == (
        "Thu 5 Nov 10:42 RESOLVED due-soon: message m-1042, done in time Thu 10:40"
    )
    board = Board()
    boards.take_pending(board, ANSWER)
    boards.take_dead_letter(board, "invalid")
    boards.take_sent(board, 10, 0.0)
    assert plain.summary_line(board, book(), now=MORNING, at=1.0) == (
        "Thu 5 Nov 10:42 open: 18 pending (3 missed, 2 due soon, 12 on time, 1 paused), 10 events, 0.0/s, 0 alerts, "
        "dead letters: 1"
    )
