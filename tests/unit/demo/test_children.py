"""Child processes: their end, whoever brings it about, leaves nothing of their group."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams import clock, settings
from streams.demo import children, stack, way_in
from streams.demo.children import Child, ChildEnded
from streams.demo.policy import FILE
from streams.demo.stack import Addresses, TooSlow

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("here", flush=True)
time.sleep(60)
"""


async def started(script: str, folder: Path) -> Child:
    return await children.start("worker", [sys.executable, "-c", script], {"PATH": os.defpath}, folder)


async def printed(child: Child) -> None:
    async with asyncio.timeout(20):
        while "here" not in child.log.read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)


def living(group: int) -> list[str]:
    """The processes of a group, but for those that have ended and of which init has not yet taken note."""
    table = subprocess.run(["ps", "-ww", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in table.splitlines()]
    return [line[-1] for line in lines if line[0] == str(group) and not line[1].startswith("Z")]


async def test_a_child_that_will_not_go_goes_with_its_own_children(tmp_path: Path) -> None:
    child = await started(STUBBORN, tmp_path)
    await printed(child)
    begun = time.monotonic()
    await children.end([child])
    assert time.monotonic() - begun < 5
    assert child.process.returncode == -9
    assert not living(child.process.pid)


async def test_one_that_goes_when_asked_is_not_waited_for(tmp_path: Path) -> None:
    child = await started("import time; print('here', flush=True); time.sleep(60)", tmp_path)
    await printed(child)
    begun = time.monotonic()
    await children.end([child])
    assert time.monotonic() - begun < children.GRACE
    assert child.process.returncode == -15
    await children.end([child])  # again does no harm


async def test_the_guard_ends_the_group_when_our_end_of_its_pipe_closes(tmp_path: Path) -> None:
    child = await started(STUBBORN, tmp_path)
    await printed(child)
    assert child.process.stdin is not None
    child.process.stdin.close()
    async with asyncio.timeout(5):
        assert await child.process.wait() == -9
    await children.end([child])


async def test_a_child_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = await started("import sys; print(*range(100), sep='\\n'); sys.exit(3)", tmp_path)
    with pytest.raises(ChildEnded) as told:
        await child.watch()
    await children.end([child])
    lines = str(told.value).splitlines()
    assert lines[0] == f"The worker ended by itself (status 3). The end of its log, {tmp_path / 'worker.log'}:"
    assert lines[1:] == [f"  {number}" for number in range(85, 100)]


async def test_a_child_that_was_killed_is_told_with_the_signal(tmp_path: Path) -> None:
    child = await started("import os; os.kill(os.getpid(), 9)", tmp_path)
    with pytest.raises(ChildEnded, match="killed by SIGKILL"):
        await child.watch()
    await children.end([child])
    assert children.tail(child.log) == "  (nothing was printed)"


AT = Addresses(broker=9092, web=1, metrics=9464)


async def test_a_worker_that_ends_while_it_starts_is_not_waited_for(tmp_path: Path) -> None:
    running: list[Child] = []
    command = [sys.executable, "-c", "print('no such topic'); raise SystemExit(1)"]
    with pytest.raises(ChildEnded, match="no such topic"):
        await stack.start_worker(AT, {}, tmp_path, running, command)
    await children.end(running)


async def test_a_worker_that_does_not_get_ready_is_told_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "WORKER_SECONDS", 1.0)
    running: list[Child] = []
    with pytest.raises(TooSlow, match="did not start in 1 s"):
        await stack.start_worker(AT, {}, tmp_path, running, [sys.executable, "-c", "import time; time.sleep(60)"])
    await children.end(running)


def test_the_workers_settings_are_the_demos_alone(tmp_path: Path) -> None:
    policy = tmp_path / FILE
    policy.write_text("")
    pace = clock.parse("2026-11-05T14:00:00Z@480@1793610000")
    ours = {"PATH": "/bin", "PORTALWATCH_BROKER": "kafka://production:9092", "PORTALWATCH_SINKS": "/etc/sinks"}
    env = stack.worker_environment(AT, pace, policy, way_in.write(tmp_path, way_in.token()), tmp_path, ours)
    assert env["PATH"] == "/bin"
    found = settings.load(env)
    assert found.bootstrap == ["127.0.0.1:9092"]
    assert found.sinks is None
    assert found.clock == pace
    assert (found.web_port, found.metrics_port, found.policy) == (1, 9464, policy)
    assert found.advertised_url == "http://127.0.0.1:1"
