"""YAML as a tree of texts with line numbers, and the problems found in it.

The policy file types a scalar by its place, never by its looks: `NO` is Norway, `on` a word,
`08:00` a time of day, version `1.10` not 1.1.  So no constructor of the YAML library runs: its
event stream is folded into three kinds of node, each scalar kept as its characters.  The fold is a
loop with a stack of its own, not a recursion, so a hostile nesting is refused instead of fatal.

What YAML offers beyond maps, lists, texts and aliases (tags, merge keys, several documents,
collections as keys, a key given twice) would make a file mean something else than a reader sees:
it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

DEEPEST = 16
"""A policy file nests six deep; more is a mistake or an attack."""

WHOLE = "(file)"
"""The path of a problem that concerns the file as a whole."""

_STR_TAG = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where it is (line from 1, path such as `clocks[0].rules[1]`) and what would be right."""

    line: int
    path: str
    message: str


class PolicyError(Exception):
    """A policy file is refused.

    `problems` holds every finding in the order of lines; `str()` prints each as `NAME:LINE: PATH: MESSAGE`.
    """

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.name = name
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(f"{name}:{p.line}: {p.path}: {p.message}" for p in self.problems))


@dataclass(slots=True)
class Text:
    """A scalar as its characters; `empty` tells `key:` with nothing after it from a quoted `""`."""

    line: int
    value: str
    empty: bool = False


@dataclass(slots=True)
class Map:
    """A mapping; each key with its own line."""

    line: int
    entries: dict[str, tuple[int, Node]] = field(default_factory=dict)


@dataclass(slots=True)
class List:
    """A sequence."""

    line: int
    items: list[Node] = field(default_factory=list)


Node = Text | Map | List


@dataclass(slots=True)
class _Frame:
    """A collection that is being read, and in a mapping the key that waits for its value."""

    node: Map | List
    path: str
    key: tuple[str, int] | None = None


class _Refused(Exception):
    """Reading cannot go on past this problem."""

    def __init__(self, line: int, path: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, path, message)


def read(text: str | bytes) -> tuple[Map, list[Problem]]:
    """The tree of a policy file, and the problems that reading could step over (keys given twice).

    A file that is not one YAML mapping gives an empty tree and the problem.
    """
    problems: list[Problem] = []
    try:
        root = _fold(_decoded(text), problems)
    except _Refused as refused:
        return Map(1), [*problems, refused.problem]
    if isinstance(root, Map):
        return root, problems
    wrong = "is not a mapping; a policy file starts with keys such as `version:`"
    return Map(1), [*problems, Problem(root.line, WHOLE, wrong)]


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise _Refused(line, WHOLE, "is not UTF-8; save the file in that encoding") from None


def _events(text: str) -> Iterator[Any]:
    """The library's events; whatever it raises on bad text becomes a problem with a line.

    Beside its own errors it lets a few built-in ones out: an escape past Unicode (OverflowError,
    ValueError), a `%YAML` version that it does not know (AssertionError).
    """
    line = 1
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            line = event.start_mark.line + 1
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        raise _Refused(mark.line + 1 if mark else line, WHOLE, f"is not YAML: {said}") from None
    except ReaderError as error:
        raise _Refused(text[: error.position].count("\n") + 1, WHOLE, f"is not YAML: {error.reason}") from None
    except (YAMLError, ValueError, OverflowError, AssertionError) as error:
        said = " ".join(str(error).split())
        raise _Refused(line, WHOLE, f"is not YAML that can be read: {said}") from None


def _fold(text: str, problems: list[Problem]) -> Node:
    """The stack machine: opens frames, puts what is complete into the frame that waits for it."""
    root: Node | None = None
    stack: list[_Frame] = []
    anchors: dict[str, Node] = {}
    for event in _events(text):
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            if root is not None:
                raise _Refused(line, WHOLE, "holds a second document after `---`; a policy is one document")
            continue
        if isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            stack.pop()
            continue
        path = _path(stack)
        node = _node(event, line, path, anchors)
        if node is None:
            continue
        if stack:
            _put(stack[-1], node, line, problems)
        else:
            root = node
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)) and isinstance(node, (Map, List)):
            if len(stack) == DEEPEST:
                raise _Refused(line, path, f"is nested more than {DEEPEST} deep; a policy needs six levels")
            stack.append(_Frame(node, path))
    if root is None:
        raise _Refused(1, WHOLE, "is empty; a policy needs version, calendars, defaults and clocks")
    return root


def _node(event: Any, line: int, path: str, anchors: dict[str, Node]) -> Node | None:
    """The node that an event begins; None for the marks of stream and document."""
    if isinstance(event, AliasEvent):
        if event.anchor not in anchors:
            raise _Refused(line, path, f"alias `*{event.anchor}` names no anchor; put `&{event.anchor}` before it")
        return anchors[event.anchor]
    node: Node
    if isinstance(event, ScalarEvent):
        if not event.value.isprintable():
            raise _Refused(line, path, f"is {event.value!a}; a text stands on one line and holds what prints")
        node = Text(line, event.value, empty=event.implicit[0] and event.value == "")
    elif isinstance(event, MappingStartEvent):
        node = Map(line)
    elif isinstance(event, SequenceStartEvent):
        node = List(line)
    else:
        return None
    if event.tag not in (None, "!", _STR_TAG):
        raise _Refused(line, path, f"tag {event.tag!r} is not read; every scalar is text, typed by its place")
    if event.anchor is not None:
        anchors[event.anchor] = node
    return node


def _path(stack: list[_Frame]) -> str:
    """The path of the node that comes next."""
    if not stack:
        return WHOLE
    frame = stack[-1]
    if isinstance(frame.node, List):
        return f"{frame.path}[{len(frame.node.items)}]"
    return join(frame.path, frame.key[0]) if frame.key else frame.path


def join(path: str, key: str) -> str:
    """The path of a key of a mapping."""
    shown = key or "''"
    return shown if path == WHOLE else f"{path}.{shown}"


def _put(frame: _Frame, node: Node, line: int, problems: list[Problem]) -> None:
    """Put a node where the frame waits for one: the next item, the next key, or the key's value."""
    if isinstance(frame.node, List):
        frame.node.items.append(node)
    elif frame.key is None:
        frame.key = (_key(frame, node, line), line)
    else:
        (key, key_line), frame.key = frame.key, None
        if key in frame.node.entries:
            first = frame.node.entries[key][0]
            again = f"is given twice, first on line {first}; keep one"
            problems.append(Problem(key_line, join(frame.path, key), again))
        else:
            frame.node.entries[key] = (key_line, node)


def _key(frame: _Frame, node: Node, line: int) -> str:
    if not isinstance(node, Text):
        raise _Refused(line, frame.path, "has a collection as a key; a key is a word")
    if node.value == "<<":
        raise _Refused(line, frame.path, "has a merge key `<<`; write the keys out, or alias a whole value with `*`")
    return node.value
