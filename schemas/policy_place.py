"""A place in a policy file: a node, its path, and the sheet on which findings are written.

The readers of the sections walk the tree through places.  A place gives its content in the form
that its reader asks for; when the content has another form, the finding goes onto the sheet and
the reader gets None and goes on, so that one reading finds all that is wrong with a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from schemas.policy_tree import WHOLE, List, Map, Node, Problem, Text, join

T = TypeVar("T")


@dataclass(slots=True)
class Sheet:
    """What a reading has found: the problems, and the line of every path."""

    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A node and where it is; `line` is its key's line, or the item's own."""

    node: Node
    path: str
    line: int
    sheet: Sheet

    def refuse(self, message: str) -> None:
        """Write a problem of this place onto the sheet."""
        self.sheet.problems.append(Problem(self.line, self.path, message))

    @property
    def blank(self) -> bool:
        """Whether nothing stands here: `key:` alone, `{}` or `[]`."""
        if isinstance(self.node, Text):
            return _nothing(self.node)
        return not (self.node.entries if isinstance(self.node, Map) else self.node.items)

    def entries(self) -> dict[str, Place]:
        """The places of a mapping with free keys; `key:` with nothing after it is an empty one."""
        if isinstance(self.node, Map):
            inner = self.node.entries.items()
            return {key: self._inner(join(self.path, key), line, node) for key, (line, node) in inner}
        if not _nothing(self.node):
            self.refuse(f"is {_shape(self.node)}; it should be a mapping, `key: value`")
        return {}

    def fields(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Place]:
        """The places of a mapping whose keys are fixed; unknown and missing ones are refused."""
        found = self.entries()
        for key, place in found.items():
            if key not in known:
                place.refuse(f"unknown key; {nearest(key, known)}")
        missing = [key for key in required if key not in found]
        if missing and (isinstance(self.node, Map) or _nothing(self.node)):
            self.refuse(f"has no {listed([f'`{key}`' for key in missing], 'and')}; it needs {listed(required, 'and')}")
        return {key: place for key, place in found.items() if key in known}

    def items(self) -> list[Place]:
        """The places of a list; `key:` with nothing after it is an empty one."""
        if isinstance(self.node, List):
            inner = enumerate(self.node.items)
            return [self._inner(f"{self.path}[{index}]", node.line, node) for index, node in inner]
        if not _nothing(self.node):
            self.refuse(f"is {_shape(self.node)}; it should be a list, `[...]` or lines that start with `-`")
        return []

    def one_or_more(self) -> list[Place]:
        """A list of at least one, or a single text taken as one."""
        if isinstance(self.node, Text):
            return [self]
        found = self.items()
        if isinstance(self.node, List) and not found:
            self.refuse("is an empty list; name at least one, or leave the key out")
        return found

    def read(self, parse: Callable[[str], T]) -> T | None:
        """The text of this place through `parse`; its ValueError becomes the problem."""
        if not isinstance(self.node, Text):
            self.refuse(f"is {_shape(self.node)}; it should be a single text")
            return None
        try:
            return parse(self.node.value)
        except ValueError as error:
            self.refuse(str(error))
            return None

    def _inner(self, path: str, line: int, node: Node) -> Place:
        self.sheet.lines.setdefault(path, line)
        return Place(node, path, line, self.sheet)


def top(node: Map, sheet: Sheet) -> Place:
    """The place of a whole file."""
    return Place(node, WHOLE, node.line, sheet)


def word(text: str) -> str:
    """A name that people gave: anything but blank."""
    if not text.strip():
        raise ValueError("is empty; write a name, or leave the key out")
    return text


def one_of(*known: str) -> Callable[[str], str]:
    """A parser that takes one of these words and no other."""

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"`{text}` is none of them; {nearest(text, known)}")
        return text

    return parse


def nearest(word_given: str, known: Sequence[str]) -> str:
    """What to write instead: the nearest of the known words first, if one is near."""
    close = get_close_matches(word_given, known, n=1)
    hint = f"did you mean `{close[0]}`? " if close else ""
    return f"{hint}one of {', '.join(known)}" if known else "there is none to name yet"


def listed(words: Sequence[str], joint: str) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def _nothing(node: Node) -> bool:
    return isinstance(node, Text) and node.empty


def _shape(node: Node) -> str:
    if isinstance(node, Text):
        return f"the text `{node.value}`" if node.value else "empty"
    return "a mapping" if isinstance(node, Map) else "a list"
