"""`python -m tests.chaos.again FOLDER`: judge a run once more by what was kept of it."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from schemas import instants
from tests.chaos import report
from tests.chaos.crew import Ended
from tests.chaos.faults import Kill
from tests.chaos.found import HEAD, Found, Said
from tests.chaos.load import Sent
from tests.chaos.plan import Planned
from tests.chaos.run import Done, Outcome, judged
from tests.chaos.windows import Window

LATER = {"dead": "dead letters", "behind": "committed offsets", "unsent": "what the broker did not take",
         "torn": "values of what is open, and keys on two partitions"}  # fmt: skip
"""What older folders do not tell."""


class _Sent(msgspec.Struct):
    came: float
    partition: int
    again: bool
    event: msgspec.Raw


class _Event(msgspec.Struct):
    time: str
    type: str
    subject: str


class _Said(msgspec.Struct):
    appended: float
    partition: int
    alert: msgspec.Raw
    offset: int = -1


_SENT, _EVENT, _SAID = msgspec.json.Decoder(_Sent), msgspec.json.Decoder(_Event), msgspec.json.Decoder(_Said)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the run itself prints, with all that is wrong; status 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.again", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, help="processes (default: one for each processor)")
    parser.add_argument("--json", type=Path, help="write the table and all that is behind it there")
    asked = parser.parse_args(arguments)
    outcome = outcome_in(asked.folder)
    outcome.judgement = judged(outcome, asked.jobs)
    print(report.text(outcome, most=None))
    if untold := [what for name, what in LATER.items() if name not in told_in(asked.folder)]:
        print(f"not kept, so not judged: {', '.join(untold)}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(report.as_json(outcome), indent=1))
    return int(bool(outcome.judgement.findings))


def outcome_in(folder: Path) -> Outcome:
    """What `report.save` wrote, not judged."""
    told = told_in(folder)
    faults = told["faults"]
    return Outcome(
        done=[Done(f["kind"], f["start"], f["end"], [Kill(at, frozenset(p)) for at, p in f["kills"]]) for f in faults],
        sent=sent_in(folder),
        unsent=told.get("unsent", []),
        ended=[Ended(each["at"], each["worker"], each["status"]) for each in told["ends"]],
        memory=[(at, worker, kib) for at, worker, kib in told["memory"]],
        found=found_in(folder, told),
        seconds=told["seconds"],
        stop=Window(*told["stop"]),
    )


def told_in(folder: Path) -> dict[str, Any]:
    """The run in figures."""
    told: dict[str, Any] = json.loads((folder / "report.json").read_bytes())
    return told


def sent_in(folder: Path) -> list[Sent]:
    """The events as they were sent."""
    with (folder / "events.ndjson").open("rb") as lines:
        return [sent(line) for line in lines]


def sent(line: bytes) -> Sent:
    """One line of `events.ndjson`."""
    told = _SENT.decode(line)
    event = _EVENT.decode(told.event)
    topic = "command" if event.type.startswith("portal.command") else event.type.split(".")[1]
    planned = Planned(instants.parse(event.time), topic, event.subject, bytes(told.event))
    return Sent(planned, told.again, told.came, told.partition)


def found_in(folder: Path, report: dict[str, Any]) -> Found:
    """What stood on the broker."""
    said: dict[str, list[Said]] = defaultdict(list)
    with (folder / "alerts.ndjson").open("rb") as lines:
        for line in lines:
            told = _SAID.decode(line)
            said[HEAD.decode(told.alert).id].append(Said(bytes(told.alert), told.partition, told.appended, told.offset))
    items = json.loads((folder / "items.json").read_bytes())
    kept = {key: base64.b64decode(value) for key, value in items.items()}
    dead, behind, torn = (report.get(name, []) for name in ("dead", "behind", "torn"))
    return Found(dict(said), set((folder / "open.txt").read_text().split()), kept, dead, behind, torn)


if __name__ == "__main__":
    sys.exit(main())
