"""What would be sent now, sink by sink: for `portalwatch deliver --dry-run`.

Theory of operation. The same functions that the workers send by are asked, with what the broker holds: the alerts that
stand open for an Alertmanager, and for a sink that follows `portal.alerts` what lies past its group's progress. A
group that never committed begins at the end, so nothing is owed to it. Nothing is sent, and no group is joined.

The forms below are the JSON. No URL of a sink is in them, only its host; no secret; of an Apprise URL not even that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from schemas.alerts import Alert
from streams.delivery.sinks import Alertmanager, Discreet, HttpUrl, Sink, Webhook
from streams.delivery.wording import Wording
from streams.harmless import plain

FIRST: Final = 10
"""Of what a webhook is behind with, so many ids are named."""


class _Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object of the answer."""


class Firing(_Form, frozen=True, kw_only=True):
    """One alert as an Alertmanager is told of it; the workers add its end."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str


class Digest(_Form, frozen=True, kw_only=True):
    """One message to one recipient."""

    recipient: str
    title: str
    body: str
    alerts: int


class Ahead(_Form, frozen=True, kw_only=True):
    """An event that a webhook has not taken."""

    id: str
    partition: int
    offset: int


class Planned(_Form, frozen=True, kw_only=True):
    """What one sink would be sent."""

    sink: str
    kind: str
    hosts: list[str] = []
    detail: str | None = None
    alerts: list[Firing] = []
    digests: list[Digest] = []
    behind: int = 0
    """Events of `portal.alerts` that lie past its progress."""
    first: list[Ahead] = []
    """The first of them."""


def kind(sink: Sink) -> str:
    """What kind of sink it is, by its table in the file."""
    return type(sink).__name__.lower()


def follows(sink: Sink) -> bool:
    """Whether it follows `portal.alerts` with a group; an Alertmanager is told what is open."""
    return not isinstance(sink, Alertmanager)


def bare(name: str, sink: Sink) -> Planned:
    """A sink to which nothing would be sent."""
    urls: Iterable[HttpUrl] = sink.urls if isinstance(sink, Alertmanager) else ()
    if isinstance(sink, Webhook):
        urls = (sink.url,)
    detail = sink.detail if isinstance(sink, Discreet) else None
    return Planned(sink=name, kind=kind(sink), hosts=[urlsplit(url).netloc for url in urls], detail=detail)


def of_alertmanager(name: str, sink: Alertmanager, wording: Wording, still: Iterable[Alert], now: float) -> Planned:
    """What an Alertmanager is told; alerts of the same labels are one to it. `now`: UNIX seconds."""
    told: dict[bytes, Firing] = {}
    for alert in still:
        worded = wording.of(alert, now)
        said: dict[str, Any] = msgspec.json.decode(worded.ending(now + sink.ends_after))
        told[worded.key] = Firing(
            labels=said["labels"], annotations=said["annotations"], starts_at=said["startsAt"]
        )  # fmt: skip
    alerts = sorted(told.values(), key=lambda each: (each.labels.get("recipient", ""), each.starts_at))
    return msgspec.structs.replace(bare(name, sink), alerts=alerts)


def of_apprise(name: str, sink: Sink, digests: list[Digest]) -> Planned:
    """The messages to people."""
    return msgspec.structs.replace(bare(name, sink), digests=digests)


def of_webhook(name: str, sink: Webhook, behind: int, first: Iterable[Ahead]) -> Planned:
    """How far a webhook is behind."""
    return msgspec.structs.replace(bare(name, sink), behind=behind, first=list(first))


def text(plan: Planned) -> str:
    """In words."""
    where = ", ".join([*plan.hosts, *([f"detail {plan.detail}"] if plan.detail else [])])
    lines = [f"{plan.sink} ({plan.kind}{f', {where}' if where else ''}): {_count(plan)}"]
    for each in plan.alerts:
        labels = {name: value for name, value in each.labels.items() if name not in ("alertname", "recipient")}
        lines.append(f"  {each.labels['alertname']} to {each.labels.get('recipient') or 'nobody'}")
        lines.append(f"    {each.annotations.get('summary', '')}")
        lines.append("    " + " ".join(f"{name}={value}" for name, value in labels.items()))
    for digest in plan.digests:
        lines += [f"  to {digest.recipient}: {digest.title}", *(f"    {line}" for line in digest.body.splitlines())]
    lines += [f"  {each.id} (partition {each.partition}, offset {each.offset})" for each in plan.first]
    if plan.kind == "webhook" and plan.behind > len(plan.first):
        lines.append(f"  and {plan.behind - len(plan.first):,} more")
    return "\n".join(map(plain, lines))


def _count(plan: Planned) -> str:
    many = {"alertmanager": len(plan.alerts), "apprise": len(plan.digests), "webhook": plan.behind}.get(plan.kind, 0)
    one = {"alertmanager": "alert fires", "apprise": "digest", "webhook": "event behind"}.get(plan.kind, "")
    more = {"alertmanager": "alerts fire", "apprise": "digests", "webhook": "events behind"}.get(plan.kind, "")
    return "nothing" if not many else f"{many:,} {one if many == 1 else more}"
