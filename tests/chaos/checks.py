"""What must hold after a run, each a function; what they find is a list of `Finding`s, empty when all is well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas import alerts, instants
from schemas.alerts import Alert
from streams import backtest
from tests.chaos.explain import Explained, TooManyWays, Window, came_late, explain, late_windows
from tests.chaos.found import Found
from tests.chaos.gates import shut
from tests.chaos.load import Sent
from tests.chaos.plan import SECOND, micros
from tests.chaos.policy import BOOK
from tests.chaos.replay import Came, Played, comparable, essence, events_of, in_order, item_of, play

RESOLVED = ":resolved"


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
    unjudged: int = 0
    """Of these, items that were taken out of the comparison: too many ways in which it can have happened."""
    wanted: int = 0
    items: int = 0
    late: list[float] = field(default_factory=list)
    """Seconds from each stage outside the faults' windows to its alert, sorted."""


def items_of(sent: Iterable[Sent]) -> list[Item]:
    """The items of what was sent."""
    by_item: dict[str, list[Sent]] = defaultdict(list)
    latest: dict[int, int] = defaultdict(int)
    for each in sent:
        by_item[item_of(each.event.key)].append(each)
        latest[each.partition] = max(latest[each.partition], each.event.at)
    return [Item(key, events_of(of), of[0].partition, latest[of[0].partition]) for key, of in by_item.items()]


def offline(sent: Iterable[Sent], until: int) -> dict[str, dict[str, Alert]]:
    """What the backtest says, by item and id."""
    said: dict[str, dict[str, Alert]] = defaultdict(dict)
    for alert in backtest.run(BOOK, (each.event.line for each in sent), until).alerts:
        said[f"{alert.data.workflow}:{alert.subject}"][alert.id] = alert
    return said


def judge(
    sent: Sequence[Sent], found: Found, windows: Sequence[Window], stop: Window, policies: Sequence[Came] = ()
) -> Judgement:
    """Alerts and table against those of the offline run, item by item.

    Args:
        windows: of the faults.
        stop: when the workers ended, one after the other.
        policies: when the policy was put into force again.
    """
    want, got, items = offline(sent, stop.start), _by_item(found), items_of(sent)
    moments = {i: instants.parse(alert.time) for said in want.values() for i, alert in said.items()}
    gates = shut(found, moments, windows, {item.partition for item in items})
    judgement = Judgement(late=lateness(found, moments, windows))
    for item in items:
        judgement.items += 1
        judgement.wanted += len(want.get(item.key, {}))
        have = Have(got.pop(item.key, {}), found.items.get(item.key))
        _judge_item(item, want.pop(item.key, {}), have, gates[item.partition], stop, policies, judgement)
    for key, said in got.items():
        judgement.findings += [Finding("false", instants.parse(a.time), f"{a.id}: of {key}") for a in said.values()]
    return judgement


def _by_item(found: Found) -> dict[str, dict[str, Alert]]:
    said: dict[str, dict[str, Alert]] = defaultdict(dict)
    for alert_id, appended in found.said.items():
        alert = appended[0].alert
        if not alert_id.startswith("catch-up:"):
            said[f"{alert.data.workflow}:{alert.subject}"][alert_id] = alert
    return said


def _judge_item(
    item: Item,
    want: Mapping[str, Alert],
    have: Have,
    windows: Sequence[Window],
    stop: Window,
    policies: Sequence[Came],
    to: Judgement,
) -> None:
    said = {alert_id: essence(alert) for alert_id, alert in have.alerts.items()}
    kept = None if have.value is None else comparable(have.value)

    def fits(played: Played) -> bool:
        return played.kept(item.key, item.latest) == kept

    differences = list(_differences(want, have.alerts, said))
    events = sorted([*item.events, *(p for p in policies if p.came >= item.events[0].time)], key=lambda came: came.time)
    usual = play(in_order(item.events), stop.start)
    if not differences and usual.said() == said and fits(usual):
        return
    try:
        way = explain(events, windows, stop, said, fits)
    except TooManyWays:
        _by_words(item, [each for each in differences if each.at < stop.start], have, windows, to)
        return
    if way is not None:
        _excuse(item, way, [each for each in differences if each.at < stop.start], windows, to)
    elif came_late(item.events):
        to.unjudged += 1
    elif differences and not _can_be(events, windows, stop, said):
        to.findings += differences
    else:  # the table is not the fold of the input, although the right alerts were said
        fold = play(in_order(item.events), stop.start).kept(item.key, item.latest)
        to.findings.append(Finding("table", 0, f"{item.key}: kept {kept}, not {fold}"))


def _can_be(events: Sequence[Came], windows: Sequence[Window], stop: Window, said: Mapping[str, str]) -> bool:
    """Whether what was said can be, whatever is kept."""
    try:
        return explain(events, windows, stop, said, lambda _: True) is not None
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
    return any(a.id.startswith(cycle) and (instants.parse(a.time) >= lost.at or a.data.stage == stage) for a in said)


def no_orphans(found: Found) -> list[Finding]:
    """The open alerts are those that fired and were not resolved."""
    fired = {i for i, said in found.said.items() if said[0].alert.type == alerts.FIRED}
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


def lateness(found: Found, wanted: Mapping[str, int], windows: Sequence[Window]) -> list[float]:
    """Seconds from the moment of each stage outside the windows to its alert, sorted."""
    late = []
    for alert_id, said in found.said.items():
        at = wanted.get(alert_id)
        if at is not None and said[0].alert.type == alerts.FIRED and not any(w.start <= at <= w.end for w in windows):
            late.append(said[0].appended - at / SECOND)
    return sorted(late)
