"""What became of an alert at each sink: by the journal, and where that has nothing, by how far the sink has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from schemas import instants
from streams.delivery.answers import DELIVERED, FAILED, REFUSED, Line
from streams.why.evidence import Said
from streams.why.forms import AHEAD, PASSED, UNKNOWN, Delivered

Addressee: TypeAlias = tuple[tuple[str, ...], int | None]
"""Recipients, and which of their services."""
ToldAt: TypeAlias = Callable[[str], int]
"""A time of the wall, as text, to microseconds of the system's clock."""


class Sinks(NamedTuple):
    """What is known of the sinks."""

    kinds: Mapping[str, str]
    """By name: `alertmanager`, `apprise`, `webhook`; empty if the settings have no sinks' file."""
    committed: Mapping[tuple[str, int], int | None]
    """By sink that follows `portal.alerts` and partition: the offset that it reads next; None: it never committed."""
    lines: tuple[Line, ...]
    """Of the journal, in order."""
    told_at: ToldAt


def delivered(said: Said, known: Sinks) -> list[Delivered]:
    """What became of one event of `portal.alerts`, sink by sink."""
    found: defaultdict[str, dict[Addressee, list[Line]]] = defaultdict(dict)
    for line in known.lines:
        if line.event == said.alert.id:
            found[line.sink].setdefault((line.recipients, line.service), []).append(line)
    answers = []
    for name in sorted({*known.kinds, *found}):
        if name in found:
            answers += [_journal(name, said, lines, known) for lines in _latest(found[name])]
        else:
            answers.append(_progress(name, said, known))
    return answers


def _latest(found: Mapping[Addressee, list[Line]]) -> Iterator[list[Line]]:
    """Each addressee's lines.

    Lines without a service's number are of an earlier version, or of a time when there was one service: what had failed
    by then was tried again under a number.
    """
    numbered = {who for who, service in found if service is not None}
    for (who, service), lines in found.items():
        if service is not None or who not in numbered or any(line.result == DELIVERED for line in lines):
            yield lines


def _journal(name: str, said: Said, lines: list[Line], known: Sinks) -> Delivered:
    taken = next((line for line in lines if line.result == DELIVERED), None)
    last = taken or lines[-1]
    return Delivered(
        sink=name, kind=known.kinds.get(name), event=said.alert.id, state=last.result,
        at=instants.text(known.told_at(last.at)), status=last.status, reason=last.reason, recipients=last.recipients,
        service=last.service, failures=sum(line.result in (FAILED, REFUSED) for line in lines),
    )  # fmt: skip


def _progress(name: str, said: Said, known: Sinks) -> Delivered:
    state, before = UNKNOWN, None
    if (name, said.partition) in known.committed:
        committed = known.committed[name, said.partition]
        ahead = committed is None or committed <= said.offset
        state = AHEAD if ahead else PASSED
        before = said.offset - committed if ahead and committed is not None else None
    return Delivered(sink=name, kind=known.kinds.get(name), event=said.alert.id, state=state, before=before)


def until(lines: Iterable[Line], at: int, told_at: ToldAt) -> tuple[Line, ...]:
    """The lines that were written up to a moment."""
    return tuple(line for line in lines if told_at(line.at) <= at)
