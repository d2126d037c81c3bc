"""`/api/pending`: what is pending, and what is due next."""

from __future__ import annotations

from schemas import instants
from streams.census import NEXT, census
from tests.contract.build import at, book, clock, engine, event, step

JUDGE = book(f"[{clock('{within: 2 hours}', '{name: soon, at: 50%}, {name: missed, at: due}')}]",
             departments="{eye: {pool: eye-desk}}")  # fmt: skip


async def test_counts_and_the_soonest_dues_of_two_partitions() -> None:
    first, second = engine(JUDGE), engine(JUDGE)
    step(first, event("1", "message.sent", "2026-11-10T08:00", "m-1", department="eye"))
    step(first, event("2", "message.sent", "2026-11-10T09:40", "m-2", department="SMITH^JOHN"))
    step(first, event("3", "message.sent", "2026-11-10T09:50", "m-3"))
    step(first, event("4", "message.replied", "2026-11-10T09:55", "m-3"))
    step(second, event("5", "message.sent", "2026-11-10T09:00", "m-5", department="eye"))
    found = await census([first, second], at("2026-11-10T10:00"))
    assert [(row["department"], row["state"], row["count"]) for row in found["rows"]] == [
        ("eye", "due_soon", 1), ("eye", "missed", 1), ("other", "on_time", 1),
    ]  # fmt: skip
    assert [(row["item"], row["clock"], row["due_at"]) for row in found["next"]] == [
        ("m-5", "reply", "2026-11-10T11:00:00Z"), ("m-2", "reply", "2026-11-10T11:40:00Z"),
    ]  # fmt: skip


async def test_of_many_the_first_are_told() -> None:
    many = engine(JUDGE)
    for n in range(1_500):
        step(many, event(str(n), "message.sent", instants.text(at("2026-11-10T08:00") + n * 1_000_000), f"m-{n}"))
    found = await census([many], at("2026-11-10T08:30"))
    assert [row["item"] for row in found["next"]] == [f"m-{n}" for n in range(NEXT)]
