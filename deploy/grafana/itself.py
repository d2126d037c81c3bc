"""Portalwatch itself: whether it sees all, judges in time and tells, and what that costs."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana import colours
from deploy.grafana.colours import ASIDE, BAD, FIRST, GOOD, SECOND, WATCH, floor, steps
from deploy.grafana.frame import Given, Section, assemble, choice, help_at
from deploy.grafana.panels import bars, coloured, column, limited, lines, number, rows, states, worded

GIVEN = Given(
    uid="portalwatch-itself",
    title="Portalwatch itself",
    text="Whether Portalwatch sees all events, judges them in time and tells people, and what that costs. For those "
    "who run it.",
    since="now-6h",
    refresh="30s",
)
CHOSEN = 'instance=~"$instance"'
JOB = f'job="portalwatch",{CHOSEN}'
"""For what other programs have too; the job is that of the alert rules."""
RATE = "$__rate_interval"
QUANTILES = {"half": 0.5, "99 of 100": 0.99}
REASONS = {
    "undecodable": FIRST,
    "invalid": SECOND,
    "unknown_type": colours.THIRD,
    "future": colours.FOURTH,
    "late": ASIDE,
    "misrouted": BAD,
    "too_large": WATCH,
    "anchor_missing": colours.NEVER,
}


def dashboard(runbook: str) -> Dashboard:
    """The dashboard, with links into the runbook."""
    choices = [choice("instance", "Worker", 'up{job="portalwatch"}')]
    sections = [_now(runbook), _input(runbook), _judging(runbook), _telling(runbook), _recovery(runbook), _cost()]
    return assemble(GIVEN, choices, sections)


def quantile(share: float, of: str, by: str, span: str) -> str:
    """The seconds below which this share of what a histogram counted lies."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate(portalwatch_{of}_bucket{{{CHOSEN}}}[{span}])))"


def once(gauge: str, by: str) -> str:
    """A gauge of which, while a partition moves, two workers may tell for a moment: the greater counts."""
    return f"sum by ({by}) (max by ({by}, partition) (portalwatch_{gauge}{{{CHOSEN}}}))"


def _now(runbook: str) -> Section:
    return Section("Now", [*_workers(runbook), *_rules(runbook)])


def _workers(runbook: str) -> list[stat.Panel]:
    return [
        number(
            "Workers up",
            "How many workers Prometheus reaches, of those that it knows. Two are enough to go on while one is away.",
            (f"sum(up{{{JOB}}})", "up"),
            limits=floor(2, 1),
        ).links([help_at(runbook, "portalwatchworkerdown")]),
        number(
            "Workers down",
            "Workers that Prometheus knows and does not reach. Their partitions move to the others.",
            (f"count(up{{{JOB}}}) - sum(up{{{JOB}}})", "down"),
            limits=steps(bad=1),
        ).links([help_at(runbook, "portalwatchworkerdown")]),
        number(
            "Partitions catching up",
            "Partitions that are recovered or whose inputs are not known to be read to their ends; their alerts are "
            "held back.",
            (f"sum(max by (partition) (portalwatch_catching_up{{{CHOSEN}}}))", "catching up"),
            limits=steps(watch=1),
        ).links([help_at(runbook, "portalwatchcatchinguptoolong")]),
    ]


def _rules(runbook: str) -> list[stat.Panel]:
    """By what is judged, and what cannot be."""
    return [
        number(
            "Policies in force",
            "By how many different policies the workers judge. More than one for longer than seconds means that a "
            "worker has not read the latest.",
            (f"count(count by (sha256) (portalwatch_policy_info{{{CHOSEN}}}))", "policies"),
            limits=steps(bad=2),
        ).links([help_at(runbook, "portalwatchpoliciesdiffer")]),
        number(
            "Last policy refused",
            "Workers that refused the last policy that was put on the topic, and go on with the one before.",
            (f"sum(1 - portalwatch_policy_last_reload_successful{{{CHOSEN}}})", "refused"),
            limits=steps(bad=1),
        ).links([help_at(runbook, "portalwatchpolicyreloadfailed")]),
        number(
            "Dead letters, 24 hours",
            "Records that were refused in the last 24 hours. What is refused is not judged.",
            (f"sum(increase(portalwatch_deadletters_total{{{CHOSEN}}}[24h]))", "dead letters"),
            limits=steps(watch=1),
        )
        .decimals(0)
        .links([help_at(runbook, "portalwatchdeadlettersrising")]),
    ]


