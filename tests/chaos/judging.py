"""A run judged item by item: alerts and table against those of the offline run, in several processes.

Theory of operation. Items are dealt out in portions. A portion is first compared with its part of the offline run:
there, the events of other items are stood for by how far they had moved the time, so each part says just what one run
over all would say. Nearly all items are as they should be, and are done with. What was said in time has meanwhile told
when gates were open; what is left of the faults' windows has to explain the other items, each for itself.

A process is given one portion at a time, as the bytes that stood on the broker, and hands back what is wrong with it:
its memory hangs on the size of a portion, not of the run.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from multiprocessing import get_context
from operator import attrgetter
from typing import NamedTuple, TypeVar

from schemas import instants
from schemas.alerts import Alert
from tests.chaos import gates
from tests.chaos.checks import is_usual, judge_item, lateness, offline
from tests.chaos.findings import Finding, Have, Item, Judgement
from tests.chaos.found import Found, Said
from tests.chaos.load import Sent
from tests.chaos.moments import hasty, none_elsewhere, tardy
from tests.chaos.plan import encode
from tests.chaos.replay import Came, events_of, item_of
from tests.chaos.windows import Window

PORTION = 1_000
"""Items."""
CASES = 8
"""Items of one task, of those that have to be explained."""
Part = TypeVar("Part")
Made = TypeVar("Made")


class Placed(NamedTuple):
    """An event among all others."""

    number: int
    """In the order of sending."""
    moved: int
    """How far (microseconds) those before it had moved the time."""
    sent: Sent


@dataclass
class Portion:
    """Some of the items, by key."""

    sent: dict[str, list[Placed]] = field(default_factory=dict)
    said: dict[str, dict[str, Said]] = field(default_factory=dict)
    """What was said of each, by id, when it was said first."""
    kept: dict[str, bytes] = field(default_factory=dict)


class Dealt(NamedTuple):
    """All items."""

    portions: list[Portion]
    latest: dict[int, int]
    """The greatest event time of each partition."""
    strange: Portion
    """What was said of items of which nothing was sent."""


@dataclass
class Compared:
    """What came out of a portion."""

    items: int = 0
    wanted: int = 0
    late: list[float] = field(default_factory=list)
    prompt: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By partition, the moments of the stages whose alerts came in time."""
    untimely: list[Finding] = field(default_factory=list)
    unlike: dict[str, dict[str, Alert]] = field(default_factory=dict)
    """The items that are not as usual, and what the offline run says of them, by id."""


class Case(NamedTuple):
    """An item that is not as usual."""

    item: Item
    want: dict[str, Alert]
    have: Have
    windows: list[Window]
    """When its gate may have been shut."""


def judge(
    sent: Iterable[Sent],
    found: Found,
    windows: Sequence[Window],
    stop: Window,
    policies: Sequence[Came] = (),
    jobs: int | None = None,
) -> Judgement:
    """Alerts and table against those of the offline run, item by item.

    Args:
        windows: of the faults.
        stop: when the workers ended, one after the other.
        policies: when the policy was put into force again.
        jobs: processes; as many as there are processors if not given, and none but this for a small run.
    """
    dealt, judgement = deal(sent, found), Judgement()
    with processes(jobs, len(dealt.portions)) as pool:
        work = partial(compare, latest=dealt.latest, windows=windows, stop=stop)
        compared = list(spread(pool, work, dealt.portions))
        shut = gates.shut(together(each.prompt for each in compared), windows, dealt.latest)
        for each in compared:
            judgement.items += each.items
            judgement.wanted += each.wanted
            judgement.findings += each.untimely
        judgement.late = list(chain.from_iterable(each.late for each in compared))
        cases = [c for p, each in zip(dealt.portions, compared, strict=True) for c in cases_of(p, each, dealt, shut)]
        tasks = [cases[at : at + CASES] for at in range(0, len(cases), CASES)]
        for verdict in spread(pool, partial(judge_cases, stop=stop, policies=policies, faults=windows), tasks):
            judgement.add(verdict)
    judgement.late.sort()
    judgement.findings += said_of_nothing(dealt.strange)
    placed = {key: each[0].sent.partition for portion in dealt.portions for key, each in portion.sent.items()}
    judgement.findings += none_elsewhere(found, placed)
    return judgement


def said_of_nothing(strange: Portion) -> Iterator[Finding]:
    """Alerts of items of which nothing was sent, and their states."""
    for key in strange.kept:
        yield Finding("table", 0, f"{key}: kept, and nothing was sent of it")
    for key, said in strange.said.items():
        for each in said.values():
            yield Finding("false", instants.parse(each.alert.time), f"{each.alert.id}: of {key}")


