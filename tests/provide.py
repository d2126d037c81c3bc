"""Make ready what the tests need beyond Python: Java, Maven, Chromium (by apt-get, if we may), brokers, Prometheus.

Theory of operation. Each need is tried; one that cannot be had costs a line that says why. Without CI set the run goes
on and the tests that need it are left out or skipped (of a test of metrics, promtool's one check); with CI set it is a
failure. The stamp is written only when nothing is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import brokers, chromium, debian

PACKAGES = {"java": "default-jre-headless", "mvn": "maven"}


def main() -> int:
    """`python -m tests.provide [--stamp FILE]`; exit 1 if CI is set and something is missing, else 0."""
    parser = argparse.ArgumentParser(description="Make ready what the tests need beyond Python.")
    parser.add_argument("--stamp", type=Path, help="a file to touch when nothing is missing")
    stamp: Path | None = parser.parse_args().stamp
    failure = None if brokers.jars_at_hand() and shutil.which("java") else install(PACKAGES)
    missing = {kind: why for kind in brokers.KINDS if (why := brokers.why_not(kind))}
    if failure and "kafka" in missing:
        missing["kafka"] = failure
    needs = {f"the {kind} broker": why for kind, why in missing.items()}
    needs |= {name: why for name in debian.PROGRAMS if (why := debian.why_not(name))}
    if why := chromium.why_not():
        needs["Chromium"] = why
    for need, why in needs.items():
        print(f"could not provide {need} for the tests: {why}", file=sys.stderr)
    if stamp is not None and not needs:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return 1 if needs and "CI" in os.environ else 0


def install(packages: Mapping[str, str]) -> str | None:
    """Install what is missing, if we may: Debian's package for each command. None if all are there, else why not."""
    wanted = [package for command, package in packages.items() if shutil.which(command) is None]
    if not wanted:
        return None
    command = f"apt-get install {' '.join(wanted)}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"not root on a Debian; do by hand what does `{command}`"
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *wanted]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["apt-get", "-q", *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"`{command}` failed: {' '.join(done.stderr.split())[-300:]}"
    return None


if __name__ == "__main__":
    sys.exit(main())
