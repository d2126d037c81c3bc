"""`python -m tests.delivery`: each sink meets each fault, and a table of what became of what was said.

Status 1 if anything was lost, doubled, out of order, or told as over while it stood open. Repeats by which a
receiver knows the event again are allowed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import brokers
from tests.delivery.alertmanagers import AlertmanagerRow
from tests.delivery.digests import AppriseRow
from tests.delivery.receiver import WebhookRow
from tests.delivery.rows import FAULTS, Row
from tests.delivery.run import Result, matrix

ROWS: dict[str, Callable[[], Row]] = {"alertmanager": AlertmanagerRow, "apprise": AppriseRow, "webhook": WebhookRow}
"""The sinks by type."""
LEFT_OUT = {"embedded": {"broker"}}
"""What a broker cannot: the embedded one forgets all."""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.delivery", description=__doc__)
    parser.add_argument("--broker", choices=brokers.KINDS, default="kafka")
    parser.add_argument("--sinks", default=",".join(ROWS), help=f"by comma (default: {', '.join(ROWS)})")
    parser.add_argument("--only", default=",".join(FAULTS), help=f"faults by comma (default: {', '.join(FAULTS)})")
    parser.add_argument("--items", type=int, default=200, help="items for each fault (default: 200)")
    parser.add_argument("--length", type=float, default=5.0, help="seconds that a fault lasts (default: 5)")
    parser.add_argument("--json", type=Path, help="write the table there, too")
    return parser.parse_args()


def table(results: Sequence[Result]) -> str:
    """As text, a line for each sink and fault."""
    head = f"{'sink':14}{'fault':10}{'sent':>6}{'lost':>6}{'doubled':>9}{'disorder':>10}"
    lines = [f"{head}{'repeats':>9}{'false ends':>12}{'told after':>12}"]
    for sink, fault, count, seconds, _ in results:
        numbers = f"{count.sent:6}{count.lost:6}{count.doubled:9}{count.disorder:10}"
        lines.append(f"{sink:14}{fault:10}{numbers}{count.repeats:9}{count.false_ends:12}{seconds:10.1f} s")
    return "\n".join(lines)


def main() -> int:
    """Run, print, save; the exit status."""
    asked = arguments()
    kinds, sinks = asked.only.split(","), asked.sinks.split(",")
    if unknown := {*kinds} - {*FAULTS} | {*sinks} - {*ROWS}:
        print(f"not known: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    results: list[Result] = []
    with brokers.running(asked.broker) as broker:
        for sink in sinks:
            row = ROWS[sink]()
            with (
                tempfile.TemporaryDirectory(prefix="portalwatch-delivery-") as folder,
                matrix(broker, f"d-{sink}", Path(folder), row, items=asked.items, length=asked.length) as under_test,
            ):
                for kind in kinds:
                    if kind in row.faults and kind not in LEFT_OUT.get(asked.broker, ()):
                        results.append(under_test.fault(kind))
                        print(table(results[-1:]), results[-1].history, sep="\n", flush=True)
    print(table(results))
    if asked.json is not None:
        made = [
            {"sink": each.sink, "fault": each.fault, **each.came._asdict(), "seconds": each.seconds} for each in results
        ]
        asked.json.write_text(json.dumps({"broker": asked.broker, "items": asked.items, "results": made}, indent=2))
    return 0 if all(each.came.good for each in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
