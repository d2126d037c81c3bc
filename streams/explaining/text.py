"""An explanation in words, for those who do the work; times are local ones of the calendar.

The rule and the due, then what counts, a line a date (`days`), who is told when, and what is out of
the ordinary (`notes`).  A due that was counted back from the anchor shows the way there too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from textwrap import wrap

from streams.core.book import Book
from streams.core.explain import ANCHOR_MISSING, Explanation, Rung
from streams.core.explain_intervals import counted, intervals
from streams.explaining import business
from streams.explaining.days import lines
from streams.explaining.notes import notes
from streams.explaining.words import (
    ANCHORS,
    amount,
    columns,
    condition,
    dated,
    in_business_days,
    moment,
    parts,
    point,
)

WIDTH = 110


def text(book: Book, found: Sequence[Explanation]) -> str:
    """All explanations, a blank line between them."""
    return "\n\n".join("\n".join(_explained(book, each)) for each in found)


def summary(found: Explanation) -> tuple[str, str]:
    """The rule, and when it is due and why, a line each."""
    anchor = ANCHORS[found.clock.workflow]
    said = parts(found.rule, [part.name for part in found.parts], anchor)
    return f"rule {found.position}{condition(found.rule)}: {said}", _due(found, anchor)


def _explained(book: Book, found: Explanation) -> Iterator[str]:
    anchor = ANCHORS[found.clock.workflow]
    said = parts(found.rule, [part.name for part in found.parts], anchor)
    yield f"{found.clock.name} (rule {found.position}{_line(book, found)}{condition(found.rule)}: {said})"
    yield f"  {_due(found, anchor)}"
    yield from _indented(lines(found.intervals, found.calendar, _labels(found)))
    yield from _countdown(found, anchor)
    if found.stages:
        yield "  who is told"
        yield from _indented(_stages(found))
    further = notes(found, book, anchor)
    if further:
        yield "  notes"
        yield from _indented(line for note in further for line in wrap(f"- {note}", WIDTH, subsequent_indent="  "))


def _line(book: Book, found: Explanation) -> str:
    """Where the rule stands in the file, if that is known."""
    index = book.policy.clocks.index(found.clock)
    line = book.policy.lines.get(f"clocks[{index}].rules[{found.position}]")
    return "" if line is None else f", line {line}"


def _due(found: Explanation, anchor: str) -> str:
    zone = f"(calendar {found.calendar.name}, {found.calendar.spec.timezone})"
    if found.error == ANCHOR_MISSING:
        return f"no due: it hangs on {anchor}, and no anchor is given {zone}"
    kind = "elapsed" if found.elapsed else "open"
    run = f"{amount(counted(found.intervals))} of {kind} time"
    start = moment(found.cycle.start, found.calendar)
    if found.due is None:
        return f"no due while it is paused; {run} had run since {start} {zone}"
    due = f"due {dated(found.due, found.calendar)}{', on short notice' if found.short else ''}"
    if found.due < found.cycle.start:
        return f"{due}, before it came in on {start} {zone}"
    return f"{due}: {run} from {start} {zone}"


def _labels(found: Explanation) -> dict[date, str]:
    """Business days are numbered where the due was counted in them."""
    if found.due is None or found.short or found.part is None or found.part.name == "before":
        return {}
    if not in_business_days(found.rule, found.part.name):
        return {}
    return business.after(found.calendar, found.calendar.opening(found.cycle.start), found.due)


def _countdown(found: Explanation, anchor: str) -> Iterator[str]:
    """From the due on to the anchor, where the due was counted back from it."""
    calendar, at = found.calendar, found.cycle.anchor
    asked, part, amount_ = found.asked, found.part, found.rule.before
    if asked is None or at is None or amount_ is None or part is None or part.name != "before" or asked >= at:
        return
    yield f"  {amount_.text} before {anchor} is from {moment(asked, calendar)} to {moment(at, calendar)}"
    labels = business.before(calendar, asked, at) if in_business_days(found.rule, "before") else {}
    yield from _indented(lines(intervals(calendar, asked, at, elapsed=part.elapsed), calendar, labels))


def _stages(found: Explanation) -> list[str]:
    return columns([_stage(found, rung) for rung in found.stages])


def _stage(found: Explanation, rung: Rung) -> tuple[str, ...]:
    stage = rung.stage
    target = stage.notify.replace("_", " ")
    whom = f"{', '.join(rung.recipients) or 'nobody'} ({target}, {stage.severity})"
    return stage.name, moment(rung.at, found.calendar), whom, f"{point(stage)}{_moved(found, rung)}"


def _moved(found: Explanation, rung: Rung) -> str:
    """Why it does not lie where the policy puts it (T7)."""
    asked = moment(rung.asked, found.calendar)
    if rung.at > rung.useful:
        return ", not before the one listed before it"
    if rung.at > rung.asked:
        return f"; {asked} is closed, so at the next opening"
    if rung.at < rung.asked:
        return f"; {asked} is closed, so an hour before the closing"
    return ", at any hour" if rung.stage.always else ""


def _indented(found: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in found)
