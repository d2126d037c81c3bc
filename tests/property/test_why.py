"""`why` finds nothing amiss in what a worker says that was never away: any log, any policy, item by item.

The worker is the engine of a whole partition, driven as a live one is: each event at the moment at which it came. What
`why` has of it is what the topics hold. And it does find what is amiss: an alert taken away, and one made up.
"""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import alerts, events, instants
from schemas.alerts import FIRED, Alert
from schemas.events import COMMAND_TOPIC, Event, from_json
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from streams.policies import Decree
from streams.why.answer import Moment, answer
from streams.why.evidence import Sorter
from streams.why.forms import Why
from streams.why.sinks import Sinks
from tests.model.generate import FLAVOURS, generate
from tests.unit.why.case import APP, PREFIX, Record

SEEDS = st.integers(0, 25)
FEW = settings(max_examples=4)
"""Each judges items twice over, and other modules here have the core's own searches."""
SOURCE = f"/portalwatch/{APP}"
STEP = 67_000_000
"""Microseconds between two arrivals at least: farther than `why` takes two things for simultaneous."""


class Live(NamedTuple):
    """A partition's life."""

    records: list[Record]
    said: list[Alert]
    end: int
    subjects: list[str]
    decree: Decree


@lru_cache(maxsize=64)
def live(flavour: str, seed: int) -> Live:
    text, log = generate(seed, flavour)
    policy = load(text)
    engine = Engine(Book(policy, text.encode()), Speaker(SOURCE, 0), DictShelf(), DictShelf(), 0, 0)
    records: list[Record] = []
    said: list[Alert] = []
    letters: list[Record] = []
    at = 0

    def take(effects: Effects) -> None:
        said.extend(effects.alerts)
        for dead in effects.dead:
            assert isinstance(dead.ref, dict)
            ours = {"reason": dead.reason, "detail": dead.detail, **dead.ref, "received_at": instants.text(at)}
            pairs = [(f"portalwatch.{name}", value.encode()) for name, value in ours.items()]
            letters.append(Record(f"{PREFIX}.deadletters", 0, len(letters), 0, b"k", b"v", pairs))

    for number, given_ in enumerate(log):
        value = json.dumps(given_).encode()
        event = from_json(value)
        if not isinstance(event, Event):
            continue
        workflow = COMMAND_TOPIC if event.type in events.COMMANDS else event.workflow
        if not workflow:
            continue
        topic = f"{PREFIX}.commands" if workflow == COMMAND_TOPIC else f"{PREFIX}.{workflow}s"
        at = max(at + STEP, event.entry.time)
        at += -at % 1000
        take(engine.advance(at - 1))
        take(engine.step([(event, {"topic": topic, "partition": "0", "offset": str(number)})], limit=at, stamp=at))
        records.append(Record(topic, 0, number, at // 1000, event.subject.encode(), value))
    end = at + 3 * DAY
    take(engine.advance(end))
    subjects = sorted({alert.subject for alert in said if alert.data.item} | {str(each.get("subject")) for each in log})
    return Live(
        [*records, *letters], said, end, [each for each in subjects if events.SUBJECT.fullmatch(each)],
        Decree(policy, text.encode(), "", 0.0, 0),
    )  # fmt: skip


def why(run: Live, item: str, said: list[Alert]) -> Why:
    sorter = Sorter(item, PREFIX, APP)
    sorter.take(run.records)
    sorter.evidence.decrees.append(run.decree)
    still: dict[str, bytes] = {}
    for number, alert in enumerate(said):
        value = alerts.encode(alert)
        sorter.take([Record(f"{PREFIX}.alerts", 0, number, 0, alert.subject.encode(), value)])
        if alert.type == FIRED:
            still[alert.id] = value
        else:
            still.pop(alert.data.alert or "", None)
    sorter.take(Record(f"{PREFIX}.alerts.open", 0, n, 0, i.encode(), v) for n, (i, v) in enumerate(still.items()))
    sorter.evidence.sift()
    sorter.evidence.cut.clear()  # offsets are numbered through all topics here
    moment = Moment(run.end, run.end, 1.0, lambda seconds: round(seconds * 1e6))
    return answer(item, None, sorter.evidence, moment, Sinks({}, {}, (), instants.parse), SOURCE)


@pytest.mark.parametrize("flavour", FLAVOURS)
@FEW
@given(seed=SEEDS, pick=st.randoms(use_true_random=False))
def test_nothing_is_amiss_in_what_a_worker_says(flavour: str, seed: int, pick: Random) -> None:
    run = live(flavour, seed)
    for item in pick.sample(run.subjects, min(4, len(run.subjects))):
        found = why(run, item, run.said)
        assert found.findings == [], item


@pytest.mark.parametrize("flavour", FLAVOURS)
@FEW
@given(seed=SEEDS, pick=st.randoms(use_true_random=False))
def test_what_is_taken_away_or_made_up_is_found(flavour: str, seed: int, pick: Random) -> None:
    run = live(flavour, seed)
    fired = [alert for alert in run.said if alert.type == FIRED]
    if not fired:
        return
    gone = pick.choice(fired)
    found = why(run, gone.subject, [alert for alert in run.said if alert is not gone])
    assert (("unsaid", gone.id) in {(each.kind, each.alert) for each in found.findings}) or late(gone, run.end)
    false = msgspec.structs.replace(gone, id=f"{gone.id}:again", time=instants.text(run.end))
    found = why(run, gone.subject, [*run.said, false])
    assert ("unexpected", false.id) in {(each.kind, each.alert) for each in found.findings}


def late(alert: Alert, end: int) -> bool:
    """It may still be on its way."""
    return instants.parse(alert.time) > end - 10_000_000
