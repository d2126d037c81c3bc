"""What a board page is asked for, in its address, and the addresses of the views beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from streams.web import questions
from streams.web.questions import RESOLVED, Question

SIZES: Final = (50, 100, 200, 500)
"""Rows of a page."""
FILTERS: Final = ("missed", "next_hour", "today", "paused")
"""The counts, in their order."""
FOLDS: Final = ("held", RESOLVED)
KNOWN: Final = ("workflow", "department", "state", "q", "show", "after", "open")


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """The parameters of a board's address."""

    workflow: str = ""
    department: str = ""
    state: str = ""
    q: str = ""
    show: int = SIZES[0]
    after: str = ""
    open: frozenset[str] = frozenset()
    """Folds that are open."""

    def question(self, departments: frozenset[str] | None, **other: str) -> Question:
        """As a question to the API; `other` parameters take the place of ours.

        Raises:
            ValueError: with the parameter's name and what would be right.
        """
        given = {
            "workflow": self.workflow, "department": self.department, "state": self.state, "q": self.q,
            "limit": str(self.show), "after": self.after, **other,
        }  # fmt: skip
        return questions.question(given, departments)

    def href(self, **other: str | int) -> str:
        """The address of a view that differs in these parameters; pages begin anew."""
        given = {"workflow": self.workflow, "department": self.department, "state": self.state, "q": self.q, **other}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/?{query}" if query else "/"

    @property
    def more(self) -> int:
        """The next size of a page; 0 if there is none."""
        return next((size for size in SIZES if size > self.show), 0)


def asked(given: Mapping[str, str]) -> Asked:
    """The parameters of a query.

    Raises:
        ValueError: with the parameter's name and what would be right.
    """
    for name in given:
        if name not in KNOWN:
            raise ValueError(f"{name}: is not known; known are {', '.join(KNOWN)}")
    show = given.get("show") or str(SIZES[0])
    if show not in map(str, SIZES):
        raise ValueError(f"show: give one of {', '.join(map(str, SIZES))}")
    folds = frozenset(filter(None, given.get("open", "").split(",")))
    if not folds <= set(FOLDS):
        raise ValueError(f"open: give one or both of {', '.join(FOLDS)}")
    texts = {name: given.get(name, "") for name in ("workflow", "department", "state", "q", "after")}
    found = Asked(**texts, show=int(show), open=folds)
    found.question(None)
    return found
