"""On what it was measured: without that a figure says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

LIBRARIES: Final = ("aiokafka", "faust-streaming", "holidays", "msgspec", "orjson", "tzdata")
ROOT: Final = Path(__file__).parents[2]


def facts() -> dict[str, Any]:
    """The machine, how busy it is now, Python, the libraries, and the commit that is measured (None outside git)."""
    return {
        "machine": {
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "load": round(os.getloadavg()[0], 2),
            "system": platform.platform(),
        },
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: version(name) for name in LIBRARIES},
        "commit": commit(),
    }


def cpu() -> str:
    """The model, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def commit() -> str | None:
    """What `git describe` says of the tree, `-dirty` if it was changed; None where there is no git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
