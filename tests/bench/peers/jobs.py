"""The three jobs: which policy on which log, at what time, and what is true of it.

Theory of operation. `toy`: the job that the peers do, as a policy with one clock, elapsed time, and one stage; the
log ends now and so does the worker's time. `ladder`: the same log with business calendars and the four-stage ladder;
its log ends at noon on a Thursday, in the clinic's lunch break, and the worker's clock starts there: as no stage
falls into a break of half an hour, what is due does not hang on how long a run takes. `helpdesk`: the public log with
its own policy, every rule of it; it ends within the last week, and the clock starts in the lunch break of the office
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from schemas import instants
from tests.bench.apart import apart
from tests.bench.peers import logs
from tests.bench.peers.logs import HELPDESK, Record, Truth
from tests.bench.peers.worker import core

TOY: Final = """\
version: toy
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
defaults: {calendar: always, pool: desk, on_call: desk-oncall, champion: desk-champion}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 24 hours}]
    stages: [{name: near, at: 75%, hours: always}]
"""
LADDER: Final = """\
version: ladder
calendars:
  clinic:
    timezone: America/Chicago
    hours: {mon-fri: 08:00-12:00 12:30-17:00, sat: 09:00-12:00}
    business_days: mon-fri
    holidays: US-WI
defaults: {calendar: clinic, pool: desk, on_call: desk-oncall, champion: desk-champion}
clocks:
  - name: reply
    workflow: message
    rules:
      - when: {priority: urgent}
        within: 4 business hours
      - within: 8 business hours
"""
"""Without stages a clock has the four of the contract."""
NOON: Final = instants.parse("2026-11-19T18:10:00Z")
"""A Thursday, ten past twelve in LADDER's Chicago."""


@dataclass(frozen=True)
class Job:
    """A policy on a log. `end`: of the log (`log` takes it); `now`: at which it is judged; microseconds."""

    name: str
    policy: str
    log: Callable[[int, int], Iterator[Record]]
    end: int
    now: int

    def records(self, events: int) -> Iterator[Record]:
        """The log, so long."""
        return self.log(events, self.end)

    @property
    def topic(self) -> str:
        """The input."""
        return f"{self.name}.messages"

    @property
    def clock(self) -> str:
        """The worker's."""
        return "real" if self.name == "toy" else f"{instants.text(self.now)}@1"

    def truth(self, events: int) -> Truth:
        """What every run of it must find."""
        if self.name == "toy":
            return logs.judge(self.records(events), self.end)
        return apart(partial(_by_core, self.policy, self.log, events, self.end, self.now))


def _by_core(policy: str, log: Callable[[int, int], Iterator[Record]], events: int, end: int, now: int) -> Truth:
    return core(policy, log(events, end), now)


def jobs(now: int) -> tuple[Job, Job, Job]:
    """All three; `now`: the real time."""
    end = now // instants.SECOND * instants.SECOND
    return (
        Job("toy", TOY, logs.toy, end, now),
        Job("ladder", LADDER, logs.toy, NOON, NOON),
        Job("helpdesk", (HELPDESK / "helpdesk-policy.yaml").read_text(), logs.helpdesk, end, lunch(end)),
    )


def lunch(after: int) -> int:
    """The next quarter to one in Rome, Monday to Friday."""
    local = datetime.fromtimestamp(after / 1e6, ZoneInfo("Europe/Rome"))
    day = local.replace(hour=12, minute=45, second=0, microsecond=0)
    while day <= local or day.weekday() > 4:
        day += timedelta(days=1)
    return instants.of(day)
