"""promtool, Prometheus' own judge of metrics, rules and configurations (how it is got: `tests.debian`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import debian


def check(text: str) -> str:
    """What `promtool check metrics` finds in a page of metrics; empty if nothing. LookupError if it is not at hand."""
    program = debian.path("promtool")
    if program is None:
        raise LookupError("promtool is missing: `python -m tests.provide` fetches it")
    done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def run(*arguments: str | Path, folder: Path | None = None) -> str:
    """What `promtool ARGUMENTS` says, run in this folder; AssertionError with it if it ends with another status than 0.

    Without the program the test is skipped, or fails with CI set.
    """
    command = [debian.need("promtool"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
