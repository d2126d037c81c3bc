"""The policies by which a partition judges, one after the other (contract R13).

A new policy applies to every pending item at once, or, with `settings.apply: new`, to cycles that start later; cycles
that started before keep theirs. So a partition keeps a chain: the policy in force, and before it those that pending
cycles may still be judged by, each with the instant before which its cycles started.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from streams.core.book import Book
from streams.core.fold import Age


class Term(NamedTuple):
    """A policy, and where and when it was put into force."""

    book: Book
    at: int
    """The time of its record, in microseconds."""
    offset: int = 0
    """Of its record in the policy's topic."""

    def follows(self, other: Term) -> bool:
        """Whether it came later: a worker that lags must not bring an older policy back."""
        if self.offset > other.offset or self.at > other.at:
            return True
        return self[1:] == other[1:] and self.book.text != other.book.text


class Chain:
    """Policies in the order in which they came; the last one is in force.

    `book` and `at`: the one in force and the time of its record. `ages`: what the fold asks of the earlier ones.
    """

    __slots__ = ("ages", "at", "book", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.book, self.at = terms[-1].book, terms[-1].at
        settings = [term.book.settings for term in terms]
        self.ages = tuple(
            Age(after.at, own.max_age, own.enforce_from)
            for own, (_, after) in zip(settings, pairwise(terms), strict=False)
        )

    def of(self, start: int) -> Book:
        """The policy that judges a cycle that started then."""
        if self.ages:
            for term, after in pairwise(self.terms):
                if start < after.at:
                    return term.book
        return self.book

    def then(self, term: Term) -> Chain:
        """The chain once another policy is in force."""
        return Chain((*self.terms, term) if term.book.settings.apply == "new" else (term,))
