"""What `/metrics` shows (contract section 8), read at each scrape from what the worker owns.

Theory of operation. Nothing is kept here and nothing is global: a registry is made for each worker, of collectors that
look. `LaneCollector` asks the lanes how each partition of this worker stands, so a partition that moved away is gone
with the next scrape; `TallyCollector` shows the counters. A metric of something else is another collector in
`registry`. A collector runs on the event loop, where what it reads is never half changed: it has to be quick, and must
not wait.

What is not known is left out rather than told as 0: the lag before the first fetch response, the policy before the
first was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.runtime.health import CAUGHT_UP
from streams.tally import Histogram, Tally

Status = Callable[[], Mapping[int, Mapping[str, Any]]]
"""`Lanes.status`: a plain dict for each partition."""
LOST = "lost"
"""The phase of a lane whose partition is another worker's already."""


def registry(status: Status, tally: Tally, wall: Callable[[], float], *more: Collector) -> CollectorRegistry:
    """All metrics of one worker.

    Args:
        wall: UNIX seconds, of the clock by which the lanes know their inputs.
        more: other collectors.
    """
    made = CollectorRegistry()
    made.register(LaneCollector(status, wall))
    made.register(TallyCollector(tally))
    for each in more:
        made.register(each)
    ProcessCollector(registry=made)
    return made


class LaneCollector(Collector):
    """How the partitions stand that this worker owns."""

    def __init__(self, status: Status, wall: Callable[[], float]) -> None:
        self._status, self._wall = status, wall

    def collect(self) -> Iterator[Metric]:
        """Catching up, lag, and how far the recovery is."""
        owned = {str(p): lane for p, lane in self._status().items() if lane["phase"] != LOST}
        yield self._catching_up(owned)
        yield _lag(owned)
        yield from _recovery(owned)

    def _catching_up(self, owned: Mapping[str, Mapping[str, Any]]) -> Metric:
        since = self._wall() - CAUGHT_UP
        family = GaugeMetricFamily(
            "portalwatch_catching_up",
            "1 while the partition is recovered or its inputs are not known to be read up to 10 s ago, else 0.",
            labels=["partition"],
        )
        for partition, lane in owned.items():
            family.add_metric([partition], float(not lane["recovered"] or lane["known"] < since))
        return family


def _lag(owned: Mapping[str, Mapping[str, Any]]) -> Metric:
    family = GaugeMetricFamily(
        "portalwatch_consumer_lag",
        "Records between the next to be worked off and the last stable end of the input.",
        labels=["topic", "partition"],
    )
    for partition, lane in owned.items():
        for topic, lag in lane["lag"].items():
            family.add_metric([topic, partition], lag)
    return family


def _recovery(owned: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    parts = {
        "portalwatch_recovery_records": ("read", "Changelog records, by offsets, passed in the last recovery."),
        "portalwatch_recovery_records_expected": ("end", "Changelog records, by offsets, that it has to pass."),
    }
    for name, (key, text) in parts.items():
        family = GaugeMetricFamily(name, text, labels=["partition"])
        for partition, lane in owned.items():
            if (recovery := lane.get("recovery")) is not None:
                family.add_metric([partition], recovery[key])
        yield family


class UnreadCollector(Collector):
    """What the inputs' retention took away before it was read: never anything, where it is as long as it must be."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """A counter a topic."""
        family = CounterMetricFamily(
            "portalwatch_deleted_unread",
            "Records, by offsets, that an input's retention deleted before they were read.",
            labels=["topic"],
        )
        for topic, count in self._counts().items():
            family.add_metric([topic], count)
        yield family


class TallyCollector(Collector):
    """What was done since the process began, and by which policy."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """Counters, histograms, and the policy."""
        yield from self._counters()
        yield from self._histograms()
        yield from self._policy()

    def _counters(self) -> Iterator[Metric]:
        yield _counter(
            "portalwatch_events_total",
            "Well-formed events read from the inputs, repeats and late ones too.",
            ["workflow", "type"],
            self._tally.events.items(),
        )
        yield _counter(
            "portalwatch_alerts_total",
            "Alerts that call somebody: stages and silent feeds that fired, and items done too early.",
            ["workflow", "department", "stage"],
            self._tally.alerts.items(),
        )
        yield _counter(
            "portalwatch_cycles_total",
            "Cycles that ended, by each clock that judged them; one whose end is found to be another counts again.",
            ["workflow", "department", "clock", "outcome"],
            self._tally.cycles.items(),
        )
        yield _counter(
            "portalwatch_deadletters_total",
            "Records copied to the dead letters.",
            ["topic", "reason"],
            self._tally.dead_letters.items(),
        )

    def _histograms(self) -> Iterator[Metric]:
        late = HistogramMetricFamily(
            "portalwatch_alert_lateness_seconds", "When a stage or a silent feed was said, less the time of the stage."
        )
        _add(late, [], self._tally.lateness)
        yield late
        ages = HistogramMetricFamily(
            "portalwatch_event_age_seconds", "When an event was read, less its own time.", labels=["workflow"]
        )
        for workflow, age in self._tally.ages.items():
            _add(ages, [workflow], age)
        yield ages
        responses = HistogramMetricFamily(
            "portalwatch_response_open_seconds",
            "Open time from start to stop, pauses left out, of each cycle that stopped.",
            labels=["workflow", "department"],
        )
        for labels, response in sorted(self._tally.responses.items()):
            _add(responses, list(labels), response)
        yield responses

    def _policy(self) -> Iterator[Metric]:
        if self._tally.policy is None:
            return
        yield InfoMetricFamily("portalwatch_policy", "The policy in force.", self._tally.policy._asdict())
        yield GaugeMetricFamily(
            "portalwatch_policy_last_reload_successful",
            "1 if the last policy that came is in force, 0 if it was refused.",
            float(self._tally.reloaded),
        )


def _counter(name: str, text: str, labels: list[str], counts: Iterable[tuple[Sequence[str], int]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counts):
        family.add_metric(values, count)
    return family


def _add(family: HistogramMetricFamily, labels: list[str], histogram: Histogram) -> None:
    """One histogram, its buckets made cumulative."""
    bounds = (*(f"{bound / 1e6:.12g}" for bound in histogram.bounds), "+Inf")
    upto = accumulate(histogram.counts)
    family.add_metric(labels, list(zip(bounds, upto, strict=True)), sum_value=histogram.total / 1e6)