def deal(sent: Iterable[Sent], found: Found) -> Dealt:
    """Deal out the items, in the order in which they opened."""
    portions: list[Portion] = []
    by_item: dict[str, Portion] = {}
    latest: dict[int, int] = defaultdict(int)
    moved = 0
    for number, each in enumerate(sent):
        key = item_of(each.event.key)
        if key not in by_item:
            if len(by_item) == len(portions) * PORTION:
                portions.append(Portion())
            by_item[key] = portions[-1]
        by_item[key].sent.setdefault(key, []).append(Placed(number, moved, each))
        moved = max(moved, each.event.at)
        latest[each.partition] = max(latest[each.partition], each.event.at)
    strange = Portion()
    for alert_id, (first, *_) in found.said.items():
        if not alert_id.startswith("catch-up:"):
            key = ":".join(alert_id.split(":", 2)[:2])
            by_item.get(key, strange).said.setdefault(key, {})[alert_id] = first
    for key, value in found.items.items():
        by_item.get(key, strange).kept[key] = value
    return Dealt(portions, dict(latest), strange)


def compare(portion: Portion, latest: Mapping[int, int], windows: Sequence[Window], stop: Window) -> Compared:
    """A portion with its part of the offline run."""
    want = offline(lines_of(portion), stop.start)
    compared = Compared()
    for key in portion.sent:
        item, wanted, said = item_in(portion, key, latest), want.pop(key, {}), portion.said.get(key, {})
        compared.items += 1
        compared.wanted += len(wanted)
        moments = {alert_id: instants.parse(alert.time) for alert_id, alert in wanted.items()}
        for partition, at in gates.in_time(said, moments):
            compared.prompt[partition].append(at)
        have = have_of(portion, key)
        if is_usual(item, wanted, have, stop):
            compared.late += lateness(wanted.values(), have.appended, windows)
            compared.untimely += [*hasty(item, wanted.values(), have), *tardy(item, wanted.values(), have, windows)]
        else:
            compared.unlike[key] = wanted
    return compared


def lines_of(portion: Portion) -> Iterator[bytes]:
    """The events of a portion, and before those that do not move the time, heartbeats where others' events did."""
    now = 0
    for each in sorted(chain.from_iterable(portion.sent.values()), key=attrgetter("number")):
        if max(now, each.sent.event.at) < each.moved:
            now = each.moved
            yield encode("time", "time", "feed.heartbeat", now, {})
        now = max(now, each.sent.event.at)
        yield each.sent.event.line


def cases_of(portion: Portion, compared: Compared, dealt: Dealt, shut: gates.Gates) -> Iterator[Case]:
    """The items of a portion that have to be explained."""
    for key, want in compared.unlike.items():
        item = item_in(portion, key, dealt.latest)
        yield Case(item, want, have_of(portion, key), shut[item.partition])


def judge_cases(
    cases: Sequence[Case], stop: Window, policies: Sequence[Came], faults: Sequence[Window] = ()
) -> Judgement:
    """Items that are not as usual."""
    judgement = Judgement()
    for each in cases:
        way = judge_item(each.item, each.want, each.have, each.windows, stop, policies, judgement)
        if way is not None:
            judgement.late += lateness(way.played.alerts, each.have.appended, faults)
            judgement.findings += tardy(each.item, way.played.alerts, each.have, faults, usual=False)
    return judgement


def item_in(portion: Portion, key: str, latest: Mapping[int, int]) -> Item:
    """An item of a portion."""
    sent = [each.sent for each in portion.sent[key]]
    return Item(key, events_of(sent), sent[0].partition, latest[sent[0].partition])


def have_of(portion: Portion, key: str) -> Have:
    """What was said of it, and is kept of it."""
    said = portion.said.get(key, {})
    first = {alert_id: each.alert for alert_id, each in said.items()}
    return Have(first, portion.kept.get(key), {alert_id: each.appended for alert_id, each in said.items()})


def together(parts: Iterable[Mapping[int, list[int]]]) -> dict[int, list[int]]:
    """What several portions say of partitions."""
    found: dict[int, list[int]] = defaultdict(list)
    for part in parts:
        for partition, moments in part.items():
            found[partition] += moments
    return found


@contextmanager
def processes(jobs: int | None, useful: int) -> Iterator[ProcessPoolExecutor | None]:
    """A pool of as many processes as are asked for, of use and there; None for one. They know nothing of this one."""
    count = min(jobs or len(os.sched_getaffinity(0)), useful)
    if count <= 1:
        yield None
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:  # not a fork: Kafka's clients have threads
        yield pool


def spread(pool: ProcessPoolExecutor | None, work: Callable[[Part], Made], parts: Iterable[Part]) -> Iterator[Made]:
    """What the work makes of each part, in their order."""
    return map(work, parts) if pool is None else pool.map(work, parts)
