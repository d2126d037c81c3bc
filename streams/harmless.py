"""Names that anybody chose, made harmless where people read them: on a terminal, in a page, in a sheet."""

from __future__ import annotations

import unicodedata
from typing import Final

_TURNS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Characters that turn the direction of what stands beside them."""


def plain(name: str) -> str:
    """A name without characters that steer: control characters, and those that turn the direction of writing."""
    return "".join("\ufffd" if _steers(each) else each for each in name)


def _steers(each: str) -> bool:
    return unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(each) in _TURNS
