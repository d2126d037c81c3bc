"""Random histories of one item for Hypothesis: many events on few instants, so that every order of equals comes."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas.events import Action, Entry, Event
from schemas.policy import MINUTE
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.policy_check import load
from tests.contract.build import ITEM, at, clock, engine, policy

START = at("2026-11-10T08:00")
SPAN = 30 * 60 * MINUTE
"""Well within the window in which late events are folded in."""
AFTER = START + SPAN + 20 * 24 * 60 * MINUTE
TIMES = st.integers(0, 12).map(lambda n: START + n * 150 * MINUTE) | st.integers(START, START + SPAN)
ACTIONS = [action for action in Action if action is not Action.HEARTBEAT]
LADDER = (
    "{name: soon, at: 50%}, {name: near, before: 30 business minutes, notify: owner}, "
    "{name: missed, at: due, severity: critical, notify: on_call, hours: always}, "
    "{name: late, after: 1 business day, severity: critical, notify: champion}"
)
RULES = (
    "{when: {priority: urgent}, within: 3 business hours}, {when: {department: eye}, before: 2 business hours}, "
    "{when: {pool: [night, ear-desk]}, within: 1 business day, not_before: 2 hours}, "
    "{when: {department: [ear, unassigned]}, by: end of 1 business day}"
)
HOURS = "{timezone: America/Chicago, hours: {daily: 08:00-12:00 13:00-17:00}}"
DEPARTMENTS = "{eye: {pool: eye-desk, champion: dr-lee}, ear: {pool: ear-desk}}"
SETTINGS = "{max_age: 6 days, ack_for: 5 hours}"
TRIES = ", attempts: {count: 2, within: 3 hours}"
JUDGE = Book(load(policy(f"[{clock(RULES, LADDER, TRIES)}]", HOURS, SETTINGS, DEPARTMENTS)))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """One event; what it gives is drawn from names that the policy's rules look at."""
    action = draw(st.sampled_from([*ACTIONS, Action.OPEN, Action.OPEN]))
    chance = st.sampled_from([None, None, None, True])

    def given(*names: str) -> str | None:
        return draw(st.sampled_from(names)) if draw(chance) else None

    return Entry(
        draw(TIMES), draw(st.text("abc", min_size=1, max_size=3)), draw(st.sampled_from(["/x", "/y"])), action,
        given("eye", "ear", "nose"), None, given("night", "day"), given("o", "u"), given("urgent", "routine"), None,
        draw(TIMES) + 4 * 60 * MINUTE if draw(chance) else None, "b", draw(TIMES) if action is Action.SNOOZE else None,
    )  # fmt: skip


HISTORIES = st.lists(entries(), min_size=1, max_size=14, unique_by=lambda entry: (entry.id, entry.source))


def events(history: list[Entry]) -> list[tuple[Event, object]]:
    """The item's events, each with itself as the handle."""
    return [(Event.of("message", ITEM, "portal.message.x", entry), entry) for entry in history]


def fresh() -> Engine:
    """An engine that judges by the policy above."""
    return engine(JUDGE)
