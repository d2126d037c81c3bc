"""An item's cycles as a fold of its history: R1, R3 (order), R15 and section 2's routing, as tables.

A history is a list of (action, time, fields); a cycle is told as `start-end how` with its pauses.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from schemas.events import Action, Entry
from schemas.instants import text
from streams.core.fold import Cycle, fold, route
from streams.core.routing import Routing
from tests.contract.build import at, cycles, entry, shown

A = Action

DAY = 86_400_000_000
T8, T9, T10, T11 = (f"2026-11-10T{hour}:00" for hour in ("08", "09", "10", "11"))


def clock_time(instant: int | None) -> str:
    return "..." if instant is None else shown(text(instant))[6:]


def told(cycle: Cycle) -> str:
    how = "expired" if cycle.expired else "runs" if cycle.ending is None else cycle.ending.name.lower()
    pauses = "".join(f" ({clock_time(begin)}-{clock_time(end)})" for begin, end in cycle.pauses)
    return f"{clock_time(cycle.start)}-{clock_time(cycle.end)} {how}{pauses}"


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([(A.OPEN, T8)], ["08:00-... runs"], id="R1-open"),
        pytest.param([(A.OPEN, T8), (A.STOP, T9)], ["08:00-09:00 stop"], id="R1-stop"),
        pytest.param([(A.OPEN, T8), (A.CANCEL, T9)], ["08:00-09:00 cancel"], id="R1-cancel"),
        pytest.param([(A.OPEN, T8), (A.OPEN, T9), (A.STOP, T10)], ["08:00-10:00 stop"], id="R1-follow-up"),
        pytest.param([(A.OPEN, T8), (A.STOP, T9), (A.OPEN, T10)], ["08:00-09:00 stop", "10:00-... runs"],
                     id="R1-reopened"),
        pytest.param([(A.STOP, T8), (A.OPEN, T9)], ["09:00-... runs"], id="R1-stop-with-no-cycle-does-nothing"),
        pytest.param([(A.OPEN, T8), (A.STOP, T9), (A.STOP, T10)], ["08:00-09:00 stop"], id="R1-second-stop"),
        pytest.param([(A.OPEN, T8), (A.PAUSE, T9)], ["08:00-... runs (09:00-...)"], id="R1-pause"),
        pytest.param([(A.OPEN, T8), (A.PAUSE, T9), (A.RESUME, T10)], ["08:00-... runs (09:00-10:00)"],
                     id="R1-resume"),
        pytest.param([(A.OPEN, T8), (A.PAUSE, T9), (A.OPEN, T10)], ["08:00-... runs (09:00-10:00)"],
                     id="R1-open-on-a-paused-one-resumes"),
        pytest.param([(A.OPEN, T8), (A.PAUSE, T9), (A.PAUSE, T10)], ["08:00-... runs (09:00-...)"],
                     id="R1-a-pause-in-a-pause-does-nothing"),
        pytest.param([(A.OPEN, T8), (A.RESUME, T9)], ["08:00-... runs"], id="R1-resume-without-pause-does-nothing"),
        pytest.param([(A.OPEN, T8), (A.PAUSE, T9), (A.STOP, T10)], ["08:00-10:00 stop (09:00-10:00)"],
                     id="T5-a-stop-while-paused-ends-the-pause"),
        pytest.param([(A.PAUSE, T8), (A.RESUME, T8), (A.ATTEMPT, T8), (A.ACKNOWLEDGE, T8), (A.ROUTE, T8)], [],
                     id="R1-nothing-else-starts-a-cycle"),
    ],
)  # fmt: skip
def test_cycles(history: list[tuple[A, str]], expected: list[str]) -> None:
    found = cycles((entry(action, time, f"e{n}") for n, (action, time) in enumerate(history)), now="2026-11-10T12:00")
    assert [told(cycle) for cycle in found] == expected


@pytest.mark.parametrize(
    ("before", "together", "expected"),
    [
        pytest.param([A.OPEN], [A.OPEN, A.STOP], ["08:00-09:00 stop", "09:00-... runs"],
                     id="R1-running-stop-before-open"),
        pytest.param([A.OPEN], [A.CANCEL, A.STOP], ["08:00-09:00 stop"], id="R1-running-stop-before-cancel"),
        pytest.param([A.OPEN], [A.OPEN, A.CANCEL], ["08:00-09:00 cancel", "09:00-... runs"],
                     id="R1-running-cancel-before-open"),
        pytest.param([A.OPEN], [A.PAUSE, A.RESUME], ["08:00-... runs (09:00-...)"],
                     id="R1-running-resume-before-pause"),
        pytest.param([A.OPEN], [A.OPEN, A.PAUSE], ["08:00-... runs (09:00-...)"], id="R1-running-open-before-pause"),
        pytest.param([A.OPEN], [A.STOP, A.PAUSE], ["08:00-09:00 stop"], id="R1-running-stop-before-pause"),
        pytest.param([], [A.OPEN, A.STOP], ["09:00-09:00 stop"], id="R1-idle-open-before-stop"),
        pytest.param([], [A.OPEN, A.CANCEL], ["09:00-09:00 cancel"], id="R1-idle-open-before-cancel"),
        pytest.param([], [A.OPEN, A.PAUSE, A.STOP], ["09:00-09:00 stop (09:00-09:00)"], id="R1-idle-pause-before-stop"),
        pytest.param([A.OPEN, A.PAUSE], [A.OPEN, A.STOP], ["08:00-09:00 stop (08:00-09:00)", "09:00-... runs"],
                     id="R1-paused-stop-before-open"),
        pytest.param([A.OPEN, A.PAUSE], [A.OPEN, A.PAUSE], ["08:00-... runs (08:00-09:00) (09:00-...)"],
                     id="R1-paused-resumes-and-pauses-again"),
    ],
)  # fmt: skip
def test_order_at_one_instant(before: list[A], together: list[A], expected: list[str]) -> None:
    """R1: whatever their ids and their order of arrival."""
    first = [entry(action, T8, f"b{n}") for n, action in enumerate(before)]
    for order in permutations(together):
        history = [*first, *(entry(action, T9, f"e{n}") for n, action in enumerate(order))]
        assert [told(cycle) for cycle in cycles(history, now="2026-11-10T12:00")] == expected


def test_at_one_instant_ids_decide_between_equals() -> None:
    """R1: then by `id`, then `source`: the last one's department stands."""
    opened = entry(A.OPEN, T8)
    late, early = entry(A.ROUTE, T9, "a2", department="b"), entry(A.ROUTE, T9, "a1", department="c")
    assert cycles([opened, late, early])[0].routing.department == "b"
    same = [Entry(at(T9), "a1", source, A.ROUTE, department=source) for source in ("/y", "/x")]
    assert cycles([opened, *same])[0].routing.department == "/y"
    crossed = [Entry(at(T9), ident, source, A.ROUTE, ident) for ident, source in (("a2", "/x"), ("a1", "/y"))]
    assert cycles([opened, *crossed])[0].routing.department == "a2"


