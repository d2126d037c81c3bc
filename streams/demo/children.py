"""The demo's child processes: each in a process group of its own, each sure to end with us.

Theory of operation. A group of its own keeps the terminal's Ctrl-C from the children: we end them, in our order. All
get SIGTERM, a second later what is left of their groups gets SIGKILL; there is nothing to lose, the broker keeps
everything in memory. Should the demo itself be killed, a guard does it: each child is started by a shell that leaves
another behind, in its group, which blocks on a pipe from us and kills the group when the pipe closes; so there is no
moment at which a child has no guard. What a child prints goes to a log file, whose end is told when it ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GRACE: Final = 1.0
"""Seconds from SIGTERM to SIGKILL."""
TAIL: Final = 15
"""Lines of a log that are told."""
GUARDED: Final = """exec 3<&0; { trap '' TERM; read -r _ <&3; kill -9 0; } & exec "$@" </dev/null 3<&-"""


class ChildEnded(RuntimeError):
    """A child ended by itself; the message has its status, the end of its log and where the log is."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child process."""

    name: str
    process: asyncio.subprocess.Process
    """Its standard input is the guard's pipe."""
    log: Path

    async def watch(self) -> None:
        """Wait for its end, which is always too soon: ChildEnded."""
        status = await self.process.wait()
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        raise ChildEnded(f"The {self.name} ended by itself ({how}). The end of its log, {self.log}:\n{tail(self.log)}")


async def start(name: str, command: Sequence[str], env: Mapping[str, str], folder: Path) -> Child:
    """Start a command with this environment alone; its output goes to `folder/NAME.log`."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", GUARDED, name, *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=out,
            stderr=out,
            env=dict(env),
            start_new_session=True,
        )
    return Child(name, process, log)


async def end(children: Sequence[Child]) -> None:
    """End all of them, within `GRACE` and a little; nothing is left of their groups."""
    for child in children:
        _signal(child.process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE):
            await asyncio.gather(*(child.process.wait() for child in children))
    for child in children:
        _signal(child.process.pid, signal.SIGKILL)
    await asyncio.gather(*(child.process.wait() for child in children))


def _signal(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group, if there is still somebody in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses a group of zombies
        os.killpg(group, number)


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
    return "\n".join(f"  {line}" for line in lines) or "  (nothing was printed)"
