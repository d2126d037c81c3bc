"""Digests in words: what a person reads, by the shipped templates."""

from __future__ import annotations

from itertools import count
from zoneinfo import ZoneInfo

import pytest

from schemas import instants
from schemas.alerts import AlertData
from streams.delivery.digest import Kind, News
from streams.delivery.rendering import LONGEST, Templates
from streams.delivery.sentences import compose, day_and_time

LADDER = {("reply", name): place for place, name in enumerate(("due-soon", "imminent", "missed", "escalated", "own"))}
NUMBERS = count()
BOARD = "https://board.example.org/"
CHICAGO = ZoneInfo("America/Chicago")


def alert(stage: str, severity: str = "critical", kind: Kind = Kind.BEGIN, ref: str | None = None, **data: str) -> News:
    """Each of a cycle of its own, unless `ref` is given."""
    given = {"workflow": "message", "clock": "reply", "department": "cardiology", **data}
    said = AlertData(state="firing", stage=stage, severity=severity, **given)  # type: ignore[arg-type]
    return News(kind, "a", "a", ("x#0",), said, ref=ref or f"{next(NUMBERS):012}")


def feed(kind: Kind) -> News:
    said = AlertData(state="firing", stage="feed-silent", severity="critical", workflow="result")
    return News(kind, "f", "f", ("x#0",), said)


def when(data: AlertData) -> str | None:
    now = instants.parse("2026-11-24T20:00:00Z") / 1e6
    return data.due_at and day_and_time(instants.parse(data.due_at) / 1e6, now, CHICAGO)


def said(*news: News) -> tuple[str, list[str]]:
    title, body = Templates("people", None).render(compose(news, LADDER, when, BOARD))
    return title, body.splitlines()


def test_three_messages_without_an_instant() -> None:
    title, body = said(*[alert("imminent")] * 3)
    assert title == "3 messages in cardiology are about to be missed"
    assert body == ["3 messages in cardiology are about to be missed.", f"Open board: {BOARD}"]


def test_with_all_details_the_first_due_time_is_said() -> None:
    dues = ("2026-11-24T23:30:00Z", "2026-11-24T22:40:00Z", "2026-11-25T22:40:00Z")
    title, body = said(*(alert("imminent", due_at=due) for due in dues))
    assert title == "3 messages in cardiology are about to be missed"
    assert body[0] == "3 messages in cardiology are about to be missed, the first at 16:40."


def test_one_alert_leads_to_its_cycle() -> None:
    assert said(alert("missed", ref="0123456789ab")) == (
        "1 message in cardiology was missed",
        ["1 message in cardiology was missed.", f"Open board: {BOARD}refs/0123456789ab"],
    )
    assert said(alert("missed", due_at="2026-11-23T22:40:00Z"))[1][0] == (
        "1 message in cardiology was missed, due Mon 16:40."
    )
    assert said(alert("due-soon", "warning", due_at="2026-11-23T22:40:00Z"))[1][0] == (
        "1 message in cardiology is due soon, at Mon 16:40."
    )


def test_the_most_urgent_first() -> None:
    title, body = said(
        alert("due-soon", "warning"), alert("due-soon", "warning", workflow="appointment"), alert("missed"),
        alert("imminent", department="other"), alert("imminent"), alert("imminent"), alert("escalated"),
        alert("attempts", "warning", department="unassigned", workflow="result"), feed(Kind.BEGIN),
        alert("missed", kind=Kind.END), alert("too-early", "warning", kind=Kind.NOTICE), feed(Kind.END),
    )  # fmt: skip
    assert title == "No result events arrive from the portal: what is open may be answered already, and 11 more"
    assert body == [
        "No result events arrive from the portal: what is open may be answered already.",
        "1 message in cardiology was missed and is still open.",
        "1 message in cardiology was missed.",
        "2 messages in cardiology are about to be missed.",
        "1 message in another department is about to be missed.",
        "1 appointment request in cardiology is due soon.",
        "1 message in cardiology is due soon.",
        "1 message in cardiology was answered sooner than is allowed.",
        "... and 3 more.",
        f"Open board: {BOARD}",
    ]


def test_what_is_over() -> None:
    title, body = said(alert("missed", kind=Kind.END), alert("missed", kind=Kind.END))
    assert title == "2 messages in cardiology are over"
    assert body == ["2 messages in cardiology are over.", f"Open board: {BOARD}"]
    assert said(feed(Kind.END))[0] == "Result events arrive from the portal again"


def test_a_silent_feed_puts_its_alerts_in_doubt() -> None:
    assert said(alert("imminent", feed="silent"))[1][1] == (
        "Some may be answered already: no message events arrive from the portal."
    )


def test_many_departments_collapse() -> None:
    title, body = said(*(alert("missed", department=f"d-{n}") for n in range(20)))
    assert title == "1 message in d-0 was missed, and 19 more"
    assert len(body) == 10
    assert body[-2] == "... and 12 more."


def test_no_sender_can_stretch_it() -> None:
    many = [alert(f"s-{n}" * 5_000, department="d\n" * 50_000, guide="g" * 90_000) for n in range(20)]
    message = Templates("people", None).render(compose(many, {}, when, BOARD))
    assert len(message.title) <= LONGEST["title.txt"]
    assert len(message.body) <= LONGEST["body.txt"]
    assert "\n" not in message.title
    (line,) = compose([alert("missed", department="d\nd " + "x" * 90)], LADDER, when, BOARD).lines
    assert line.sentence == f"1 message in d d {'x' * 59}… was missed"


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2026-11-24T22:40:00Z", "16:40"), ("2026-11-25T03:00:00Z", "21:00"), ("2026-11-25T22:40:00Z", "Wed 16:40"),
        ("2026-11-18T22:40:00Z", "Wed 16:40"), ("2026-12-03T22:40:00Z", "3 Dec 16:40"),
    ],
)  # fmt: skip
def test_times_of_day(due: str, expected: str) -> None:
    assert when(AlertData(state="firing", workflow="message", due_at=due)) == expected


def test_of_one_cycles_ladder_the_highest_stage_is_said() -> None:
    title, body = said(
        alert("due-soon", "warning", ref="a" * 12), alert("missed", ref="a" * 12), alert("imminent", ref="a" * 12),
        alert("attempts", "warning", ref="a" * 12), alert("imminent", ref="b" * 12),
        alert("due-soon", kind=Kind.END, ref="a" * 12),
    )  # fmt: skip
    assert title == "1 message in cardiology was missed, and 3 more"
    assert body[:-1] == [
        "1 message in cardiology was missed.",
        "1 message in cardiology is about to be missed.",
        "1 message in cardiology is being waited for: the patient keeps looking.",
        "1 message in cardiology is over.",
    ]