@pytest.mark.parametrize(
    ("routing", "fields", "expected"),
    [
        pytest.param(Routing(), {"department": "a"}, Routing("a"), id="given"),
        pytest.param(Routing("a", pool="p", owner="o"), {"department": "b"}, Routing("b"), id="another-clears-both"),
        pytest.param(Routing("a", pool="p", owner="o"), {"department": "b", "pool": "q"}, Routing("b", pool="q"),
                     id="another-with-a-pool-clears-the-owner"),
        pytest.param(Routing("a", pool="p", owner="o"), {"department": "a"}, Routing("a", pool="p", owner="o"),
                     id="the-same-clears-nothing"),
        pytest.param(Routing(None, pool="p"), {"department": "unassigned"}, Routing("unassigned", pool="p"),
                     id="unassigned-is-what-an-absent-one-is"),
        pytest.param(Routing(None, pool="p"), {"department": "a"}, Routing("a"), id="from-unassigned-to-another"),
        pytest.param(Routing("a", "s", "p", "o", "k"), {"site": "t", "kind": "l"}, Routing("a", "t", "p", "o", "l"),
                     id="site-and-kind"),
        pytest.param(Routing("a", "s", "p", "o", "k"), {}, Routing("a", "s", "p", "o", "k"), id="what-is-absent-stays"),
    ],
)  # fmt: skip
def test_routing(routing: Routing, fields: dict[str, str], expected: Routing) -> None:
    """Section 2: an event that gives another department and no pool (no owner) clears the item's pool (owner)."""
    assert route(routing, entry(A.ROUTE, T8, **fields)) == expected


def test_priority_and_anchor_end_with_their_cycle() -> None:
    """Section 2: the others stay with the item."""
    opened = entry(A.OPEN, T8, "e1", priority="urgent", anchor="2026-11-12T08:00", department="a", owner="o")
    first, second = cycles([opened, entry(A.STOP, T9, "e2"), entry(A.OPEN, T10, "e3")])
    assert (first.priority, first.anchor) == ("urgent", at("2026-11-12T08:00"))
    assert (second.priority, second.anchor) == ("routine", None)
    assert second.routing == Routing("a", owner="o")


def test_routing_between_cycles_stays_but_priority_does_not() -> None:
    routed = entry(A.ROUTE, T8, "e1", priority="urgent", department="a", anchor="2026-11-12T08:00")
    (cycle,) = cycles([routed, entry(A.OPEN, T9, "e2")])
    assert (cycle.priority, cycle.anchor, cycle.routing.department) == ("routine", None, "a")


