"""Whatever a manifest sets is a setting, with a value that it takes; and what must agree over several, agrees."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from streams.runtime.lanes import STOP_GRACE
from streams.settings import Settings, load
from streams.settings_values import file
from tests.deploy import manifests

WAYS = manifests.workers()
FILES = {field.name for field in fields(Settings) if field.metadata["read"] is file}


def loaded(environment: dict[str, str], folder: Path) -> Settings:
    """The settings; each file that they name is stood in for by one of its name that is there."""
    given = {}
    for variable, value in environment.items():
        given[variable] = value
        if variable.removeprefix("PORTALWATCH_").lower() in FILES:
            given[variable] = str(folder / Path(value).name)
            Path(given[variable]).write_text("x")
    return load(given)


@pytest.mark.parametrize("way", WAYS)
def test_every_variable_is_a_setting_and_its_value_is_taken(way: str, tmp_path: Path) -> None:
    settings = loaded(WAYS[way], tmp_path)
    assert settings.app_id == "portalwatch"
    assert str(settings.datadir).startswith("/var/lib/portalwatch")
    ports = (settings.web_port, settings.metrics_port)
    assert ports == ((6067, 9465) if way == "systemd 2" else (Settings().web_port, Settings().metrics_port))


def test_no_two_workers_of_one_way_have_one_name() -> None:
    for way in ("compose", "systemd"):
        names = [env["PORTALWATCH_INSTANCE_ID"] for name, env in WAYS.items() if name.startswith(way)]
        assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize("way", [way for way in WAYS if not way.startswith("systemd")])
def test_in_a_container_metrics_are_served_to_others_and_pages_are_not_without_an_identity(
    way: str, tmp_path: Path
) -> None:
    settings = loaded(WAYS[way], tmp_path)
    assert settings.metrics_host == "0.0.0.0"
    assert (settings.web_bind == "127.0.0.1") == (settings.tokens is None)


def test_a_secret_is_never_a_value() -> None:
    for way, environment in WAYS.items():
        assert not [name for name in environment if "PASSWORD" in name and not name.endswith("_FILE")], way


def test_whoever_ends_a_worker_waits_for_as_long_as_it_may_take() -> None:
    """It has STOP_GRACE; what Faust does around it takes a moment more."""
    pod = manifests.documents(manifests.KUBERNETES / "base/statefulset.yaml")[0]["spec"]["template"]["spec"]
    services = manifests.compose()["services"]
    waits = {
        "systemd": float(manifests.unit()["TimeoutStopSec"][0]),
        "kubernetes": float(pod["terminationGracePeriodSeconds"]),
        **{name: float(services[name]["stop_grace_period"].removesuffix("s")) for name in ("worker-1", "worker-2")},
    }
    assert {way: wait for way, wait in waits.items() if not STOP_GRACE + 10 <= wait <= STOP_GRACE + 30} == {}


def test_nobody_ends_a_worker_that_hangs_before_it_does_so_itself_and_says_why() -> None:
    pod = manifests.documents(manifests.KUBERNETES / "base/statefulset.yaml")[0]["spec"]["template"]["spec"]
    live = pod["containers"][0]["livenessProbe"]
    assert live["periodSeconds"] * live["failureThreshold"] > Settings().stall_timeout
    words = dict(part.removeprefix("--").split("=") for part in manifests.image()["HEALTHCHECK"].split() if "=" in part)
    assert float(words["interval"].removesuffix("s")) * int(words["retries"]) > Settings().stall_timeout


def test_a_service_manager_starts_what_made_no_progress_and_leaves_what_is_used_wrongly() -> None:
    unit = manifests.unit()
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == (["on-failure"], ["2"])
    assert unit["StartLimitIntervalSec"] == ["0"]
