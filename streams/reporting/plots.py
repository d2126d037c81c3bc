"""Plots as SVG without a script: what share was kept week by week, and how long answers took.

Theory of operation. pygal draws; its SVG comes with scripts, with the date on which it was drawn and with hidden text
for its scripts. All of that is taken out, so the same figures give the same bytes, and a title and a description are
put in for those who cannot see it. Colours are the page's CSS variables: the plots follow light, dark and paper.
pygal also hangs a finder of an obsolete form into Python's import system, for maps that we do not draw; whoever asks
each finder for a module (pytest does) fails on it, so it goes again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

from streams.harmless import plain
from streams.reporting.form import Benchmark, Report
from streams.reporting.span import MONTHS
from streams.reporting.words import share

SVG: Final = "http://www.w3.org/2000/svg"
DATES: Final = 7
"""Up to so many dates each has a label; of more, every second, third..."""
LONG: Final = 18
"""Longer names stand beneath each other in a legend."""
UNWANTED: Final = (f"{{{SVG}}}script", f"{{{SVG}}}desc", f"{{{SVG}}}title")
COLOURS: Final = ("var(--now)", "var(--past)")

sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]


def kept(report: Report, benchmark: Benchmark, ident: str) -> str:
    """The share kept, by week or month; a gap where too few can be judged."""
    labels = [when(each.first_day, report.step) for each in benchmark.periods]
    values = [None if each.kept.share is None else 100 * each.kept.share for each in benchmark.periods]
    begins = next((n for n, each in enumerate(benchmark.periods) if each.last_day >= report.span.first_day), 0)
    series = [(report.span.title, [None] * begins + values[begins:])]
    if begins and report.before is not None:
        series.append((report.before.title, values[: begins + 1]))
    chart = _chart(
        pygal.Line, ident, labels, series, -(-len(labels) // DATES), range=(0, 100), y_labels=[0, 25, 50, 75, 100],
        dots_size=4, allow_interruptions=True,
    )  # fmt: skip
    told = [
        f"{label}: {share(each.kept)}"
        for label, each in zip(labels, benchmark.periods, strict=True)
        if each.kept.judged
    ]
    title = f"Share kept by {report.step}, {benchmark.clock}"
    return _clean(chart, ident, title, f"By the {report.step} that begins on: {'; '.join(told) or 'none'}.")


def responses(report: Report, benchmark: Benchmark, ident: str) -> str:
    """How many of the answers took how long, in percent; with the span before, if it is known."""
    labels = bands(report.bounds)
    spans = [(report.span.title, benchmark.now)]
    if report.before is not None and benchmark.before is not None:
        spans.append((report.before.title, benchmark.before))
    series = [
        (name, [100 * count / figures.responses if figures.responses else 0 for count in figures.buckets])
        for name, figures in spans
    ]
    chart = _chart(pygal.Bar, ident, labels, series, max_scale=6)
    told = [
        f"{name}: " + ", ".join(f"{label} {part:.0f}%" for label, part in zip(labels, parts, strict=True))
        for name, parts in series
    ]
    title = f"Open hours to the answer, {benchmark.clock}"
    return _clean(chart, ident, title, f"Percent of the answers, by open hours. {'. '.join(told)}.")


def bands(bounds: Sequence[float]) -> list[str]:
    """`≤ ¼`, `½`, ... `80`, `> 80`: the buckets by their upper bound in open hours."""
    names = [{0.25: "¼", 0.5: "½"}.get(bound, f"{bound:g}") for bound in bounds]
    return [f"≤ {names[0]}", *names[1:], f"> {names[-1]}"]


def when(first_day: str, step: str) -> str:
    """`28 Feb`, of a week; `Feb 2011`, of a month."""
    year, month, day = first_day.split("-")
    name = MONTHS[int(month) - 1][:3]
    return f"{int(day)} {name}" if step == "week" else f"{name} {year}"


def _chart(
    kind: Any, ident: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], every: int = 1,
    **options: Any,
) -> Any:  # fmt: skip
    """A chart of what is given; `every`: so many labels are shown as one."""
    style = Style(
        background="none", plot_background="none", foreground="var(--ink)", foreground_strong="var(--ink)",
        foreground_subtle="var(--rule)", guide_stroke_color="var(--rule)", major_guide_stroke_color="var(--rule)",
        guide_stroke_dasharray="none", major_guide_stroke_dasharray="none", opacity="1", stroke_opacity="1",
        stroke_width="2", colors=COLOURS, value_colors=COLOURS, transition="0s", font_family="inherit",
        label_font_size=13, major_label_font_size=13, legend_font_size=13,
    )  # fmt: skip
    columns = 1 if any(len(name) > LONG for name, _ in series) else 2
    chart = kind(
        style=style, js=(), width=480, height=260, margin=8, margin_right=24, explicit_size=False,
        show_legend=len(series) > 1, legend_at_bottom=True, legend_at_bottom_columns=columns, truncate_legend=-1,
        truncate_label=-1, x_label_rotation=0,
        x_labels_major_every=every, show_minor_x_labels=every == 1, value_formatter=lambda value: f"{value:.0f}%",
        **options,
    )  # fmt: skip
    chart.uuid = ident
    chart.x_labels = list(labels)
    for name, values in series:
        chart.add(plain(name), values)
    return chart


def _clean(chart: Any, ident: str, title: str, description: str) -> str:
    """The SVG element, without what would run, tell the day, or be read out in place of its description."""
    root = ET.fromstring(chart.render())  # noqa: S314 - it was made here; comments are left out
    for parent in list(root.iter()):
        for child in list(parent):
            child.attrib.pop("id", None)  # the same in each plot
            if child.tag in UNWANTED or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    root.attrib |= {"role": "img", "aria-labelledby": f"{ident}-title {ident}-desc"}
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        each = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{ident}-{tag}"})
        each.text = plain(text)
        root.insert(place, each)
    return _text(root)


def _text(root: ET.Element) -> str:
    for each in root.iter():
        each.tag = each.tag.replace(f"{{{SVG}}}", "")
    return ET.tostring(root, encoding="unicode")
