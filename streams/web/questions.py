"""What workers ask each other, and the parts of an answer that each gives for the partitions that it holds."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec

from schemas.policy import WORKFLOWS
from streams.web.forms import AlertRow, Counts, Item, Row, SilentFeed

STATES: Final = ("missed", "due_soon", "on_time", "paused")
RANGES: Final = ("next_hour", "today")
RESOLVED: Final = "resolved"
FILTERS: Final = (*STATES, *RANGES, RESOLVED)
MOST: Final = 500
DEFAULT: Final = 50
LONGEST: Final = 200
"""Characters of a filter's text."""


class Place(msgspec.Struct, array_like=True, frozen=True, order=True):
    """Where a page ended: the due of its last item (negative: when it ended), its key, and of alerts the last one."""

    due: int
    key: str
    alert: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which items are asked for. `departments`: those that who asks may see; None: all."""

    workflow: str | None = None
    department: str | None = None
    states: frozenset[str] = frozenset()
    held: bool | None = None
    q: str = ""
    limit: int = DEFAULT
    after: Place | None = None
    departments: frozenset[str] | None = None
    partitions: frozenset[int] | None = None
    """Of a peer: those that it shall answer for; None: all that it holds."""


class One(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which item is asked for: by its name, by a reference, or by the id of an alert."""

    workflow: str = ""
    item: str = ""
    ref: str = ""
    departments: frozenset[str] | None = None
    partitions: frozenset[int] | None = None


class Of(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one partition adds to an answer."""

    counts: Counts
    total: int | None = None
    catching_up: bool = False


class Part(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one worker adds to a page."""

    partitions: dict[int, Of]
    items: list[Row] = []
    alerts: list[AlertRow] = []
    places: list[Place] = []
    """Of each of these, where it stands."""
    feeds: list[SilentFeed] = []


class Found(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one worker knows of an item; without an item, it has none of that name that may be seen."""

    partitions: dict[int, bool]
    """Those that it looked at, and whether each is catching up."""
    item: Item | None = None
    workflow: str = ""
    name: str = ""


class Unfit(ValueError):
    """A parameter of the right form, which cannot be."""


def cursor(place: Place) -> str:
    """A place as the opaque text of `next` and `after`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place(text: str) -> Place:
    """What `cursor` wrote.

    Raises:
        ValueError: with what would be right.
    """
    try:
        found = msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=Place)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise ValueError("give the `next` of the page before") from None
    if not -(1 << 63) < found.due < 1 << 63:
        raise ValueError("give the `next` of the page before")
    return found


def question(given: dict[str, str], departments: frozenset[str] | None) -> Question:
    """The question of a query's parameters.

    Raises:
        ValueError: with the parameter's name and what would be right; Unfit if its form is right.
    """
    known = ("workflow", "department", "state", "held", "q", "limit", "after")
    for name in given:
        if name not in known:
            raise ValueError(f"{name}: is not known; known are {', '.join(known)}")
    workflow = given.get("workflow") or None
    if workflow is not None and workflow not in WORKFLOWS:
        raise ValueError(f"workflow: give one of {', '.join(WORKFLOWS)}")
    for name in ("department", "q"):
        if len(given.get(name, "")) > LONGEST:
            raise ValueError(f"{name}: give at most {LONGEST} characters")
    return Question(
        workflow=workflow, department=given.get("department") or None, states=_states(given.get("state", "")),
        held=_flag("held", given.get("held", "")), q=given.get("q", ""), limit=_limit(given.get("limit", "")),
        after=_after(given.get("after", "")), departments=departments,
    )  # fmt: skip


def _states(text: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in text.split(",")) if text else frozenset[str]()
    if not found <= set(FILTERS):
        raise ValueError(f"state: give one or several, by comma, of {', '.join(FILTERS)}")
    if RESOLVED in found and len(found) > 1:
        raise ValueError("state: `resolved` stands alone; what is resolved has another order")
    return found


def _flag(name: str, text: str) -> bool | None:
    if text not in ("", "yes", "no"):
        raise ValueError(f"{name}: give yes or no, or leave it out")
    return None if not text else text == "yes"


def _limit(text: str) -> int:
    if not text:
        return DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MOST):
        raise ValueError(f"limit: give a whole number from 0 to {MOST}")
    return int(text)


def _after(text: str) -> Place | None:
    if not text:
        return None
    try:
        return place(text)
    except ValueError as error:
        raise Unfit(f"after: {error}") from None
