"""All findings about an accepted policy: what may stand in a file, and is yet hardly what its author meant."""

from __future__ import annotations

from datetime import date

from schemas.policy_tree import Problem
from streams.core.book import Book
from streams.findings import days, ladders, rules


def find(book: Book, start: date) -> list[Problem]:
    """The findings, by line; `start` is where the twelve months of days and the examples begin."""
    policy = book.policy
    found = [*days.find(policy, start), *rules.find(policy), *ladders.find(book, start)]
    return sorted(found, key=lambda problem: problem.line)
