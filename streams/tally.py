"""What a worker has done since its process began: numbers that only grow (contract section 8).

Theory of operation. `Watch` counts here what it hands over with a batch: events as they are read, alerts and dead
letters as they are given to the batch. That is before the broker has confirmed them. A step that fails ends the process
and these numbers with it; only a step whose partition was taken away in its middle is counted here and, when it is done
again, by the next owner. Everything runs on the event loop, so nothing is locked.

Label sets that are known are there from the start, as 0: a rate needs a first value. What is known of alerts comes with
each policy, and stays when the next one comes. Labels hold what a policy, the contract or the settings name, never what
a sender may choose: a department that the policy does not know is `other` (R17).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.events import COMMAND_TOPIC, COMMANDS, HEARTBEAT, TYPES, Event
from schemas.policy import UNASSIGNED, WORKFLOWS, Clock
from streams.core.book import OTHER, Book
from streams.core.cohorts import BOUNDS as RESPONSE_BOUNDS
from streams.core.effects import Ended
from streams.core.feeds import STAGE as FEED_SILENT
from streams.core.shares import ENDED, OUTCOMES
from streams.core.speech import ATTEMPTS

REASONS: Final = (
    "undecodable", "invalid", "unknown_type", "future", "late", "misrouted", "too_large", "anchor_missing",
)  # fmt: skip
"""Why an event becomes a dead letter (R14)."""
BOUNDS: Final[tuple[float, ...]] = (
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0,
)  # fmt: skip
"""Upper bounds of the histograms' buckets, inclusive, in seconds; the last bucket has none."""
ENDS: Final = (alerts.RESOLVED, alerts.FEED_RESTORED)
_BOUNDS_US: Final = tuple(round(bound * 1e6) for bound in BOUNDS)


class InForce(NamedTuple):
    """What is told of the policy in force."""

    version: str
    sha256: str


class Histogram:
    """How often a length of time fell between which bounds: upper ones, inclusive, in microseconds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[int] = _BOUNDS_US) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Of each bucket alone, not cumulative."""
        self.total = 0
        """Sum, in microseconds."""

    def add(self, lengths: Iterable[int]) -> None:
        """Count lengths of time in microseconds; one below 0, of a clock that runs ahead, counts as 0."""
        ordered = sorted(lengths)
        if ordered and ordered[0] < 0:
            ordered = [max(0, length) for length in ordered]
        below, count = 0, len(ordered)
        for bucket, bound in enumerate(self.bounds):
            upto = bisect_right(ordered, bound, below)
            self.counts[bucket] += upto - below
            below = upto
            if upto == count:
                break
        self.counts[-1] += count - below
        self.total += sum(ordered)


