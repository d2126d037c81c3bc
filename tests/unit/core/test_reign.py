"""Which policy is in force in a partition, through crashes, moves and policies in a row (contract R12, R13)."""

from __future__ import annotations

import pytest

from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.reign import POLICIES
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from tests.contract.build import ALL_HOURS, at, book, clock, event, lines, step

OPENED = event("e1", "message.sent", "2026-11-10T08:00")
LATER = "2026-11-11T08:00"


def judge(within: str, apply: str = "all", more: str = "", name: str = "reply") -> Book:
    return book(
        f"[{clock('{within: ' + within + '}', name=name)}]", ALL_HOURS, f"{{lead: 0 minutes, apply: {apply}{more}}}"
    )


def started(first: Book) -> Engine:
    running = Engine(first, Speaker("/t", 0), DictShelf(), DictShelf(), at("2026-11-01T00:00"), 0)
    running.rebuild()
    step(running, OPENED)
    return running


def restarted(running: Engine, mine: Book, when: str, offset: int) -> Engine:
    back = Engine(mine, Speaker("/t", 0), running.items, running.open, at(when), offset)
    back.rebuild(stamp=at(LATER))
    return back


def test_a_worker_that_lags_brings_no_older_policy_back() -> None:
    old, new = judge("30 days"), judge("2 hours")
    ahead = started(old)
    ahead.decree(new, at("2026-11-10T09:00"), 1)
    ahead.adopt(1000)
    behind = restarted(ahead, old, "2026-11-01T00:00", 0)
    assert behind.book.text == new.text
    assert lines(behind.advance(at(LATER)).alerts) == ["11-10T10:00 missed"]


def test_a_policy_of_the_same_instant_comes_by_its_offset() -> None:
    running = started(judge("30 days"))
    for offset, within in ((1, "20 days"), (2, "2 hours")):
        running.decree(judge(within), at("2026-11-10T09:00"), offset)
    running.adopt(1000)
    assert lines(running.advance(at(LATER)).alerts) == ["11-10T10:00 missed"]


def test_a_record_stamped_ahead_silences_nothing() -> None:
    running = started(judge("30 days"))
    running.decree(judge("2 hours"), at("2026-11-20T00:00"), 1)
    running.adopt(1000, stamp=at("2026-11-10T09:00"))
    assert lines(running.advance(at("2026-11-10T12:00")).alerts) == ["11-10T10:00 missed"]


def test_a_crash_in_the_middle_of_an_adoption_loses_none() -> None:
    running = started(judge("30 days"))
    step(running, event("e2", "message.sent", "2026-11-10T08:00", item="p-2"))
    new = judge("2 hours")
    running.decree(new, at("2026-11-10T09:00"), 1)
    running.adopt(1)
    back = restarted(running, new, "2026-11-10T09:00", 1)
    assert [back.adopting, bool(back.adopt(1000)), back.adopting] == [True, True, False]
    assert len(back.advance(at(LATER)).alerts) == 2


def test_a_policy_for_new_cycles_does_not_undo_one_for_all() -> None:
    """The second comes while the first is still being adopted; a crash follows at once."""
    running = started(judge("30 days"))
    running.decree(judge("2 hours"), at("2026-11-10T09:00"), 1)
    third = judge("10 days", "new")
    running.decree(third, at("2026-11-10T09:30"), 2)
    back = restarted(running, third, "2026-11-10T09:30", 2)
    back.adopt(1000)
    assert lines(back.advance(at(LATER)).alerts) == ["11-10T10:00 missed"]


def test_the_chain_is_stored_when_an_event_adopts_the_last_item() -> None:
    running, new = started(judge("30 days")), judge("2 hours")
    running.decree(new, at("2026-11-10T09:00"), 1)
    step(running, event("e2", "message.assigned", "2026-11-10T09:10"))
    third = judge("10 days", "new")
    back = restarted(running, third, "2026-11-10T09:30", 2)
    assert [term.book.text for term in back.chain.terms] == [new.text, third.text]


def test_enforce_from_of_a_policy_for_new_cycles_ends_no_older_one() -> None:
    running = started(judge("6 hours"))
    running.decree(judge("1 hour", "new", ", enforce_from: 2026-11-10T12:00:00Z"), at("2026-11-10T13:00"), 1)
    assert lines(running.advance(at(LATER)).alerts) == ["11-10T14:00 missed"]


def test_a_stored_policy_that_is_no_longer_accepted_bars_nothing() -> None:
    running, mine = started(judge("30 days")), judge("2 hours")
    stored = running.items.get(POLICIES)
    assert stored is not None
    running.items.put(POLICIES, stored.replace(b"lead: 0 minutes", b"laed: 0 minutes"))
    back = restarted(running, mine, "2026-11-10T09:00", 1)
    assert back.book.text == mine.text


@pytest.mark.parametrize(("names", "said"), [
    pytest.param(("reply", "reply"), ["11-10T10:00 missed"], id="known"),
    pytest.param(("reply", "answer"), ["11-10T10:00 missed", "11-11T08:00 missed:resolved policy"], id="no-such-clock"),
])  # fmt: skip
def test_an_alert_that_was_open_before_its_state_was_written(names: tuple[str, str], said: list[str]) -> None:
    """R12: sent again; and ended, if the policy that came meanwhile has no such clock."""
    first, second = (judge("2 hours", name=name) for name in names)
    running = started(first)
    before = list(running.items.items())
    running.advance(at("2026-11-10T10:30"))
    items = DictShelf()
    for key, value in before:
        items.put(key, value)
    when = at("2026-11-10T11:00") if names[0] != names[1] else at("2026-11-01T00:00")
    back = Engine(second, Speaker("/t", 0), items, running.open, when, 1 if names[0] != names[1] else 0)
    assert lines(back.rebuild(stamp=at(LATER)).alerts) == said
    assert [key for key, _ in back.open.items()] == ([] if len(said) == 2 else [key for key, _ in running.open.items()])


def test_two_acknowledgements_of_alike_names_are_two() -> None:
    running = started(judge("6 hours"))
    for source, ident in (("a", "b c"), ("a b", "c")):
        said = event(ident, "command.acknowledged", "2026-11-10T09:00", workflow="message", by="staff-1")
        effects = step(running, said.replace(b'"source": "/s"', f'"source": "{source}"'.encode()))
        assert [alert.data.stage for alert in effects.alerts] == ["acknowledged"]


def test_the_agenda_does_not_grow_with_events_that_change_no_moment() -> None:
    running = started(judge("6 hours"))
    for n in range(50):
        step(running, event(f"f{n}", "message.assigned", f"2026-11-10T08:{n:02d}", owner=f"staff-{n}"))
    assert len(running._agenda._moments) < 5
