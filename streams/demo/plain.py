"""The demo without a terminal: a line for each thing that is said, and now and then one that sums up. Pure."""

from __future__ import annotations

from schemas import alerts, instants
from schemas.alerts import Alert
from streams.core.book import Book
from streams.demo import hours, sentences
from streams.demo.board import STATES, Board, rate, totals


def alert_line(book: Book, alert: Alert) -> str:
    """`Thu 5 Nov 10:42 FIRED warning due-soon → cardiology-nurses: message m-1042, due Thu 11:00, ...`."""
    at, data = instants.parse(alert.time), alert.data
    if alert.type == alerts.RESOLVED:
        end = sentences.ending(book, data, at)
        return f"{_clock(book, at)} RESOLVED {data.stage}: {data.workflow} {data.item}, {end}"
    word = {alerts.FIRED: "FIRED", alerts.NOTICE: "NOTICE"}.get(alert.type, alert.type)
    severity = f" {data.severity}" if data.severity else ""
    return f"{_clock(book, at)} {word}{severity} {sentences.sentence(book, data, at)}"


def summary_line(board: Board, book: Book, *, now: int, at: float) -> str:
    """`Thu 5 Nov 10:42 open: 63 pending (2 missed, 5 due soon, ...), 812 events, 9.4/s, 12 alerts, dead letters: 1`."""
    found = totals(board)
    states = ", ".join(f"{found[state]} {state.replace('_', ' ')}" for state in STATES)
    word = hours.moment(sentences.calendar(book), now).word
    return (
        f"{_clock(book, now)} {word}: {sum(found.values())} pending ({states}), {board.events} events, "
        f"{rate(board, at):.1f}/s, {board.fired} alerts, dead letters: {sum(board.dead.values())}"
    )


def _clock(book: Book, at: int) -> str:
    return hours.shown(sentences.calendar(book), at)
