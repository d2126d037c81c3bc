"""A view that is kept up to date is the one that would be made anew, whatever happens (and while it is being made)."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.policy_file import parse
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from streams.web import view as views
from streams.web.entries import Ended, Entry
from streams.web.view import View
from tests.unit.web.site import HOUR, MONDAY, POLICY, sent

BOOK = Book(parse(POLICY.decode()), POLICY)
VERBS = ("message.sent", "message.sent", "message.replied", "message.awaiting_patient", "message.assigned",
         "command.acknowledged", "command.snoozed")  # fmt: skip
DEPARTMENTS = ("cardiology", "oncology", "zebra", "yak", "")


class Done(NamedTuple):
    """An event, or (without a verb) the passing of time, and then so many items that the view is built by."""

    item: str
    verb: str
    department: str
    after: int
    build: int


def fresh() -> Engine:
    engine = Engine(BOOK, Speaker("/unit", 3), DictShelf(), DictShelf())
    engine.rebuild()
    return engine


def do(engine: Engine, done: list[Done], view: View | None) -> int:
    now = MONDAY
    for number, each in enumerate(done):
        now += each.after
        if each.verb:
            data = {"department": each.department} if each.department else {}
            if each.verb.startswith("command"):
                data = {"workflow": "message", "by": "n.lee", "until": "2026-11-05T00:00:00Z"}
            engine.step([(sent(each.item, now, each.verb, number, **data), None)], stamp=now)
        engine.advance(now)
        if view is not None:
            view.build(each.build)
    return now


Contents = tuple[dict[bytes, Entry], dict[tuple[str, str | None], list[Entry]], list[Ended]]


def contents(view: View) -> Contents:
    groups = {key: [*group.running, *group.waiting] for key, group in view.groups.items()}
    return {key: entry for key in view.keys() if (entry := view.get(key))}, groups, list(view.resolved)  # noqa: SIM118


HAPPENED = st.builds(
    Done, st.sampled_from(["m-1", "m-2", "m-3"]), st.sampled_from((*VERBS, "")), st.sampled_from(DEPARTMENTS),
    st.sampled_from([0, HOUR // 7, 3 * HOUR, 30 * HOUR]), st.integers(0, 2),
)  # fmt: skip


@given(st.lists(HAPPENED, max_size=12), st.lists(HAPPENED, max_size=20))
def test_kept_up_to_date_is_made_anew(before: list[Done], after: list[Done]) -> None:
    engine = fresh()
    do(engine, before, None)
    view = View(engine)
    wait = max(engine.now, MONDAY) - MONDAY
    do(engine, [each._replace(after=each.after + (0 if number else wait)) for number, each in enumerate(after)], view)
    while not view.built:
        view.build(100)
    kept = contents(view)
    anew = View(engine)
    while not anew.built:
        anew.build(1)
    assert kept == contents(anew)
    for (workflow, department), entries in kept[1].items():
        for one in entries:
            assert one.key.startswith(f"{workflow}:".encode())
            assert (kept[0][one.key], one.department) == (one, department)


def test_who_looks_is_told_what_changed_and_from_where() -> None:
    engine = fresh()
    view = View(engine)
    view.build(100)
    view.changed = {}
    do(engine, [Done("m-1", "message.sent", "zebra", 0, 0)], None)
    assert view.changed == {b"message:m-1": None}
    view.changed = {}
    do(engine, [Done("m-1", "message.assigned", "yak", HOUR, 0)], None)
    do(engine, [Done("m-1", "message.assigned", "oncology", 2 * HOUR, 0)], None)
    assert view.changed == {b"message:m-1": "zebra"}
    view.changed = {}
    do(engine, [Done("m-1", "message.replied", "", 3 * HOUR, 0), Done("m-9", "message.replied", "", 3 * HOUR, 0)], None)
    assert view.changed == {b"message:m-1": "oncology"}


def test_nobody_is_told_once_it_is_closed() -> None:
    engine = fresh()
    first, second = View(engine), View(engine)
    first.close()
    assert engine.looker == second.look
    second.close()
    assert engine.looker is None


def test_past_so_many_names_departments_share_a_list() -> None:
    engine = fresh()
    view = View(engine)
    view._named = {f"d-{number}" for number in range(views.OWN_LISTS)}
    do(engine, [Done("m-1", "message.sent", "zebra", 0, 5), Done("m-2", "message.sent", "yak", 0, 5)], view)
    assert list(view.groups) == [("message", None)]
    assert [one.department for one in view.groups["message", None].running] == ["zebra", "yak"]


def test_what_was_resolved_is_forgotten_after_a_day() -> None:
    engine = fresh()
    view = View(engine)
    do(
        engine,
        [
            Done("m-1", "message.sent", "cardiology", 0, 5), Done("m-2", "message.sent", "cardiology", HOUR, 5),
            Done("", "", "", 4 * HOUR, 5), Done("m-1", "message.replied", "", HOUR, 5),
            Done("m-2", "message.replied", "", 23 * HOUR, 5),
        ],
        view,
    )  # fmt: skip
    assert [one.key for one in view.resolved] == [b"message:m-2", b"message:m-1"]
    later = [Done("m-3", "message.sent", "", 30 * HOUR, 5), Done("", "", "", 3 * HOUR, 5)]
    do(engine, [*later, Done("m-3", "message.replied", "", HOUR, 5)], view)
    assert [one.key for one in view.resolved] == [b"message:m-3", b"message:m-2"]
