"""`python -m tests.chaos.again FOLDER`: judge a run once more by what was kept of it."""

from __future__ import annotations

import base64
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from schemas import alerts, instants
from tests.chaos.checks import Judgement, judge
from tests.chaos.explain import Window
from tests.chaos.found import Found, Said
from tests.chaos.load import Sent
from tests.chaos.plan import Planned
from tests.chaos.run import Done, policies


def main() -> int:
    """Print what is wrong; status 1 if anything is."""
    judgement = judged(Path(sys.argv[1]))
    for each in judgement.findings:
        print(each.what, each.at and instants.text(each.at), each.about)
    late = f"{judgement.ambiguous} late items, {judgement.unjudged} not judged"
    print(f"{len(judgement.findings)} findings, {len(judgement.excused)} excused, {late}")
    return int(bool(judgement.findings))


def judged(folder: Path) -> Judgement:
    """As `run.judged`, for what `report.save` wrote."""
    told = json.loads((folder / "report.json").read_text())
    done = [Done(f["kind"], f["start"], f["end"], []) for f in told["faults"]]
    windows = [each.window for each in done]
    return judge(sent_in(folder), found_in(folder), windows, Window(*told["stop"]), policies(done))


def sent_in(folder: Path) -> list[Sent]:
    """The events as they were sent."""
    return [sent(line) for line in (folder / "events.ndjson").read_bytes().splitlines()]


def sent(line: bytes) -> Sent:
    """One line of `events.ndjson`."""
    told: dict[str, Any] = json.loads(line)
    event = told["event"]
    text = line.split(b', "event": ', 1)[1][:-1]
    topic = "command" if event["type"].startswith("portal.command") else event["type"].split(".")[1]
    planned = Planned(instants.parse(event["time"]), topic, event["subject"], text)
    return Sent(planned, told["again"], told["came"], told["partition"])


def found_in(folder: Path) -> Found:
    """What stood on the broker."""
    said: dict[str, list[Said]] = defaultdict(list)
    for line in (folder / "alerts.ndjson").read_bytes().splitlines():
        told = json.loads(line)
        alert = alerts.decode(msgspec.json.encode(told["alert"]))
        said[alert.id].append(Said(alert, told["partition"], told["appended"]))
    items = json.loads((folder / "items.json").read_text())
    kept = {key: base64.b64decode(value) for key, value in items.items()}
    return Found(dict(said), set((folder / "open.txt").read_text().split()), kept, [], [])


if __name__ == "__main__":
    sys.exit(main())
