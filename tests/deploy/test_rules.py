"""Prometheus' rules in `deploy/`: valid, each proven, each with a section of the runbook, of metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import promtool

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
PROOFS = sorted((Path(__file__).parent / "rules").glob("*.yml"))
OF_WORKERS = {"instance", "job"}


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def rules() -> list[dict[str, Any]]:
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    return [rule for path in files for group in load(path)["groups"] for rule in group["rules"]]


def proofs(kind: str) -> list[dict[str, Any]]:
    return [proof for path in PROOFS for test in load(path)["tests"] for proof in test.get(kind, [])]


def known() -> dict[str, set[str]]:
    """By name, the labels of what a worker shows, as the page of metrics has it, and of what Prometheus adds."""
    page = (ROOT / "deploy/docs/metrics.md").read_text()
    rows = re.findall(r"^\| (`portalwatch_.*?) \| \w+ \| (.*?) \|", page, re.MULTILINE)
    shown = {name: set(re.findall(r"`(\w+)`", labels)) for names, labels in rows for name in re.findall(r"\w+", names)}
    return {**shown, "process_start_time_seconds": set(), "up": set()}


KNOWN = known()
RECORDED = {rule["record"]: rule for rule in rules() if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def test_the_configuration_and_all_its_rules_are_valid() -> None:
    said = promtool.run("check", "config", PROMETHEUS / "prometheus.yml")
    assert sum(int(count) for count in re.findall(r"(\d+) rules found", said)) == len(RECORDED) + len(ALERTS)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda path: path.stem)
def test_what_the_rules_give(proof: Path) -> None:
    assert "SUCCESS" in promtool.run("test", "rules", proof)


def test_there_is_a_proof_of_every_rule() -> None:
    shown = " ".join(proof["expr"] for proof in proofs("promql_expr_test"))
    assert [name for name in RECORDED if name not in shown.replace("(", " ").replace(")", " ").replace(",", " ")] == []
    fired = {proof["alertname"] for proof in proofs("alert_rule_test") if proof.get("exp_alerts")}
    silent = {proof["alertname"] for proof in proofs("alert_rule_test") if not proof.get("exp_alerts")}
    assert fired == set(ALERTS)
    assert silent == set(ALERTS) - {"PortalwatchDeadMansSwitch"}


def test_every_alert_says_what_it_is_and_how_bad() -> None:
    for name, rule in ALERTS.items():
        assert name.startswith("Portalwatch")
        assert rule["labels"]["service"] == "portalwatch"  # by which Alertmanager finds them
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}


def test_the_runbook_has_a_section_for_every_alert_and_no_other() -> None:
    sections = re.findall(r"^## (.+)\n\n\*(\w+)", (ROOT / "deploy/docs/runbook.md").read_text(), re.MULTILINE)
    assert dict(sections) == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"].endswith(f"/runbook#{name.lower()}")


def test_the_links_of_the_runbook_lead_somewhere() -> None:
    text = (ROOT / "deploy/docs/runbook.md").read_text()
    for page, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
        assert (ROOT / "deploy/docs" / page).exists(), page
        assert not anchor or anchor in {name.lower() for name in ALERTS}, anchor


def test_rules_and_runbook_name_metrics_that_there_are() -> None:
    runbook = (ROOT / "deploy/docs/runbook.md").read_text()
    assert set(re.findall(r"\b(?:portalwatch|process)_\w+", runbook)) - {"portalwatch_"} <= KNOWN.keys()
    for rule in rules():
        expression = rule["expr"]
        measured = set(re.findall(r"\b(?:portalwatch|process)_\w+|\bup\b", expression))
        recorded = set(re.findall(r"portalwatch(?::\w+)+", expression))
        assert measured <= KNOWN.keys(), expression
        assert recorded <= RECORDED.keys(), expression
        labels = re.findall(r"(\w+) *(?:=~|!=|!~|=)\"|\b(?:by|on|without|ignoring) \(([^)]*)\)", expression)
        used = {name.strip() for pair in labels for group in pair for name in group.split(",") if name.strip()}
        allowed = OF_WORKERS.union(*(KNOWN[name] for name in measured))
        if recorded:
            allowed |= KNOWN["portalwatch_cycles_total"]
        assert used <= allowed, expression
