"""The report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere.

Jinja escapes whatever comes from a policy or a record; what is not escaped is the plots' SVG, which an XML writer made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from streams.harmless import plain
from streams.reporting import centiles, plots, words
from streams.reporting.figures import Figures, Hour
from streams.reporting.form import Benchmark, Report

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEVELS: Final = 5
"""Shades of the heat map."""


class Heat(NamedTuple):
    """The rows of a heat map, hour by hour, from the first to the last one that has a count."""

    rows: list[tuple[str, list[tuple[int, int]]]]
    """`08-09`, and for each weekday the count and its shade, 0 to 5."""
    worst: str
    """`Mon 08-09`, the hours that have most; empty if there is none."""
    total: int


def page(report: Report) -> str:
    """The whole file."""
    return _environment().get_template("report.html").render(
        report=report, lead=list(words.answer(report)), few=centiles.FEW, few_for_a_tenth=centiles.FEW_FOR_A_TENTH,
        days=DAYS, exact=report.source == "events",
    )  # fmt: skip


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("streams.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=harmless,
    )  # fmt: skip
    made.filters |= {
        "share": words.share, "hours": words.hours, "counted": words.counted, "listed": listed, "during": words.during,
    }  # fmt: skip
    made.globals |= {
        "points": words.points, "heat": heat, "kept_plot": kept_plot, "responses_plot": responses_plot,
        "bands": plots.bands, "when": plots.when, "small": small, "percent_of": percent_of,
    }  # fmt: skip
    return made


def harmless(value: object) -> object:
    """Whatever a template shows: a text without characters that steer, unless it is markup already."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def kept_plot(report: Report, benchmark: Benchmark, number: int) -> Markup:
    """The plot of shares by week."""
    return Markup(plots.kept(report, benchmark, f"kept-{number}"))  # noqa: S704 - an XML writer made it


def responses_plot(report: Report, benchmark: Benchmark, number: int) -> Markup:
    """The plot of response times."""
    return Markup(plots.responses(report, benchmark, f"responses-{number}"))  # noqa: S704 - as above


def heat(figures: Figures) -> Heat:
    """Where in the week misses arise, or if that is not known, where missed cycles began."""
    found = figures.missed_began_hours if figures.miss_hours is None else figures.miss_hours
    if not found:
        return Heat([], "", 0)
    counts = {(each.weekday, each.hour): each.count for each in found}
    most = max(counts.values())
    hours = range(min(each.hour for each in found), max(each.hour for each in found) + 1)
    rows = [
        (band(hour), [_shaded(counts.get((weekday, hour), 0), most) for weekday in range(len(DAYS))]) for hour in hours
    ]
    return Heat(rows, _worst(found, most), sum(counts.values()))


def _shaded(count: int, most: int) -> tuple[int, int]:
    return count, -(-count * LEVELS // most)


def _worst(found: Sequence[Hour], most: int) -> str:
    named = [f"{DAYS[each.weekday]} {band(each.hour)}" for each in found if each.count == most]
    return listed(named) if len(named) <= 3 else ""


def band(hour: int) -> str:
    """`08-09`, with a dash."""
    return f"{hour:02}\u2013{(hour + 1) % 24:02}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def small(benchmark: Benchmark) -> list[str]:
    """Departments with fewer cycles than a share takes."""
    return [row.department for row in benchmark.departments if row.now.opened < centiles.FEW]


def percent_of(part: int, whole: int) -> str:
    """`12%`, `<1%`; of too few: nothing."""
    if whole < centiles.FEW:
        return words.NOTHING
    return "<1%" if 0 < 200 * part < whole else f"{100 * part / whole:.0f}%"
