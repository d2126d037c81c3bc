"""A program that a test starts and ends: what brokers and servers have in common.

Theory of operation. One child in a process group of its own, on a port that was free a moment ago. A guard, a shell
that blocks on a pipe from us, kills the group when the pipe closes: so it ends with the test run, even if that is
killed. A start is believed when the program answers, not when its port opens; a port that somebody took in between
costs another try.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

TRIES = 3


class Child:
    """A program. `stop` kills it at once. `failed`: what is raised, with the end of its log, when it does not start."""

    def __init__(self, name: str, folder: Path, failed: type[RuntimeError]) -> None:
        self.folder = folder
        self.port = 0
        self._name, self._failed = name, failed
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id, for signals. RuntimeError when stopped."""
        if self._process is None:
            raise RuntimeError(f"{self._name} is stopped: restart it first")
        return self._process.pid

    def try_ports(self, start: Callable[[int], None]) -> None:
        """Start on a free port; `start` has the number of the try. After three tries what it raised last."""
        for attempt in range(1, TRIES + 1):
            self.port = free_port()
            try:
                start(attempt)
            except self._failed:
                if attempt == TRIES:
                    raise
            else:
                return

    def stop(self) -> None:
        """Kill the process group (SIGKILL) and wait for its end. What is stopped stays as it is."""
        process, guard = self._process, self._guard
        self._process = self._guard = None
        if guard is not None:
            guard.kill()
            guard.communicate()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self) -> str:
        """The last 2,000 characters of what it printed."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def spawn(
        self, command: Sequence[str | Path], ready: Callable[[], bool], seconds: float, cwd: Path | None = None
    ) -> None:
        """Stop it, if it runs, start it, and wait until it is ready, at most so long."""
        self.stop()
        with (self.folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, start_new_session=True
            )
        try:
            self._guard = guard_of(process.pid)
            self._await(process, ready, seconds)
        except BaseException:
            self.stop()
            raise

    def _await(self, process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if process.poll() is not None:
                raise self._failed(f"{self._name} ended with {process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise self._failed(f"{self._name} did not answer in {seconds:.0f} s:\n{self.log()}")
            time.sleep(0.1)


def guard_of(group: int) -> subprocess.Popen[bytes]:
    """A process that kills the group when our end of its standard input closes, which our own death does too."""
    script = 'read -r _; kill -9 "-$0" 2>/dev/null'
    return subprocess.Popen(["/bin/sh", "-c", script, str(group)], stdin=subprocess.PIPE, start_new_session=True)


def free_port() -> int:
    """A loopback port that nobody had at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
