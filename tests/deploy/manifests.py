"""The files under `deploy/` as data: a Dockerfile's instructions, Compose services, Kubernetes objects, a unit.

Theory of operation. Each way to run a worker puts settings into its environment in a form of its own; `workers` gathers
them all as one table, so that the tests of settings are one set for all ways. A Kustomize folder is put together by
`kubectl kustomize` where kubectl is at hand (`rendered`); its settings, which need less, are merged here.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "container/Dockerfile"
COMPOSE = DEPLOY / "compose/compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
UNIT = DEPLOY / "systemd/portalwatch@.service"
PROBE = DEPLOY / "container/probe.py"
HOST = "clinic-1"
"""A machine's short name, for a unit's `%l`."""


def documents(path: Path) -> list[Any]:
    """The documents of a YAML file."""
    return [each for each in YAML(typ="safe").load_all(path.read_text()) if each is not None]


def compose() -> dict[str, Any]:
    """The Compose file, its anchors resolved."""
    found: dict[str, Any] = documents(COMPOSE)[0]
    return found


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's stages, each a list of (instruction, its text), the global ARGs first."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[list[tuple[str, str]]] = [[]]
    for line in filter(str.strip, joined.splitlines()):
        word, _, text = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, text.strip()))
    return found


def image() -> dict[str, str]:
    """The last instruction of each kind in the final stage."""
    return dict(stages()[-1])


def image_env() -> dict[str, str]:
    """The environment that the image gives."""
    texts = [text for word, text in stages()[-1] if word == "ENV"]
    return dict(pair.split("=", 1) for text in texts for pair in shlex.split(text))


def env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines, as Kustomize and systemd read them when nothing is quoted."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert not [line for line in lines if re.search(r"[\"'\\$%]", line)], "only plain values mean the same to all"
    return dict(line.split("=", 1) for line in lines)


def generated(folder: str) -> dict[str, str]:
    """What a Kustomize folder alone puts into the ConfigMap of settings."""
    [kustomization] = documents(KUBERNETES / folder / "kustomization.yaml")
    found: dict[str, str] = {}
    for each in kustomization.get("configMapGenerator", []):
        if each["name"] == "portalwatch-settings":
            for path in each.get("envs", []):
                found |= env_file(KUBERNETES / folder / path)
            found |= dict(literal.split("=", 1) for literal in each.get("literals", []))
    return found


def rendered(folder: str) -> list[dict[str, Any]]:
    """The objects that `kubectl kustomize` makes of a folder; without kubectl the test is skipped."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which puts a Kustomize folder together, is not here")
    command = ["kubectl", "kustomize", str(KUBERNETES / folder), "--load-restrictor", "LoadRestrictionsRootOnly"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(YAML(typ="safe").load_all(done.stdout))


def unit() -> dict[str, list[str]]:
    """The unit's directives, each with all the values that it is given."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def unit_env(instance: str) -> dict[str, str]:
    """The environment of `portalwatch@INSTANCE`, its specifiers resolved."""
    pairs = [value.split("=", 1) for value in unit()["Environment"]]
    given = {name: value.replace("%l", HOST).replace("%i", instance).replace("%S", "/var/lib") for name, value in pairs}
    own = DEPLOY / f"systemd/{instance}.env"
    return {**given, **env_file(DEPLOY / "systemd/portalwatch.env"), **(env_file(own) if own.exists() else {})}


def container_env(objects: list[dict[str, Any]], pod: str) -> dict[str, str]:
    """The environment of the worker's container in the pod of this name; a Secret's value is `secret`."""
    [made] = [each for each in objects if each["kind"] == "StatefulSet"]
    maps = {each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"}
    [container] = made["spec"]["template"]["spec"]["containers"]
    found = image_env()
    for source in container["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]
    for each in container["env"]:
        source = each.get("valueFrom", {})
        value = pod if "fieldRef" in source else "secret" if "secretKeyRef" in source else each["value"]
        found[each["name"]] = re.sub(r"\$\((\w+)\)", lambda match: found[match[1]], value)
    return found


def workers() -> dict[str, dict[str, str]]:
    """The environment of a worker, by the way in which it is run."""
    found = {"image": image_env()}
    for name, service in compose()["services"].items():
        if name.startswith("worker-"):
            found[f"compose {name}"] = {**image_env(), **service["environment"]}
    pods = {"PORTALWATCH_INSTANCE_ID": "portalwatch-0"}
    found["kubernetes base"] = {**image_env(), **generated("base"), **pods}
    parts = [part.removeprefix("../") for part in documents(KUBERNETES / "example/kustomization.yaml")[0]["components"]]
    merged = {name: value for part in ["base", *parts, "example"] for name, value in generated(part).items()}
    found["kubernetes example"] = {**image_env(), **merged, **pods, "PORTALWATCH_SASL_USERNAME": "secret"}
    for instance in ("1", "2"):
        found[f"systemd {instance}"] = unit_env(instance)
    return found


def json_list(text: str) -> list[str]:
    """An instruction in exec form. ValueError if it is in shell form."""
    found: list[str] = json.loads(text)
    return found
