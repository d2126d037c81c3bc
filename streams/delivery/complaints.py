"""What is wrong with a file, in msgspec's words, but with the names of its tables.

Theory of operation. msgspec tells the place as `$.alertmanager[...].urls[0]`: it does not say in which entry of a
table. So each entry is tried by itself, the others left out, until one alone gives the complaint. Nor does it say what
would be right where a name or a word is none of those that there are: the form tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect

ANY: Final = "[...]"
SECRETS: Final = '; a secret is {file = "..."} or {env = "..."}'
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]|(\[\.\.\.\])")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PLACE: Final = re.compile(r" - at (?:`key` in )?`\$(.*)`$")

Try = Callable[[Any], object]


def complaint(table: Mapping[str, Any], error: msgspec.ValidationError, read: Try, form: type) -> str:
    """What `read` says of a table that is no `form`, with every name in its place."""
    text = str(error)
    found = _PLACE.search(text)
    if found is None:
        return text + _right(text, [], form)
    of_key = "`key` in" in text
    steps = list(_steps(found[1]))
    names = _names(table, [*steps, ANY] if of_key else steps, text, read)
    place = "$" + "".join(names.pop(0) if step == ANY and names else written(step) for step in steps)
    said = text[: found.start()]
    if of_key:
        return f"{said} - at {place}{names[0] if names else ''}"
    return f"{said}{_right(said, steps, form)} - at {place}"


def _right(said: str, steps: list[str | int], form: type) -> str:
    """What would be right at a place, if the words do not say so."""
    if said.startswith("Expected `object |"):
        return SECRETS
    kinds = _parts(inspect.type_info(form))
    for step in steps:
        kinds = [part for kind in kinds for part in _inner(kind, step)]
    if said.startswith("Object contains unknown field"):
        names = {field.encode_name for kind in kinds if isinstance(kind, inspect.StructType) for field in kind.fields}
        return f"; it has {', '.join(f'`{name}`' for name in sorted(names))}"
    if said.startswith("Invalid enum value"):
        words = {str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values}
        return f"; it is {' or '.join(f'`{word}`' for word in sorted(words))}"
    return ""


def _inner(kind: inspect.Type, step: str | int) -> Iterator[inspect.Type]:
    """What may stand one step below."""
    if isinstance(kind, inspect.StructType):
        found = [field.type for field in kind.fields if field.encode_name == step]
    elif isinstance(kind, inspect.DictType) and step == ANY:
        found = [kind.value_type]
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType) and isinstance(step, int):
        found = [kind.item_type]
    else:
        found = []
    for each in found:
        yield from _parts(each)


def _parts(kind: inspect.Type) -> list[inspect.Type]:
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _steps(place: str) -> Iterator[str | int]:
    for name, number, entry in _STEP.findall(place):
        yield ANY if entry else int(number) if number else name


def written(step: str | int) -> str:
    """A step of a path, as TOML writes it."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE.fullmatch(step) else f".{json.dumps(step)}"


def _names(table: Mapping[str, Any], steps: list[str | int], text: str, read: Try) -> list[str]:
    """The entries for which `[...]` stands, in order."""
    names, path = list[str](), list[str | int]()
    for step in steps:
        if step != ANY:
            path.append(step)
            continue
        for key in _at(table, path):
            alone = _alone(table, path, key)
            try:
                read(alone)
            except msgspec.ValidationError as error:
                if str(error) == text:
                    table = alone
                    path.append(key)
                    names.append(written(key))
                    break
        else:
            return [*names, ANY]
    return names


def _at(table: Any, path: list[str | int]) -> Any:
    for step in path:
        table = table[step]
    return table


def _alone(table: Any, path: list[str | int], key: str) -> Any:
    """The table, with one entry alone at the end of a path."""
    if not path:
        return {key: table[key]}
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_alone(each, rest, key) if n == first else each for n, each in enumerate(table)]
    return {**table, first: _alone(table[first], rest, key)}
