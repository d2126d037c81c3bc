"""promtool, Prometheus' own judge of metrics: where it is, how to get it, what it finds.

Theory of operation. Where the PATH has none, it is taken out of Debian's package `prometheus` into `.cache/promtool`;
the package is not installed, since that would start a server. (PORTALWATCH_TEST_CACHE names another folder in place of
`.cache`.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests import brokers

INSIDE = "./usr/bin/promtool"


def path() -> str | None:
    """The program, if it is at hand."""
    fetched = _home() / "promtool"
    return shutil.which("promtool") or (str(fetched) if fetched.exists() else None)


def why_not() -> str | None:
    """Fetch it where it is missing and apt-get is there; None if it is at hand, else in one line why it is not."""
    if path() is not None:
        return None
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "promtool is missing, and this is no Debian to take it from: install Prometheus"
    home = _home()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        Path(scratch).chmod(0o755)  # apt-get downloads as a user of its own
        done = _run(["apt-get", "-q", "download", "prometheus"], scratch)
        if done.returncode and os.geteuid() == 0:
            _run(["apt-get", "-q", "update"], scratch)
            done = _run(["apt-get", "-q", "download", "prometheus"], scratch)
        if not done.returncode:
            package = next(Path(scratch).glob("*.deb"))
            done = _run(["sh", "-c", f'dpkg-deb --fsys-tarfile "$0" | tar -x {INSIDE}', str(package)], scratch)
        if done.returncode:
            return f"promtool could not be taken from Debian's prometheus: {' '.join(done.stderr.split())[-300:]}"
        (Path(scratch) / INSIDE).rename(home / "promtool")
    return None


def check(text: str) -> str:
    """What `promtool check metrics` finds in a page of metrics; empty if nothing. LookupError if it is not at hand."""
    program = path()
    if program is None:
        raise LookupError("promtool is missing: `python -m tests.provide` fetches it")
    done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _home() -> Path:
    return brokers.kafka_home().parent / "promtool"


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
