"""Workers as `deploy/` runs them, on a broker as Compose runs it: as far as can be seen without a container.

Theory of operation. What a container or systemd does to a process the kernel does, and so can a test that is root: a
user without a name, no capability and no way to get one, every file system read-only but for the worker's own folder
(/tmp, too, is stricter here), and for the systemd unit a /proc without the processes of others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests import child
from tests.brokers import Broker
from tests.deploy import kafkas, manifests
from tests.deploy.manifests import PROBE, ROOT

BOX = """
set -e
folder=$1 proc=$2; shift 2
mount --bind "$folder" "$folder"
while read -r _ point type _; do
  case $type in
    proc | sysfs | devtmpfs | devpts | mqueue | cgroup*) ;;
    *) [ "$point" = "$folder" ] || mount -o remount,bind,ro "$point" ;;
  esac
done < /proc/self/mounts
[ "$proc" = all ] || mount -t proc -o hidepid=invisible proc /proc
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set -all --inh-caps -all -- "$@"
"""
READY_SECONDS = 60.0
MEMBERS = {"worker-1": "all", f"{manifests.HOST}-2": "own"}
"""Compose's first worker, and the second of a machine with systemd; the processes that each sees."""


class Boxed:
    """A worker in such a box."""

    def __init__(self, environment: dict[str, str], broker: Broker, folder: Path) -> None:
        self.folder = folder / environment["PORTALWATCH_INSTANCE_ID"]
        self.folder.mkdir()
        os.chown(self.folder, 10001, 10001)
        self.environment = {
            **{name: value for name, value in environment.items() if name != "PATH"},
            "PORTALWATCH_BROKER": broker.url,
            "PORTALWATCH_POLICY": str(ROOT / "deploy/policies/clinic.yaml"),
            "PORTALWATCH_DATADIR": str(self.folder / "data"),
            "PORTALWATCH_WEB_PORT": str(child.free_port()),
            "PORTALWATCH_METRICS_PORT": str(child.free_port()),
            "PORTALWATCH_METRICS_HOST": "127.0.0.1",
        }
        self.log = folder / f"{self.folder.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, proc: str) -> None:
        command = [*boxed(self.folder, proc), sys.executable, "-m", "streams.commands", "worker"]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=out)

    def probe(self, path: str) -> tuple[int, str]:
        command = [sys.executable, "-I", str(PROBE), path]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def wait_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while self.probe("/readyz")[0]:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, (self.probe("/readyz"), self.log.read_text())
            time.sleep(0.2)

    def metric(self, name: str) -> float:
        url = f"http://127.0.0.1:{self.environment['PORTALWATCH_METRICS_PORT']}/metrics"
        with urllib.request.urlopen(url) as answer:
            lines = answer.read().decode().splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
        return float(value)

    def status(self) -> dict[str, str]:
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(45)


def boxed(folder: Path, proc: str) -> list[str]:
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", BOX, "box", str(folder), proc]


@pytest.fixture(scope="module")
def composed() -> Iterator[Broker]:
    with kafkas.running("composed") as made:
        yield made


@pytest.fixture
def workers(composed: Broker, tmp_path: Path) -> Iterator[list[Boxed]]:
    """Both, not yet started. Where there can be no such box the test is skipped."""
    ways = {env.get("PORTALWATCH_INSTANCE_ID"): env for env in manifests.workers().values()}
    made = [Boxed(ways[name], composed, tmp_path) for name in MEMBERS]
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip("who is not root, or has no unshare and setpriv, cannot make the box")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    tried = [*boxed(made[0].folder, "own"), sys.executable, "-c", "import streams.app"]
    done = subprocess.run(tried, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no such box can be made here, or it cannot reach Python: {done.stderr[-300:]}")
    try:
        yield made
    finally:
        for each in made:
            if each.process is not None and each.process.poll() is None:
                each.process.kill()
                each.process.wait()


def test_workers_run_read_only_without_a_name_or_a_capability(workers: list[Boxed], composed: Broker) -> None:
    assert [worker.probe("/healthz")[0] for worker in workers] == [1, 1], "before they are started"
    for worker, proc in zip(workers, MEMBERS.values(), strict=True):
        worker.start(proc)
    for worker in workers:
        worker.wait_ready()
        assert worker.probe("/healthz")[0] == 0
        assert_confined(worker)
        assert abs(time.time() - worker.metric("process_start_time_seconds")) < 2 * READY_SECONDS
    members = members_of(composed)
    assert members.keys() == MEMBERS.keys()
    assert sorted(p for held in members.values() for p in held) == [0, 1, 2, 3]
    assert all(len(held) == 2 for held in members.values())
    assert [worker.stop() for worker in workers] == [0, 0]
    assert [worker.probe("/healthz")[0] for worker in workers] == [1, 1], "after they were stopped"


def assert_confined(worker: Boxed) -> None:
    status = worker.status()
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Groups"] == ""
    assert (status["NoNewPrivs"], int(status["CapBnd"], 16), int(status["CapEff"], 16)) == ("1", 0, 0)
    assert worker.process is not None
    mounts = [line.split() for line in Path(f"/proc/{worker.process.pid}/mounts").read_text().splitlines()]
    options = {point: each.split(",") for _, point, _, each, *_ in mounts}
    assert "ro" in options["/"]
    assert "rw" in options[str(worker.folder)]


def members_of(broker: Broker) -> dict[str, list[int]]:
    """The partitions of the messages' topic that each static member of the group has."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    members = admin.describe_consumer_groups(["portalwatch"])["portalwatch"].result(10).members
    return {
        str(each.group_instance_id): [
            tp.partition for tp in each.assignment.topic_partitions if tp.topic == "portal.messages"
        ]
        for each in members
    }


def test_the_brokers_health_check_sees_it(composed: Broker) -> None:
    *shell, script = manifests.compose()["services"]["kafka"]["healthcheck"]["test"][1:]
    inside = script.rpartition("/")[2]
    here, away = (script.replace(inside, str(port)) for port in (composed.port, child.free_port()))
    ended = [subprocess.run([*shell, each], capture_output=True, check=False).returncode for each in (here, away)]
    assert ended == [0, 1]
