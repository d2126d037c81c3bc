"""The committee's scorecard: how each department keeps its benchmarks, in the committee's words.

A piece of work counts when it ends: answered in time is kept; answered late, or never and so ended by itself, is not.
Cancelled work counts nowhere. The exact numbers of a month, short notice among them, are those of `portalwatch report`.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries

from deploy.grafana.colours import ASIDE, BAD, FIRST, GOOD, NEVER, SECOND, floor, steps
from deploy.grafana.frame import CHOSEN, Given, Section, assemble, choice
from deploy.grafana.panels import bars, coloured, column, dashed, gauges, lines, number, rows

GIVEN = Given(
    uid="portalwatch-scorecard",
    title="Portalwatch: department scorecard",
    text="How each department keeps its benchmarks, for the oversight committee. Work counts when it ends: answered in"
    " time is kept; answered late, or ended by itself unanswered, is not; cancelled work counts nowhere.",
    since="now-28d",
    refresh="15m",
)
BENCHMARKS = f'{CHOSEN},clock=~"$clock"'
WITHIN = {"1 h": 3_600, "4 h": 14_400, "8 h": 28_800, "24 h": 86_400}
"""Open hours within which an answer came, of which the committee sees the share; bounds of the histogram's buckets."""
HOURS = 3_600
OPEN = "suffix: open h"
"""The unit of what is counted in open hours: no days, which would be taken for 24 of them."""
RESPONSES = f"portalwatch_response_open_seconds_bucket{{{CHOSEN}}}"


def dashboard(_runbook: str) -> Dashboard:
    """The dashboard; it has no links into the runbook."""
    judged = 'portalwatch_cycles_total{workflow=~"$workflow"}'
    choices = [
        choice("workflow", "Kind of work", "portalwatch_cycles_total"),
        choice("department", "Department", judged),
        choice("clock", "Benchmark", judged),
    ]
    return assemble(GIVEN, choices, [_kept(), _departments(), _trend(), _answers()])


def kept(span: str, by: str = "") -> str:
    """The share kept over the last 1d or 28d, from 0 to 1; nothing where nothing was judged."""
    return (
        f"sum {by}(portalwatch:cycles_kept:sum{span}{{{BENCHMARKS}}})"
        f" / (sum {by}(portalwatch:cycles_judged:sum{span}{{{BENCHMARKS}}}) > 0)"
    )


def judged(span: str, by: str = "") -> str:
    """How many were judged over the last 1d or 28d."""
    return f"sum {by}(portalwatch:cycles_judged:sum{span}{{{BENCHMARKS}}})"


def ended(outcome: str, span: str, by: str = "") -> str:
    """How many ended so over the last 1d or 28d: five of the recorded sums see each."""
    return f'sum {by}(sum_over_time(portalwatch:cycles:increase5m{{{BENCHMARKS},outcome="{outcome}"}}[{span}])) / 5'


def margin(span: str) -> str:
    """How far each department is above the objective of each benchmark, from -1 to 1."""
    return (
        f"max by (department, clock) (portalwatch:kept:ratio{span}{{{BENCHMARKS}}}"
        ' - on (clock) group_left () portalwatch:kept:objective{clock=~"$clock"})'
    )


