"""How alerts are said to people, in sentences."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

from schemas import instants
from schemas.alerts import AlertData
from schemas.policy import UNASSIGNED
from streams.core.book import OTHER

WHAT: Final = {
    "message": ("message", "messages"),
    "appointment": ("appointment request", "appointment requests"),
    "result": ("result", "results"),
    "questionnaire": ("questionnaire", "questionnaires"),
}
STAGES: Final = {
    "due-soon": ("is due soon", "are due soon"),
    "imminent": ("is about to be missed", "are about to be missed"),
    "missed": ("was missed", "were missed"),
    "escalated": ("was missed and is still open", "were missed and are still open"),
    "attempts": ("is being waited for: the patient keeps looking", "are being waited for: patients keep looking"),
    "too-early": ("was answered sooner than is allowed", "were answered sooner than is allowed"),
}
OWN: Final = ("has reached the stage {}", "have reached the stage {}")
"""Of a stage that a policy names itself."""
OVER: Final = ("is over", "are over")


def what(workflow: str, count: int) -> str:
    """`1 message`, `3 appointment requests`."""
    return f"{count} {WHAT[workflow][count != 1]}"


def where(department: str | None) -> str:
    """`in cardiology`; a department that may not be named, or is none, is said in words."""
    if department in (None, UNASSIGNED):
        return "without a department"
    return "in another department" if department == OTHER else f"in {department}"


def stage(name: str, count: int = 1) -> str:
    """What a stage means: `is about to be missed`."""
    return STAGES[name][count != 1] if name in STAGES else OWN[count != 1].format(name)


def silence(workflow: str) -> str:
    """What a silent feed means."""
    return f"No {workflow} events arrive from the portal: what is open may be answered already"


def summary(data: AlertData, zone: tzinfo) -> str:
    """`A message in cardiology is about to be missed`; what a silent feed means.

    With the item and its due time, in this zone, where they may be told.
    """
    if data.clock is None:
        return silence(data.workflow)
    name = WHAT[data.workflow][0]
    article = "An" if name[0] in "aeiou" else "A"
    said = f"{article} {name} {where(data.department)} {stage(data.stage or '')}"
    if data.item is None:
        return said
    due = "" if data.due_at is None else f", due {_local(data.due_at, zone):%Y-%m-%d %H:%M}"
    return f"{said} ({data.item}{due})"


def _local(instant: str, zone: tzinfo) -> datetime:
    return (instants.EPOCH + timedelta(microseconds=instants.parse(instant))).astimezone(zone)