class Tally:
    """The numbers of one worker. `inputs`: the names of the topics that it reads."""

    def __init__(self, inputs: Iterable[str]) -> None:
        self.events: Counter[tuple[str, str]] = Counter(dict.fromkeys(_kinds(), 0))
        """By workflow and type: well-formed events, those too that turn out to be repeats or late."""
        self.alerts: Counter[tuple[str, str, str]] = Counter()
        """By workflow, department and stage: what calls somebody, so neither resolutions nor mere notes."""
        self.dead_letters: Counter[tuple[str, str]] = Counter({(topic, why): 0 for topic in inputs for why in REASONS})
        """By topic and reason."""
        self.ages = {workflow: Histogram() for workflow in (*WORKFLOWS, COMMAND_TOPIC)}
        """By workflow: the moment at which an event was read, less its own time."""
        self.lateness = Histogram()
        """The moment at which a stage was said, less the stage's."""
        self.cycles: Counter[tuple[str, str, str, str]] = Counter()
        """By workflow, department, clock and outcome: cycles that ended, by each clock that judged them."""
        self.responses: dict[tuple[str, str], Histogram] = {}
        """By workflow and department: open time from start to stop, of each cycle that stopped."""
        self.heard: dict[str, int] = {}
        """By workflow: the time of the latest event or heartbeat, in microseconds."""
        self.policy: InForce | None = None
        """None until the first was read."""
        self.reloaded = True
        """Whether the last policy that came is in force."""
        self.departments: frozenset[str] = frozenset()
        """Those that the policy in force knows, and `unassigned`."""

    @property
    def labels(self) -> list[str]:
        """What a department's label may be, under the policy in force."""
        return sorted({*self.departments, OTHER})

    def decreed(self, book: Book) -> None:
        """A policy comes into force: its label sets are known from now on."""
        self.policy, self.reloaded = InForce(book.version, hashlib.sha256(book.text).hexdigest()), True
        self.departments = frozenset(book.policy.departments) | {UNASSIGNED}
        for department in self.labels:
            for workflow, stage in _stages(book):
                self.alerts.setdefault((workflow, department, stage), 0)
            for clock in book.policy.clocks:
                for outcome in OUTCOMES[ENDED:]:
                    self.cycles.setdefault((clock.workflow, department, clock.name, outcome), 0)
            for workflow in WORKFLOWS:
                self.responses.setdefault((workflow, department), Histogram(RESPONSE_BOUNDS))
        for workflow in book.settings.silent_feed:
            self.alerts.setdefault((workflow, UNASSIGNED, FEED_SILENT), 0)

    def refused(self) -> None:
        """A policy came that cannot be used: the one in force stays."""
        self.reloaded = False

    def read(self, events: Sequence[Event], now: int) -> None:
        """Events of one batch, read at `now` (microseconds)."""
        times: dict[tuple[str, str], list[int]] = defaultdict(list)
        for event in events:
            times[event.workflow, event.type].append(event.time)
        ages: dict[str, list[int]] = defaultdict(list)
        for (workflow, type_), ours in times.items():
            self.events[workflow or COMMAND_TOPIC, type_] += len(ours)
            ages[workflow] += [now - time for time in ours]
        for workflow, found in ages.items():
            self.ages[workflow or COMMAND_TOPIC].add(found)
            if workflow:
                self.heard[workflow] = max(now - min(found), self.heard.get(workflow, 0))

    def said(self, said: Iterable[Alert]) -> None:
        """What is said with one batch."""
        late = []
        for alert in said:
            data = alert.data
            if alert.type in ENDS or data.stage is None or data.severity is None:
                continue
            department = data.department or UNASSIGNED
            label = self.label(department)
            self.alerts[data.workflow, label, data.stage] += 1
            if alert.type != alerts.NOTICE and data.stage_at is not None:
                late.append(instants.parse(alert.time) - instants.parse(data.stage_at))
        if late:
            self.lateness.add(late)

    def label(self, department: str) -> str:
        """A department as labels have it."""
        return department if department in self.departments else OTHER

    def ended(self, ended: Iterable[Ended]) -> None:
        """Cycles that came to an end with one batch."""
        responses: dict[tuple[str, str], list[int]] = defaultdict(list)
        for each in ended:
            workflow, share, first = each.workflow, each.share, each.first
            department, response = self.label(share.department), share.response
            self.cycles[workflow, department, share.clock, OUTCOMES[share.outcome]] += 1
            if first and response is not None:
                responses[workflow, department].append(response)
        for key, found in responses.items():
            self.responses[key].add(found)


def _kinds() -> Iterator[tuple[str, str]]:
    """Workflow and type of every event that can be read; of a heartbeat, the feed's."""
    for type_, (workflow, _) in TYPES.items():
        yield workflow, type_
    for workflow in WORKFLOWS:
        yield from ((workflow, type_) for type_ in (*COMMANDS, HEARTBEAT))
    yield COMMAND_TOPIC, HEARTBEAT


def _stages(book: Book) -> Iterator[tuple[str, str]]:
    """Workflow and stage of everything that the policy's clocks may call somebody for."""
    for clock in book.policy.clocks:
        yield from ((clock.workflow, stage) for stage in _of_clock(clock))


def _of_clock(clock: Clock) -> Iterator[str]:
    yield from (stage.name for stage in clock.stages)
    if clock.attempts is not None:
        yield ATTEMPTS
    if any(rule.not_before is not None for rule in clock.rules):
        yield "too-early"
