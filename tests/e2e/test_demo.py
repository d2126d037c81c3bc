"""`portalwatch demo` as a stranger runs it: a real broker, a real worker, alerts, and an end that leaves nothing.

And `portalwatch simulate`, the same portal on a broker of one's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from schemas import topics
from schemas.events import Event, from_json
from tests.brokers import Broker

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "streams.commands", "demo"]
FIRST_ALERT = 90.0
END = 3.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PORTALWATCH_")}

# Demos look for free ports from the same ones on: not two at once.
pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("demos")]


class Demo:
    """A running demo, its lines as they come, and the process groups that it started."""

    def __init__(self, *options: str, **environ: str) -> None:
        self.lines: Queue[str] = Queue()
        self.seen: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, *options],
            cwd=ROOT,
            env=ENVIRONMENT | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, pattern: str, seconds: float) -> str:
        """The first line from here on that matches."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                pytest.fail(f"no line like {pattern!r} in {seconds:.0f} s, but:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def groups(self) -> list[int]:
        """The process groups of its children: broker and worker, each with its guard."""
        return [int(group) for parent, group, _, _ in processes() if parent == str(self.process.pid)]

    def worker(self) -> int:
        """The worker's process id, which is its group's; one that was announced may still be on its way."""
        deadline = time.monotonic() + 20
        while True:
            table = processes()
            found = [group for parent, group, _, args in table if parent == str(self.process.pid) and "worker" in args]
            if found:
                (group,) = found
                return int(group)
            assert time.monotonic() < deadline, table
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> float:
        """Send a signal; the seconds that the end takes."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - begun


def processes() -> list[list[str]]:
    """(parent, group, state, command line) of every process."""
    table = subprocess.run(["ps", "-ww", "-eo", "ppid=,pgid=,stat=,args="], capture_output=True, text=True, check=True)
    return [line.split(None, 3) for line in table.stdout.splitlines()]


def left(groups: list[int]) -> list[list[str]]:
    """What lives of these groups; what has ended and waits for init to take note of it does not."""
    names = [str(group) for group in groups]
    return [each for each in processes() if each[1] in names and not each[2].startswith("Z")]


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    """Demos to be ended with the test, whatever happens."""
    running: list[Demo] = []
    yield running
    for demo in running:
        groups = demo.groups()
        demo.process.kill()
        demo.process.wait()
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def may_act(link: str) -> bool:
    """Whether the link leads to the board, and its token to a session that may act."""
    url, _, token = link.partition("/#token=")
    given = json.dumps({"token": token}).encode()
    request = urllib.request.Request(f"{url}/api/session", given, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        scopes = json.load(answer)["scopes"]
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    with urllib.request.urlopen(urllib.request.Request(f"{url}/", headers={"Cookie": cookie}), timeout=10) as answer:
        return "act" in scopes and "On-call board" in answer.read().decode()


def test_an_alert_comes_soon_and_ctrl_c_leaves_nothing(demos: list[Demo], tmp_path: Path) -> None:
    begun = time.monotonic()
    demos.append(demo := Demo(TMPDIR=str(tmp_path), PORTALWATCH_BROKER="kafka://127.0.0.1:1"))
    link = demo.until("^The board, where you may act at once: ", FIRST_ALERT).rpartition(" ")[2]
    assert may_act(link)
    line = demo.until(r" FIRED ", FIRST_ALERT)
    assert time.monotonic() - begun < FIRST_ALERT
    assert re.fullmatch(
        r"\w{3} \d+ Nov \d\d:\d\d FIRED (warning|critical) [a-z-]+ → [a-z0-9, -]+: "
        r"(message|appointment|result|questionnaire) [marq]-\d+, (was )?due .+",
        line,
    )
    summary = demo.until(r" pending \(", 30)
    assert re.search(r" [1-9]\d* events, ", summary)
    assert not re.search(r": 0 pending", summary), "the worker says what is pending"
    groups = demo.groups()
    assert len(groups) == 2
    assert left(groups)
    assert demo.end(signal.SIGINT) < END
    assert demo.process.returncode == 0
    assert left(groups) == []
    assert list(tmp_path.iterdir()) == []
    demo.until(r"^The demo has ended after [1-9]\d* alerts and [\d,]+ events; nothing is left running\.$", 5)


def test_ports_that_are_taken_are_told_and_the_next_free_ones_used(demos: list[Demo], tmp_path: Path) -> None:
    with contextlib.ExitStack() as held:
        for port in (9092, 6066):
            holder = held.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # then somebody else holds it, which serves as well
                holder.bind(("127.0.0.1", port))
                holder.listen()
        demos.append(demo := Demo("--speed", "1000", TMPDIR=str(tmp_path)))
        broker = demo.until("Port 9092 is taken: the broker listens on", 30)
        web = demo.until("Port 6066 is taken: the worker's web server listens on", 5)
        ports = [re.search(r"on (\d+) instead", line) for line in (broker, web)]
        assert all(found and 6066 < int(found[1]) < 9192 for found in ports)
        demo.until(r" FIRED ", FIRST_ALERT)
    groups = demo.groups()
    assert demo.end(signal.SIGTERM) < END
    assert demo.process.returncode == 0
    assert left(groups) == []


def test_a_worker_that_dies_ends_the_demo_with_the_end_of_its_log(demos: list[Demo], tmp_path: Path) -> None:
    demos.append(demo := Demo(TMPDIR=str(tmp_path)))
    demo.until("The clinic's clock runs 480 times as fast: a day takes 3.0 minutes", 90)
    worker = demo.worker()
    groups = demo.groups()
    os.kill(worker, signal.SIGKILL)
    line = demo.until("The worker ended by itself", 10)
    log = Path(line.partition("its log, ")[2].rstrip(":"))
    assert "killed by SIGKILL" in line
    assert log.parent.parent == tmp_path
    demo.until(re.escape(log.read_text().splitlines()[-1]), 5)
    assert demo.process.wait(timeout=10) == 1
    assert left(groups) == []


def test_a_demo_that_is_killed_takes_its_children_with_it(demos: list[Demo], tmp_path: Path) -> None:
    demos.append(demo := Demo(TMPDIR=str(tmp_path)))
    demo.until("Starting a worker", 30)
    end = time.monotonic() + 10
    while len(groups := demo.groups()) < 2 and time.monotonic() < end:
        time.sleep(0.02)  # the line comes before the worker
    assert len(groups) >= 2
    demo.end(signal.SIGKILL)
    deadline = time.monotonic() + END
    while left(groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(groups) == []


def test_a_terminal_that_closes_ends_it(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, COMMAND, ENVIRONMENT | {"TERM": "xterm-256color", "TMPDIR": str(tmp_path)})
    shown = b""
    deadline = time.monotonic() + FIRST_ALERT
    while b"pending" not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65_536)
    assert b"pending" in shown
    groups = [int(group) for parent, group, _, _ in processes() if parent == str(pid)]
    assert len(groups) == 2
    os.close(terminal)
    begun = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert time.monotonic() - begun < END
    assert left(groups) == []


def simulate(broker: Broker, prefix: str) -> subprocess.CompletedProcess[str]:
    """Half a day, from a Thursday's opening on, in two seconds."""
    settings = {"BROKER": broker.url, "PREFIX": prefix, "CLOCK": "2026-11-05T14:00:00Z@20000", "PARTITIONS": "3"}
    environ = ENVIRONMENT | {f"PORTALWATCH_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "streams.commands", "simulate", "--days", "0.5"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)


async def everything(broker: Broker, names: list[str]) -> list[ConsumerRecord]:
    """All that stands in these topics; a second of silence is the end."""
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[ConsumerRecord] = []
        while batch := await consumer.getmany(timeout_ms=1_000 if found else 10_000):
            found += [record for records in batch.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def test_simulate_puts_every_event_on_its_topic_and_an_item_on_one_partition(broker: Broker, prefix: str) -> None:
    done = simulate(broker, prefix)
    assert done.returncode == 0, done.stderr
    inputs = topics.inputs(prefix)
    records = await everything(broker, list(inputs))
    assert {record.topic for record in records} == set(inputs)
    assert len(records) > 400
    places = defaultdict(set)
    for record in records:
        places[record.topic, record.key].add(record.partition)
        event = from_json(record.value, inputs[record.topic])
        if isinstance(event, Event):
            assert record.key.decode() == event.subject
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len({partition for found in places.values() for partition in found}) == 3
