"""Alerts as sentences, and the clinic's hours in words."""

from __future__ import annotations

import pytest

from schemas import instants
from streams.core.book import Book
from streams.core.policy_check import load
from streams.demo import hours, sentences
from tests.unit.demo.clinic import MORNING, book, fired
from tests.unit.schemas.policies import POLICY

EXAMPLE = Book(load(POLICY))
"""The contract's: its ladder and its durations are not the demo's to change."""
LINE = "due-soon → cardiology-nurses: message m-1042, due Thu 11:00, 75 % of 1 business day gone"


def test_a_sentence_that_a_nurse_reads() -> None:
    assert sentences.sentence(EXAMPLE, fired(), MORNING) == LINE


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ({"stage": "imminent"}, "due Thu 11:00, 1 business hour left"),
        ({"stage": "missed", "due_at": "2026-11-05T16:00:00Z"}, "was due Thu 10:00, 1 business day is over"),
        ({"stage": "escalated", "due_at": "2026-11-04T16:00:00Z"}, "was due Wed 10:00, 1 business day late"),
        ({"priority": "urgent"}, "75 % of 4 business hours gone"),
        ({"department": "imaging"}, "75 % of 2 business days gone"),
        ({"follow_ups": 2}, "gone, asked again"),
        ({"short_notice": True, "catch_up": True}, "gone, short notice, late, because it was held back"),
        ({"due_at": "2026-11-16T16:00:00Z"}, "due Mon 16 Nov 10:00, 75 % of 1 business day gone"),
        ({"stage": "attempts", "attempts": 3}, "the patient looked 3 times and found nothing"),
        ({"workflow": "result", "clock": "result-release"}, "75 % of its time gone"),
        ({"workflow": "result", "clock": "result-release", "stage": "missed"}, "due Thu 11:00, not done yet"),
        ({"clock": "of-an-older-policy"}, "message m-1042, due Thu 11:00"),
        ({"item": None, "due_at": None, "stage": "feed-silent"}, "the feed of messages, nothing has come for too long"),
        ({"item": None, "due_at": None, "stage": "catch-up", "count": 4}, "4 alerts had been held back"),
    ],
)
def test_the_reason(said: dict[str, object], end: str) -> None:
    assert sentences.about(EXAMPLE, fired(**said), MORNING).endswith(end)


def test_whom_it_tells() -> None:
    assert sentences.headline(fired(recipients=["a", "b"])) == "due-soon → a, b"
    assert sentences.headline(fired(recipients=None)) == "due-soon"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"reason": "met", "closed_at": "2026-11-05T16:40:00Z"}, "done in time Thu 10:40"),
        ({"reason": "paused", "resolved_at": "2026-11-05T16:41:00Z"}, "waits for the patient Thu 10:41"),
        ({"reason": "missed"}, "done late"),
        ({"reason": "of-a-later-version"}, "of-a-later-version"),
    ],
)
def test_how_it_ended(said: dict[str, object], text: str) -> None:
    assert sentences.ending(book(), fired(state="resolved", **said), MORNING) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (78, "1 h 18 min"), (-5, "0 min")]
)
def test_amounts_of_time(minutes: int, text: str) -> None:
    assert sentences.span(minutes * 60_000_000 + 59_000_000 * (minutes > 0)) == text


@pytest.mark.parametrize(
    ("at", "shown", "word", "text"),
    [
        ("2026-11-05T16:42:00Z", "Thu 5 Nov 10:42", "open", "until 12:00, 5 h 48 min of open time left today"),
        ("2026-11-05T18:00:00Z", "Thu 5 Nov 12:00", "lunch", "opens at 12:30"),
        ("2026-11-05T22:59:00Z", "Thu 5 Nov 16:59", "open", "until 17:00, 1 min of open time left today"),
        ("2026-11-05T23:00:00Z", "Thu 5 Nov 17:00", "closed", "opens Fri 08:00, in 15 h"),
        ("2026-11-05T13:00:00Z", "Thu 5 Nov 07:00", "closed", "opens at 08:00"),
        ("2026-11-07T16:00:00Z", "Sat 7 Nov 10:00", "open", "until 12:00, 2 h of open time left today"),
        ("2026-11-08T18:00:00Z", "Sun 8 Nov 12:00", "closed", "opens Mon 08:00, in 20 h"),
        ("2026-11-11T18:00:00Z", "Wed 11 Nov 12:00", "holiday", "opens Thu 08:00, in 20 h"),
    ],
)
def test_the_clinics_clock(at: str, shown: str, word: str, text: str) -> None:
    calendar, now = book().calendars["clinic"], instants.parse(at)
    assert hours.shown(calendar, now) == shown
    assert hours.moment(calendar, now).word == word
    assert hours.described(calendar, now) == text
