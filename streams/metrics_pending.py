"""What `/metrics` tells of the work itself: what is pending, what fires, which feeds are silent (contract section 8).

Theory of operation. The engines keep their numbers up to date (`streams.core.accounts`), so a scrape only adds them up,
over the partitions that this worker holds and whose state it has: the sum over workers is the whole. Known label sets
are there as 0. The policy names departments by a name that a sender gave: one that it does not know is `other` (R17).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from schemas.policy import UNASSIGNED, WORKFLOWS
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.feeds import STAGE as FEED_SILENT
from streams.core.feeds import known_silent
from streams.core.pending import STATES
from streams.core.speech import ATTEMPTS
from streams.delivery.answers import Answers
from streams.tally import Tally
from streams.watch import FEEDS_JUDGE, Watch


class PendingCollector(Collector):
    """Gauges of the partitions that a worker holds, and its sinks' numbers.

    `owns`: whether it may still speak for a partition.
    """

    def __init__(self, watch: Watch, owns: Callable[[int], bool], answers: Answers) -> None:
        self._watch, self._owns, self._answers = watch, owns, answers

    def collect(self) -> Iterator[Metric]:
        """Pending, oldest, firing, feeds; deliveries."""
        tally = self._watch.tally
        if tally.policy is None:
            return
        engines = {partition: engine for partition, engine in self._watch.held().items() if self._owns(partition)}
        yield from _pending(engines, tally, self._watch.clock.now())
        yield _firing(engines, tally, self._watch.book)
        yield _silent(engines)
        yield _heard(tally)
        yield from _deliveries(self._answers)


def _pending(engines: Mapping[int, Engine], tally: Tally, now: int) -> Iterator[Metric]:
    counts = Counter({(w, d, state): 0 for w in WORKFLOWS for d in tally.labels for state in STATES})
    oldest: dict[tuple[str, str], int] = {}
    for engine in engines.values():
        for workflow, name, group in engine.accounts.pending.at(now):
            department = tally.label(name)
            for state, count in zip(STATES, group.counts, strict=True):
                counts[workflow, department, state] += count
            if (start := group.oldest) is not None:
                oldest[workflow, department] = min(start, oldest.get((workflow, department), start))
    family = GaugeMetricFamily(
        "portalwatch_items_pending",
        "Items that the clinic owes something, by how urgent they are; of several clocks the most urgent counts.",
        labels=["workflow", "department", "state"],
    )
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    yield family
    family = GaugeMetricFamily(
        "portalwatch_oldest_pending_timestamp_seconds",
        "When the oldest of the items was opened that run and are not paused.",
        labels=["workflow", "department"],
    )
    for group_labels, start in sorted(oldest.items()):
        family.add_metric(group_labels, start / 1e6)
    yield family


def _firing(engines: Mapping[int, Engine], tally: Tally, book: Book) -> Metric:
    kinds = ((w, stage, severity) for w, stage, severity in _stages(book))
    counts = Counter({(w, d, stage, severity): 0 for w, stage, severity in kinds for d in tally.labels})
    counts.update({(w, UNASSIGNED, FEED_SILENT, "critical"): 0 for w in book.settings.silent_feed})
    for engine in engines.values():
        for (workflow, department, stage, severity), count in engine.accounts.firing.counts.items():
            counts[workflow, tally.label(department), stage, severity] += count
    family = GaugeMetricFamily(
        "portalwatch_alerts_firing",
        "Alerts that fire.",
        labels=["workflow", "department", "stage", "severity"],
    )
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family


def _stages(book: Book) -> Iterator[tuple[str, str, str]]:
    for clock in book.policy.clocks:
        yield from ((clock.workflow, stage.name, stage.severity) for stage in clock.stages)
        if clock.attempts is not None:
            yield clock.workflow, ATTEMPTS, clock.attempts.severity


def _silent(engines: Mapping[int, Engine]) -> Metric:
    """Of the worker that judges the feeds, so that the sum over workers is right."""
    family = GaugeMetricFamily(
        "portalwatch_feed_silent", "1 while a workflow's feed is said to be silent.", labels=["workflow"]
    )
    if (judge := engines.get(FEEDS_JUDGE)) is not None:
        silent = {alert_id.split(":")[1] for alert_id in known_silent(judge.items)}
        for workflow in WORKFLOWS:
            family.add_metric([workflow], float(workflow in silent))
    return family


def _heard(tally: Tally) -> Metric:
    family = GaugeMetricFamily(
        "portalwatch_feed_last_event_timestamp_seconds",
        "Time of the latest event or heartbeat of a workflow that a worker read; of all workers the greatest counts.",
        labels=["workflow"],
    )
    for workflow, at in sorted(tally.heard.items()):
        family.add_metric([workflow], at / 1e6)
    return family


def _deliveries(answers: Answers) -> Iterator[Metric]:
    backlog = GaugeMetricFamily(
        "portalwatch_delivery_backlog", "Alerts that a sink has still to be sent, at this worker.", labels=["sink"]
    )
    for sink, left in sorted(answers.backlog.items()):
        backlog.add_metric([sink], left())
    yield backlog
    counts = CounterMetricFamily(
        "portalwatch_deliveries_total", "Deliveries, by sink and result.", labels=["sink", "result"]
    )
    for (sink, result), count in sorted(answers.counts.items()):
        counts.add_metric([sink, result], count)
    yield counts
