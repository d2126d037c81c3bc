"""The policies by which a partition judges (contract R13).

A new policy applies to every pending item at once, or, with `settings.apply: new`, to cycles that
start later; cycles that started before keep theirs.  So a partition keeps a chain: the policy in
force, and before it those that pending cycles may still be judged by, each with the instant before
which its cycles started.  The chain is stored with the items, since the policy's topic keeps only
the last one.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec

from streams.core.book import Book
from streams.core.policy_check import load


class Term(NamedTuple):
    """A policy and the time of its record, in microseconds."""

    book: Book
    at: int


class Chain:
    """Policies in the order in which they came; the last one is in force.

    `book` and `at`: the one in force and the time of its record. `ages`: `max_age` of the earlier ones, as (cycles
    that started before, microseconds).
    """

    __slots__ = ("ages", "at", "book", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.book, self.at = terms[-1]
        self.ages = tuple((after.at, term.book.settings.max_age) for term, after in pairwise(terms))

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


_CODEC = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[tuple[int, bytes]])


def encode(chain: Chain) -> bytes:
    """The chain as it stands in the table: times and the policies' text."""
    return _CODEC.encode([(term.at, term.book.text) for term in chain.terms])


def decode(value: bytes) -> Chain:
    """A chain as `encode` wrote it.

    Raises:
        msgspec.MsgspecError: the bytes are not a chain's.
        PolicyError: a policy in it is no longer accepted.
    """
    return Chain(tuple(Term(_book(text), at) for at, text in _DECODER.decode(value)))


@lru_cache(maxsize=16)
def _book(text: bytes) -> Book:
    return Book(load(text), text)
