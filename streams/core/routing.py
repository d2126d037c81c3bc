"""Where a piece of work belongs. It is part of what is stored, so it stands apart from what is computed."""

from __future__ import annotations

from typing import NamedTuple


class Routing(NamedTuple):
    """What stays with the item; None where nothing was given."""

    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    kind: str | None = None
