"""`python -m tests.chaos.absence`: the broker is away for ten minutes.

Workers end when they have made no progress for their STALL_TIMEOUT, and are started again until it is back. What was
pending falls due meanwhile. Afterwards each alert of the backtest must have been said, or be named in a later one of
its cycle and clock (contract R12); nothing may be false, open for ever or refused, and no worker may have grown.

The window is as long as the ladders, so the search for ways in which it can have come (`explain`) would not end: what
R12 says is asked word for word instead.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy import MINUTE
from tests import brokers
from tests.chaos import checks
from tests.chaos.faults import Scene
from tests.chaos.findings import RESOLVED
from tests.chaos.found import read
from tests.chaos.load import Load, Sender
from tests.chaos.plan import micros
from tests.chaos.replay import essence
from tests.chaos.run import AFTER, BEFORE, CHECKS, Plan, staged
from tests.chaos.windows import Window

BUSY = 20.0
"""Seconds of load before and after."""
AS_OFFLINE, LATE, NAMED = "as offline", "said late, in the name of those before", "named in a later alert"
NEVER_SAID = "resolution of what was not said"
LOST, FALSE, OTHER, UNTOLD = WRONG = "LOST", "FALSE", "SAYS SOMETHING ELSE", "LATE, AND NOT CAUGHT UP"


def absent(scene: Scene, plan: Plan, seconds: float) -> tuple[Sender, Window]:
    """Load, then silence without a broker, then load again; what was sent, and when gates may have been shut."""
    sender = Sender(scene.broker.bootstrap, scene.crew.cluster.prefix, idempotent=True)
    load = Load(sender, plan.rate, plan.seed)
    load.start()
    time.sleep(BUSY)
    load.stop()
    gone = time.time()
    scene.broker.stop()
    time.sleep(seconds)
    began = time.time()
    scene.broker.restart()
    back = scene.crew.settle()
    print(f"at work {back - began:.1f} s after the broker was started", flush=True)
    again = Load(sender, plan.rate, plan.seed + 1)
    again.items = load.items
    again.start()
    time.sleep(BUSY)
    again.stop()
    scene.crew.settle()
    return sender, Window(micros(gone - BEFORE), micros(back + AFTER))


def account(
    want: Mapping[str, Alert], may: Mapping[str, Alert], got: Mapping[str, Alert], shut: Window
) -> dict[str, list[str]]:
    """Ids by what became of them. `may`: what the backtest says up to the moment at which the last worker ended."""
    said_of: dict[str, list[Alert]] = defaultdict(list)
    for alert in got.values():
        if alert.type == alerts.FIRED:
            said_of[":".join(alert.id.split(":")[:4])].append(alert)
    found: dict[str, list[str]] = defaultdict(list)
    for alert_id, alert in want.items():
        found[_fate(alert, got, said_of[":".join(alert_id.split(":")[:4])], shut)].append(alert_id)
    found[FALSE] += [alert_id for alert_id in got if alert_id not in may]
    return found


def _fate(alert: Alert, got: Mapping[str, Alert], said: list[Alert], shut: Window) -> str:
    have, moment = got.get(alert.id), instants.parse(alert.time)
    inside = shut.start <= moment <= shut.end
    if have is not None:
        late = alert.type == alerts.FIRED and instants.parse(have.time) - moment > MINUTE
        if late and not (inside and have.data.catch_up):
            return UNTOLD
        if essence(have) == essence(alert):
            return AS_OFFLINE
        return LATE if checks.speaks_for_more(alert, have) and (inside or alert.type == alerts.RESOLVED) else OTHER
    if alert.type == alerts.RESOLVED:
        return LOST if alert.id.removesuffix(RESOLVED) in got else NEVER_SAID
    later = (each for each in said if each.time >= alert.time and checks.targets(alert) <= checks.targets(each))
    return NAMED if inside and alert.type == alerts.FIRED and next(later, None) else LOST


def run(seconds: float, plan: Plan) -> bool:
    """Carry it out on a broker of its own, and print what came; whether all is well."""
    folder = Path(tempfile.mkdtemp(prefix="portalwatch-absence-"))
    with brokers.running("kafka") as broker, staged(broker, f"a{uuid.uuid4().hex[:10]}", folder, plan) as scene:
        sender, shut = absent(scene, plan, seconds)
        told = time.time()
        scene.crew.dismiss()
        found = read(scene.crew.cluster)
        ends, memory = Counter(end.status for end in scene.crew.ended), [kib for _, _, kib in scene.crew.memory]
    lines = [each.event.line for each in sender.sent]
    want, may = (
        {i: a for said in checks.offline(lines, until).values() for i, a in said.items()}
        for until in (micros(told - 1.5), micros(time.time()))
    )
    got = {i: said[0].alert for i, said in found.said.items() if not i.startswith("catch-up:")}
    fates = account(want, may, got, shut)
    wrong = [each for check in CHECKS for each in check(found)]
    amiss = [f"{fate}: {alert_id}" for fate in WRONG for alert_id in fates[fate]]
    for fate, ids in sorted(fates.items()):
        print(f"{len(ids):7} {fate}")
    print(f"{len(found.said) - len(got):7} catch-up notices")
    print(f"ends of workers by status: {dict(ends)}; memory at most {max(memory) / 1024:.0f} MiB; logs in {folder}")
    for each in [*amiss[:20], *wrong[:10], *sender.failed[:10]]:
        print(f"wrong: {each}")
    return not (amiss or wrong or sender.failed)


def main() -> int:
    """As asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.absence", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="that the broker is away (default: 600)")
    parser.add_argument("--stall", type=float, default=60.0, help="the workers' STALL_TIMEOUT (default: 60)")
    parser.add_argument("--rate", type=float, default=60.0, help="events a second (default: 60)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    print(f"a broker away for {asked.seconds:g} s, seed {asked.seed}", flush=True)
    return int(not run(asked.seconds, Plan([], rate=asked.rate, seed=asked.seed, stall=asked.stall)))


if __name__ == "__main__":
    if "PORTALWATCH_TEST_MAX_AGE" not in os.environ:  # read when the policy is; a cycle has to outlive the absence
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PORTALWATCH_TEST_MAX_AGE": "60 minutes"})
    sys.exit(main())
