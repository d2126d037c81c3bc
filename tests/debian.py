"""Programs out of Debian's packages: where they are, and how to get them without a service being installed.

Theory of operation. A program is looked for in the PATH, then in `.cache/debian` (PORTALWATCH_TEST_CACHE names another
folder in place of `.cache`). Where it is in neither, its package is downloaded and the programs are taken out of that.
The package is not installed, since that would start a service.

Debian's Alertmanager reads its templates from a fixed folder of the system. In the copy that is taken out, that path is
replaced by one that is as long and relative: so it runs only in the folder of the program (`tests.served` sees to it).
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests import brokers

PACKAGES = {
    "prometheus": {"prometheus": "prometheus", "promtool": "promtool"},
    "prometheus-alertmanager": {"alertmanager": "prometheus-alertmanager", "amtool": "amtool"},
}
"""By package: the name of each program, and what the package calls it (in `/usr/bin`)."""
PROGRAMS = {name: package for package, names in PACKAGES.items() for name in names}
SHARED = "usr/share/prometheus/alertmanager"
SHARED_HERE = "alertmanager.d"


def path(name: str) -> Path | None:
    """The program, if it is at hand. KeyError if it is none of `PROGRAMS`."""
    fetched = _home() / name
    for command in (name, PACKAGES[PROGRAMS[name]][name]):
        if found := shutil.which(command):
            return Path(found)
    return fetched if fetched.exists() else None


@functools.cache
def why_not(name: str) -> str | None:
    """Fetch it where it is missing and apt-get is there; None if it is at hand, else in one line why it is not."""
    if path(name) is not None:
        return None
    package = PROGRAMS[name]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return f"{name} is missing, and this is no Debian to take it from: install {package}"
    _home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_home()) as scratch:
        Path(scratch).chmod(0o755)  # apt-get downloads as a user of its own
        done = _run(["apt-get", "-q", "download", package], scratch)
        if done.returncode and os.geteuid() == 0:
            _run(["apt-get", "-q", "update"], scratch)
            done = _run(["apt-get", "-q", "download", package], scratch)
        if not done.returncode:
            done = _run(["sh", "-c", "dpkg-deb -x *.deb ."], scratch)
        if done.returncode:
            return f"{name} could not be taken from Debian's {package}: {' '.join(done.stderr.split())[-300:]}"
        _keep(package, Path(scratch))
    return None


def need(name: str) -> Path:
    """The program, for a test that needs it: without it the test is skipped or, with CI set, fails."""
    if reason := why_not(name):
        (pytest.fail if "CI" in os.environ else pytest.skip)(reason)
    found = path(name)
    assert found is not None
    return found


def _keep(package: str, scratch: Path) -> None:
    """Move a package's programs out of where it was unpacked, each at once: two runs leave no half a program."""
    if (scratch / SHARED).exists():
        with contextlib.suppress(OSError):  # somebody else's is there
            (scratch / SHARED).rename(_home() / SHARED_HERE)
        program = scratch / "usr/bin" / PACKAGES[package]["alertmanager"]
        program.write_bytes(program.read_bytes().replace(f"/{SHARED}".encode(), _as_long().encode()))
    for each, inside in PACKAGES[package].items():
        (scratch / "usr/bin" / inside).rename(_home() / each)


def _as_long() -> str:
    """A relative path to `SHARED_HERE`, of the length that `/SHARED` has."""
    more = len(f"/{SHARED}") - len(SHARED_HERE)
    return "./" * (more // 2) + SHARED_HERE + "/" * (more % 2)


def _home() -> Path:
    return brokers.kafka_home().parent / "debian"


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
