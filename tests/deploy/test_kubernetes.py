"""The Kubernetes manifests: by its schemas, strictly, and by what they must agree in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from streams.settings import Settings
from tests.deploy import manifests
from tests.deploy.manifests import DEPLOY, KUBERNETES

VERSIONS = ("1.31", "1.37")
"""The oldest that has what is used, and the newest that the schemas have."""
OTHERS = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor"}
"""Kinds that come with operators: Kubernetes has no schema of them."""
Object = dict[str, Any]


def base() -> list[Object]:
    """The objects of the base, as they stand in its files."""
    [kustomization] = manifests.documents(KUBERNETES / "base/kustomization.yaml")
    return [each for name in kustomization["resources"] for each in manifests.documents(KUBERNETES / "base" / name)]


def one(objects: list[Object], kind: str, name: str = "portalwatch") -> Object:
    [found] = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pod(objects: list[Object]) -> Object:
    template: Object = one(objects, "StatefulSet")["spec"]["template"]
    return template


def container(objects: list[Object]) -> Object:
    [found] = pod(objects)["spec"]["containers"]
    return dict(found)


def judge(objects: list[Object], version: str) -> None:
    for each in objects:
        if each["kind"] in OTHERS:
            with pytest.raises(kubernetes_validate.SchemaNotFoundError):
                kubernetes_validate.validate(each, version, strict=True)
        else:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_base_is_what_kubernetes_takes(version: str) -> None:
    judge(base(), version)
    broken = one(base(), "StatefulSet")
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 45
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, version, strict=True)


@pytest.mark.parametrize("folder", ["base", "example"])
def test_what_is_put_together_is_what_kubernetes_takes(folder: str) -> None:
    objects = manifests.rendered(folder)
    for version in VERSIONS:
        judge(objects, version)
    assert folder == "base" or {each["kind"] for each in objects} >= OTHERS


def test_every_file_of_a_folder_is_used() -> None:
    for path in KUBERNETES.rglob("kustomization.yaml"):
        text = path.read_text()
        unused = [
            each.name for each in path.parent.iterdir() if each != path and each.is_file() and each.name not in text
        ]
        assert unused == [], path


def test_it_meets_the_strictest_standard_for_pods() -> None:
    spec, worker = pod(base())["spec"], container(base())
    assert spec["securityContext"]["runAsNonRoot"] is True
    uid, gid = (int(part) for part in manifests.image()["USER"].split(":"))
    given = spec["securityContext"]
    assert (given["runAsUser"], given["runAsGroup"], given["fsGroup"]) == (uid, gid, gid)
    assert given["seccompProfile"] == {"type": "RuntimeDefault"}
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert all(volume.keys() & {"emptyDir", "configMap", "secret"} for volume in spec["volumes"])


def test_nothing_of_the_api_and_no_variable_of_a_service_gets_into_a_pod() -> None:
    """Those of a service called portalwatch would be refused as unknown settings."""
    spec = pod(base())["spec"]
    assert (spec["enableServiceLinks"], spec["automountServiceAccountToken"]) == (False, False)
    assert one(base(), "ServiceAccount")["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == "portalwatch"


def test_a_worker_is_known_by_the_name_of_its_pod() -> None:
    [given] = [each for each in container(base())["env"] if each["name"] == "PORTALWATCH_INSTANCE_ID"]
    assert given["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_what_a_worker_writes_to_is_mounted_and_so_is_its_policy() -> None:
    at = {each["name"]: each["mountPath"] for each in container(base())["volumeMounts"]}
    assert at["state"] == manifests.image_env()["PORTALWATCH_DATADIR"]
    assert at["policy"] == manifests.generated("base")["PORTALWATCH_POLICY"]
    assert {each["name"] for each in pod(base())["spec"]["volumes"]} == set(at)
    assert (KUBERNETES / "base/policy.yaml").read_bytes() == (DEPLOY / "policies/clinic.yaml").read_bytes()


def test_the_probes_ask_what_they_are_for() -> None:
    worker = container(base())
    asked = {kind: worker[f"{kind}Probe"]["exec"]["command"] for kind in ("startup", "liveness", "readiness")}
    probe = ["python", "-I", "/opt/portalwatch/probe.py"]
    assert asked == {
        "startup": [*probe, "/healthz"],
        "liveness": [*probe, "/healthz"],
        "readiness": [*probe, "/readyz"],
    }


def test_over_http_they_ask_the_same_as_often() -> None:
    inside, outside = container(manifests.rendered("base")), container(manifests.rendered("example"))
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        [*_, path] = inside[kind].pop("exec")["command"]
        assert outside[kind].pop("httpGet") == {"path": path, "port": "web"}
        assert inside[kind] == outside[kind]


def test_whoever_selects_pods_selects_these() -> None:
    labels, objects = pod(base())["metadata"]["labels"], base()
    selectors = [
        one(objects, "StatefulSet")["spec"]["selector"]["matchLabels"],
        one(objects, "Service")["spec"]["selector"],
        one(objects, "Service", "portalwatch-metrics")["spec"]["selector"],
        one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod(objects)["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector == labels for selector in selectors)
    [monitor] = manifests.documents(KUBERNETES / "components/prometheus-operator/servicemonitor.yaml")
    service = one(objects, "Service", "portalwatch-metrics")
    assert monitor["spec"]["selector"]["matchLabels"] == service["metadata"]["labels"]
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "portalwatch"
    assert [each["port"] for each in monitor["spec"]["endpoints"]] == [
        each["name"] for each in service["spec"]["ports"]
    ]


def test_one_worker_at_a_time_may_be_taken_and_the_set_has_its_names() -> None:
    assert one(base(), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    service = one(base(), "Service")["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert one(base(), "StatefulSet")["spec"]["serviceName"] == "portalwatch"


def opened(rules: list[Object], side: str) -> dict[int, list[Object]]:
    """The peers by port."""
    found: dict[int, list[Object]] = {}
    for rule in rules:
        for port in rule["ports"]:
            found.setdefault(port["port"], []).extend(rule[side])
    return found


def test_the_network_lets_in_and_out_what_it_must_and_nothing_from_everywhere() -> None:
    policy = one(base(), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    into, out = opened(policy["ingress"], "from"), opened(policy["egress"], "to")
    assert set(into) == {Settings().metrics_port, Settings().web_port}
    broker = int(manifests.generated("base")["PORTALWATCH_BROKER"].rpartition(":")[2])
    assert set(out) == {53, broker, Settings().web_port}
    assert all(peers and all(peers) for peers in [*into.values(), *out.values()])
    assert into[Settings().web_port] == [{"podSelector": {"matchLabels": pod(base())["metadata"]["labels"]}}]


def test_with_tls_the_network_opens_the_port_of_the_broker_that_is_then_used() -> None:
    objects = manifests.rendered("example")
    broker = int(manifests.container_env(objects, "portalwatch-0")["PORTALWATCH_BROKER"].rpartition(":")[2])
    out = opened(one(objects, "NetworkPolicy")["spec"]["egress"], "to")
    assert set(out) == {53, broker, Settings().web_port}
    assert broker == 9093


def test_a_worker_of_the_example_is_told_its_own_address() -> None:
    environment = manifests.container_env(manifests.rendered("example"), "portalwatch-1")
    assert environment["PORTALWATCH_WEB_URL"] == "http://portalwatch-1.portalwatch:6066"
    names = [each["name"] for each in container(manifests.rendered("example"))["env"]]
    assert names.index("PORTALWATCH_INSTANCE_ID") < names.index("PORTALWATCH_WEB_URL"), "or it is not put in"


def test_every_file_that_a_setting_of_the_example_names_is_mounted() -> None:
    objects = manifests.rendered("example")
    environment = manifests.container_env(objects, "portalwatch-0")
    mounted = [Path(each["mountPath"]) for each in container(objects)["volumeMounts"]]
    for name in ("POLICY", "TOKENS", "SASL_PASSWORD_FILE", "SSL_CAFILE", "DATADIR"):
        path = Path(environment[f"PORTALWATCH_{name}"])
        assert any(path == each or path.is_relative_to(each) for each in mounted), name


def test_it_scales_between_what_it_has_and_the_partitions_and_looks_at_its_own_group() -> None:
    [scaled] = manifests.documents(KUBERNETES / "components/keda/scaledobject.yaml")
    settings = manifests.generated("base")
    spec = scaled["spec"]
    assert spec["maxReplicaCount"] == int(settings["PORTALWATCH_PARTITIONS"])
    assert spec["minReplicaCount"] == one(base(), "StatefulSet")["spec"]["replicas"]
    [trigger] = spec["triggers"]
    assert trigger["metadata"]["consumerGroup"] == settings["PORTALWATCH_APP_ID"]
    assert f"kafka://{trigger['metadata']['bootstrapServers']}" == settings["PORTALWATCH_BROKER"]
    assert all(isinstance(value, str) for value in trigger["metadata"].values()), "KEDA takes texts"
    assert "replicas" not in one(manifests.rendered("example"), "StatefulSet")["spec"], "two would set them in turn"