def _input(runbook: str) -> Section:
    events = lines(
        "Events a second",
        "Well-formed events read from the inputs, by workflow; repeats and late ones too.",
        (f"sum by (workflow) (rate(portalwatch_events_total{{{CHOSEN}}}[{RATE}]))", "{{workflow}}"),
        unit="suffix:/s",
    )
    lag = lines(
        "Lag",
        "Records between the next to be worked off and the end of each input.",
        (once("consumer_lag", "topic"), "{{topic}}"),
    ).links([help_at(runbook, "portalwatchworkerstalled")])
    ages = lines(
        "Age of events when read",
        "How old events were when they were read: the portal's and Kafka's delay, and ours.",
        *(
            (quantile(q, "event_age_seconds", "workflow", RATE), f"{{{{workflow}}}}: {name}")
            for name, q in QUANTILES.items()
        ),
        unit="s",
    )
    dead = bars(
        "Dead letters an hour",
        "Records that were refused in each hour, by reason.",
        (f"sum by (reason) (increase(portalwatch_deadletters_total{{{CHOSEN}}}[{RATE}]))", "{{reason}}"),
        each="1h",
    ).links([help_at(runbook, "portalwatchdeadlettersrising")])
    parts = [coloured(events, colours.WORKFLOWS), lag, ages, coloured(dead, REASONS), *_last_day()]
    return Section("What comes in", parts)


def _last_day() -> list[table.Panel]:
    refused = rows(
        "What was refused, 24 hours",
        "The dead letters of the last 24 hours, by topic and reason. `portalwatch deadletters list` shows them.",
        [("topic", "Topic"), ("reason", "Reason")],
        (f"sum by (topic, reason) (increase(portalwatch_deadletters_total{{{CHOSEN}}}[24h])) > 0", "Records"),
        size=(12, 8),
        sort="Records",
    )
    types = rows(
        "Events by type, 24 hours",
        "What came in the last 24 hours. A type that is missing here may be one that the portal no longer sends.",
        [("workflow", "Workflow"), ("type", "Type")],
        (f"sum by (workflow, type) (increase(portalwatch_events_total{{{CHOSEN}}}[24h])) > 0", "Events"),
        size=(12, 8),
        sort="Events",
    )
    return [column(refused, "Records", decimals=0), column(types, "Events", decimals=0)]


def _judging(runbook: str) -> Section:
    late = lines(
        "Lateness of alerts",
        "How long after its stage's time an alert was said, over the last hour. What was held back while a partition "
        "caught up counts too, and so does a stage that an event which came late had already passed.",
        *((quantile(q, "alert_lateness_seconds", "", "1h"), name) for name, q in QUANTILES.items()),
        unit="s",
    )
    late = coloured(limited(late, steps(watch=10, bad=60)), {"half": FIRST, "99 of 100": SECOND})
    said = lines(
        "Alerts a minute",
        "Alerts said, by stage, of all workflows and departments.",
        (f"60 * sum by (stage) (rate(portalwatch_alerts_total{{{CHOSEN}}}[{RATE}]))", "{{stage}}"),
    )
    catching = states(
        "Catching up",
        "Partitions that are recovered or whose inputs are not known to be read to their ends.",
        (f"max by (partition) (portalwatch_catching_up{{{CHOSEN}}})", "partition {{partition}}"),
        {"0": ("caught up", GOOD), "1": ("catching up", WATCH)},
    ).links([help_at(runbook, "portalwatchcatchinguptoolong")])
    owned = lines(
        "Partitions of each worker",
        "How many partitions each worker holds. Their sum is the inputs' number of partitions, but for the seconds in "
        "which one moves.",
        (f"count by (instance) (portalwatch_catching_up{{{CHOSEN}}})", "{{instance}}"),
        size=(12, 6),
    ).links([help_at(runbook, "portalwatchpartitionunowned")])
    return Section("Judging", [late, said, catching, owned])


