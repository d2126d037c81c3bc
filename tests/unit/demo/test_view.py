"""The screen: it fits, at every size, and says what it should."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from schemas import instants
from streams.demo import board as boards
from streams.demo import view
from streams.demo.board import Board
from tests.unit.demo.clinic import MORNING, book
from tests.unit.demo.test_board import ANSWER, alert


def filled() -> Board:
    board = Board()
    boards.take_pending(board, ANSWER)
    boards.take_sent(board, 100, 0.0)
    boards.take_sent(board, 40, 4.0)
    for number in range(60):
        boards.take_alert(board, alert(alert=f"a{number}", item=f"m-{number}", stage="missed", severity="critical"))
    boards.take_alert(board, alert(alert="warned"))
    boards.take_alert(board, alert("resolved", alert="a59", reason="met", closed_at="2026-11-05T16:40:00Z"))
    boards.take_dead_letter(board, "invalid")
    return board


def screen(board: Board, width: int, height: int, now: int = MORNING) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True, color_system=None)
    console.print(
        view.render(board, book(), now=now, at=4.0, speed=480, url="http://127.0.0.1:6066", width=width, height=height)
    )
    return console.export_text().splitlines()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 34), (140, 40), (140, 44), (200, 60)])
@pytest.mark.parametrize("board", [filled(), Board()], ids=["filled", "empty"])
def test_it_takes_the_screen_as_it_is(board: Board, size: tuple[int, int]) -> None:
    lines = screen(board, *size)
    assert len(lines) == size[1]
    assert max(map(cell_len, lines)) <= size[0]


@pytest.mark.parametrize("size", [(80, 24), (140, 44)])
def test_what_it_says(size: tuple[int, int]) -> None:
    text = "\n".join(screen(filled(), *size))
    for said in (
        "Thu 5 Nov 10:42",
        "OPEN",
        "until 12:00, 5 h 48 min of open time left today",
        "140 events",
        "10.0/s",
        "480\u00d7 time",
        "pending 18",
        "■ missed",
        "▲ due soon",
        "● on time",
        "‖ paused",
        "primary-care",
        "message m-1, oncology",
        "18 min left",
        "▲ due-soon → cardiology-nurses",
        "message m-1042, due Thu 11:00, 75 % of 1 business day gone",
        "✓ done in time Thu 10:40",
        "alerts 61, of which 60 still fire",
        "1 dead letter",
        "http://127.0.0.1:6066",
        "Ctrl-C ends it",
    ):
        assert said in text, said


def test_a_large_screen_shows_the_workflows_of_each_department() -> None:
    small, large = ("\n".join(screen(filled(), 140, height)) for height in (40, 44))
    assert "questionnaires" not in small
    assert large.count("questionnaires") == 4


def test_an_alert_takes_one_line_where_there_is_room() -> None:
    sentence = "▲ due-soon → cardiology-nurses: message m-1042, due Thu 11:00, 75 % of 1 business day gone"
    assert any(sentence in line for line in screen(filled(), 120, 30))
    assert not any(sentence in line for line in screen(filled(), 100, 30))


@pytest.mark.parametrize(
    ("at", "badge"),
    [("2026-11-05T18:10:00Z", "LUNCH"), ("2026-11-08T18:10:00Z", "CLOSED"), ("2026-11-11T18:10:00Z", "HOLIDAY")],
)
def test_closed_time_is_named(at: str, badge: str) -> None:
    assert badge in screen(filled(), 80, 24, instants.parse(at))[1]


def test_a_worker_that_does_not_answer_is_told() -> None:
    board = filled()
    board.answers = False
    assert any("(the worker does not answer)" in line for line in screen(board, 80, 24))


def test_a_department_that_the_policy_does_not_know_has_its_line() -> None:
    board = filled()
    board.pending["podiatry", "message", "missed"] = 1
    assert any("podiatry" in line for line in screen(board, 80, 24))


def test_a_bar_shows_even_one_of_many() -> None:
    board = Board()
    board.pending = {("cardiology", "message", "on_time"): 500, ("cardiology", "message", "missed"): 1}
    (line,) = (line for line in screen(board, 80, 24) if "cardiology" in line)
    assert "█▒▒▒" in line
