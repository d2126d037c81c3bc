"""Which policy is in force in a partition, and which items are still to be brought under it (contract R13).

What is in force is stored with the items, since the policy's topic keeps only its last record and a worker may lag
behind another: so it survives a crash in the middle of an adoption, and a partition that moves.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from schemas.policy_file import PolicyError, parse
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.book import Book
from streams.core.chain import Chain, Term
from streams.core.reach import reach
from streams.core.shelf import Shelf

POLICIES = b"@policies"
"""The key under which it is stored."""
UNFIT = (PolicyError, LookupError, ValueError, NotImplementedError)
"""What a stored policy may raise that another version of the program accepted."""


class Reign:
    """The policies of one partition."""

    def __init__(self, term: Term, items: Shelf) -> None:
        self._items = items
        self._pending: dict[bytes, None] = {}
        self.chain = Chain((term,))
        self.reach = reach(term.book.policy)

    def inherit(self) -> None:
        """Take over what stands with the items; a policy that came meanwhile is decreed."""
        mine, value = self.chain.terms[-1], self._items.get(POLICIES)
        if value is None:
            self._keep()
            return
        stored = states.decode_terms(value)
        terms = [Term(book, at, offset) for at, offset, text in stored.terms if (book := _read(text, mine.book))]
        if terms:
            self._rule(Chain(tuple(terms)))
        if stored.adopting or not terms:
            self._pend()
        if terms:
            self.decree(mine)
        else:
            self._keep()

    def decree(self, term: Term) -> None:
        """A new policy is in force, unless it is an older one than that which rules."""
        if not term.follows(self.chain.terms[-1]):
            return
        self._rule(self.chain.then(term))
        if term.book.settings.apply == "all":
            self._pend()
        self._keep()

    @property
    def adopting(self) -> bool:
        """Whether items are still to be brought under it."""
        return bool(self._pending)

    def pending(self, count: int) -> list[bytes]:
        """At most `count` of the items that are still to be brought under it."""
        return list(islice(self._pending, count))

    def claim(self, key: bytes) -> bool:
        """Whether this item has still to be brought under it; it counts as brought from now on."""
        if key not in self._pending:
            return False
        del self._pending[key]
        if not self._pending:
            self._keep()
        return True

    def _rule(self, chain: Chain) -> None:
        self.chain, self.reach = chain, max(reach(term.book.policy) for term in chain.terms)

    def _pend(self) -> None:
        self._pending = dict.fromkeys(self._items)
        for key in [key for key in islice(self._pending, len(self._pending)) if key[:1] == OWN]:
            del self._pending[key]

    def _keep(self) -> None:
        terms = [(term.at, term.offset, term.book.text) for term in self.chain.terms]
        if all(text for _, _, text in terms):
            self._items.put(POLICIES, states.encode_terms(terms, adopting=bool(self._pending)))


def _read(text: bytes, mine: Book) -> Book | None:
    """A stored policy; None if this version of the program refuses it: then the one in force stands in."""
    if text == mine.text:
        return mine
    try:
        return _compiled(text)
    except UNFIT:
        return None


@lru_cache(maxsize=16)
def _compiled(text: bytes) -> Book:
    return Book(parse(text), text)