def _telling(runbook: str) -> Section:
    backlog = lines(
        "Still to be delivered",
        "Alerts that each sink has still to be sent. A sink that is down loses nothing: it catches up.",
        (f"{_delivered('sum by (sink) (portalwatch_delivery_backlog{%s})')}", "{{sink}}"),
    ).links([help_at(runbook, "portalwatchdeliverybacklog")])
    told = lines(
        "Deliveries a minute",
        "Deliveries to each sink in each minute, by how they went.",
        (
            f"60 * ({_delivered('sum by (sink, result) (rate(portalwatch_deliveries_total{%s}[$__rate_interval]))')})",
            "{{sink}}: {{result}}",
        ),
    )
    return Section("Telling people", [backlog, told])


def _delivered(query: str) -> str:
    """What a query gives of the sinks, or 0 of `no sink` where none is set."""
    none = 'label_replace(label_replace(vector(0), "sink", "no sink", "", ""), "result", "none", "", "")'
    return f"{query % CHOSEN} or on () {none}"


def _recovery(runbook: str) -> Section:
    read, expected = (
        f"max by (partition) (portalwatch_recovery_records{end}{{{CHOSEN}}})" for end in ("", "_expected")
    )
    left = lines(
        "Still to be recovered",
        "Changelog records that each partition had still to read in its last recovery, before it could judge anything.",
        (f"{expected} - {read}", "partition {{partition}}"),
        size=(8, 8),
    ).links([help_at(runbook, "portalwatchcatchinguptoolong")])
    policy = rows(
        "Policy in force",
        "By which policy how many workers judge, and its fingerprint.",
        [("version", "Version"), ("sha256", "SHA-256")],
        (f"count by (version, sha256) (portalwatch_policy_info{{{CHOSEN}}})", "Workers"),
        size=(8, 8),
    ).links([help_at(runbook, "portalwatchpoliciesdiffer")])
    alarms = rows(
        "Alarms",
        "What Prometheus' own rules find now. PortalwatchDeadMansSwitch always stands here: it shows that rules are "
        "judged.",
        [("alertname", "Alarm"), ("severity", "Severity")],
        ('sum by (alertname, severity) (ALERTS{service="portalwatch",alertstate="firing"})', "Times"),
        size=(8, 8),
    ).links([help_at(runbook, "")])
    return Section(
        "Recovery and policy", [left, policy, worded(alarms, "Severity", {**colours.SEVERITIES, "none": ASIDE})]
    )


def _cost() -> Section:
    memory = lines(
        "Memory",
        "Resident memory of each worker. It grows with the items that are kept, and is given back when they end.",
        (f"max by (instance) (process_resident_memory_bytes{{{JOB}}})", "{{instance}}"),
        unit="bytes",
        size=(6, 8),
    )
    cpu = lines(
        "Processor time",
        "Share of one core that each worker used. A worker judges on one core: near 100 % it is the limit.",
        (f"sum by (instance) (rate(process_cpu_seconds_total{{{JOB}}}[{RATE}]))", "{{instance}}"),
        unit="percentunit",
        size=(6, 8),
    )
    files = lines(
        "Open files",
        "Open files and sockets of each worker, as a share of what it may have.",
        (f"max by (instance) (process_open_fds{{{JOB}}} / process_max_fds{{{JOB}}})", "{{instance}}"),
        unit="percentunit",
        size=(6, 8),
    )
    running = lines(
        "Running since",
        "How long each worker has run. A saw is a worker that ends again and again: the last lines of its log say why.",
        (f"time() - max by (instance) (process_start_time_seconds{{{JOB}}})", "{{instance}}"),
        unit="s",
        size=(6, 8),
    )
    return Section("What it costs", [memory, limited(cpu, steps(watch=0.7, bad=0.9)), files, running])