def test_a_stop_carries_its_routing_before_it_stops() -> None:
    """Section 2: fields apply before the event's own action, so the cycle ends with them."""
    (cycle,) = cycles([entry(A.OPEN, T8, "e1"), entry(A.STOP, T9, "e2", department="a", priority="urgent")])
    assert (cycle.routing.department, cycle.priority) == ("a", "urgent")
    assert len(cycle.steps) == 1, "T11 leaves the stop out"


def test_follow_ups_and_attempts_are_counted() -> None:
    opens = [entry(A.OPEN, time, f"o{n}") for n, time in enumerate((T8, T9, T10))]
    (cycle,) = cycles([*opens, entry(A.ATTEMPT, T9, "a1"), entry(A.ATTEMPT, T11, "a2")])
    assert cycle.follow_ups == 2
    assert cycle.attempts == [at(T9), at(T11)]


def test_an_open_that_resumes_is_no_follow_up() -> None:
    (cycle,) = cycles([entry(A.OPEN, T8, "e1"), entry(A.PAUSE, T9, "e2"), entry(A.OPEN, T10, "e3")])
    assert cycle.follow_ups == 0
    assert cycle.resumed == at(T10)


def test_snoozes_and_acknowledges_belong_to_a_running_cycle() -> None:
    """R1: with none they do nothing; R8: the last snooze counts, even if it ends sooner."""
    snoozes = [
        entry(A.SNOOZE, time, f"s{n}", until=until)
        for n, (time, until) in enumerate([(T8, "2026-11-15T08:00"), (T10, "2026-11-14T08:00"), (T11, T11)])
    ]
    (cycle,) = cycles(
        [entry(A.OPEN, T9, "e1"), entry(A.ACKNOWLEDGE, T8, "a1"), entry(A.ACKNOWLEDGE, T10, "a2"), *snoozes]
    )
    assert cycle.snoozed_until == at(T11)
    assert [each.id for each in cycle.acknowledgements] == ["a2"]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([entry(A.OPEN, T8)], "2026-11-13T08:00", id="R15-after-the-start"),
        pytest.param([entry(A.OPEN, T8, anchor="2026-11-12T10:00")], "2026-11-15T10:00", id="R15-after-the-anchor"),
        pytest.param([entry(A.OPEN, T8, anchor="2026-11-01T10:00")], "2026-11-13T08:00", id="R15-the-later-of-both"),
        pytest.param([entry(A.OPEN, T8, "e1"), entry(A.ROUTE, T9, "e2", anchor="2026-11-12T10:00")], "2026-11-15T10:00",
                     id="R15-a-new-anchor"),
        pytest.param([entry(A.OPEN, T8, "e1"), entry(A.PAUSE, T9, "e2")], "2026-11-13T08:00", id="R15-in-a-pause-too"),
        pytest.param([entry(A.OPEN, T8, "e1"), entry(A.OPEN, "2026-11-13T08:00", "e2")], "2026-11-13T08:00",
                     id="R15-expiry-comes-before-an-event-of-its-instant"),
    ],
)  # fmt: skip
def test_a_cycle_ends_by_itself(history: list[Entry], expected: str) -> None:
    cycle = cycles(history, max_age=3 * DAY)[0]
    assert cycle.expired
    assert cycle.end == at(expected)


def test_an_event_at_the_expiry_opens_the_next_cycle() -> None:
    """R5, R15: at one instant expiry comes first, then events."""
    history = [
        entry(A.OPEN, T8, "e1"),
        entry(A.OPEN, "2026-11-13T08:00", "e2"),
        entry(A.STOP, "2026-11-13T08:00", "e3"),
    ]
    found = cycles(history, max_age=3 * DAY)
    assert [told(cycle) for cycle in found] == ["08:00-08:00 expired", "08:00-08:00 stop"]


def test_it_runs_until_its_expiry() -> None:
    assert not cycles([entry(A.OPEN, T8)], now="2026-11-13T07:59:59.999999", max_age=3 * DAY)[0].expired
    assert cycles([entry(A.OPEN, T8)], now="2026-11-13T08:00", max_age=3 * DAY)[0].expired


@pytest.mark.parametrize(("opened", "count"), [("2026-11-10T08:00", 1), ("2026-11-10T07:59:59.999999", 0)])
def test_enforce_from(opened: str, count: int) -> None:
    """Section 3: an open before `enforce_from` starts no cycle; it leaves its routing with the item."""
    found = fold(Routing(), [entry(A.OPEN, opened, department="a")], enforce_from=at(T8), max_age=DAY, now=at(T8))
    assert len(found.cycles) == count
    assert found.routing == Routing("a")


def test_the_fold_begins_with_what_was_remembered() -> None:
    """R3: of an item that is kept anew, its lasting routing is there from the start."""
    past = Routing("a", "s", "p", "o", "k")
    found = fold(past, [entry(A.OPEN, T8, site="t")], enforce_from=0, max_age=DAY, now=at(T8))
    assert found.cycles[0].routing == Routing("a", "t", "p", "o", "k")
