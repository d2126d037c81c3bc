"""The cohorts of a whole real log equal a recount of its histories by the model (contract section 7)."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.events import Event, from_json
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shelf import DictShelf
from streams.core.steps import steps
from tests.model.engine import by_time
from tests.model.events import read_event
from tests.model.fold import fold
from tests.model.policy import read_policy
from tests.property.recount import CountingModel, Counts
from tests.property.test_cohorts import counts_of
from tests.property.test_rebuild import SPEAKER

LOG = Path(__file__).parents[1] / "data/helpdesk"


def recounted(policy: str, lines: list[str], until: int) -> Counts:
    """Each item's events folded at once, as they stand at `until`; what was forgotten in between is so (R3)."""
    model = CountingModel(read_policy(policy))
    items: dict[tuple[str, str], dict[str, Any]] = {}
    events: defaultdict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
    for line in lines:
        record = read_event(line)["record"]
        events[record["workflow"], record["item"]].setdefault((record["source"], record["id"]), record)
    for key, found in events.items():
        for number, life in enumerate(lives(sorted(found.values(), key=by_time), model.policy["settings"])):
            items[key[0], f"{key[1]}/{number}"] = model.new_item(key) | {"events": life}
    model.items, model.now, model.seen = items, until, 0
    return model.recount()


def lives(events: list[dict[str, Any]], settings: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """An item's events, cut where it had ended and was remembered no longer."""
    life: list[dict[str, Any]] = []
    for event in events:
        if life and event["time"] > life[-1]["time"] + settings["remember"]:
            cycles, _ = fold(life, {}, settings, event["time"])
            if all(cycle["end"] is not None for cycle in cycles):
                yield life
                life = []
        life.append(event)
    yield life


def test_the_help_desk_log() -> None:
    policy = (LOG / "helpdesk-policy.yaml").read_text()
    command = [sys.executable, str(LOG / "helpdesk_to_events.py"), str(LOG / "helpdesk.csv")]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    engine = Engine(Book(load(policy), policy.encode()), SPEAKER, DictShelf(), DictShelf(), windows=None)
    read = ((event, line) for line in lines if isinstance(event := from_json(line.encode()), Event))
    dead = []
    for step in steps(read, 0):
        engine.advance(max(engine.now, step[0][0].entry.time - 1))
        dead += engine.step(step).dead
    engine.advance(engine.now + 30 * DAY)
    assert dead == []
    found = counts_of(engine)
    assert found == recounted(policy, lines, engine.now)
    assert sum(row["met"] for row in found.values()) > 1000
    assert sum(row["missed"] for row in found.values()) > 1000
