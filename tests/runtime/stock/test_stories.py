"""What stock Faust loses on Kafka when something goes wrong once, and that the lanes do not.

Faults 1, 2, 3 and 8 of the list in the package's docstring. Stock Faust is shown with both of its guarantees.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.brokers import Broker
from tests.runtime.harness import Bench, bench, until
from tests.runtime.stock import stories
from tests.runtime.stock.stories import LAST, RECORDS, STORIES, Life

pytestmark = [pytest.mark.brokers("kafka"), pytest.mark.timeout(240)]
ALL = {str(n) for n in (*RECORDS, LAST)}


class Seen(NamedTuple):
    """What one worker did, by story."""

    end: int | None  # of the first life; None: it lived on, and was killed
    committed: dict[str, int]  # in the first life
    first: dict[str, list[str]]  # worked off in the first life
    in_the_end: dict[str, list[str]]  # and by the end of the second
    keys: set[str]  # that reached the changelog in the end
    log: str

    def lost(self, story: str) -> set[str]:
        return ALL - set(self.in_the_end[story])


def out(one: Bench, told: tuple[str, ...]) -> dict[str, list[str]]:
    return {story: stories.worked_off(one, story) for story in told}


def see(lives: dict[str, tuple[Bench, Life, tuple[str, ...]]], first: Any) -> dict[str, Seen]:
    """Both lives of each of these workers, side by side. `first` waits for the end of a first life."""
    early = {}
    for name, (one, worker, told) in lives.items():
        first(one, worker)
        committed = {story: one.committed(story) for story in told}
        early[name] = (worker.process.poll(), committed, out(one, told))
        worker.process.kill()
        worker.wait()
    for one, worker, told in lives.values():
        stories.begin_again(one, worker, told)
    for one, worker, told in lives.values():
        stories.live_on(one, worker, told)
    return {
        name: Seen(*early[name], out(one, told), stories.keys(one), worker.log())
        for name, (one, worker, told) in lives.items()
    }


def start(stack: ExitStack, broker: Broker, job: str, **settings: str) -> tuple[Bench, Life]:
    one = stack.enter_context(bench(broker, f"t{uuid.uuid4().hex[:12]}"))
    stories.prepare(one)
    worker = Life(job, broker, one.prefix, one.folder, **settings)
    one.workers.append(worker)
    return one, worker


def strike(one: Bench, worker: Life) -> None:
    """Wait until all faults of a stock worker's first life have struck, and a later record was worked off."""
    others = [story for story in STORIES if story != "poisoned"]
    until(partial(stories.is_committed, one, others, len(RECORDS)), "all of it is committed", 60)
    for story in ("poisoned", "raised"):
        stories.put(one, story, [b"7"])
    until(partial(stories.has, one, "raised", 7), "a later record")


@pytest.fixture(scope="module")
def stock(broker: Broker) -> Iterator[Seen]:
    with ExitStack() as stack:
        one, worker = start(stack, broker, "stock_job")
        yield see({"all": (one, worker, STORIES)}, strike)["all"]


@pytest.fixture(scope="module")
def ours(broker: Broker) -> Iterator[dict[str, Seen]]:
    """Our workers, by story. What is a `take()` there is every batch here: `raised` is both."""
    told = ("raised", "poisoned", "passed", "refused")

    def first(one: Bench, worker: Life) -> None:
        match worker.env["JOB_STORY"]:
            case "raised" | "refused":
                worker.wait()
            case "poisoned":
                until(partial(stories.is_committed, one, ["poisoned"], len(RECORDS)), "it goes on")
            case "passed":
                until(lambda: worker.lanes().get(0, {}).get("phase") == "agent", "the slow record is at hand")

    with ExitStack() as stack:
        yield see({story: (*start(stack, broker, "our_job", story=story), (story,)) for story in told}, first)


def test_stock_an_event_whose_agent_raises_is_acknowledged_and_lost(stock: Seen) -> None:
    assert stock.end is None, "and the worker lives on"
    assert stock.committed["raised"] >= len(RECORDS)
    assert stock.lost("raised") == {"2"}


def test_stock_take_acknowledges_the_whole_batch(stock: Seen) -> None:
    assert stock.committed["taken"] == len(RECORDS)
    assert stock.lost("taken") >= {"0", "1", "2"}


def test_stock_an_undecodable_record_ends_a_take_agent_for_good(stock: Seen) -> None:
    assert stock.first["raised"][-1] == "7", "others work on"
    assert set(stock.first["poisoned"]) <= {"0", "1"}, "this one does not, and the worker does not end"
    assert stock.committed["poisoned"] == 3, "the record itself is acknowledged"


def test_stock_commits_past_a_record_that_is_still_worked_on(stock: Seen) -> None:
    assert stock.committed["passed"] == len(RECORDS)
    assert stock.lost("passed") == {"0"}


def test_stock_only_logs_a_failed_send_and_commits_ahead_of_its_state(stock: Seen) -> None:
    assert stock.log.count("_on_published error") == len(RECORDS)
    assert stock.committed["refused"] == len(RECORDS)
    assert stock.keys == {f"k{LAST}"}, "six records of the table are gone"


def test_stock_exactly_once_commits_what_was_not_worked_off_or_not_kept(broker: Broker) -> None:
    """The same records and faults under `processing_guarantee="exactly_once"`: no offset waits for its effect."""
    with ExitStack() as stack:
        one, worker = start(stack, broker, "stock_job", guarantee="exactly_once")
        strike(one, worker)
        assert one.committed("raised") >= len(RECORDS)
        assert "2" not in stories.worked_off(one, "raised")
        assert one.committed("passed") == len(RECORDS)
        assert "0" not in stories.worked_off(one, "passed")
        assert one.committed("refused") == len(RECORDS)
        assert stories.keys(one) == set()
        assert worker.process.poll() is None


def test_ours_an_event_whose_agent_raises_ends_the_worker_and_is_worked_off_by_the_next(ours: dict[str, Seen]) -> None:
    seen = ours["raised"]
    assert seen.end not in (None, 0)
    assert (seen.committed, seen.first) == ({"raised": 0}, {"raised": []})
    assert seen.lost("raised") == set()


def test_ours_an_undecodable_record_is_the_agents_to_judge_and_the_agent_goes_on(ours: dict[str, Seen]) -> None:
    seen = ours["poisoned"]
    assert seen.end is None
    assert seen.first["poisoned"] == ["0", "1", "dead", "3", "4", "5"]


def test_ours_nothing_is_committed_past_a_record_that_is_still_worked_on(ours: dict[str, Seen]) -> None:
    seen = ours["passed"]
    assert seen.committed == {"passed": 0}
    assert seen.in_the_end["passed"] == [*map(str, RECORDS), *[str(LAST)] * 3]


def test_ours_a_refused_send_ends_the_worker_and_the_state_is_whole_in_the_end(ours: dict[str, Seen]) -> None:
    seen = ours["refused"]
    assert seen.end not in (None, 0)
    assert "stopping the worker: partition 0 in changelog: MessageSizeTooLargeError()" in seen.log
    assert seen.committed == {"refused": 0}
    assert seen.keys == {f"k{n}" for n in (*RECORDS, LAST)}
