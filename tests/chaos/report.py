"""A run as a table, as JSON, and as files to study a failure by."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from schemas import instants
from tests.chaos.checks import repeats
from tests.chaos.findings import Finding
from tests.chaos.plan import micros
from tests.chaos.run import Outcome, failovers

QUIET = "(quiet)"
WRONG = ("lost", "false")
HEADINGS = ("fault", "times", "lost", "false", "other", "excused", "repeated", "failover median", "max (s)")
WIDTHS = (12, 7, 6, 7, 7, 9, 10, 17, 9)


def kind_at(outcome: Outcome, at: int) -> str:
    """The fault in whose window a moment (microseconds) lies; a fault's window lasts until the next one begins."""
    return next((d.kind for d in outcome.done if d.window.start <= at <= d.window.end), QUIET)


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """The table's lines: a fault each, then what lay in no fault's window, then all."""
    times = Counter(d.kind for d in outcome.done)
    found = by_kind(outcome, outcome.judgement.findings)
    excused = by_kind(outcome, outcome.judgement.excused)
    repeated = Counter(kind_at(outcome, micros(at)) for at in repeats(outcome.found))
    moved = failovers(outcome.found, outcome.done)
    lines = []
    for kind in (*sorted(times), QUIET):
        wrong = Counter(f.what if f.what in WRONG else "other" for f in found.get(kind, []))
        took = moved.get(kind, [])
        failover = (f"{median(took):.1f}", f"{max(took):.1f}") if took else ("", "")
        counts = (
            times[kind],
            wrong["lost"],
            wrong["false"],
            wrong["other"],
            len(excused.get(kind, [])),
            repeated[kind],
        )
        lines.append((kind, *map(str, counts), *failover))
    sums = [str(sum(int(line[n]) for line in lines)) for n in range(1, 7)]
    return [*lines, ("all", *sums, "", "")]


def by_kind(outcome: Outcome, findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Findings by the fault to which they are laid."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for each in findings:
        found[kind_at(outcome, each.at)].append(each)
    return found


def text(outcome: Outcome, most: int | None = 20) -> str:
    """What a person reads, with at most so many of the findings."""
    judgement = outcome.judgement
    lines = [
        "".join(f"{cell:>{width}}" for cell, width in zip(row, WIDTHS, strict=True))
        for row in (HEADINGS, *rows(outcome))
    ]
    lines += [
        f"{len(outcome.sent)} events of {judgement.items} items in {outcome.seconds:.0f} s",
        f"{judgement.wanted} alerts, resolutions and notices in the offline run",
        f"items judged by when the broker took their events, because a stage lay between: {judgement.ambiguous}",
        f"items judged by R12's words, because there were too many ways to try: {judgement.by_words}",
        f"ends that nobody asked for, by status: {exits(outcome) or 'none'}",
        f"lateness outside faults: {lateness(outcome)}",
        f"memory: {memory(outcome)}",
    ]
    lines += [f"{each.what}: {shown(each)}" for each in judgement.findings[:most]]
    return "\n".join(lines)


def shown(finding: Finding) -> str:
    """A finding in a line."""
    return (f"{instants.text(finding.at)} " if finding.at else "") + finding.about[:300]


def exits(outcome: Outcome) -> str:
    """`status: times` of workers that ended without being asked."""
    counts = Counter(each.status for each in outcome.ended)
    return ", ".join(f"{status}: {times}" for status, times in sorted(counts.items()))


def lateness(outcome: Outcome) -> str:
    """Seconds from a stage to its alert."""
    late = outcome.judgement.late
    if not late:
        return "no alert"
    return f"p50 {late[len(late) // 2]:.2f} s, p99 {late[int(len(late) * 0.99)]:.2f} s, max {late[-1]:.2f} s"


def memory(outcome: Outcome) -> str:
    """MiB of each worker soon after the start, in the middle, at the end: medians of five looks."""
    by_worker: dict[int, list[int]] = defaultdict(list)
    for _, worker, kib in outcome.memory:
        by_worker[worker].append(kib)
    told = []
    for worker, seen in sorted(by_worker.items()):
        middle = len(seen) // 2
        parts = (seen[1:6] or seen, seen[max(0, middle - 2) : middle + 3], seen[-5:])
        told.append(f"worker {worker} " + "/".join(f"{median(part) / 1024:.0f}" for part in parts))
    return ", ".join(told) + " MiB (start/middle/end)"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """For programs."""
    judgement = outcome.judgement
    return {
        "table": [dict(zip(HEADINGS, row, strict=True)) for row in rows(outcome)],
        "faults": [
            {"kind": d.kind, "start": d.start, "end": d.end, "kills": [[k.at, sorted(k.partitions)] for k in d.kills]}
            for d in outcome.done
        ],
        "failovers": failovers(outcome.found, outcome.done),
        "findings": [each._asdict() for each in judgement.findings],
        "excused": len(judgement.excused),
        "ambiguous": judgement.ambiguous,
        "by_words": judgement.by_words,
        "items": judgement.items,
        "wanted": judgement.wanted,
        "events": len(outcome.sent),
        "stop": outcome.stop,
        "seconds": outcome.seconds,
        "ends": [{"at": e.at, "worker": e.worker, "status": e.status} for e in outcome.ended],
        "late": {"p50": quantile(outcome, 0.5), "p99": quantile(outcome, 0.99), "max": quantile(outcome, 1.0)},
        "memory": outcome.memory,
        "unsent": outcome.unsent,
        "dead": outcome.found.dead,
        "behind": outcome.found.behind,
        "torn": outcome.found.torn,
    }


def quantile(outcome: Outcome, part: float) -> float | None:
    """Of the lateness."""
    late = outcome.judgement.late
    return late[min(len(late) - 1, int(len(late) * part))] if late else None


def save(outcome: Outcome, folder: Path) -> None:
    """Write what is needed to study a failure beside the workers' logs."""
    with (folder / "events.ndjson").open("wb") as out:
        for sent in outcome.sent:
            head = {"came": sent.came, "partition": sent.partition, "again": sent.again}
            out.write(json.dumps(head).encode()[:-1] + b', "event": ' + sent.event.line + b"}\n")
    with (folder / "alerts.ndjson").open("wb") as out:
        for said in outcome.found.said.values():
            for each in said:
                place = {"partition": each.partition, "offset": each.offset}
                line = {"appended": each.appended, **place, "alert": msgspec.Raw(each.line)}
                out.write(msgspec.json.encode(line) + b"\n")
    (folder / "open.txt").write_text("\n".join(sorted(outcome.found.open)))
    (folder / "items.json").write_bytes(msgspec.json.encode(outcome.found.items))
    (folder / "report.json").write_text(json.dumps(as_json(outcome), indent=1))
    (folder / "report.txt").write_text(text(outcome) + "\n")
