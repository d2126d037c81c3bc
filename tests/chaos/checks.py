"""What must hold after a run, each a function; what they find is a list of `Finding`s, empty when all is well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy import MINUTE, UNASSIGNED
from streams import backtest
from streams.core.state import ItemState
from tests.chaos.explain import Explained, TooManyWays, Window, explain, late_windows
from tests.chaos.found import Found
from tests.chaos.plan import SECOND, micros
from tests.chaos.policy import BOOK
from tests.chaos.positions import Positions
from tests.chaos.replay import Came, Played, comparable, essence, in_order, play

RESOLVED = ":resolved"
CAUGHT_UP = b'"catch_up":true'
"""In an alert's line."""


class Finding(NamedTuple):
    """Something that must not be; `at` in microseconds, 0 where there is no moment."""

    what: str
    at: int
    about: str


@dataclass(frozen=True)
class Item:
    """One item of the run."""

    key: str
    events: list[Came]
    partition: int
    latest: int
    """The greatest event time of its partition."""


class Have(NamedTuple):
    """What the workers said of an item, by id, and what their table keeps of it."""

    alerts: Mapping[str, Alert]
    value: bytes | None
    appended: Mapping[str, float]
    """When each alert came to stand on the broker (UNIX seconds)."""


@dataclass
class Judgement:
    """What came out."""

    findings: list[Finding] = field(default_factory=list)
    excused: list[Finding] = field(default_factory=list)
    """Alerts that R12 allows to be missing, or to be said besides, because the gate was shut."""
    ambiguous: int = 0
    """Items of which the broker took an event so late that a stage lay between."""
    by_words: int = 0
    """Items judged by R12's words, because there were too many ways in which it can have happened."""
    wanted: int = 0
    items: int = 0
    late: list[float] = field(default_factory=list)
    """Seconds from each stage outside the faults' windows to its alert, sorted; what a shut gate brought about has
    moments of its own, and is late by those."""

    def add(self, other: Judgement) -> None:
        """What came out of other items."""
        self.findings += other.findings
        self.excused += other.excused
        self.ambiguous += other.ambiguous
        self.by_words += other.by_words
        self.late += other.late


def offline(lines: Iterable[bytes], until: int) -> dict[str, dict[str, Alert]]:
    """What the backtest says of these events, by item and id."""
    said: dict[str, dict[str, Alert]] = defaultdict(dict)
    for alert in backtest.run(BOOK, lines, until).alerts:
        said[f"{alert.data.workflow}:{alert.subject}"][alert.id] = alert
    return said


def is_usual(item: Item, want: Mapping[str, Alert], have: Have, stop: Window) -> bool:
    """Whether all is as it must be if no gate was shut: what was said, and what is kept."""
    said = essences(have)
    if next(iter(_differences(want, have.alerts, said)), None) is not None:
        return False
    if next(iter(_not_caught_up(item, want.values(), have.alerts)), None) is not None:
        return False
    usual = play(in_order(item.events), stop.start)
    return usual.said() == said and usual.kept(item.key, item.latest) == kept_state(have)


def judge_item(
    item: Item,
    want: Mapping[str, Alert],
    have: Have,
    windows: Sequence[Window],
    stop: Window,
    policies: Sequence[Came],
    to: Judgement,
) -> Explained | None:
    """What is to be said of an item that is not as usual; how it came to that, if it may have.

    Args:
        windows: when its gate may have been shut.
    """
    kept = kept_state(have)

    def fits(played: Played) -> bool:
        return played.kept(item.key, item.latest) == kept

    positions = Positions(essences(have), {i: instants.parse(alert.time) for i, alert in have.alerts.items()})
    differences = list(_differences(want, have.alerts, positions.said))
    events = sorted([*item.events, *(p for p in policies if p.came >= item.events[0].time)], key=lambda came: came.time)
    try:
        way = explain(events, windows, stop, positions, fits)
    except TooManyWays:
        _by_words(item, [each for each in differences if each.at < stop.start], have, windows, to)
        return None
    if way is not None:
        _excuse(item, way, [each for each in differences if each.at < stop.start], windows, to)
        to.findings += _not_caught_up(item, way.played.alerts, have.alerts)
    elif differences and not _can_be(events, windows, stop, positions):
        to.findings += differences
    else:  # the table is not the fold of the input, although the right alerts were said
        fold = play(in_order(item.events), stop.start).kept(item.key, item.latest)
        to.findings.append(Finding("table", 0, f"{item.key}: kept {kept}, not {fold}"))
    return way


