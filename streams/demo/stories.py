"""What happens to one piece of portal work, from the patient's first click to its end: one function for each workflow.

Theory of operation. A story is a list of steps, in order of time. It begins when a patient writes; when the staff
answer is drawn as a share of the time that the policy's benchmark gives, counted in the department's open time: so most
work is done in time, some at the last moment, some late, and a little very late, under any policy. Only patients act in
closed hours. Everything comes from the arguments and from one `random.Random`: the same seed tells the same story.
Names are surrogates: nobody's work looks like this, and no text is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from schemas import instants
from schemas.policy import DAY, HOUR, MINUTE
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.deadlines import judge
from streams.core.fold import ROUTINE, Cycle
from streams.core.fold import Step as Judged
from streams.core.ladder import stage_times
from streams.core.routing import Routing

NO_BENCHMARK: Final = 8 * HOUR
"""Open time that work takes at most where the policy has no benchmark for it."""

SHARES: Final = ((0.89, 0.02, 0.46), (0.06, 0.78, 0.97), (0.035, 1.03, 1.6), (0.01, 1.7, 3.0), (0.005, 3.0, 6.0))
"""(probability, from, to): how much of a benchmark's time an answer takes: early, just in time, late, very late."""

URGENT: Final = 0.07
LATE_ROUTING: Final = 0.03
"""Work that comes without a department, and is given one later."""
OWNED: Final = 0.7
THANKS: Final = 0.06
"""A closed message thread on which the patient writes once more."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("medication", "symptom", "form", "billing"),
    "appointment": ("new-visit", "follow-up", "procedure"),
    "result": ("lab", "imaging", "pathology"),
    "questionnaire": ("pre-visit", "intake", "outcome"),
}


class Step(NamedTuple):
    """One thing that happens: when (microseconds), the last word of the event's type, and its `data`."""

    at: int
    verb: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of a piece of work when it is opened. Instants in microseconds."""

    workflow: str
    department: str
    priority: str
    opened: int
    anchor: int | None
    due: int
    called: int
    """When the first stage of its benchmark comes."""
    calendar: Calendar

    def after(self, share: float, since: int | None = None) -> int:
        """The instant at which this share of the benchmark's open time has passed since `since` (the open)."""
        given = self.calendar.between(self.opened, self.due)
        return self.calendar.add(self.opened if since is None else since, max(MINUTE, int(given * share)))


def work(book: Book, rng: Random, workflow: str, opened: int) -> Work:
    """Draw what kind of work it is; its benchmark is the policy's."""
    names = list(book.policy.departments) or ["front-desk"]
    department = rng.choices(names, [1 / (index + 1.5) for index in range(len(names))])[0]
    priority = "urgent" if workflow in ("message", "appointment") and rng.random() < URGENT else ROUTINE
    calendar = _calendar(book, department)
    anchor = _anchor(rng, workflow, calendar, opened)
    without = calendar.add(opened, NO_BENCHMARK)
    due, called = _benchmark(book, workflow, department, priority, opened, anchor) or (without, without)
    return Work(workflow, department, priority, opened, anchor, due, called, calendar)


def _calendar(book: Book, department: str) -> Calendar:
    return book.calendar_of(department)


