"""On call now: what fires, what is about to be missed, what is missed, and whether these numbers can be trusted."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana import colours
from deploy.grafana.colours import ASIDE, BAD, GOOD, WATCH, steps
from deploy.grafana.frame import CHOSEN, Given, Section, assemble, choice, help_at
from deploy.grafana.panels import bars, coloured, column, limited, lines, number, rows, stacked, states, worded

GIVEN = Given(
    uid="portalwatch-on-call",
    title="Portalwatch: on call now",
    text="What fires now, what is about to be missed and what is missed, by department; and whether these numbers can "
    "be trusted. For whoever is on call. Items themselves stand on the board.",
    since="now-6h",
    refresh="30s",
)
STATES = {"on_time": "on time", "due_soon": "due soon", "missed": "missed", "paused": "paused"}
"""Of pending items, and what panels call them."""
DAY = 86_400.0
"""In seconds."""
FIRING = f"portalwatch_alerts_firing{{{CHOSEN}}}"
FEED = 'workflow=~"$workflow"'


def dashboard(runbook: str) -> Dashboard:
    """The dashboard, with links into the runbook."""
    choices = [
        choice("workflow", "Workflow", "portalwatch_items_pending"),
        choice("department", "Department", 'portalwatch_items_pending{workflow=~"$workflow"}'),
    ]
    return assemble(GIVEN, choices, [_now(runbook), _firing(), _pending(), _keeping(runbook), _trust(runbook)])


def _items(state: str) -> str:
    return f'portalwatch_items_pending{{{CHOSEN},state="{state}"}}'


def _age(by: str) -> str:
    return f"time() - min {by}(portalwatch_oldest_pending_timestamp_seconds{{{CHOSEN}}})"


def _now(runbook: str) -> Section:
    critical = number(
        "Critical alerts",
        "Alerts of severity critical that fire now: work that is missed or nearly so, each told to the one on call.",
        (f'sum(portalwatch_alerts_firing{{{CHOSEN},severity="critical"}})', "critical"),
        limits=steps(bad=1),
    )
    warning = number(
        "Warnings",
        "Alerts of severity warning that fire now: told to the pool, early enough to keep the benchmark.",
        (f'sum(portalwatch_alerts_firing{{{CHOSEN},severity="warning"}})', "warning"),
        limits=steps(watch=1),
    )
    soon = number(
        "About to be missed",
        "Items of which a stage before the due time has come and that can still be kept.",
        (f"sum({_items('due_soon')})", "due soon"),
        limits=steps(watch=1),
    ).links([help_at(runbook, "portalwatchabouttomiss")])
    missed = number(
        "Missed and still open",
        "Items past their due time on which a patient still waits.",
        (f"sum({_items('missed')})", "missed"),
        limits=steps(bad=1),
    ).links([help_at(runbook, "portalwatchmissed")])
    oldest = number(
        "Oldest that waits",
        "How long ago the oldest item was opened that runs and is not paused; in elapsed time, nights and weekends "
        "too.",
        (_age(""), "oldest"),
        unit="s",
        limits=steps(watch=2 * DAY, bad=4 * DAY),
    ).no_value("none waits")
    silent = number(
        "Silent feeds",
        "Feeds of which neither event nor heartbeat comes. Answers are not seen then either, so an alert may be false.",
        (f"sum(max by (workflow) (portalwatch_feed_silent{{{FEED}}}))", "silent"),
        limits=steps(bad=1),
    ).links([help_at(runbook, "portalwatchfeedsilent")])
    return Section("Now", [critical, warning, soon, missed, oldest, silent])


def _firing() -> Section:
    table = rows(
        "What fires",
        "The alerts that fire now, by department, workflow and stage, those of which there are most first. The stage "
        "says who was told: see the ladder of the benchmark in the policy. A silent feed is of the department "
        "`unassigned`.",
        [("department", "Department"), ("workflow", "Workflow"), ("stage", "Stage"), ("severity", "Severity")],
        (f"sum by (department, workflow, stage, severity) ({FIRING}) > 0", "Alerts"),
        size=(12, 9),
        sort="Alerts",
    )
    over_time = coloured(
        stacked(
            lines(
                "Firing over time",
                "Alerts that fired at each moment, by severity.",
                (f"sum by (severity) ({FIRING})", "{{severity}}"),
                size=(6, 9),
            )
        ),
        colours.SEVERITIES,
    )
    calls = bars(
        "Calls an hour",
        "How many alerts were said in each hour, by stage: what the people who are called have to bear. Resolutions do"
        " not count.",
        (f"sum by (stage) (increase(portalwatch_alerts_total{{{CHOSEN}}}[$__rate_interval]))", "{{stage}}"),
        each="1h",
        size=(6, 9),
    )
    return Section("What fires", [worded(table, "Severity", colours.SEVERITIES), over_time, calls])


def _pending() -> Section:
    table = rows(
        "Pending by department",
        "Items that the clinic owes something, by how urgent they are (of several benchmarks the most urgent counts), "
        "and how long ago the oldest was opened that is not paused. The department `other` is every one that the "
        "policy does not know.",
        [("department", "Department")],
        *((f"sum by (department) ({_items(state)})", name.capitalize()) for state, name in STATES.items()),
        (_age("by (department) "), "Oldest"),
        size=(12, 9),
        sort="Missed",
    )
    table = column(column(table, "Due soon", limits=steps(watch=1)), "Missed", limits=steps(bad=1))
    named = lines(
        "Pending over time",
        "Items that the clinic owes something, by how urgent they were at each moment.",
        *((f"sum({_items(state)})", name) for state, name in reversed(STATES.items())),
        size=(6, 9),
    )
    ages = lines(
        "Oldest by workflow",
        "How long ago the oldest item of each workflow was opened that ran and was not paused. A line that climbs "
        "without a drop is an item that nobody takes up.",
        (_age("by (workflow) "), "{{workflow}}"),
        unit="s",
        size=(6, 9),
    )
    table = column(table, "Oldest", "s", steps(watch=2 * DAY, bad=4 * DAY))
    over_time, oldest = coloured(stacked(named), colours.STATES), coloured(ages, colours.WORKFLOWS)
    return Section("What is pending", [table, over_time, oldest])


def _keeping(runbook: str) -> Section:
    burn = lines(
        "How fast the allowance is used",
        "The share that was missed in the last hour, in units of the share that may be missed: at 1 the objective is "
        "just kept, at 13.44 an hour uses up 2 % of what may be missed in 28 days. Nothing is drawn where nothing was "
        "judged.",
        (f"portalwatch:kept:burn1h{{{CHOSEN}}}", "{{department}}: {{clock}}"),
    )
    burn = limited(burn, steps(watch=1, bad=13.44)).links([help_at(runbook, "portalwatchbudgetburnsfast")])
    alarms = rows(
        "Alarms for those who run Portalwatch",
        "What Prometheus' own rules find now: departments that cannot keep up, and troubles of Portalwatch itself; the"
        " runbook has a part for each. PortalwatchDeadMansSwitch always stands here: it shows that rules are judged.",
        [("alertname", "Alarm"), ("severity", "Severity")],
        ('sum by (alertname, severity) (ALERTS{service="portalwatch",alertstate="firing"})', "Times"),
        size=(12, 8),
    ).links([help_at(runbook, "")])
    severities = {**colours.SEVERITIES, "none": ASIDE}
    return Section("Can it be kept up", [burn, worded(alarms, "Severity", severities)])


def _trust(runbook: str) -> Section:
    feeds = states(
        "Feeds",
        "Whether each workflow's feed was alive. Of a silent feed answers are not seen, so its alerts may be false.",
        (f"max by (workflow) (portalwatch_feed_silent{{{FEED}}})", "{{workflow}}"),
        {"0": ("alive", GOOD), "1": ("silent", BAD)},
    ).links([help_at(runbook, "portalwatchfeedsilent")])
    heard = lines(
        "Last event of each feed",
        "How long ago the latest event or heartbeat of each workflow was sent, of those that any worker has read.",
        (f"time() - max by (workflow) (portalwatch_feed_last_event_timestamp_seconds{{{FEED}}})", "{{workflow}}"),
        unit="s",
        size=(12, 6),
    )
    catching = states(
        "Catching up",
        "Partitions that are recovered or whose inputs are not known to be read to their ends. Until they are, no "
        "alert of theirs is said: an answer may lie in what has not been read.",
        ("max by (partition) (portalwatch_catching_up)", "partition {{partition}}"),
        {"0": ("caught up", GOOD), "1": ("catching up", WATCH)},
    ).links([help_at(runbook, "portalwatchcatchinguptoolong")])
    workers = states(
        "Workers",
        "Whether Prometheus reaches each worker. Of one that it does not reach the numbers are missing from all sums.",
        ('max by (instance) (up{job="portalwatch"})', "{{instance}}"),
        {"0": ("down", BAD), "1": ("up", GOOD)},
    ).links([help_at(runbook, "portalwatchworkerdown")])
    heard = coloured(heard, colours.WORKFLOWS)
    return Section("Can these numbers be trusted", [feeds, heard, catching, workers])