def essences(have: Have) -> dict[str, str]:
    """What each alert said, by id."""
    return {alert_id: essence(alert) for alert_id, alert in have.alerts.items()}


def kept_state(have: Have) -> ItemState | None:
    """What is kept, as it is compared."""
    return None if have.value is None else comparable(have.value)


def _can_be(events: Sequence[Came], windows: Sequence[Window], stop: Window, positions: Positions) -> bool:
    """Whether what was said can be, whatever is kept."""
    try:
        return explain(events, windows, stop, positions, lambda _: True) is not None
    except TooManyWays:
        return False


def _differences(want: Mapping[str, Alert], got: Mapping[str, Alert], said: Mapping[str, str]) -> Iterable[Finding]:
    for alert_id, alert in want.items():
        if alert_id not in got:
            yield Finding("lost", instants.parse(alert.time), alert_id)
        elif essence(alert) != said[alert_id]:
            yield Finding("different", instants.parse(got[alert_id].time), f"{alert_id}: {said[alert_id]}")
    for alert_id, alert in got.items():
        if alert_id not in want:
            yield Finding("false", instants.parse(alert.time), alert_id)


def _not_caught_up(item: Item, should: Iterable[Alert], got: Mapping[str, Alert]) -> Iterable[Finding]:
    """What was held back for more than a minute, and does not say so (R11).

    An event that came meanwhile may have given its item a later moment when it was read: of that nothing is asked.
    """
    for alert in should:
        if alert.type == alerts.FIRED and not alert.data.catch_up and alert.id in got:
            moment, at = instants.parse(alert.time), instants.parse(got[alert.id].time)
            if at - moment > MINUTE and not any(moment <= came.came <= at for came in item.events):
                yield Finding("late", at, f"{alert.id}: held back since {alert.time}, and not caught up")


def _excuse(
    item: Item, way: Explained, differences: Sequence[Finding], windows: Sequence[Window], to: Judgement
) -> None:
    if way.late:
        to.ambiguous += 1
    elif way.shut:
        to.excused += differences
        said, windows = way.played.alerts, [*windows, *late_windows(item.events)]
        lost = [each for each in differences if each.what == "lost" and not each.about.endswith(RESOLVED)]
        for each in lost:
            before = [other for other in lost if other.at <= each.at and cycle_of(other) == cycle_of(each)]
            if not any(is_named_or_changed(other, item, said, windows) for other in before):
                to.findings.append(each._replace(about=f"{each.about}: neither named later nor changed"))


def _by_words(item: Item, differences: Sequence[Finding], have: Have, windows: Sequence[Window], to: Judgement) -> None:
    """What R12 says, asked of an item with too many ways to try them all (a broker that was long away)."""
    to.by_words += 1
    said = list(have.alerts.values())
    windows = [*windows, *late_windows(item.events)]
    changed = {each.about.split(": ")[0] for each in differences if each.what == "different"}
    for each in differences:
        if each.what == "different" and each.about.split(": ")[0].endswith(RESOLVED):  # it repeats what was said then
            allowed = each.about.split(": ")[0].removesuffix(RESOLVED) in changed
        elif each.what == "different":
            allowed = any(window.start <= each.at <= window.end for window in windows)
        elif each.what == "lost" and each.about.endswith(RESOLVED):
            allowed = each.about.removesuffix(RESOLVED) not in have.alerts
        else:
            inside = any(window.start <= each.at <= window.end for window in windows)
            allowed = each.what == "lost" and inside and is_named_or_changed(each, item, said, windows)
        (to.excused if allowed else to.findings).append(each)