def answered(share: float, span: str, by: str = "") -> str:
    """The open hours within which this share of the answers came."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (increase({RESPONSES}[{span}]))) / {HOURS}"


def within(bound: int, span: str) -> str:
    """The share of answers that came within so many seconds of open time; Prometheus 3 writes 3600 as 3600.0."""
    part = f'portalwatch_response_open_seconds_bucket{{{CHOSEN},le=~"{bound}([.]0)?"}}'
    whole = f"portalwatch_response_open_seconds_count{{{CHOSEN}}}"
    return f"sum(increase({part}[{span}])) / (sum(increase({whole}[{span}])) > 0)"


def _kept() -> Section:
    counted = (
        (
            "Judged, 28 days",
            "Work that ended in the last 28 days and counts: kept, missed, or never answered.",
            judged("28d"),
        ),
        ("Missed, 28 days", "Work that was answered late, in the last 28 days.", ended("missed", "28d")),
        (
            "Never answered, 28 days",
            "Work that ended by itself in the last 28 days, unanswered.",
            ended("expired", "28d"),
        ),
    )
    shares = (
        ("Kept, last day", "The share of the work that ended in the last day and was answered in time.", kept("1d")),
        (
            "Kept, 28 days",
            "The share of the work that ended in the last 28 days and was answered in time.",
            kept("28d"),
        ),
    )
    parts = [
        number(title, text, (query, title), unit="percentunit", limits=steps(base=FIRST))
        .decimals(1)
        .no_value("no work")
        for title, text, query in shares
    ]
    below = number(
        "Below the objective, 28 days",
        "How many benchmarks, each department's counted by itself, were kept less often than their objective asks.",
        (f"count({margin('28d')} < 0) or vector(0)", "below the objective"),
        limits=steps(bad=1),
    )
    parts += [below]
    parts += [
        number(title, text, (query, title), limits=steps(base=FIRST), past=False).decimals(0)
        for title, text, query in counted
    ]
    return Section("All that was chosen", list(parts))


def _departments() -> Section:
    by = "by (department, clock) "
    ratio, goal = f"portalwatch:kept:ratio28d{{{BENCHMARKS}}}", 'portalwatch:kept:objective{clock=~"$clock"}'
    table = rows(
        "Departments and their benchmarks",
        "How each department keeps each benchmark. Above the objective: by how much the share kept in 28 days lies "
        "above it; below 0 it is not kept. Allowance used: 100 % means that as much was missed as may be.",
        [("department", "Department"), ("clock", "Benchmark")],
        (f"max {by}(portalwatch:kept:ratio1d{{{BENCHMARKS}}})", "Kept, last day"),
        (f"max {by}({ratio})", "Kept, 28 days"),
        (f"max {by}(0 * {ratio} + on (clock) group_left () {goal})", "Objective"),
        (margin("28d"), "Above the objective"),
        (f"max {by}(portalwatch:kept:burn28d{{{BENCHMARKS}}})", "Allowance used"),
        (f"{judged('28d', by)} > 0", "Judged"),
        (f"{ended('missed', '28d', by)} > 0", "Missed"),
        (f"{ended('expired', '28d', by)} > 0", "Never answered"),
        size=(24, 9),
    )
    for name in ("Kept, last day", "Kept, 28 days", "Objective"):
        table = column(table, name, "percentunit", decimals=1)
    for name in ("Judged", "Missed", "Never answered"):
        table = column(table, name, decimals=0)
    table = column(table, "Above the objective", "percentunit", floor(0), decimals=1)
    table = column(table, "Allowance used", "percentunit", steps(watch=0.75, bad=1), decimals=0)
    return Section("Departments", [table, _by_department(), _allowance()])


def _by_department() -> BarGauge:
    return gauges(
        "Kept by each department, 28 days",
        "The share of each department's work that was answered in time, over all chosen benchmarks.",
        (kept("28d", "by (department) "), "{{department}}"),
        unit="percentunit",
        limits=steps(base=FIRST),
    ).max(1)


def _allowance() -> BarGauge:
    return gauges(
        "Allowance used, 28 days",
        "How much of what may be missed in 28 days has been: from 75 % on it is nearly used up, at 100 % the objective"
        " is just kept, above it is not.",
        (f"portalwatch:kept:burn28d{{{BENCHMARKS}}}", "{{department}}: {{clock}}"),
        unit="percentunit",
        limits=steps(watch=0.75, bad=1),
    )


def _trend() -> Section:
    daily = lines(
        "Kept, day by day",
        "The share of each benchmark's work that was answered in time, in the day before each point; dashed its "
        "objective.",
        (kept("1d", "by (clock) "), "{{clock}}"),
        ('max by (clock) (portalwatch:kept:objective{clock=~"$clock"})', "objective of {{clock}}"),
        unit="percentunit",
    ).max(1)
    monthly = lines(
        "Kept over 28 days, by department",
        "The share of each department's work that was answered in time, in the 28 days before each point.",
        (kept("28d", "by (department) "), "{{department}}"),
        unit="percentunit",
    ).max(1)
    outcomes = {"kept": ("met", GOOD), "missed": ("missed", BAD), "never answered": ("expired", NEVER)}
    cancelled = {"cancelled": ("cancelled", ASIDE)}
    ends = bars(
        "How work ended, each day",
        "How much work ended in the day before each bar, and how.",
        *((ended(outcome, "1d"), name) for name, (outcome, _) in {**outcomes, **cancelled}.items()),
        each="1d",
        size=(24, 8),
    )
    colours = {name: colour for name, (_, colour) in {**outcomes, **cancelled}.items()}
    return Section("How it went", [dashed(daily, "objective of .*"), monthly, coloured(ends, colours)])


def _answers() -> Section:
    spread = gauges(
        "Answered within, 28 days",
        "The share of the answers of the last 28 days that came within so many open hours of the clinic, time in which"
        " the clinic waited for the patient left out.",
        *((within(bound, "28d"), f"within {name}") for name, bound in WITHIN.items()),
        unit="percentunit",
        limits=steps(base=FIRST),
    ).max(1)
    by = "by (department) "
    table = rows(
        "Time to an answer, 28 days",
        "Within how many open hours half, and nine of ten, of the answers of the last 28 days came.",
        [("department", "Department")],
        (f"{answered(0.5, '28d', 'department')} > 0", "Half within"),
        (f"{answered(0.9, '28d', 'department')} > 0", "Nine of ten within"),
        (f"sum {by}(increase(portalwatch_response_open_seconds_count{{{CHOSEN}}}[28d])) > 0", "Answers"),
        size=(12, 8),
    )
    table = column(column(table, "Half within", OPEN, decimals=1), "Nine of ten within", OPEN, decimals=1)
    return Section("How long patients wait", [spread, column(table, "Answers", decimals=0), _wait()])


def _wait() -> TimeSeries:
    wait = lines(
        "Time to an answer, week by week",
        "Within how many open hours half, and nine of ten, of the answers came that were given in the week before each"
        " point.",
        (answered(0.5, "7d"), "half within"),
        (answered(0.9, "7d"), "nine of ten within"),
        unit=OPEN,
        size=(24, 8),
    ).interval("6h")
    return coloured(wait, {"half within": FIRST, "nine of ten within": SECOND})
