"""What must hold after a run, each a function; what they find is a list of `Finding`s, empty when all is well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy import MINUTE, UNASSIGNED
from streams import backtest
from streams.core.state import ItemState
from tests.chaos.explain import Explained, TooManyWays, explain
from tests.chaos.findings import RESOLVED, Finding, Have, Item, Judgement
from tests.chaos.found import Found
from tests.chaos.plan import SECOND, micros
from tests.chaos.policy import BOOK
from tests.chaos.positions import Positions
from tests.chaos.replay import Came, Played, comparable, essence, in_order, play
from tests.chaos.windows import HOLDS, Window, late_windows

BEFORE_DUE = ("half", "due-soon", "imminent")
"""Stages that an acknowledge or a snooze holds back (R8)."""
ACKNOWLEDGED = "acknowledged"
"""The stage of a notice."""
CAUGHT_UP = b'"catch_up":true'
"""In an alert's line."""


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
        _by_words(item, [each for each in differences if each.at < stop.start], want, have, windows, to)
        to.findings += _other_history(item, kept, stop)
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
    to.ambiguous += way.late
    to.excused += differences
    if way.shut:
        said, windows = way.played.alerts, [*windows, *late_windows(item.events)]
        lost = [each for each in differences if each.what == "lost" and not each.about.endswith(RESOLVED)]
        for each in lost:
            before = [other for other in lost if other.at <= each.at and cycle_of(other) == cycle_of(each)]
            if not any(is_named_or_changed(other, item, said, windows) for other in before):
                to.findings.append(each._replace(about=f"{each.about}: neither named later nor changed"))


def _by_words(
    item: Item,
    differences: Sequence[Finding],
    want: Mapping[str, Alert],
    have: Have,
    windows: Sequence[Window],
    to: Judgement,
) -> None:
    """What R12 says, asked of an item with too many ways to try them all (a broker that was long away)."""
    to.by_words += 1
    windows = [*windows, *late_windows(item.events)]
    changed = {each.about.split(": ")[0] for each in differences if each.what == "different"}
    for each in differences:
        alert_id, inside = each.about.split(": ")[0], any(w.start <= each.at <= w.end for w in windows)
        if each.what == "different" and alert_id.endswith(RESOLVED):  # it repeats what was said then
            allowed = alert_id.removesuffix(RESOLVED) in changed
        elif each.what == "different":
            allowed = inside and speaks_for_more(want[alert_id], have.alerts[alert_id])
        elif each.what == "lost" and alert_id.endswith(RESOLVED):
            allowed = alert_id.removesuffix(RESOLVED) not in have.alerts
        else:
            said = [a for a in have.alerts.values() if targets(want.get(alert_id)) <= targets(a)]
            allowed = each.what == "lost" and inside and is_named_or_changed(each, item, said, windows)
        (to.excused if allowed else to.findings).append(each)


def speaks_for_more(want: Alert, have: Alert) -> bool:
    """Whether an alert says what it would have said, but in the name of others too (R5), or caught up with (R11)."""
    as_wanted = msgspec.structs.replace(
        have.data, notify=want.data.notify, recipients=want.data.recipients, catch_up=want.data.catch_up
    )
    alike = essence(msgspec.structs.replace(have, data=as_wanted)) == essence(want)
    return (
        alike and targets(want) <= targets(have) and {*(want.data.recipients or ())} <= {*(have.data.recipients or ())}
    )


def targets(alert: Alert | None) -> set[str]:
    """Whom it calls, in the words of the policy."""
    return set() if alert is None else {*(alert.data.notify or ())}


def _other_history(item: Item, kept: ItemState | None, stop: Window) -> Iterable[Finding]:
    """A table that does not hold the events, whatever followed from them."""
    fold = play(in_order(item.events), stop.start).kept(item.key, item.latest)
    if kept is not None and fold is not None and kept.history != fold.history:
        yield Finding("table", 0, f"{item.key}: kept {kept}, not {fold}")


def cycle_of(finding: Finding) -> str:
    """What the ids of the alerts of its cycle, by any clock, have in common."""
    workflow, item, _, start, *_ = finding.about.split(":")
    return f"{workflow}:{item}:{start}"


def is_named_or_changed(lost: Finding, item: Item, said: Sequence[Alert], windows: Sequence[Window]) -> bool:
    """R12, in its own words: a later alert of its cycle stands for it, or its cycle ended or changed meanwhile.

    What would have followed on a stage that was changed so does not come either: asked of the first of them. Which
    clocks answer an acknowledge hangs on the routing when it is read (R8): what came before it may be read after it.
    """
    holding = [window for window in windows if window.start <= lost.at <= window.end]
    cycle = ":".join(lost.about.split(":")[:4])
    stage = lost.about.split(":")[4]
    if stage == ACKNOWLEDGED:
        lost = lost._replace(at=min((window.start for window in holding), default=lost.at))
    changes = [came for came in item.events if stage in BEFORE_DUE or came.event.type not in HOLDS]
    if any(lost.at <= came.time <= window.end for window in holding for came in changes):
        return True
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


def nothing_is_torn(found: Found) -> list[Finding]:
    """What is open is what fired, and each key stands on one partition."""
    return [Finding("torn", 0, why) for why in found.torn]


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