def cycle_of(finding: Finding) -> str:
    """What the ids of the alerts of its cycle, by any clock, have in common."""
    workflow, item, _, start, *_ = finding.about.split(":")
    return f"{workflow}:{item}:{start}"


def is_named_or_changed(lost: Finding, item: Item, said: Sequence[Alert], windows: Sequence[Window]) -> bool:
    """R12, in its own words: a later alert of its cycle stands for it, or its cycle ended or changed meanwhile.

    What would have followed on a stage that was changed so does not come either: asked of the first of them.
    """
    holding = [window for window in windows if window.start <= lost.at <= window.end]
    if any(lost.at <= came.time <= window.end for window in holding for came in item.events):
        return True
    cycle = ":".join(lost.about.split(":")[:4])
    stage = lost.about.split(":")[4]
    fired = (a for a in said if a.type == alerts.FIRED and a.id.startswith(f"{cycle}:"))
    return any(instants.parse(a.time) >= lost.at or a.data.stage == stage for a in fired)


def no_orphans(found: Found) -> list[Finding]:
    """The open alerts are those that fired and were not resolved."""
    fired = {i for i, said in found.said.items() if said[0].type == alerts.FIRED}
    firing = {i for i in fired if f"{i}{RESOLVED}" not in found.said}
    orphans = [Finding("orphan", 0, f"{i}: open, and does not fire") for i in found.open - firing]
    return orphans + [Finding("orphan", 0, f"{i}: fires, and is not open") for i in firing - found.open]


def nothing_is_refused(found: Found) -> list[Finding]:
    """No dead letters."""
    return [Finding("dead letter", 0, why) for why in found.dead]


def offsets_are_at_the_end(found: Found) -> list[Finding]:
    """What was read has been committed."""
    return [Finding("offset", 0, where) for where in found.behind]


def one_id_one_alert(found: Found) -> list[Finding]:
    """What is said again under one id is the same alert."""
    return [
        Finding("different", micros(again.appended), f"{alert_id}: said again otherwise")
        for alert_id, said in found.said.items()
        for again in said[1:]
        if essence(again.alert) != essence(said[0].alert)
    ]


def repeats(found: Found) -> list[float]:
    """When (UNIX seconds) an alert was said again under its id: allowed, and counted."""
    return [again.appended for said in found.said.values() for again in said[1:]]


def lateness(said: Iterable[Alert], appended: Mapping[str, float], windows: Sequence[Window]) -> list[float]:
    """Seconds from the moment of each stage outside the windows to its alert; `said` as it should be, at its moment."""
    moments = ((alert.id, instants.parse(alert.time)) for alert in said if alert.type == alerts.FIRED)
    return [
        appended[alert_id] - at / SECOND
        for alert_id, at in moments
        if alert_id in appended and not any(window.start <= at <= window.end for window in windows)
    ]


def those_caught_up_are_counted(found: Found) -> list[Finding]:
    """A notice for each partition, workflow and department says how many were caught up with (R11)."""
    fired, noticed = Counter[tuple[str, str, int, str]](), Counter[tuple[str, str, int, str]]()
    for alert_id, (first, *_) in found.said.items():
        is_notice = alert_id.startswith("catch-up:")
        if not is_notice and (CAUGHT_UP not in first.line or first.type != alerts.FIRED):
            continue
        data, at = first.alert.data, first.alert.time
        about = (data.workflow, data.department or UNASSIGNED, first.partition, at)
        if is_notice:
            noticed[about] += data.count or 0
        else:
            fired[about] += 1
    return [
        Finding("catch-up", instants.parse(about[-1]), f"{about}: {fired[about]} fired, {noticed[about]} noticed")
        for about in sorted(fired.keys() | noticed.keys())
        if fired[about] != noticed[about]
    ]
