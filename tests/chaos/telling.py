"""A run on a broker of its own, told to a person."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from functools import partial
from pathlib import Path

from tests import brokers
from tests.chaos import report
from tests.chaos.run import Plan, Story, run


def told(
    kind: str,
    plan: Plan,
    story: Story | None = None,
    *,
    json_file: Path | None = None,
    keep: bool = False,
    jobs: int | None = None,
) -> int:
    """Run a plan, print what came out, keep what is needed to study a failure; the exit status."""
    folder = Path(tempfile.mkdtemp(prefix="portalwatch-chaos-"))
    print(f"logs in {folder}", flush=True)
    save = partial(report.save, folder=folder) if keep else None
    with brokers.running(kind) as broker:
        outcome = run(broker, f"c{uuid.uuid4().hex[:10]}", folder, plan, story, save, jobs)
    print(report.text(outcome))
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(outcome), indent=1))
    bad = bool(outcome.judgement.findings)
    if bad or keep:
        report.save(outcome, folder)
        print(f"topics and logs are kept in {folder}")
    else:
        shutil.rmtree(folder)
    return int(bad)
