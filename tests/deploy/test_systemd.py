"""The systemd unit, by systemd's own judges; systemd itself need not run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy import manifests
from tests.deploy.manifests import DEPLOY, UNIT

INSTANCE = "portalwatch@1.service"
TARGETS = ("sysinit.target", "basic.target", "shutdown.target", "network-online.target", "time-sync.target")
EXPOSED = 15
"""Tenths of what `systemd-analyze security` counts at most (0 to 100)."""


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze (Debian: systemd) is not here")
    command = ["systemd-analyze", "--no-pager", f"--root={root}", *arguments]
    environment = {**os.environ, "SYSTEMD_COLORS": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine's files, as deploying.md has one make them: the unit, its settings, the program."""
    units, settings, programs = (
        tmp_path / each for each in ("etc/systemd/system", "etc/portalwatch", "opt/portalwatch/bin")
    )
    for folder in (units, settings, programs):
        folder.mkdir(parents=True)
    shutil.copy(UNIT, units)
    for name in TARGETS:
        (units / name).write_text("[Unit]\nDescription=a stand-in\n")
    shutil.copy(DEPLOY / "systemd/portalwatch.env", settings)
    (programs / "portalwatch").write_text("#!/bin/sh\n")
    (programs / "portalwatch").chmod(0o755)
    return tmp_path


def test_systemd_takes_it(root: Path) -> None:
    done = analyze(root, "verify", "--man=no", INSTANCE)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_systemd_would_say_what_is_wrong(root: Path) -> None:
    unit = root / "etc/systemd/system/portalwatch@.service"
    text = unit.read_text()
    unit.write_text(text.replace("NoNewPrivileges", "NoNewPrivilege").replace("StopSec=45", "StopSec=quite-soon"))
    said = analyze(root, "verify", "--man=no", INSTANCE).stderr
    assert "NoNewPrivilege" in said
    assert "quite-soon" in said


def test_it_may_do_as_little_as_it_can(root: Path) -> None:
    done = analyze(root, "security", "--offline=true", f"--threshold={EXPOSED}", INSTANCE)
    assert done.returncode == 0, done.stdout


def test_what_it_starts_and_reads_is_what_the_page_has_one_put_there() -> None:
    page, unit = (DEPLOY / "docs/deploying.md").read_text(), manifests.unit()
    program, word = unit["ExecStart"][0].split()
    assert word == "worker"
    for path in (program.removesuffix("/bin/portalwatch"), *unit["EnvironmentFile"][:1], "portalwatch@.service"):
        assert path in page, path