def _anchor(rng: Random, workflow: str, calendar: Calendar, opened: int) -> int | None:
    """The visit for a questionnaire, the slot asked for, the promised date; on a quarter of an hour."""
    days = {"questionnaire": (2, 5), "appointment": (1, 12), "result": (3, 5)}.get(workflow)
    if days is None:
        return None
    day = calendar.later(opened, rng.randint(*days))
    return calendar.opening(day // HOUR * HOUR + rng.choice((0, 15, 30, 45)) * MINUTE)


def _benchmark(
    book: Book, workflow: str, department: str, priority: str, opened: int, anchor: int | None
) -> tuple[int, int] | None:
    """The earliest (due, first stage) of the workflow's clocks, as the core judges it; None without one."""
    routing = Routing(department)
    cycle = Cycle(opened, routing, priority, anchor, steps=[Judged(opened, routing, priority, anchor, ())])
    found = []
    for clock in book.clocks[workflow]:
        verdict = judge(book, clock, cycle)
        if verdict.due is not None:
            found.append((verdict.due, min(stage_times(clock, verdict, cycle), default=verdict.due)))
    return min(found, default=None)


def story(given: Work, rng: Random) -> list[Step]:
    """All that happens to this work, in order of time."""
    steps = TELL[given.workflow](given, rng)
    if rng.random() < OWNED:
        owner = {"owner": f"staff-{rng.randint(1, 12)}"}
        steps.append(Step(given.calendar.add(given.opened, rng.randint(4, 40) * MINUTE), "assigned", owner))
    if given.workflow == "message" and rng.random() < LATE_ROUTING:
        steps[0].data.pop("department")
        at = given.calendar.add(given.opened, rng.randint(5, 25) * MINUTE)
        steps.append(Step(at, "assigned", {"department": given.department}))
    end = max(step.at for step in steps[:1] + [s for s in steps if s.verb in ENDS])
    return sorted((s for s in steps if s.at <= end), key=lambda step: step.at)


ENDS: Final = frozenset(
    ("replied", "closed", "confirmed", "declined", "cancelled", "released", "reviewed", "offered", "awaiting_patient")
)
"""After the last of these nothing more happens to the work."""


def _open(given: Work, rng: Random, verb: str) -> Step:
    data = {
        "department": given.department,
        "site": rng.choice(("main", "north")),
        "kind": rng.choice(KINDS[given.workflow]),
        "patient": f"p-{rng.randint(1000, 9999)}",
    }
    if given.priority != ROUTINE:
        data["priority"] = given.priority
    if given.anchor is not None:
        data["anchor"] = instants.text(given.anchor)
    return Step(given.opened, verb, data)


def _share(rng: Random) -> float:
    """How much of its time an answer takes; within a range the early part is the likelier."""
    low, high = rng.choices([each[1:] for each in SHARES], [each[0] for each in SHARES])[0]
    early: float = rng.random() ** 1.5
    return low + (high - low) * early


def _message(given: Work, rng: Random) -> list[Step]:
    steps, share = [_open(given, rng, "sent")], _share(rng)
    answer = given.after(share)
    if rng.random() < 0.12:  # a question back; the patient takes hours, at night too
        asked = given.after(share * 0.4)
        back = asked + rng.randint(30, 20 * 60) * MINUTE
        steps += [Step(asked, "awaiting_patient", {}), Step(back, "sent", {})]
        answer = given.after(share * 0.6, back)
    elif share > 0.7 and rng.random() < 0.5:  # a patient who waits asks again
        steps.append(Step(given.after(share * 0.8), "sent", {}))
    steps.append(Step(answer, "closed" if rng.random() < 0.08 else "replied", {}))
    if rng.random() < THANKS:
        thanks = answer + rng.randint(10, 300) * MINUTE
        steps += [Step(thanks, "sent", {}), Step(given.calendar.add(thanks, rng.randint(3, 60) * MINUTE), "closed", {})]
    return steps


def _appointment(given: Work, rng: Random) -> list[Step]:
    steps, share = [_open(given, rng, "requested")], _share(rng)
    answer, drawn = given.after(share), rng.random()
    if drawn < 0.25:
        offered = given.after(share * 0.5)
        back = offered + rng.randint(20, 16 * 60) * MINUTE
        steps += [Step(offered, "offered", {}), Step(back, "answered", {})]
        answer = given.after(share * 0.5, back)
    elif drawn < 0.30 and given.anchor is not None:
        moved = instants.text(given.anchor + rng.choice((1, 2, 7)) * DAY)
        steps.append(Step(given.after(share * 0.6), "moved", {"anchor": moved}))
    end = rng.choices(("confirmed", "declined", "cancelled"), (0.84, 0.1, 0.06))[0]
    return [*steps, Step(answer, end, {})]


def _result(given: Work, rng: Random) -> list[Step]:
    steps, share = [_open(given, rng, "promised")], _share(rng)
    answer = given.after(share)
    looks = rng.choices((0, 1, 2, 4), (0.6, 0.22, 0.12, 0.06))[0]
    steps += [Step(given.after(share * rng.uniform(0.2, 0.95)), "looked_up", {}) for _ in range(looks)]
    return [*steps, Step(answer, "cancelled" if rng.random() < 0.03 else "released", {})]


def _questionnaire(given: Work, rng: Random) -> list[Step]:
    steps = [_open(given, rng, "submitted")]
    if given.anchor is not None and rng.random() < 0.06:
        moved = instants.text(given.anchor + rng.choice((1, 2)) * DAY)
        steps.append(Step(given.after(0.3), "moved", {"anchor": moved}))
    return [*steps, Step(given.after(_share(rng)), "cancelled" if rng.random() < 0.05 else "reviewed", {})]


TELL: Final[Mapping[str, Callable[[Work, Random], list[Step]]]] = {
    "message": _message,
    "appointment": _appointment,
    "result": _result,
    "questionnaire": _questionnaire,
}
