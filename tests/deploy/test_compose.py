"""The Compose file: by the schema of its specification, and by what it promises in its first lines."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema.validators import validator_for

from streams.settings import Settings
from tests.deploy import manifests
from tests.deploy.manifests import COMPOSE, DEPLOY

FILE = manifests.compose()
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
WORKERS = ("worker-1", "worker-2")


def mounts(name: str, kind: str) -> list[dict[str, Any]]:
    return [each for each in SERVICES[name].get("volumes", []) if each["type"] == kind]


def test_it_is_a_compose_file() -> None:
    where = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"  # beside a program that need not run
    schema = json.loads(Path(str(distribution("check-jsonschema").locate_file(where))).read_text())
    validator = validator_for(schema)(schema)
    found = {key: value for key, value in FILE.items() if not key.startswith("x-")}
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(found)] == []
    broken = {**found, "services": {**SERVICES, "kafka": {**SERVICES["kafka"], "restrat": "always"}}}
    assert [error.json_path for error in validator.iter_errors(broken)] == ["$.services.kafka"]


def test_it_has_what_it_is_to_have() -> None:
    assert set(SERVICES) == {"kafka", *WORKERS, "prometheus", "alertmanager", "grafana"}
    assert SERVICES["kafka"]["image"] == "apache/kafka:4.1.1"
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]), "a tag of one version"


@pytest.mark.parametrize("name", SERVICES)
def test_it_may_do_as_little_as_it_can(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name != "kafka")
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert "privileged" not in service
    assert "network_mode" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_it_listens_on_this_machine_alone(name: str) -> None:
    for published in SERVICES[name].get("ports", []):
        host, outside, inside = published.split(":")
        assert (host, outside) == ("127.0.0.1", inside)
    if name in WORKERS:
        assert SERVICES[name]["networks"] == ["inside"]
        assert FILE["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_mounts_is_there_and_read_only(name: str) -> None:
    for mount in mounts(name, "bind"):
        ours = not mount["source"].startswith("./secrets/")
        assert (COMPOSE.parent / mount["source"]).exists() is ours, mount["source"]
        assert mount["read_only"] is True
    named = {mount["source"] for mount in mounts(name, "volume") if "source" in mount}
    assert named <= set(FILE["volumes"])


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_can_write_where_it_must(name: str) -> None:
    service, image = SERVICES[name], manifests.image()
    assert service["user"] == image["USER"]
    data = {**manifests.image_env(), **service["environment"]}["PORTALWATCH_DATADIR"]
    assert [mount["target"] for mount in mounts(name, "volume")] == [data] == manifests.json_list(image["VOLUME"])
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    assert [mount["target"] for mount in mounts(name, "bind")] == [service["environment"]["PORTALWATCH_POLICY"]]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_well_when_it_is_ready(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"] == ["CMD", "python", "-I", "/opt/portalwatch/probe.py", "/readyz"]
    build = service["build"]
    assert (COMPOSE.parent / build["context"]).resolve() == manifests.ROOT
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).resolve() == manifests.DOCKERFILE


def test_the_workers_reach_the_broker_where_it_says_it_is() -> None:
    kafka = SERVICES["kafka"]["environment"]
    told = dict(each.split("://") for each in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))
    for name in WORKERS:
        assert SERVICES[name]["environment"]["PORTALWATCH_BROKER"] == f"kafka://{told['INSIDE']}"
    assert told["HOST"] == "127.0.0.1:9092"
    assert SERVICES["kafka"]["ports"] == ["127.0.0.1:9092:9092"]
    assert SERVICES["kafka"]["healthcheck"]["test"][-1].endswith("/" + told["INSIDE"].split(":")[1])


def test_no_password_stands_in_it() -> None:
    text = COMPOSE.read_text()
    assert not re.search(r"(?i)(password|token|secret)\w*: +(?!/run/secrets/|\[)\S", text)
    assert SERVICES["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"] == (
        f"/run/secrets/{SERVICES['grafana']['secrets'][0]}"
    )
    secrets = [Path(each["file"]) for each in FILE["secrets"].values()]
    kept_out = (COMPOSE.parent / ".gitignore").read_text().splitlines()
    assert [str(path.parent) + "/" for path in secrets] == ["secrets/"]
    assert "secrets/" in kept_out


def test_grafana_asks_services_that_are_there_and_shows_the_folder_that_is_mounted() -> None:
    [sources] = manifests.documents(DEPLOY / "grafana/provisioning/datasources/portalwatch.yaml")
    for source in sources["datasources"]:
        url = urlsplit(source["url"])
        assert f"127.0.0.1:{url.port}:{url.port}" in SERVICES[str(url.hostname)]["ports"]
    [boards] = manifests.documents(DEPLOY / "grafana/provisioning/dashboards/portalwatch.yaml")
    paths = [provider["options"]["path"] for provider in boards["providers"]]
    mounted = {mount["target"]: mount["source"] for mount in mounts("grafana", "bind")}
    assert [mounted[path] for path in paths] == ["../grafana/dashboards"]
    assert mounted["/etc/grafana/provisioning"] == "../grafana/provisioning"


def test_prometheus_finds_every_worker_and_its_alertmanager() -> None:
    [config] = manifests.documents(DEPLOY / "prometheus/prometheus.yml")
    jobs = {each["job_name"]: targets(each["static_configs"]) for each in config["scrape_configs"]}
    assert jobs["portalwatch"] == {(name, Settings().metrics_port) for name in WORKERS}
    told = {each for one in config["alerting"]["alertmanagers"] for each in targets(one["static_configs"])}
    for host, port in {*told, *jobs["alertmanager"]}:
        assert f"127.0.0.1:{port}:{port}" in SERVICES[host]["ports"]


def targets(configs: list[dict[str, Any]]) -> set[tuple[str, int]]:
    pairs = [target.rpartition(":") for each in configs for target in each["targets"]]
    return {(host, int(port)) for host, _, port in pairs}


def test_prometheus_keeps_what_the_rules_look_back_to() -> None:
    [kept] = [each for each in SERVICES["prometheus"]["command"] if "retention.time" in each]
    spans = re.findall(r"\[(\d+)d", "".join(path.read_text() for path in (DEPLOY / "prometheus/rules").glob("*.yml")))
    assert int(kept.rpartition("=")[2].removesuffix("d")) > max(map(int, spans))


def test_whatever_alertmanager_reads_is_mounted() -> None:
    text = (DEPLOY / "alertmanager/alertmanager.yml").read_text()
    [config] = manifests.documents(DEPLOY / "alertmanager/alertmanager.yml")
    mounted = {mount["target"] for mount in mounts("alertmanager", "bind")}
    assert {f"/etc/alertmanager/{name}" for name in config["templates"]} <= mounted
    secrets = re.findall(r"_file: ([\w/.-]+)", text)
    assert secrets
    assert {str(Path(each).parent) for each in secrets} <= mounted
    page = (DEPLOY / "docs/deploying.md").read_text()
    assert [each for each in secrets if Path(each).name not in page] == []


def test_the_partitions_are_for_two_workers_at_least() -> None:
    counts = {SERVICES[name]["environment"]["PORTALWATCH_PARTITIONS"] for name in WORKERS}
    assert len(counts) == 1
    assert int(counts.pop()) >= len(WORKERS)
