"""The log of `catchup`: what waits after a day's outage, and what is true of it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from schemas import instants
from schemas.policy import DAY, MINUTE
from tests.bench import catchup, outage
from tests.bench.catchup import TOPICS
from tests.bench.outage import APART, COPIES, END, Arrival
from tests.bench.peers.logs import Truth
from tests.bench.peers.runs import Run
from tests.bench.peers.worker import judged

EVENTS = 6_000


@pytest.fixture(scope="module")
def log() -> list[Arrival]:
    return list(outage.log(EVENTS))


def told(log: list[Arrival]) -> list[dict[str, Any]]:
    return [json.loads(arrival.record.value) for arrival in log]


def test_the_log_has_so_many_events_in_order_and_all_of_the_day(log: list[Arrival]) -> None:
    assert len(log) == EVENTS
    assert [arrival.at for arrival in log] == sorted(arrival.at for arrival in log)
    assert END - DAY - COPIES * APART <= log[0].at < log[-1].at < END
    assert log[-1].at - log[0].at > 0.8 * DAY
    assert {arrival.workflow for arrival in log} == TOPICS.keys()
    assert list(outage.log(EVENTS)) == log


def test_an_item_opens_in_the_log_and_its_events_share_a_key_and_a_workflow(log: list[Arrival]) -> None:
    opened = {"sent", "requested", "promised", "submitted"}
    first: dict[str, tuple[str, str]] = {}
    for arrival, event in zip(log, told(log), strict=True):
        if "subject" in event:
            assert arrival.record.key.decode() == event["subject"]
            first.setdefault(event["subject"], (event["type"].split(".")[2], arrival.workflow))
            assert first[event["subject"]][1] == arrival.workflow
    begun = Counter(verb in opened for verb, _ in first.values())
    assert begun[True] > 100 * begun[False]  # some of those are malformed, some are begun by another event


def test_copies_share_no_item_and_no_id_and_happen_some_seconds_apart(log: list[Arrival]) -> None:
    by_id = Counter(event["id"] for event in told(log))
    assert max(by_id.values()) == 2  # a portal repeats itself now and then
    assert sum(count - 1 for count in by_id.values()) < 0.03 * EVENTS
    times: dict[str, list[int]] = {}
    for event in told(log):
        if event["time"].endswith("Z"):
            clinic, _, _ = event["id"].rpartition("-")
            times.setdefault(clinic, []).append(instants.parse(event["time"]))
    whole = [sorted(set(each)) for each in times.values() if len(set(each)) == COPIES]
    assert len(whole) > 0.9 * EVENTS / COPIES
    assert all(b - a == APART for each in whole for a, b in pairwise(each))


def test_what_is_malformed_is_in_the_log_and_no_engine_reads_it(log: list[Arrival]) -> None:
    malformed = sum("malformed" in event["id"] for event in told(log))
    read = list(catchup.read((arrival.workflow, arrival.record) for arrival in log))
    assert malformed > 0
    assert len(read) == EVENTS - malformed


def test_alerts_stand_at_its_end_and_none_comes_while_it_is_read(log: list[Arrival]) -> None:
    records = [(arrival.workflow, arrival.record) for arrival in log]
    at_end, later = (judged(outage.policy(), catchup.read(records), END + wait) for wait in (0, 27 * MINUTE))
    assert at_end == later
    assert at_end.met > 500
    assert len(at_end.standing) > 10


def test_the_policy_says_when_it_no_longer_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "THROUGH_NOON", "mon-fri: 07:30-19:00")
    with pytest.raises(LookupError, match="no longer says `mon-fri: 07:30-19:00`"):
        outage.policy()


def test_the_figures_are_those_of_the_runs_or_say_why_there_are_none() -> None:
    truth = Truth(100, 40, 5, frozenset({"p-1"}))
    run = Run(
        events=100, seconds=2.0, cpu_seconds=1.0, broker_cpu_seconds=0.5, peak_bytes=90_000_000, met=40, missed=5,
        alerts=1, said=1, waited=5.0,
    )  # fmt: skip
    values = {figure.name: (figure.values, figure.unit) for figure in catchup.figures("It", truth, [run, run], "")}
    assert values == {
        "It: caught up": ((5.0, 5.0), "s"),
        "It: catching up": ((50.0, 50.0), "events/s"),
        "It: peak memory": ((90.0, 90.0), "MB"),
    }
    for figure in catchup.figures("It", truth, [], "it did not get there"):
        assert (figure.values, figure.note) == ((), "it did not get there")
